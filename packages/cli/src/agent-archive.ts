import { existsSync } from 'node:fs';
import { UsageError } from './command-line.ts';
import { checkExportFile, streamExport, writeExport } from './export-file.ts';
import type { Json, Operation, ServerContext } from './server-api.ts';
import { neutralise } from './terminal-text.ts';

/** What a command about an agent works with: the project's, in its location. */
export interface AgentContext extends ServerContext {
  readonly say: (line: string) => void;
}

/** Sends an export to the server, says what became of it, and waits until the agent answers by it. */
export async function importAgent(
  { path, restore, wait }: { path: string; restore: boolean; wait: boolean },
  context: AgentContext,
): Promise<number> {
  const { api, parent, stdout } = context;
  if (!existsSync(path)) throw new UsageError(`${path}: no such file or folder`);
  // Who talks with an agent need not wait for what reads exports.
  const { ArchiveError, packAgent } = await import('@parleykit/server/agent-archive');
  let zip: Uint8Array;
  try {
    zip = await packAgent(path);
  } catch (error) {
    if (error instanceof ArchiveError) throw new Error(error.message, { cause: error });
    throw error;
  }
  const agentContent = Buffer.from(zip).toString('base64');
  const done = await api.run(`${parent}/agent:${restore ? 'restore' : 'import'}`, { agentContent });
  for (const line of linesOf(reportOf(done), parent)) stdout.write(`${neutralise(line)}\n`);
  if (wait) return trainAgent(context);
  stdout.write('stored; what was there before answers until it is trained\n');
  return 0;
}

/** Waits until the agent answers as it is now. */
export async function trainAgent({ api, parent, stdout }: AgentContext): Promise<number> {
  const started = performance.now();
  await api.run(`${parent}/agent:train`, {});
  stdout.write(`trained: it answers, after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return 0;
}

/** Writes the agent into a file, or to standard output. */
export async function exportAgent(file: string, context: AgentContext): Promise<number> {
  const { api, parent, stdout, stderr, signal } = context;
  if (file !== '-') {
    await checkExportFile(file);
    // A zip is packed already.
    if (/\.gz$/iu.test(file)) throw new UsageError(`-o ${file}: an agent is a zip`);
  }
  const done = await api.run(`${parent}/agent:export`, {});
  const { response } = done;
  const content = response?.['agentContent'];
  if (typeof content !== 'string') throw new Error('the server answered no agent');
  const zip = Buffer.from(content, 'base64');
  const pieces = (async function* () {
    yield zip;
  })();
  await (file === '-' ? streamExport(stdout, pieces, signal) : writeExport(file, pieces, signal));
  const told = file === '-' ? stderr : stdout;
  told.write(`${parent}/agent: ${zip.byteLength} bytes\n`);
  for (const line of reportOf(done).dropped ?? []) told.write(`${neutralise(`left out: ${line}`)}\n`);
  return 0;
}

interface Report {
  readonly read?: Readonly<Record<string, number>> & { readonly languages?: readonly string[] };
  readonly idle?: readonly { readonly feature: string; readonly count: number }[];
  readonly dropped?: readonly string[];
  readonly warnings?: readonly string[];
}

/** What an operation tells beside its response. Other servers than ours tell nothing. */
function reportOf({ metadata }: Operation): Report {
  return (metadata?.value?.['report'] ?? {}) as Report;
}

/** What was read, what rests, what was dropped, and what does not fit together. */
function linesOf({ read, idle = [], dropped = [], warnings = [] }: Report, parent: string): string[] {
  return [
    read === undefined ? `${parent}/agent is stored` : `${parent}/agent: ${countsOf(read)}`,
    ...idle.map(({ feature, count }) => `stored and not acted on: ${feature} (${count})`),
    ...dropped.map((line) => `dropped: ${line}`),
    ...warnings.map((line) => `warning: ${line}`),
  ];
}

function countsOf(read: Json): string {
  const parts = [
    ['intents', 'intents'],
    ['trainingPhrases', 'training phrases'],
    ['messages', 'messages'],
    ['parameters', 'parameters'],
    ['entityTypes', 'entity types'],
    ['entities', 'entities'],
  ].map(([key = '', name]) => `${String(read[key] ?? 0)} ${name}`);
  const languages = read['languages'];
  return `${parts.join(', ')}${Array.isArray(languages) ? `, in ${languages.join(', ')}` : ''}`;
}
