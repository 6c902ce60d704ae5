/**
 * A server that answers GetConversation and ListMessages with bytes that lie ready, so that what a client costs is all
 * that a call costs in the client's process. In a process of its own: it prints its ports and ends with its stdin.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttp2, createSecureServer, type Http2Server } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { type Answer, conversationAnswer, messagesAnswer } from './answers.ts';

const [, , keyFile = '', certificateFile = ''] = process.argv;
const conversation = conversationAnswer();
const messages = messagesAnswer(100);
const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };

const rest: RequestListener = (request, response) => {
  const answer = request.url?.includes('/messages') === true ? messages : conversation;
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.json.length });
  response.end(answer.json);
};

const grpcFrames = new Map<Answer, Buffer>(
  [conversation, messages].map((answer) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(answer.proto.length, 1);
    return [answer, Buffer.concat([head, answer.proto])];
  }),
);

function serveGrpc(server: Http2Server): Http2Server {
  return server.on('stream', (stream, headers) => {
    const answer = headers[':path']?.endsWith('/ListMessages') === true ? messages : conversation;
    stream.on('error', () => {});
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(grpcFrames.get(answer));
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ports = {
  grpc: {
    plain: await listen(serveGrpc(createHttp2())),
    tls: await listen(serveGrpc(createSecureServer(tls))),
  },
  rest: { plain: await listen(createHttp(rest)), tls: await listen(createHttps(tls, rest)) },
};
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
