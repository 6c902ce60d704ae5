import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { Administration, Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import { Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import {
  completeConversation,
  createConversation,
  createTalk,
  getConversation,
  ingest,
  listMessages,
  messages,
  refused,
} from './cases/scene.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const PROJECT = 'p';
const PARENT = `projects/${PROJECT}`;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

describe('time, after a server was killed', () => {
  let folder: string;
  let server: OwnServer;
  let wire: GrpcWire;

  async function start(...flags: string[]): Promise<void> {
    server = await startServer(folder, '--dev', ...flags);
    wire = new GrpcWire(() => server);
  }

  async function killAndStart(...flags: string[]): Promise<void> {
    await server.stop('SIGKILL');
    wire[Symbol.dispose]();
    await start(...flags);
  }

  const advance = (seconds: number) =>
    wire.call(Development.method.advanceClock, {
      name: `${PARENT}/clock`,
      duration: { seconds: BigInt(seconds) },
    });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-time-'));
    await start();
  });

  after(async () => {
    wire[Symbol.dispose]();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is as far ahead as it was, and what was due goes on being due', async () => {
    const { name } = await createConversation(wire, PARENT);
    await advance(23 * HOUR);
    await killAndStart();
    const { offset } = await wire.call(Development.method.getClock, { name: `${PARENT}/clock` });
    assert.equal(offset && durationMs(offset), 23 * HOUR * 1000);
    assert.equal((await getConversation(wire, name)).lifecycleState, State.IN_PROGRESS);
    await advance(HOUR);
    assert.equal((await getConversation(wire, name)).lifecycleState, State.COMPLETED);
  });

  it('still has its snapshots, and restores them', async () => {
    const { conversation, participant } = await createTalk(wire, PARENT);
    await ingest(wire, conversation, messages(participant, 20));
    const snapshot = await wire.call(Development.method.createSnapshot, {
      parent: PARENT,
      snapshotId: 'kept',
    });
    const kept = await listMessages(wire, conversation);
    await wire.call(Development.method.resetProject, { name: PARENT });
    await killAndStart();
    await refused(getConversation(wire, conversation), notFound);
    assert.deepEqual(await wire.call(Development.method.restoreSnapshot, { name: snapshot.name }), snapshot);
    await killAndStart();
    assert.deepEqual(await listMessages(wire, conversation), kept);
  });

  it('still holds what is held, and keeps the rest as long as the server says now', async () => {
    const [held, free] = [await createConversation(wire, PARENT), await createConversation(wire, PARENT)];
    await wire.call(Administration.method.holdConversation, { name: held.name });
    for (const { name } of [held, free]) await completeConversation(wire, name);
    await killAndStart('--retention', 'forever');
    await advance(40 * DAY);
    await getConversation(wire, free.name);
    await killAndStart('--retention', '60d');
    await advance(10 * DAY);
    assert.match(server.stderr(), /"event":"retention changed","from":"forever","to":"5184000s"/u);
    await getConversation(wire, free.name);
    await killAndStart('--retention', '1h');
    await goneByAndBy(free.name);
    await getConversation(wire, held.name);
    await wire.call(Administration.method.releaseConversation, { name: held.name });
    await goneByAndBy(held.name);
  });

  /** That a setting is another holds for what is stored soon after the start. */
  async function goneByAndBy(name: string): Promise<void> {
    for (let tries = 0; tries < 1000; tries++) {
      await advance(0);
      if ((await Promise.allSettled([getConversation(wire, name)]))[0].status === 'rejected') break;
    }
    await refused(getConversation(wire, name), notFound);
  }

  it('is said to be another than the system’s by a server on which nobody can move it', async () => {
    await advance(HOUR);
    assert.doesNotMatch(server.stderr(), /clocks were moved/u);
    await server.stop();
    wire[Symbol.dispose]();
    server = await startServer(folder);
    wire = new GrpcWire(() => server);
    const { startTime } = await createConversation(wire, PARENT);
    assert.ok(startTime && Number(startTime.seconds) > Date.now() / 1000 + 40 * DAY);
    assert.match(server.stderr(), /"clocks were moved with --dev","project":"p","aheadSeconds":\d+,/u);
  });
});
