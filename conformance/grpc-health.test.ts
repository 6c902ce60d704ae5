import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import {
  Health,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@parleykit/proto/health';
import { Code } from '@parleykit/proto/rpc';
import { frame, openSession, requestOf, send } from './grpc-raw.ts';
import { openTarget, type Target } from './target.ts';

const names = [
  '',
  ...services.map(({ typeName }) => typeName),
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

describe('grpc.health.v1.Health', () => {
  let target: Target;
  let session: ClientHttp2Session & AsyncDisposable;
  before(async () => {
    target = await openTarget();
    session = await openSession(target);
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  for (const service of names) {
    it(`says that ${service === '' ? 'the server' : service} is serving`, async () => {
      const { code, messages } = await send(session, requestOf(Health.method.check, { service }));
      assert.equal(code, Code.OK);
      assert.deepEqual(messages.map(statusOf), [ServingStatus.SERVING]);
    });
  }

  it('answers NOT_FOUND for a service that is not there', async () => {
    for (const service of [
      'absent',
      'google.cloud.dialogflow.v2.Conversations',
      '\u{1f600}',
      'x'.repeat(9000),
    ]) {
      const { code, reason } = await send(session, requestOf(Health.method.check, { service }));
      assert.deepEqual([code, reason], [Code.NOT_FOUND, 'SERVICE_UNKNOWN']);
    }
  });

  it('lists them all', async () => {
    const { messages } = await send(session, requestOf(Health.method.list, {}));
    const { statuses } = fromBinary(HealthListResponseSchema, messages[0] ?? Buffer.alloc(0));
    assert.deepEqual(Object.keys(statuses).sort(), [...names].sort());
    for (const { status } of Object.values(statuses)) assert.equal(status, ServingStatus.SERVING);
  });

  it('tells a watcher at once, and goes on', async () => {
    for (const [service, want] of [
      ['', ServingStatus.SERVING],
      ['google.longrunning.Operations', ServingStatus.SERVING],
      ['absent', ServingStatus.SERVICE_UNKNOWN],
    ] as const) {
      const { path, chunks } = requestOf(Health.method.watch, { service });
      const stream = session.request(
        { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' },
        { endStream: false },
      );
      stream.end(chunks[0]);
      const bytes = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
      assert.equal(statusOf(bytes.subarray(5)), want);
      assert.equal(stream.closed, false);
      stream.close();
    }
  });

  it('ends watching at the deadline', async () => {
    const request = requestOf(Health.method.watch, {});
    const { code, messages } = await send(session, { ...request, headers: { 'grpc-timeout': '20m' } });
    assert.deepEqual([code, messages.length], [Code.DEADLINE_EXCEEDED, 1]);
  });

  it('refuses what is no request', async () => {
    for (const method of [Health.method.check, Health.method.watch]) {
      const { path } = requestOf(method, {});
      const { code, reason } = await send(session, { path, chunks: [frame(Buffer.from([0x0a, 0x7f]))] });
      assert.deepEqual([code, reason], [Code.INVALID_ARGUMENT, 'REQUEST_UNDECODABLE']);
    }
  });
});

function statusOf(bytes: Buffer): ServingStatus {
  return fromBinary(HealthCheckResponseSchema, bytes).status;
}
