import { setTimeout } from 'node:timers/promises';
import type { Subject } from './subject.ts';

export type Json = Record<string, unknown>;

/** Makes one call over REST and answers its reply. Throws on a refusal. */
export async function call(
  { port }: Subject,
  method: string,
  path: string,
  body?: Json,
  version: 'v2beta1' | 'admin/v1' = 'v2beta1',
): Promise<Json> {
  const response = await fetch(`http://127.0.0.1:${port}/${version}/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Json;
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

/** Begins an operation, and waits for its end: it is looked at every so many milliseconds. */
export async function run(server: Subject, path: string, body: Json, lookMs: number): Promise<void> {
  let operation = await call(server, 'POST', path, body);
  while (operation['done'] !== true) {
    await setTimeout(lookMs);
    operation = await call(server, 'GET', String(operation['name']));
  }
  if (operation['error'] !== undefined) throw new Error(JSON.stringify(operation['error']));
}
