import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Health } from '@parleykit/proto/health';
import { Code } from '@parleykit/proto/rpc';
import { Conversations } from '@parleykit/proto/v2beta1';
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
import { openTarget, type Target } from './target.ts';
import { pathOf } from './wires.ts';

const check = requestOf(Health.method.check, {});
const [checkMessage] = check.chunks;
const getConversation = pathOf(Conversations.method.getConversation);

/** A stream's headers; `flags` may leave them unfinished, or end the stream with them. */
function headers(stream: number, flags: number = FrameFlag.endHeaders, path = check.path): Buffer {
  return encodeFrame(FrameType.headers, { stream, flags, payload: encodeHeaders(callHeaders(path)) });
}

function data(stream: number, payload: Buffer, flags: number = FrameFlag.endStream): Buffer {
  return encodeFrame(FrameType.data, { stream, flags, payload });
}

function reset(stream: number): Buffer {
  return encodeFrame(FrameType.rstStream, { stream, payload: Buffer.from([0, 0, 0, 8]) });
}

const PING = encodeFrame(FrameType.ping, { payload: Buffer.alloc(8) });
const CONTINUATION = 9;

/** The streams that a client may open, in their order. */
function* streams(count: number): Generator<number> {
  for (let stream = 0; stream < count; stream++) yield 1 + 2 * stream;
}

/** Until the server has taken all that was written, or has had enough of it. */
async function settle(connection: FrameConnection): Promise<void> {
  const payload = Buffer.from('settled!');
  connection.write(encodeFrame(FrameType.ping, { payload }));
  await connection.frame(
    ({ type, payload: answered }) => type === FrameType.ping && answered.equals(payload),
  );
}

