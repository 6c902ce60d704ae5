import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { ApiError } from '../../errors.ts';
import {
  answer,
  call,
  framed,
  GRPC,
  type Note,
  openServer,
  openTcpServer,
  openWire,
  requestOf,
  soon,
} from './grpc-server.test.fixture.ts';
import { END_STREAM, FRAME, openRawServer, type RawConnection } from './raw-http2-server.test.fixture.ts';

type Wire = ReturnType<typeof openWire>;

/** The code that a call ends with, and the text of its answer. */
async function outcomeOf(wire: Wire, more: Parameters<typeof call>[1] = {}): Promise<string> {
  try {
    const reply = await wire.unary(call('unary', { deadline: soon(), ...more }), { text: 'hi' });
    return (reply.message as Note).text;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

/** Answers on a connection that is written by hand. */
function answerRaw(connection: RawConnection, stream: number, text = 'hello'): void {
  connection.headers(stream, { ':status': '200', 'content-type': 'application/grpc' });
  connection.data(stream, framed(text));
  connection.headers(stream, { 'grpc-status': '0' }, END_STREAM);
}

/** A port of loopback that nobody listens on. */
async function deadHost(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

describe('connecting', () => {
  it('fails at once with UNAVAILABLE where nobody listens, and so do the calls soon after', async () => {
    await using wire = openWire(await deadHost());
    assert.match(
      await outcomeOf(wire, { deadline: undefined }),
      /^UNAVAILABLE: cannot connect.*ECONNREFUSED/,
    );
    assert.match(
      await outcomeOf(wire, { deadline: undefined }),
      /^UNAVAILABLE: cannot connect.*ECONNREFUSED/,
    );
  });

  it('says why, where it tried several addresses', async () => {
    const port = (await deadHost()).split(':')[1];
    await using wire = openWire(`localhost:${port}`);
    assert.match(await outcomeOf(wire), /^UNAVAILABLE: cannot connect.*ECONNREFUSED/);
  });

  it('fails with UNAVAILABLE for a host that does not exist', async () => {
    await using wire = openWire('nowhere.invalid:443', { connectTimeoutMs: 5000 });
    assert.match(await outcomeOf(wire), /^UNAVAILABLE: /);
  });

  it('fails all calls that wait for it', async () => {
    await using wire = openWire(await deadHost());
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(wire)));
    for (const outcome of outcomes) assert.match(outcome, /^UNAVAILABLE/);
  });

  it('fails with UNAVAILABLE when the server accepts and says nothing for as long as it may take', async () => {
    await using server = await openTcpServer(() => {});
    await using wire = openWire(server.host, { connectTimeoutMs: 50 });
    assert.match(await outcomeOf(wire), /^UNAVAILABLE: .*timed out/);
  });

  it('waits no longer than the deadline', async () => {
    await using server = await openTcpServer(() => {});
    await using wire = openWire(server.host);
    assert.match(
      await outcomeOf(wire, { deadline: soon(50) }),
      /^DEADLINE_EXCEEDED: .*before there was a connection/,
    );
  });

  it('waits no longer than until the signal is aborted', async () => {
    const controller = new AbortController();
    await using server = await openTcpServer(() => controller.abort());
    await using wire = openWire(server.host);
    assert.match(await outcomeOf(wire, { signal: controller.signal }), /^CANCELLED/);
  });

  it('goes on when the call that it began for gives up', async () => {
    const controller = new AbortController();
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    const first = outcomeOf(wire, { signal: controller.signal });
    const second = outcomeOf(wire);
    controller.abort();
    assert.match(await first, /^CANCELLED/);
    assert.equal(await second, 'hello');
  });

  const words = { 'nothing at all': '', 'HTTP/1.1': 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n' };
  for (const [what, said] of Object.entries(words)) {
    it(`fails with UNAVAILABLE when the server answers ${what} and closes`, async () => {
      await using server = await openTcpServer((socket) => socket.once('data', () => socket.end(said)));
      await using wire = openWire(server.host);
      assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
    });
  }

  it('fails with UNAVAILABLE when the server speaks HTTP/1.1 and stays', async () => {
    await using server = await openTcpServer((socket) => socket.write(words['HTTP/1.1']));
    await using wire = openWire(server.host);
    assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
  });

  it('connects again after the server was gone', async () => {
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    assert.equal(await outcomeOf(wire), 'hello');
    const [session] = server.sessions;
    assert.ok(session);
    session.destroy();
    await once(session, 'close');
    // The client hears of it a little later; a call that is on its way by then is lost.
    for (let tries = 0; (await outcomeOf(wire)) !== 'hello'; tries++) assert.ok(tries < 100);
    assert.equal(server.sessions.length, 2);
  });
});

describe('MAX_CONCURRENT_STREAMS', () => {
  it('makes all calls over one connection while the server allows it', async () => {
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    await Promise.all(Array.from({ length: 100 }, () => outcomeOf(wire)));
    assert.equal(server.sessions.length, 1);
  });

  it('opens another connection when it is used up', async () => {
    const held: ServerHttp2Stream[] = [];
    const arrived = Promise.withResolvers<void>();
    await using server = await openServer(
      (stream) => {
        if (held.push(stream) === 5) arrived.resolve();
      },
      { settings: { maxConcurrentStreams: 2 } },
    );
    await using wire = openWire(server.host);
    const calls = Array.from({ length: 5 }, () => outcomeOf(wire));
    await arrived.promise;
    assert.equal(server.sessions.length, 3);
    for (const stream of held) answer(stream);
    assert.deepEqual(await Promise.all(calls), Array(5).fill('hello'));
  });

  it('lets calls wait where it has opened enough of them', async () => {
    let running = 0;
    let most = 0;
    await using server = await openServer(
      (stream) => {
        most = Math.max(most, ++running);
        stream.on('close', () => running--);
        setImmediate(() => answer(stream));
      },
      { settings: { maxConcurrentStreams: 1 } },
    );
    await using wire = openWire(server.host);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcomeOf(wire)));
    assert.deepEqual(outcomes, Array(100).fill('hello'));
    assert.ok(server.sessions.length <= 10, `${server.sessions.length} connections`);
    assert.ok(most <= 10, `${most} calls at a time`);
  });

  it('lets none wait longer than its deadline or its signal', async () => {
    await using server = await openServer(() => {}, { settings: { maxConcurrentStreams: 0 } });
    await using wire = openWire(server.host);
    const controller = new AbortController();
    const aborted = outcomeOf(wire, { signal: controller.signal });
    assert.match(await outcomeOf(wire, { deadline: soon(100) }), /^DEADLINE_EXCEEDED/);
    controller.abort();
    assert.match(await aborted, /^CANCELLED/);
  });

  it('makes calls that wait when the server comes to allow more', async () => {
    await using server = await openServer((stream) => answer(stream), {
      settings: { maxConcurrentStreams: 0 },
    });
    await using wire = openWire(server.host);
    const waiting = outcomeOf(wire);
    while (server.sessions.length < 10) await new Promise((resolve) => setImmediate(resolve));
    for (const session of server.sessions) session.settings({ maxConcurrentStreams: 1 });
    assert.equal(await waiting, 'hello');
  });
});

