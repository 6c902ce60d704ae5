import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { services } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import { type OwnServer, startServer } from '../target.ts';
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

  it('a header that is no ASCII puts nothing of it into the log', async () => {
    const watch = new ServerWatch(server);
    await grpc.send({ path: '/', headers: {}, body: Buffer.alloc(0) });
    watch.complaints();
    const path = '/google.cloud.location.Locations/GetLocation';
    const { code } = await grpc.send({
      path,
      headers: { 'x-odd': '\u00ff' },
      body: frame(new Uint8Array()),
    });
    assert.equal(code, Code.INVALID_ARGUMENT);
    assert.deepEqual(watch.complaints(), []);
  });
});
