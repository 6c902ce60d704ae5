/** The least that an answer over node:http can cost: the same bytes for every request. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [answer = ''] = process.argv.slice(2);
const body = Buffer.from(answer, 'base64');

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': body.byteLength,
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
