/**
 * The least that a server of both protocols on one port can do, on node:http and node:http2 alone: requests are read
 * to their end and forgotten, and answered with the same bytes each time. What a flood does to others here is the
 * machine's doing and Node's.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const [json = '', message = '', pageBytes = '0'] = process.argv.slice(2);
const body = Buffer.from(json, 'base64');
const answer = frame(Buffer.from(message, 'base64'));
const page = frame(Buffer.alloc(Number(pageBytes)));

const http = createHttpServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, {
      'content-type': 'application/json; charset=UTF-8',
      'content-length': body.byteLength,
    });
    response.end(body);
  });
});

const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 1000 } });
http2.on('stream', (stream, headers) => {
  // What floods do to their own streams is no news.
  stream.on('error', () => {});
  stream.resume().once('end', () => {
    if (stream.destroyed) return;
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
    stream.end(String(headers[':path']).endsWith('/ListMessages') ? page : answer);
  });
});
http2.on('sessionError', () => {});

const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  const forget = (): void => {
    socket.destroy();
  };
  socket.on('error', forget).once('close', () => sockets.delete(socket));
  socket.once('readable', () => {
    const first = socket.read() as Buffer | null;
    if (first === null) return;
    socket.unshift(first);
    (first.toString('latin1', 0, 3) === 'PRI' ? http2 : http).emit('connection', socket);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  for (const socket of sockets) socket.destroy();
});

/** A message with gRPC's prefix. */
function frame(bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}
