import type { CommandIo } from './command-io.ts';
import {
  defaultAddress,
  parseFlags,
  readParent,
  readTarget,
  type Target,
  UsageError,
} from './command-line.ts';
import { oneLine } from './terminal-text.ts';

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

const flags = {
  project: { type: 'string' },
  server: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What every such command takes beside its own arguments, for its usage. */
export const adminOptions = `  --project P         the project; each has a time and a state of its own
  --server HOST:PORT  the server, or its URL; else the environment's DIALOGFLOW_EMULATOR_HOST, else ${defaultAddress}
  --help              show this text

The server must have been started with --dev or --demo.
`;

/** Runs a command that asks a server for one thing; answers the exit code, as every command does. */
export async function runAdmin(command: AdminCommand, args: string[], io: CommandIo): Promise<number> {
  const say = (line: string): void => void io.stderr.write(`parley ${command.name}: ${oneLine(line)}\n`);
  try {
    const { values, positionals } = parseFlags(args, flags);
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

function openAdmin(values: { project?: string; server?: string }, { env, signal }: CommandIo): Admin {
  const project = readParent(values.project, undefined);
  const target = readTarget(values, env);
  return {
    project,
    call: (verb, path, body, query = '') =>
      call(`${target.url}/admin/v1/${encodeURI(path)}${query}`, { target, signal }, verb, body),
  };
}

async function call(
  url: string,
  { target, signal }: { readonly target: Target; readonly signal: AbortSignal },
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
    throw new AdminError(`cannot reach a server at ${target.name}: start one with \`parley serve --dev\``, {
      cause,
    });
  }
  const answer = readJson(text);
  if (ok && answer !== undefined) return answer;
  const { message, status } = (answer?.['error'] ?? {}) as { message?: string; status?: string };
  throw new AdminError(
    message === undefined ? `${target.name} is not a Parley server` : `${message} (${status})`,
  );
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
