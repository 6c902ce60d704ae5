import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../../errors.ts';
import { call, framed, type Note, openWire, soon } from './grpc-server.test.fixture.ts';
import { END_STREAM, FRAME, openRawServer, type RawConnection } from './raw-http2-server.test.fixture.ts';

const code = fc.integer({ min: 0, max: 14 });
const flags = fc.constantFrom(0, END_STREAM);
const streams = fc.constantFrom(0, 1, 3, 5, 0x7fffffff);

const head = fc.record({
  ':status': fc.constantFrom('100', '200', '503', 'none'),
  'content-type': fc.constantFrom('application/grpc', 'text/html'),
});
const trailers = fc.record({
  'grpc-status': fc.constantFrom('0', '5', '99', 'none'),
  'grpc-message': fc.constantFrom('', '%', '%C3'),
  'grpc-status-details-bin': fc.constantFrom('', 'CAM', '!'),
});
const bytes = fc.oneof(
  fc.constantFrom(
    framed('hello'),
    framed('hello').subarray(0, 7),
    framed('hello', 1),
    framed(Buffer.of(0xff)),
  ),
  fc.uint8Array({ maxLength: 20 }),
);

/** What a server may do on a stream, as data, so that a script which fails can be read. */
const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ headers: head, flags }) },
  { weight: 3, arbitrary: fc.record({ data: bytes, flags }) },
  { weight: 3, arbitrary: fc.record({ headers: trailers, flags: fc.constant(END_STREAM) }) },
  fc.record({ reset: code }),
  fc.record({ goaway: streams, code }),
  fc.record({ dataOf: streams }),
  fc.record({ type: fc.integer({ min: 0, max: 20 }), body: bytes, flags }),
  fc.record({ garbage: bytes }),
);

type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

function perform(done: Act, to: RawConnection, stream: number): void {
  if ('headers' in done) to.headers(stream, { ...done.headers }, done.flags);
  else if ('data' in done) to.data(stream, done.data, done.flags);
  else if ('reset' in done) to.reset(stream, done.reset);
  else if ('goaway' in done) to.goaway(done.goaway, done.code);
  else if ('dataOf' in done) to.data(done.dataOf, framed('other'));
  else if ('garbage' in done) to.socket.write(done.garbage);
  else to.send(done.type, stream, done.body, done.flags);
}

describe('GrpcWire, whatever the server does', () => {
  for (const kind of ['unary', 'bidi_streaming'] as const) {
    it(`ends each ${kind} call with an answer or an ApiError, before its deadline`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 8 }), async (script) => {
          await using server = await openRawServer(({ type, stream }, connection) => {
            if (type !== FRAME.HEADERS) return;
            for (const each of script) perform(each, connection, stream);
            connection.socket.end();
          });
          // Node hears nothing of what goes wrong on a connection once it is going away; silence tells.
          await using wire = openWire(server.host, { keepaliveMs: 50, keepaliveTimeoutMs: 50 });
          const texts: string[] = [];
          const options = { deadline: soon() };
          try {
            if (kind === 'unary') {
              texts.push(((await wire.unary(call(kind, options), { text: 'hi' })).message as Note).text);
            } else {
              const replies = wire.stream(call(kind, options), unending());
              for await (const message of replies) texts.push((message as Note).text);
            }
          } catch (error) {
            assert.ok(error instanceof ApiError, String(error));
            assert.notEqual(error.code, 'DEADLINE_EXCEEDED');
          }
          for (const text of texts) assert.equal(typeof text, 'string');
        }),
        { numRuns: 100 },
      );
    });
  }
});

async function* unending(): AsyncGenerator<object> {
  yield { text: 'hi' };
  await new Promise(() => {});
}
