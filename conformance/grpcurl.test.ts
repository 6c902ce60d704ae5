import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { services } from '@parleykit/proto';
import { newProject, openTarget, type Target } from './target.ts';

const grpcurl = findGrpcurl();
const isCi = !['', '0', 'false'].includes(process.env['CI'] ?? '');
/** A check that CI leaves out unnoticed is none. */
const skip =
  grpcurl === undefined && !isCi && 'grpcurl is not installed: https://github.com/fullstorydev/grpcurl';

const V2BETA1 = 'google.cloud.dialogflow.v2beta1';

describe('grpcurl, which has no .proto files,', { skip }, () => {
  let target: Target;
  before(async () => {
    assert.ok(grpcurl !== undefined, 'grpcurl is installed');
    target = await openTarget();
  });
  after(() => target?.[Symbol.asyncDispose]());

  const run = (...args: readonly string[]) => runGrpcurl(['-plaintext', ...args]);
  /** Calls with a request in JSON and answers the reply. */
  const call = async (method: string, request: unknown) => {
    const { status, stdout, stderr } = await run('-d', JSON.stringify(request), target.address, method);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  it('lists the services', async () => {
    const { stdout } = await run(target.address, 'list');
    const want = [
      ...services.map(({ typeName }) => typeName),
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ];
    assert.deepEqual(stdout.trim().split('\n'), want.sort());
  });

  it('lists the methods of each', async () => {
    for (const { typeName, methods } of services) {
      const { stdout } = await run(target.address, 'list', typeName);
      const want = methods.map(({ name }) => `${typeName}.${name}`);
      assert.deepEqual(stdout.trim().split('\n'), want.sort());
    }
  });

  it('describes all that there is', async () => {
    const { status, stdout, stderr } = await run(target.address, 'describe');
    assert.equal(status, 0, stderr);
    for (const { typeName } of services) assert.ok(stdout.includes(`${typeName} is a service:`), typeName);
  });

  it('describes a method with its HTTP bindings', async () => {
    const { stdout } = await run(target.address, 'describe', `${V2BETA1}.Conversations.CompleteConversation`);
    assert.match(stdout, /rpc CompleteConversation \( \.\S+CompleteConversationRequest \) returns/u);
    assert.match(stdout, /post: "\/v2beta1\/\{name=projects\/\*\/conversations\/\*\}:complete"/u);
  });

  it('describes a message with its field behaviours', async () => {
    const { stdout } = await run(target.address, 'describe', `${V2BETA1}.CreateConversationRequest`);
    assert.match(stdout, /string conversation_id = 3 \[\(\.google\.api\.field_behavior\) = OPTIONAL\];/u);
  });

  it('makes a conversation and reads it', async () => {
    const parent = `projects/${newProject()}`;
    const { name: conversationProfile } = await call(
      `${V2BETA1}.ConversationProfiles/CreateConversationProfile`,
      {
        parent,
        conversationProfile: { displayName: 'ä €' },
      },
    );
    const created = await call(`${V2BETA1}.Conversations/CreateConversation`, {
      parent,
      conversation: { conversationProfile },
    });
    assert.equal(created.lifecycleState, 'IN_PROGRESS');
    const { name } = created;
    assert.deepEqual(await call(`${V2BETA1}.Conversations/GetConversation`, { name }), created);
  });

  it('shows an error with its details', async () => {
    const name = `projects/${newProject()}/conversations/absent`;
    const { status, stderr } = await run(
      '-d',
      JSON.stringify({ name }),
      target.address,
      `${V2BETA1}.Conversations/GetConversation`,
    );
    assert.notEqual(status, 0);
    assert.match(stderr, /Code: NotFound/u);
    assert.match(stderr, /"reason": "RESOURCE_NOT_FOUND"/u);
  });

  it('asks for the health of the server', async () => {
    assert.deepEqual(await call('grpc.health.v1.Health/Check', {}), { status: 'SERVING' });
  });

  it('gives up at its deadline', async () => {
    const args = ['-max-time', '0.2', '-d', '{}', target.address, 'grpc.health.v1.Health/Watch'];
    const { stdout, stderr } = await run(...args);
    assert.deepEqual(JSON.parse(stdout), { status: 'SERVING' });
    assert.match(stderr, /Code: DeadlineExceeded/u);
  });
});

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runGrpcurl(args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    execFile(grpcurl ?? 'grpcurl', args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ status: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** On PATH, or where `go install` puts programs. */
function findGrpcurl(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), process.env['GOBIN'], goFolder()];
  const name = process.platform === 'win32' ? 'grpcurl.exe' : 'grpcurl';
  return folders
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => join(folder ?? '', name))
    .find(isExecutable);
}

function goFolder(): string | undefined {
  try {
    return join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin');
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
