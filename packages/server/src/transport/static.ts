import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers what is no call: whether the server is up. False where the path is none of these. */
export function handleStatic(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.url !== '/healthz' || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end('ok\n');
  return true;
}