/** What connections are flooded with; each is over once the server has taken it or has closed the connection. */
const floods: Record<string, (connection: FrameConnection) => Promise<void>> = {
  'opens 10,000 streams and sends nothing on them': async (connection) => {
    for (const stream of streams(10_000)) connection.write(headers(stream));
    await settle(connection);
  },
  'makes 10,000 calls at once': async (connection) => {
    for (const stream of streams(10_000)) connection.write(headers(stream), data(stream, checkMessage));
    await settle(connection);
  },
  'begins 900 requests and does not end them': async (connection) => {
    for (const stream of streams(900)) {
      connection.write(headers(stream, FrameFlag.endHeaders, getConversation), data(stream, checkMessage, 0));
    }
    await settle(connection);
  },
  'resets 10,000 streams as soon as they are open': async (connection) => {
    for (const stream of streams(10_000)) connection.write(headers(stream), reset(stream));
    await settle(connection);
  },
  'resets 10,000 calls': async (connection) => {
    for (const stream of streams(10_000)) {
      connection.write(headers(stream), data(stream, checkMessage), reset(stream));
    }
    await settle(connection);
  },
  'makes the server reset 10,000 streams': async (connection) => {
    // A window that grows by nothing is an error of the stream.
    const nothing = (stream: number) =>
      encodeFrame(FrameType.windowUpdate, { stream, payload: Buffer.alloc(4) });
    for (const stream of streams(10_000)) connection.write(headers(stream), nothing(stream));
    await settle(connection);
  },
  'sends 100,000 PINGs': async (connection) => {
    for (let pings = 0; pings < 100_000; pings += 1000) connection.write(...Array(1000).fill(PING));
    await settle(connection);
  },
  'sends 100,000 PINGs and takes no answer': async (connection) => {
    connection.socket.pause();
    for (let pings = 0; pings < 100_000; pings += 1000) connection.write(...Array(1000).fill(PING));
    connection.socket.resume();
    await settle(connection);
  },
  'sends 20,000 SETTINGS': async (connection) => {
    const settings = encodeFrame(FrameType.settings);
    connection.write(...Array(20_000).fill(settings));
    await settle(connection);
  },
  'sends headers that do not end': async (connection) => {
    const payload = encodeHeaders({ 'x-long': 'x'.repeat(16_000) });
    connection.write(headers(1, 0));
    for (let more = 0; more < 100; more++) {
      connection.write(encodeFrame(CONTINUATION, { stream: 1, payload }));
    }
    connection.write(encodeFrame(CONTINUATION, { stream: 1, flags: FrameFlag.endHeaders, payload }));
    await settle(connection);
  },
  'sends 1,000 headers on one stream': async (connection) => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x-${index}`, 'x']));
    const payload = encodeHeaders({ ...callHeaders(check.path), ...many });
    connection.write(encodeFrame(FrameType.headers, { stream: 1, flags: FrameFlag.endHeaders, payload }));
    await settle(connection);
  },
  'sends 10,000 empty messages on a call that takes one': async (connection) => {
    connection.write(headers(1, FrameFlag.endHeaders, getConversation));
    for (let messages = 0; messages < 10_000; messages += 1000) {
      connection.write(data(1, Buffer.alloc(5000), 0));
    }
    await settle(connection);
  },
  'sends 100,000 empty DATA frames': async (connection) => {
    connection.write(headers(1));
    const nothing = data(1, Buffer.alloc(0), 0);
    for (let frames = 0; frames < 100_000; frames += 1000) connection.write(...Array(1000).fill(nothing));
    await settle(connection);
  },
  'ends its half before the answer': async (connection) => {
    connection.write(headers(1), data(1, checkMessage));
    connection.socket.end();
    await connection.closed();
  },
  'ends its half within a request': async (connection) => {
    connection.write(headers(1), data(1, checkMessage.subarray(0, 3), 0));
    connection.socket.end();
    await connection.closed();
  },
  'ends within a frame': async (connection) => {
    connection.write(headers(1).subarray(0, -5));
    connection.socket.end();
    await connection.closed();
  },
  'goes away within calls': async (connection) => {
    for (const stream of streams(100)) connection.write(headers(stream), data(stream, checkMessage));
    connection.socket.resetAndDestroy();
    await connection.closed();
  },
  'sends a frame that is too large': async (connection) => {
    connection.write(headers(1), data(1, Buffer.alloc(1_000_000)));
    await connection.closed();
  },
  'sends data on a stream that is not open': async (connection) => {
    connection.write(data(5, checkMessage));
    await connection.closed();
  },
  'opens a stream of the server’s': async (connection) => {
    connection.write(headers(2));
    await connection.closed();
  },
  'speaks HTTP/1.1 after the preface': async (connection) => {
    connection.write(Buffer.from('GET / HTTP/1.1\r\nHost: parley\r\n\r\n'));
    await connection.closed();
  },
  'compresses headers wrongly': async (connection) => {
    const payload = Buffer.alloc(100, 0xff);
    connection.write(encodeFrame(FrameType.headers, { stream: 1, flags: FrameFlag.endHeaders, payload }));
    await connection.closed();
  },
};

describe('a connection that', () => {
  let target: Target;
  let other: Awaited<ReturnType<typeof openSession>>;
  before(async () => {
    target = await openTarget();
    other = await openSession(target);
  });
  after(async () => {
    await other[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  const assertAnswered = async (): Promise<void> => {
    assert.equal((await send(other, check)).code, Code.OK, 'on a connection that was there before');
    await using session = await openSession(target);
    assert.equal((await send(session, check)).code, Code.OK, 'on a new connection');
  };

  for (const [title, flood] of Object.entries(floods)) {
    it(`${title} keeps nobody else from being answered`, async () => {
      await using connection = await FrameConnection.open(target);
      const over = flood(connection);
      await assertAnswered();
      await over;
      await assertAnswered();
    });
  }

  it('takes no replies keeps nobody else from being answered', async () => {
    await using session = await openSession(target, { settings: { initialWindowSize: 0 } });
    const calls = Array.from({ length: 500 }, () =>
      session.request(
        { ':method': 'POST', ':path': check.path, 'content-type': 'application/grpc' },
        { endStream: false },
      ),
    );
    for (const call of calls) call.on('error', () => {}).end(checkMessage);
    await Promise.all(calls.map((call) => new Promise((resolve) => call.once('response', resolve))));
    await assertAnswered();
  });

  it('sends bytes that are no HTTP/2 after the preface is closed', async () => {
    await using connection = await FrameConnection.open(target);
    connection.write(Buffer.alloc(1000, 0xff));
    await connection.closed();
    const [goaway] = connection.frames.filter(({ type }) => type === FrameType.goaway);
    assert.notEqual(goaway?.payload.readUInt32BE(4), 0, 'and says that this was an error');
    await assertAnswered();
  });
});