describe('GOAWAY', () => {
  it('lets calls that the server has seen end well, and sends the others again elsewhere', async () => {
    const streams: number[] = [];
    await using server = await openRawServer(({ type, stream }, connection, nth) => {
      if (type !== FRAME.HEADERS) return;
      if (nth > 0) return answerRaw(connection, stream, 'second');
      if (streams.push(stream) < 3) return;
      const [first = 0] = streams;
      connection.goaway(first);
      answerRaw(connection, first, 'first');
    });
    await using wire = openWire(server.host);
    const outcomes = await Promise.all([outcomeOf(wire), outcomeOf(wire), outcomeOf(wire)]);
    assert.deepEqual(outcomes, ['first', 'second', 'second']);
  });

  it('makes no new calls on the connection', async () => {
    const gone = Promise.withResolvers<void>();
    let last = 0;
    await using server = await openRawServer(({ type, stream }, connection, nth) => {
      if (type === FRAME.GOAWAY) gone.resolve();
      if (type !== FRAME.HEADERS) return;
      if (nth > 0) return answerRaw(connection, stream, 'second');
      // As servers do that shut down in two steps: at first all streams may still be taken.
      last = stream;
      connection.goaway(0x7fffffff);
      gone.promise.then(() => answerRaw(connection, last, 'first'));
    });
    await using wire = openWire(server.host);
    const first = outcomeOf(wire);
    await gone.promise;
    assert.equal(await outcomeOf(wire), 'second');
    assert.equal(await first, 'first');
  });

  it('with an error fails the calls that the server may have seen, and sends the others again', async () => {
    const streams: number[] = [];
    await using server = await openRawServer(({ type, stream }, connection, nth) => {
      if (type !== FRAME.HEADERS) return;
      if (nth > 0) return answerRaw(connection, stream, 'second');
      if (streams.push(stream) === 2) connection.goaway(streams[0] ?? 0, 2, 'out of order');
    });
    await using wire = openWire(server.host);
    const [seen, unseen] = await Promise.all([outcomeOf(wire), outcomeOf(wire)]);
    assert.match(seen ?? '', /^UNAVAILABLE: .*error code 2: out of order/);
    assert.equal(unseen, 'second');
  });

  it('fails a call that was sent twice and never looked at', async () => {
    let calls = 0;
    await using server = await openRawServer(({ type }, connection) => {
      if (type !== FRAME.HEADERS) return;
      calls++;
      connection.goaway(0);
    });
    await using wire = openWire(server.host);
    assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
    assert.equal(calls, 2);
  });

  it('is heard on a connection that nobody uses', async () => {
    await using server = await openServer((stream) => answer(stream));
    await using wire = openWire(server.host);
    assert.equal(await outcomeOf(wire), 'hello');
    const [session] = server.sessions;
    assert.ok(session);
    session.close();
    await once(session, 'close');
    assert.equal(await outcomeOf(wire), 'hello');
    assert.equal(server.sessions.length, 2);
  });
});

