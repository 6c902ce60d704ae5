import { type Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Target } from '../../conformance/target.ts';
import { CallError, refusalOf } from '../../conformance/wires.ts';

/** The JSON that a path answers; throws a CallError for what the server refused. */
export async function getJson({ host, port }: Target, path: string, agent: Agent): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get({ host, port, path, agent }, resolve).on('error', reject);
  const incoming = await promise;
  const body = await text(incoming);
  const status = incoming.statusCode ?? 0;
  if (status !== 200) throw new CallError(refusalOf({ status, headers: incoming.headers, text: body }));
  return JSON.parse(body);
}
