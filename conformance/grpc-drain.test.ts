import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import {
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@parleykit/proto/health';
import { ServerReflection } from '@parleykit/proto/reflection';
import { Code } from '@parleykit/proto/rpc';
import { Participants } from '@parleykit/proto/v2beta1';
import {
  callHeaders,
  encodeFrame,
  encodeHeaders,
  FrameConnection,
  FrameFlag,
  FrameType,
  openSession,
  requestOf,
  send,
} from './grpc-raw.ts';
import { type OwnServer, startServer } from './target.ts';

const check = requestOf(Health.method.check, {});
const [checkMessage] = check.chunks;

function headers(stream: number): Buffer {
  const payload = encodeHeaders(callHeaders(check.path));
  return encodeFrame(FrameType.headers, { stream, flags: FrameFlag.endHeaders, payload });
}

function data(stream: number, payload: Buffer, flags: number): Buffer {
  return encodeFrame(FrameType.data, { stream, flags, payload });
}

describe('a server that is told to stop', () => {
  let folder: string;
  let server: OwnServer;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    server = await startServer(folder);
  });

  it('says GOAWAY, finishes the call that is under way and takes no other', async () => {
    await using connection = await FrameConnection.open(server);
    connection.write(headers(1), data(1, checkMessage.subarray(0, 2), 0));
    // Its answer says that the server has seen the frames before it.
    connection.write(encodeFrame(FrameType.ping, { payload: Buffer.alloc(8) }));
    await connection.frame(({ type }) => type === FrameType.ping);

    const stopped = server.stop('SIGTERM');
    const goaway = await connection.frame(({ type }) => type === FrameType.goaway);
    assert.deepEqual([goaway?.payload.readUInt32BE(0), goaway?.payload.readUInt32BE(4)], [1, 0]);

    connection.write(headers(3), data(3, checkMessage, FrameFlag.endStream));
    connection.write(data(1, checkMessage.subarray(2), FrameFlag.endStream));
    await connection.closed();
    const answers = connection.frames.filter(({ type }) => type === FrameType.headers);
    assert.deepEqual(
      answers.map(({ stream }) => stream),
      [1, 1],
      'headers and trailers of the first call, nothing of the second',
    );
    assert.equal(await stopped, 0);
  });

  // The grace that calls under way are given is longer.
  it('does not wait for what streams that it refused had still to say', { timeout: 8000 }, async () => {
    await using session = await openSession(server);
    const { path, chunks } = requestOf(Participants.method.streamingAnalyzeContent, {});
    const [empty] = chunks;
    const refused = Array.from({ length: 20 }, () =>
      send(session, { path, chunks: [empty, empty, empty, empty] }),
    );
    for (const { code } of await Promise.all(refused)) assert.equal(code, Code.INVALID_ARGUMENT);
    assert.equal(await server.stop('SIGTERM'), 0);
  });

  it('tells those who watch its health, and sends them off', async () => {
    await using session = await openSession(server);
    const watching = send(session, requestOf(Health.method.watch, { service: '' }));
    const absent = send(session, requestOf(Health.method.watch, { service: 'absent' }));
    await send(session, check);
    assert.equal(await server.stop('SIGTERM'), 0);
    const { code, reason, messages } = await watching;
    assert.deepEqual([code, reason], [Code.UNAVAILABLE, 'SERVER_STOPPING']);
    assert.deepEqual(messages.map(statusOf), [ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    assert.deepEqual((await absent).messages.map(statusOf), [ServingStatus.SERVICE_UNKNOWN]);
  });

  it('waits for nobody who asks it what there is to call', async () => {
    await using session = await openSession(server);
    const { path, chunks } = requestOf(ServerReflection.method.serverReflectionInfo, {
      messageRequest: { case: 'listServices', value: '' },
    });
    const asking = send(session, { path, chunks, end: false });
    await send(session, check);
    assert.equal(await server.stop('SIGTERM'), 0);
    const { code, messages } = await asking;
    assert.deepEqual([code, messages.length], [Code.UNAVAILABLE, 1]);
  });

  it('ends connections on which nothing happens', async () => {
    await using session = await openSession(server);
    await using connection = await FrameConnection.open(server);
    assert.equal(await server.stop('SIGTERM'), 0);
    await connection.closed();
    assert.equal(connection.frames.at(-1)?.type, FrameType.goaway);
    assert.equal(session.closed, true);
  });
});

function statusOf(bytes: Buffer): ServingStatus {
  return fromBinary(HealthCheckResponseSchema, bytes).status;
}
