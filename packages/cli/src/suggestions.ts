import { inspect } from 'node:util';
import type { CommandIo } from './command-io.ts';
import {
  parseFlags,
  readParent,
  readSeconds,
  readTarget,
  serverFlags,
  serverFlagsHelp,
  UsageError,
} from './command-line.ts';
import { showReplyModel, trainReplies } from './reply-model.ts';
import { ServerApi, ServerApiError } from './server-api.ts';
import { reportSuggestions } from './suggestions-report.ts';
import { oneLine } from './terminal-text.ts';

const usage = `Usage: parley suggestions train --project P [--all] [--no-wait] [options]
       parley suggestions status --project P [options]
       parley suggestions report --project P [--since 7d] [--json] [options]

What is suggested to human agents.

train   learns from the conversations of a project which replies human agents give, so that smart replies can be
        suggested, and ends when they are. What was learned before is suggested until then. Personal data are masked.
status  says what was learned, from how much, and how far a training is that goes on.
report  says by feature how many suggestions there were, how many of them were displayed and clicked, and how many were said
        to be correct: in all conversations that are not purged yet. Summaries and what generators write count too.

  --project P            the project whose conversations these are
  --location L           its location, such as global or europe-west1; none if left out
  --all                  train: learns from conversations in progress too, not from completed ones alone
  --wait                 train: waits until it is done, as it does anyhow
  --no-wait              train: ends when the training has begun
  --since DURATION       report: only what was suggested so lately: a whole number and s, m, h or d
  --json                 report: one line of JSON
${serverFlagsHelp}`;

const flags = {
  ...serverFlags,
  all: { type: 'boolean' },
  wait: { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  since: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** The flags that each command has of its own. */
const own = {
  train: ['all', 'wait', 'no-wait'],
  status: [],
  report: ['since', 'json'],
} as const satisfies Readonly<Record<string, readonly (keyof typeof flags)[]>>;

/** The earliest time that the API can write. */
const TIME_MIN = Date.parse('0001-01-01T00:00:00Z');

type Values = ReturnType<typeof parseFlags<typeof flags>>['values'];

/** `parley suggestions`; returns the exit code: 0 done, 1 the work failed, 2 the command line is wrong. */
export async function suggestions(args: string[], io: CommandIo): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley suggestions: ${oneLine(line)}\n`);
  let isVerbose = false;
  let isTraining = false;
  try {
    const { values, positionals } = parseFlags(args, flags);
    isVerbose = values.verbose === true;
    isTraining = positionals[0] === 'train';
    if (values.help === true) {
      io.stdout.write(usage);
      return 0;
    }
    return await readCommand(values, positionals, io)();
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message} (see parley suggestions --help)`);
      return 2;
    }
    if (io.signal.aborted) say(isTraining ? 'stopped; a training that has begun goes on' : 'stopped');
    else if (error instanceof ServerApiError) say(error.message);
    else throw error;
    if (isVerbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  }
}

function readCommand(values: Values, [name, more]: readonly string[], io: CommandIo): () => Promise<number> {
  if (name === undefined) throw new UsageError('train, status or report is missing');
  if (!isCommand(name)) throw new UsageError(`there is no parley suggestions ${JSON.stringify(name)}`);
  const foreign = Object.values(own)
    .flat()
    .find((flag) => values[flag] !== undefined && !(own[name] as readonly string[]).includes(flag));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is not for parley suggestions ${name}`);
  if (more !== undefined) throw new UsageError(`"${more}" is not expected`);
  if (values.wait && values['no-wait']) throw new UsageError('--wait and --no-wait exclude each other');
  const parent = readParent(values.project, values.location);
  const { since, json = false } = values;
  const start = since === undefined ? undefined : Date.now() - readSeconds(since) * 1000;
  if (start !== undefined && start < TIME_MIN) throw new UsageError(`--since ${since} is too long ago`);
  const context = { ...io, api: new ServerApi(readTarget(values, io.env), io.signal), parent };
  switch (name) {
    case 'train':
      return () => trainReplies({ all: values.all === true, wait: values['no-wait'] !== true }, context);
    case 'status':
      return () => showReplyModel(context);
    case 'report':
      return () => reportSuggestions({ since: start, json }, context);
  }
}

function isCommand(name: string): name is keyof typeof own {
  return Object.hasOwn(own, name);
}
