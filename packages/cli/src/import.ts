import { stat } from 'node:fs/promises';
import { inspect, parseArgs } from 'node:util';
import { status } from '@grpc/grpc-js';
import type { Wait } from './backoff.ts';
import type { CommandIo } from './command-io.ts';
import { ImportRun } from './import-run.ts';
import { oneLine } from './import-tally.ts';
import { ProgressWriter } from './progress.ts';
import { createRemote, defaultAddress, isAddress, type Remote, RemoteError } from './remote.ts';
import { isTranscriptName, measureTranscripts } from './transcript-files.ts';

/** `wait` passes the time between attempts, and is replaced in tests. */
export interface ImportSurroundings extends CommandIo {
  readonly wait?: Wait;
}

/**
 * Runs `parley import`; returns the exit code: 0 done, 1 the work failed (some line refused, server gone), 2 the
 * command line is wrong.
 */
export async function importTranscripts(args: string[], io: ImportSurroundings): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley import: ${oneLine(line)}\n`);
  let command: Command | 'help';
  try {
    command = parseCommand(args, io.env);
    if (command !== 'help') await checkPaths(command.paths);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} (see parley import --help)`);
    return 2;
  }
  if (command === 'help') {
    io.stdout.write(usage);
    return 0;
  }
  const remote = createRemote(command.server);
  try {
    return await runImport(command, { ...io, say, remote });
  } catch (error) {
    say(io.signal.aborted ? 'stopped before anything was stored' : describeFailure(error, command.server));
    if (command.verbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  } finally {
    remote.close();
  }
}

const usage = `Usage: parley import FILE|DIR... --project P [options]

Stores CCAI conversation transcripts as conversations. Files are .json (one conversation) or .jsonl (one per line),
each also with .gz; a folder is searched for them. It can be run again at any time: what is stored already stays as it is.

  --project P         the project that the conversations go to
  --location L        the location, such as global or europe-west1; none if left out
  --server HOST:PORT  the server; else the environment's DIALOGFLOW_EMULATOR_HOST, else ${defaultAddress}
  --verbose           show where errors come from
  --help              show this text
`;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Command {
  paths: string[];
  parent: string;
  server: string;
  verbose: boolean;
}

interface ImportContext extends ImportSurroundings {
  remote: Remote;
  say: (line: string) => void;
}

function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command | 'help' {
  const { values, positionals } = parseFlags(args);
  if (values.help) return 'help';
  const { project, location, verbose = false } = values;
  if (positionals.length === 0) throw new UsageError('no FILE or DIR is named');
  if (project === undefined) throw new UsageError('--project is missing');
  if (!isNameSegment(project)) throw new UsageError(`--project "${project}" is not a project id`);
  if (location !== undefined && !isNameSegment(location)) {
    throw new UsageError(`--location "${location}" is not a location id`);
  }
  const fromEnv = env['DIALOGFLOW_EMULATOR_HOST'] || undefined;
  const server = values.server ?? fromEnv ?? defaultAddress;
  if (!isAddress(server)) {
    const source = values.server === undefined ? 'DIALOGFLOW_EMULATOR_HOST' : '--server';
    throw new UsageError(`${source} "${server}" is not HOST:PORT`);
  }
  const parent = location === undefined ? `projects/${project}` : `projects/${project}/locations/${location}`;
  return { paths: positionals, parent, server, verbose };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      strict: true,
      options: {
        project: { type: 'string' },
        location: { type: 'string' },
        server: { type: 'string' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    // Node goes on to explain how to name a file that starts with a dash, which is hardly ever what was meant.
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('. ');
    throw new UsageError(reason, { cause });
  }
}

/** What may stand between two slashes of a resource name; which projects there are is for the server to say. */
function isNameSegment(text: string): boolean {
  return /^[^\s/]+$/.test(text);
}

async function checkPaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) throw new UsageError(`${path}: no such file or folder`);
    if (!stats.isDirectory() && !isTranscriptName(path)) {
      throw new UsageError(`${path}: not a .json, .jsonl, .json.gz or .jsonl.gz file`);
    }
  }
}

async function runImport(command: Command, context: ImportContext): Promise<number> {
  const { remote, say, wait, signal, stdout, stderr } = context;
  const { files, bytes } = await measureTranscripts(command.paths);
  if (files === 0) {
    say(`no .json or .jsonl files under ${command.paths.join(', ')}`);
    return 1;
  }
  const run = await ImportRun.open(remote, command.parent, { signal, wait }).catch((cause: unknown) => {
    throw isAway(cause) ? unreachable(command.server, cause) : cause;
  });
  const progress = new ProgressWriter(stderr, () => run.progress(bytes));
  progress.start();
  const outcome = await run
    .storeAll(command.paths, (place, error) => {
      progress.note(`${oneLine(place.file)}:${place.line}: ${oneLine(describeRefusal(error))}`);
      if (command.verbose) progress.note(inspect(error));
    })
    .finally(() => progress.stop());
  stdout.write(run.tally.render(run.elapsedMs));
  if (outcome === 'done') return run.tally.refused === 0 ? 0 : 1;
  const why = outcome === 'stopped' ? 'stopped' : describeFailure(outcome.failure, command.server);
  say(`${why}; the same command, run again, continues where this one ended`);
  if (command.verbose && outcome !== 'stopped') stderr.write(`${inspect(outcome.failure)}\n`);
  return 1;
}

function isAway(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  return error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED;
}

function unreachable(server: string, cause: unknown): Error {
  return new Error(`cannot reach a server at ${server}: start one with \`parley serve\``, { cause });
}

function describeRefusal(error: unknown): string {
  return error instanceof RemoteError
    ? `the server refused it: ${describeReply(error)}`
    : describeReply(error);
}

function describeFailure(error: unknown, server: string): string {
  return error instanceof RemoteError
    ? `the server at ${server} failed: ${describeReply(error)}`
    : describeReply(error);
}

function describeReply(error: unknown): string {
  if (error instanceof RemoteError) return `${error.message} (${error.codeName})`;
  return error instanceof Error ? error.message : String(error);
}
