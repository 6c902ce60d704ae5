import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { services } from '@parleykit/proto';
import { Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import { ConversationProfiles, Participant_Role, SuggestionFeature_Type } from '@parleykit/proto/v2beta1';
import { type OwnServer, startServer } from '../target.ts';
import { GrpcWire } from '../wires.ts';
import { methodName } from './generators.ts';
import { frame } from './inputs.ts';
import { GrpcSender } from './senders.ts';
import { ServerWatch } from './server-watch.ts';

/** What fuzzing has found, each with the very input that showed it. */
describe('found by fuzzing', () => {
  const data = mkdtempSync(join(tmpdir(), 'parley-fuzz-'));
  let server: OwnServer;
  let grpc: GrpcSender;
  before(async () => {
    server = await startServer(data);
    grpc = new GrpcSender(server.url);
  });
  after(async () => {
    grpc[Symbol.dispose]();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const streaming = services
    .flatMap((service) => service.methods)
    .filter(({ methodKind }) => methodKind !== 'unary');
  for (const method of streaming) {
    for (const { name, body } of [
      { name: 'an empty message', body: frame(new Uint8Array()) },
      { name: 'no message', body: Buffer.alloc(0) },
      { name: 'a message that is none', body: frame(Uint8Array.of(0xff)) },
    ]) {
      it(`a stream of ${name} to ${method.name} is answered and not left open`, async () => {
        const { code } = await grpc.send({ path: `/${methodName(method)}`, headers: {}, body });
        assert.ok(code === Code.UNIMPLEMENTED || code === Code.INVALID_ARGUMENT, `code ${code}`);
      });
    }
  }

  it('an operation that is cancelled while its profile is deleted ends, and is no error in the log', async () => {
    using wire = new GrpcWire(() => server);
    const watch = await watchFromNow();
    const parent = 'projects/fuzz-regressions';
    const race = async (): Promise<boolean> => {
      const { name: conversationProfile } = await wire.call(
        ConversationProfiles.method.createConversationProfile,
        { parent, conversationProfile: { displayName: 'to be deleted' } },
      );
      const { name } = await wire.call(ConversationProfiles.method.setSuggestionFeatureConfig, {
        conversationProfile,
        participantRole: Participant_Role.HUMAN_AGENT,
        suggestionFeatureConfig: { suggestionFeature: { type: SuggestionFeature_Type.ARTICLE_SUGGESTION } },
      });
      await Promise.all([
        wire.call(ConversationProfiles.method.deleteConversationProfile, { name: conversationProfile }),
        wire.call(Operations.method.cancelOperation, { name }),
      ]);
      return (await wire.call(Operations.method.getOperation, { name })).done;
    };
    const ended = await Promise.all(Array.from({ length: 200 }, () => race()));
    assert.ok(ended.every(Boolean), 'an operation goes on after it was cancelled');
    assert.deepEqual(watch.complaints(), []);
  });

  it('a header that is no ASCII puts nothing of it into the log', async () => {
    const watch = await watchFromNow();
    const path = '/google.cloud.location.Locations/GetLocation';
    const { code } = await grpc.send({
      path,
      headers: { 'x-odd': '\u00ff' },
      body: frame(new Uint8Array()),
    });
    assert.equal(code, Code.INVALID_ARGUMENT);
    assert.deepEqual(watch.complaints(), []);
  });

  /** What was logged before is no concern of the case that asks. */
  async function watchFromNow(): Promise<ServerWatch> {
    const watch = new ServerWatch(server);
    await grpc.send({ path: '/', headers: {}, body: Buffer.alloc(0) });
    watch.complaints();
    return watch;
  }
});