describe('REFUSED_STREAM', () => {
  it('sends a call again, once', async () => {
    await using server = await openServer((stream, _headers, nth) => {
      if (nth === 0) stream.close(7);
      else answer(stream);
    });
    await using wire = openWire(server.host);
    assert.equal(await outcomeOf(wire), 'hello');
  });

  it('fails with UNAVAILABLE the second time', async () => {
    let streams = 0;
    await using server = await openServer((stream) => {
      streams++;
      stream.close(7);
    });
    await using wire = openWire(server.host);
    assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
    assert.equal(streams, 2);
  });

  it('sends all requests of a stream again, and those that come later', async () => {
    const refused = Promise.withResolvers<void>();
    await using server = await openServer(async (stream, _headers, nth) => {
      if (nth > 0) return answer(stream, [(await requestOf(stream)).join()]);
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes === 16) {
          stream.close(7);
          stream.on('close', refused.resolve);
        }
      });
    });
    await using wire = openWire(server.host);
    async function* requests(): AsyncGenerator<object> {
      yield { text: 'a' };
      yield { text: 'b' };
      await refused.promise;
      yield { text: 'c' };
    }
    const texts: string[] = [];
    const stream = wire.stream(call('bidi_streaming', { deadline: soon() }), requests());
    for await (const message of stream) texts.push((message as Note).text);
    assert.deepEqual(texts, ['a,b,c']);
  });

  it('does not send again what it no longer has', async () => {
    let streams = 0;
    await using server = await openServer((stream) => {
      streams++;
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 400_000) stream.close(7);
      });
    });
    await using wire = openWire(server.host);
    const requests = Array.from({ length: 50 }, () => ({ text: 'x'.repeat(10_000) }));
    const stream = wire.stream(call('client_streaming', { deadline: soon() }), requests);
    await assert.rejects(stream.trailers, { code: 'UNAVAILABLE' });
    assert.equal(streams, 1);
  });

  it('does not send again what an answer has begun to', async () => {
    let streams = 0;
    await using server = await openRawServer(({ type, stream }, connection) => {
      if (type !== FRAME.HEADERS) return;
      streams++;
      connection.headers(stream, { ':status': '200', 'content-type': 'application/grpc' });
      connection.reset(stream, 7);
    });
    await using wire = openWire(server.host);
    assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
    assert.equal(streams, 1);
  });
});

