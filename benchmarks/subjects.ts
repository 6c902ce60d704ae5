import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Subject, startSubject } from './subject.ts';

const CLI = '../packages/cli/src/main.ts';

/** A folder that is gone afterwards. */
export function openFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The server itself, on a folder of its own. */
export async function startParley(
  stack: AsyncDisposableStack,
  ...flags: readonly string[]
): Promise<Subject> {
  const common = ['serve', '--demo', '--port', '0', '--data', openFolder(stack)];
  return stack.use(await startSubject('parley', CLI, ...common, ...flags));
}

/** The server's store without the server: it does what it is told over HTTP, and answers when it has. */
export async function startBareStore(stack: AsyncDisposableStack): Promise<Subject> {
  return stack.use(await startSubject('bare store', './floors/bare-store.ts', openFolder(stack)));
}

/** Has the bare store do something, and answers what it says. */
export async function tellStore(
  store: Subject,
  work: string,
  parameters: Record<string, number>,
): Promise<string> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
  const response = await fetch(`http://127.0.0.1:${store.port}/${work}?${query}`, { method: 'POST' });
  if (response.status !== 200) throw new Error(`the bare store failed: ${await response.text()}`);
  return response.text();
}
