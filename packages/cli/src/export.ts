import { inspect } from 'node:util';
import type { ApiError } from '@parleykit/client';
import {
  type Clients,
  describeAway,
  describeFailure,
  describeWaiting,
  firstAnswerMs,
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
import { ConversationExport, type ExportFormat, exportFormats } from './conversation-export.ts';
import { checkExportFile, type Pieces, streamExport, writeExport } from './export-file.ts';
import { ExportTally } from './export-tally.ts';
import { inOrder } from './in-order.ts';
import { Patience, type Pauses, tellOnce } from './patience.ts';
import { ProgressWriter } from './progress.ts';
import { oneLine } from './terminal-text.ts';

/** `pauses` are how a server that goes away is waited for, and are shortened in tests. */
export interface ExportSurroundings extends CommandIo {
  readonly pauses?: Pauses;
}

/** Runs `parley export`; returns the exit code: 0 done, 1 the work failed, 2 the command line is wrong. */
export async function exportConversations(args: string[], io: ExportSurroundings): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley export: ${oneLine(line)}\n`);
  let command: Command | 'help';
  let clients: Clients;
  try {
    command = parseCommand(args, io.env);
    if (command === 'help') {
      io.stdout.write(usage);
      return 0;
    }
    if (command.file !== toStdout) await checkExportFile(command.file);
    clients = openClients(command.target);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} (see parley export --help)`);
    return 2;
  }
  try {
    return await runExport(command, { ...io, say, clients });
  } catch (error) {
    say(explain(error, command, io.signal));
    if (command.verbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  } finally {
    await clients[Symbol.asyncDispose]();
  }
}

const usage = `Usage: parley export --project P -o FILE [options]

Writes conversations, one a line, sorted by their ids. FILE is packed where it ends in .gz, and - is standard output. A
FILE that is there is replaced once the new one is whole and on the disk; until then, and if anything goes wrong, it
stays as it is.

  --project P            the project that is exported
  --location L           the location, such as global or europe-west1; none if left out
  -o, --output FILE      where to
  --format ccai|json     transcripts that parley import reads (the default), or the API's JSON of each conversation with
                         its participants and messages
  --state completed|in-progress
                         conversations in this state alone
${serverFlagsHelp}`;

const toStdout = '-';

const stateFilters: Readonly<Record<string, string>> = {
  completed: 'lifecycle_state = "COMPLETED"',
  'in-progress': 'lifecycle_state = "IN_PROGRESS"',
};

const pageSize = 1_000;

/** Conversations read at once: enough to keep a server busy that answers each from its memory. */
const conversationsAtOnce = 16;

/** What those hold together, in characters; one that is larger goes on alone. */
const textMax = 32 * 2 ** 20;

/** Lines are written in pieces of about so many characters. */
const pieceMin = 64 * 2 ** 10;

interface Command {
  parent: string;
  file: string;
  format: ExportFormat;
  filter: string;
  target: Target;
  verbose: boolean;
}

interface ExportContext extends ExportSurroundings {
  clients: Clients;
  say: (line: string) => void;
}

function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command | 'help' {
  const { values, positionals } = parseFlags(args, {
    ...serverFlags,
    output: { type: 'string', short: 'o' },
    format: { type: 'string' },
    state: { type: 'string' },
  });
  if (values.help) return 'help';
  const { project, location, output, format = 'ccai', state, verbose = false } = values;
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is not expected: -o names the file`);
  const parent = readParent(project, location);
  if (output === undefined || output === '') throw new UsageError('-o FILE is missing');
  const known = exportFormats.find((each) => each === format);
  if (known === undefined) throw new UsageError(`--format is ccai or json, not "${format}"`);
  const filter =
    state === undefined ? '' : Object.hasOwn(stateFilters, state) ? stateFilters[state] : undefined;
  if (filter === undefined) throw new UsageError(`--state is completed or in-progress, not "${state}"`);
  return { parent, file: output, format: known, filter, target: readTarget(values, env), verbose };
}

async function runExport(command: Command, context: ExportContext): Promise<number> {
  const { clients, say, pauses, stdout, stderr } = context;
  const { parent, file, format, target } = command;
  const toTerminal = file === toStdout && stdout.isTTY;
  // Whatever ends the export ends what is still being read.
  const halt = new AbortController();
  const signal = AbortSignal.any([context.signal, halt.signal]);
  const tally = new ExportTally();
  const progress = new ProgressWriter(stderr, () => tally.progress());
  const onAway = tellOnce((error: ApiError) => progress.note(oneLine(describeWaiting(error, target))));
  const patience = new Patience(signal, onAway, pauses);
  try {
    const names = await listNames(clients, command, patience);
    if (names.length === 0) {
      say(
        `there are no ${command.filter === '' ? '' : 'such '}conversations in ${parent}; nothing is written`,
      );
      return 1;
    }
    tally.total = names.length;
    if (!toTerminal) progress.start();
    const reader = new ConversationExport(clients, patience, format);
    const lines = inOrder(names, { atOnce: conversationsAtOnce, bytesMax: textMax }, (name, hold) =>
      reader.read(name, hold),
    );
    const pieces = gather(lines, tally);
    await (file === toStdout ? streamExport(stdout, pieces, signal) : writeExport(file, pieces, signal));
  } finally {
    if (tally.total > 0 && !toTerminal) progress.stop();
    halt.abort();
  }
  (file === toStdout ? stderr : stdout).write(tally.render());
  return 0;
}

/** The names of all conversations, in an order that is the same wherever the conversations have been imported to. */
async function listNames(
  { conversations }: Clients,
  { parent, filter, target }: Command,
  patience: Patience,
): Promise<string[]> {
  const names: string[] = [];
  try {
    // Whoever names the wrong server learns it soon.
    await conversations.listConversations(
      { parent, pageSize: 1 },
      { ...patience.once, timeoutMs: firstAnswerMs },
    );
  } catch (cause) {
    throw isAway(cause) ? new Error(describeAway(target, cause), { cause }) : cause;
  }
  for await (const { name } of conversations.listConversations({ parent, pageSize, filter }, patience.call)) {
    names.push(name);
  }
  return names.sort();
}

/** Puts lines together, so that not each of them is a write of its own. */
async function* gather(
  conversations: AsyncIterable<Awaited<ReturnType<ConversationExport['read']>>>,
  tally: ExportTally,
): Pieces {
  let piece = '';
  for await (const conversation of conversations) {
    tally.add(conversation);
    if (conversation.line === undefined) continue;
    piece += `${conversation.line}\n`;
    if (piece.length < pieceMin) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function explain(error: unknown, { file, target }: Command, signal: AbortSignal): string {
  const kept = file === toStdout ? '' : `; ${file} is as it was`;
  if (signal.aborted) return `stopped before all was written${kept}`;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EPIPE') return 'standard output was closed before all was written';
  if (code === 'ENOSPC') return `the disk is full${kept}`;
  if (syscall !== undefined) return `${file} cannot be written: ${(error as Error).message}${kept}`;
  return `${describeFailure(error, target)}${kept}`;
}
