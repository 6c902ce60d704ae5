import { parseArgs } from 'node:util';
import type { CommandIo } from './command-io.ts';
import { oneLine } from './import-tally.ts';

/** Where commands look for a server when nothing else is said; `parley serve` listens there too. */
const DEFAULT_ADDRESS = '127.0.0.1:8470';

const ADDRESS = /^(?:\[[0-9a-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/iu;

/** What is wrong with a command line: one line for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a server did not do, or that there is none: one line for people. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
}

/** The methods of Parley's own that commands call, over REST: `/admin/v1/...`. */
export interface Admin {
  /** Such as `projects/p`. */
  readonly project: string;
  /** Answers the reply's JSON. The query, if any, begins with its question mark. Throws AdminError. */
  call(
    verb: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
    query?: string,
  ): Promise<Record<string, unknown>>;
}

export interface AdminCommand {
  readonly name: string;
  readonly usage: string;
  /** What the command does for its arguments. Throws UsageError before it calls anybody. */
  readonly run: (args: readonly string[], admin: Admin, io: CommandIo) => Promise<void>;
}

/** What every such command takes beside its own arguments, for its usage. */
export const adminOptions = `  --project P         the project; each has a time and a state of its own
  --server HOST:PORT  the server; else the environment's DIALOGFLOW_EMULATOR_HOST, else ${DEFAULT_ADDRESS}
  --help              show this text

The server must have been started with --dev or --demo.
`;

/** Runs a command that asks a server for one thing; answers the exit code, as every command does. */
export async function runAdmin(command: AdminCommand, args: string[], io: CommandIo): Promise<number> {
  const say = (line: string): void => void io.stderr.write(`parley ${command.name}: ${oneLine(line)}\n`);
  try {
    const { values, positionals } = readFlags(args);
    if (values.help === true) {
      io.stdout.write(command.usage);
      return 0;
    }
    await command.run(positionals, openAdmin(values, io), io);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message} (see parley ${command.name} --help)`);
      return 2;
    }
    if (!(error instanceof AdminError)) throw error;
    say(error.message);
    return 1;
  }
}

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      strict: true,
      options: {
        project: { type: 'string' },
        server: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node goes on to explain how to pass a dash as a value; what is wrong stands in the first sentence.
    throw new UsageError((error as Error).message.split('. ')[0] ?? '');
  }
}

function openAdmin(values: { project?: string; server?: string }, { env, signal }: CommandIo): Admin {
  const { project } = values;
  if (project === undefined) throw new UsageError('--project is missing');
  if (!/^[^\s/]+$/u.test(project)) throw new UsageError(`--project "${project}" is not a project id`);
  const server = values.server ?? (env['DIALOGFLOW_EMULATOR_HOST'] || DEFAULT_ADDRESS);
  if (!ADDRESS.test(server)) {
    const source = values.server === undefined ? 'DIALOGFLOW_EMULATOR_HOST' : '--server';
    throw new UsageError(`${source} "${server}" is not HOST:PORT`);
  }
  return {
    project: `projects/${project}`,
    call: (verb, path, body, query = '') =>
      call(`http://${server}/admin/v1/${encodeURI(path)}${query}`, { server, signal }, verb, body),
  };
}

async function call(
  url: string,
  { server, signal }: { readonly server: string; readonly signal: AbortSignal },
  verb: string,
  body?: object,
): Promise<Record<string, unknown>> {
  let text: string;
  let ok: boolean;
  try {
    const response = await fetch(url, {
      method: verb,
      signal,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    ok = response.ok;
    text = await response.text();
  } catch (cause) {
    if (signal.aborted) throw new AdminError('stopped', { cause });
    throw new AdminError(`cannot reach a server at ${server}: start one with \`parley serve --dev\``, {
      cause,
    });
  }
  const answer = readJson(text);
  if (ok && answer !== undefined) return answer;
  const { message, status } = (answer?.['error'] ?? {}) as { message?: string; status?: string };
  throw new AdminError(message === undefined ? `${server} is not a Parley server` : `${message} (${status})`);
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
