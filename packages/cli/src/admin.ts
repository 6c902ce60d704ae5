import { inspect } from 'node:util';
import type { CommandIo } from './command-io.ts';
import {
  parseFlags,
  readParent,
  readTarget,
  serverFlags,
  serverFlagsHelp,
  UsageError,
} from './command-line.ts';
import { ServerApi, ServerApiError, type ServerContext } from './server-api.ts';
import { oneLine } from './terminal-text.ts';

/** A command that asks a server for one thing of a project, for development. */
export interface AdminCommand {
  readonly name: string;
  readonly usage: string;
  /** What the command does for its arguments. Throws a UsageError before it calls anybody. */
  readonly run: (args: readonly string[], context: ServerContext) => Promise<void>;
}

const { location: _, ...flags } = serverFlags;

/** What every such command takes beside its own arguments, for its usage. */
export const adminOptions = `  --project P            the project; each has a time and a state of its own
${serverFlagsHelp}
The server must have been started with --dev or --demo.
`;

/** Runs such a command; answers the exit code, as every command does. */
export async function runAdmin(command: AdminCommand, args: string[], io: CommandIo): Promise<number> {
  const say = (line: string): void => void io.stderr.write(`parley ${command.name}: ${oneLine(line)}\n`);
  let isVerbose = false;
  try {
    const { values, positionals } = parseFlags(args, flags);
    isVerbose = values.verbose === true;
    if (values.help === true) {
      io.stdout.write(command.usage);
      return 0;
    }
    const parent = readParent(values.project, undefined);
    const api = new ServerApi(readTarget(values, io.env), io.signal);
    await command.run(positionals, { ...io, api, parent });
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message} (see parley ${command.name} --help)`);
      return 2;
    }
    if (io.signal.aborted) say('stopped');
    else if (error instanceof ServerApiError) say(error.message);
    else throw error;
    if (isVerbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  }
}