describe('keepalive', () => {
  it('gives up a connection whose server does not answer a ping, and connects again', async () => {
    await using server = await openRawServer(({ type, stream, body }, connection, nth) => {
      if (nth > 0 && type === FRAME.HEADERS) answerRaw(connection, stream, 'second');
      if (nth > 0 && type === FRAME.PING) connection.pong(body);
    });
    await using wire = openWire(server.host, { keepaliveMs: 20, keepaliveTimeoutMs: 20 });
    assert.match(await outcomeOf(wire), /^UNAVAILABLE: .*ping/);
    assert.equal(await outcomeOf(wire), 'second');
  });

  it('ends a call whose connection fails in a way that Node does not tell of', async () => {
    await using server = await openRawServer(({ type, stream }, connection) => {
      if (type !== FRAME.HEADERS) return;
      connection.goaway(stream);
      // Against the rules: Node ends its side, and says nothing because the connection is going away anyhow.
      connection.data(stream, Buffer.alloc(0));
    });
    await using wire = openWire(server.host, { keepaliveMs: 20, keepaliveTimeoutMs: 5000 });
    assert.match(await outcomeOf(wire), /^UNAVAILABLE/);
  });

  it('lets a call go on whose server answers pings', async () => {
    let pings = 0;
    let called = 0;
    await using server = await openRawServer(({ type, flags, stream, body }, connection) => {
      if (type === FRAME.HEADERS) called = stream;
      if (type !== FRAME.PING || flags !== 0) return;
      connection.pong(body);
      if (++pings === 3) answerRaw(connection, called);
    });
    await using wire = openWire(server.host, { keepaliveMs: 5, keepaliveTimeoutMs: 5000 });
    assert.equal(await outcomeOf(wire), 'hello');
  });

  it('sends no ping while nothing is under way', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    let pings = 0;
    await using server = await openRawServer(({ type, stream }, connection) => {
      if (type === FRAME.HEADERS) answerRaw(connection, stream);
      if (type === FRAME.PING) pings++;
    });
    await using wire = openWire(server.host, { keepaliveMs: 10 });
    assert.equal(await outcomeOf(wire), 'hello');
    // The stream is closed a few turns after the answer is told.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    for (let times = 0; times < 10; times++) test.mock.timers.tick(10);
    // A ping would have come before this.
    assert.equal(await outcomeOf(wire), 'hello');
    assert.equal(pings, 0);
  });

  it('asks half as often when the server finds it too often', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const pings: number[] = [];
    const streams: number[] = [];
    let arrived = Promise.withResolvers<void>();
    await using server = await openRawServer(({ type, stream }, connection, nth) => {
      if (type === FRAME.PING) pings.push(nth);
      if (type !== FRAME.HEADERS) return;
      if (nth === 0) connection.goaway(stream, 11, 'too_many_pings');
      else if (streams.push(stream) === 2) for (const each of streams) answerRaw(connection, each);
      arrived.resolve();
    });
    await using wire = openWire(server.host, { keepaliveMs: 100 });
    assert.match(await outcomeOf(wire), /^UNAVAILABLE: .*too_many_pings/);
    arrived = Promise.withResolvers();
    const silent = outcomeOf(wire);
    await arrived.promise;
    test.mock.timers.tick(199);
    // A ping would have come before this.
    assert.equal(await outcomeOf(wire), 'hello');
    assert.equal(await silent, 'hello');
    assert.deepEqual(pings, []);
  });
});

describe('an idle connection', () => {
  const fixture = new URL('./grpc-server.test.fixture.ts', import.meta.url).href;
  const endings = {
    'after a call': '',
    'after a call that failed':
      'await wire.unary(call("unary", { deadline: soon(50) }), { text: "late" }).catch(() => {});',
    'after a stream': 'for await (const _ of wire.stream(call("server_streaming"), [{ text: "hi" }]));',
  };
  for (const [when, more] of Object.entries(endings)) {
    it(`lets a program end ${when}`, async () => {
      await using server = await openServer(async (stream) => {
        if ((await requestOf(stream))[0] !== 'late') answer(stream);
      });
      const program = `
        import { call, openWire, soon } from ${JSON.stringify(fixture)};
        const wire = openWire(${JSON.stringify(server.host)});
        const { message } = await wire.unary(call("unary", { deadline: soon() }), { text: "hi" });
        ${more}
        console.log(message.text);`;
      const { spawn } = await import('node:child_process');
      const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program]);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      const [code] = await once(child, 'close');
      assert.deepEqual([code, output], [0, 'hello\n']);
    });
  }

  it('lets a program end whose call gave up while it was opening', async () => {
    await using server = await openTcpServer(() => {});
    const program = `
      import { call, openWire, soon } from ${JSON.stringify(fixture)};
      const wire = openWire(${JSON.stringify(server.host)});
      await wire.unary(call("unary", { deadline: soon(50) }), { text: "hi" }).catch(({ code }) => console.log(code));`;
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = await once(child, 'close');
    assert.deepEqual([code, output], [0, 'DEADLINE_EXCEEDED\n']);
  });

  it('takes calls again', async () => {
    await using server = await openServer((stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(framed('hello'));
    });
    await using wire = openWire(server.host);
    for (let calls = 0; calls < 3; calls++) assert.equal(await outcomeOf(wire), 'hello');
    assert.equal(server.sessions.length, 1);
  });
});
