import { stat } from 'node:fs/promises';
import { inspect } from 'node:util';
import { ApiError } from '@parleykit/client';
import {
  type Clients,
  describeAway,
  describeError,
  describeFailure,
  describeWaiting,
  isAway,
  openClients,
} from './clients.ts';
import type { CommandIo } from './command-io.ts';
import {
  parseFlags,
  readParent,
  readTarget,
  serverFlags,
  serverFlagsHelp,
  type Target,
  UsageError,
} from './command-line.ts';
import type { Destination } from './conversation-import.ts';
import { Holds, RETAIN } from './holds.ts';
import { ImportRun } from './import-run.ts';
import { type Pauses, tellOnce } from './patience.ts';
import { ProgressWriter } from './progress.ts';
import { oneLine } from './terminal-text.ts';
import { isTranscriptName, measureTranscripts } from './transcript-files.ts';

/** `pauses` are how a server that goes away is waited for, and are shortened in tests. */
export interface ImportSurroundings extends CommandIo {
  readonly pauses?: Pauses;
}

/**
 * Runs `parley import`; returns the exit code: 0 done, 1 the work failed (some line refused, server gone), 2 the
 * command line is wrong.
 */
export async function importTranscripts(args: string[], io: ImportSurroundings): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley import: ${oneLine(line)}\n`);
  let command: Command | 'help';
  let clients: Clients;
  try {
    command = parseCommand(args, io);
    if (command === 'help') {
      io.stdout.write(usage);
      return 0;
    }
    await checkPaths(command.paths);
    clients = openClients(command.target);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} (see parley import --help)`);
    return 2;
  }
  try {
    return await runImport(command, { ...io, say, clients });
  } catch (error) {
    say(io.signal.aborted ? 'stopped before anything was stored' : describeFailure(error, command.target));
    if (command.verbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  } finally {
    await clients[Symbol.asyncDispose]();
  }
}

const usage = `Usage: parley import FILE|DIR... --project P [options]

Stores CCAI conversation transcripts as conversations. Files are .json (one conversation) or .jsonl (one per line),
each also with .gz; a folder is searched for them. It can be run again at any time: what is stored already stays as it
is. A conversation that is completed is compared with its transcript, and never written to.

  --project P            the project that the conversations go to
  --location L           the location, such as global or europe-west1; none if left out
  --complete             complete each conversation once all of its messages are there
  --retain forever|30d   forever, the default, holds each conversation, so that it is never purged until it is released;
                         30d leaves it to the server's retention
${serverFlagsHelp}`;

interface Command {
  paths: string[];
  destination: Destination;
  target: Target;
  verbose: boolean;
}

interface ImportContext extends ImportSurroundings {
  clients: Clients;
  say: (line: string) => void;
}

function parseCommand(args: string[], { env, signal }: CommandIo): Command | 'help' {
  const { values, positionals } = parseFlags(args, {
    ...serverFlags,
    complete: { type: 'boolean' },
    retain: { type: 'string' },
  });
  if (values.help) return 'help';
  const { project, location, complete = false, retain, verbose = false } = values;
  if (positionals.length === 0) throw new UsageError('no FILE or DIR is named');
  if (retain !== undefined && !RETAIN.some((each) => each === retain)) {
    throw new UsageError(`--retain ${retain} is none of ${RETAIN.join(', ')}`);
  }
  const target = readTarget(values, env);
  const holds = retain === '30d' ? undefined : new Holds(target, { signal, isAsked: retain !== undefined });
  const destination = { parent: readParent(project, location), complete, holds };
  return { paths: positionals, destination, target, verbose };
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
  const { clients, say, pauses, signal, stdout, stderr } = context;
  const { files, bytes } = await measureTranscripts(command.paths);
  if (files === 0) {
    say(`no .json or .jsonl files under ${command.paths.join(', ')}`);
    return 1;
  }
  let note = (line: string): void => {
    stderr.write(`${line}\n`);
  };
  const onAway = tellOnce((error: ApiError) => note(oneLine(describeWaiting(error, command.target))));
  const run = await ImportRun.open(clients, command.destination, { signal, onAway, pauses }).catch(
    (cause: unknown) => {
      throw isAway(cause) ? new Error(describeAway(command.target, cause), { cause }) : cause;
    },
  );
  const progress = new ProgressWriter(stderr, () => run.progress(bytes));
  note = (line) => progress.note(line);
  progress.start();
  const outcome = await run
    .storeAll(command.paths, (place, error) => {
      progress.note(`${oneLine(place.file)}:${place.line}: ${oneLine(describeRefusal(error))}`);
      if (command.verbose) progress.note(inspect(error));
    })
    .finally(() => progress.stop());
  stdout.write(run.tally.render(run.elapsedMs));
  if (outcome === 'done') return run.tally.refused === 0 ? 0 : 1;
  const why = outcome === 'stopped' ? 'stopped' : describeFailure(outcome.failure, command.target);
  say(`${why}; the same command, run again, continues where this one ended`);
  if (command.verbose && outcome !== 'stopped') stderr.write(`${inspect(outcome.failure)}\n`);
  return 1;
}

function describeRefusal(error: unknown): string {
  return error instanceof ApiError ? `the server refused it: ${describeError(error)}` : describeError(error);
}
