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
import { showReplyModel, trainReplies } from './reply-model.ts';
import { ServerApi, ServerApiError } from './server-api.ts';
import { oneLine } from './terminal-text.ts';

const usage = `Usage: parley suggestions train --project P [--all] [--no-wait] [options]
       parley suggestions status --project P [options]

What is suggested to human agents.

train   learns from the conversations of a project which replies human agents give, so that smart replies can be
        suggested, and ends when they are. What was learned before is suggested until then. Personal data are masked.
status  says what was learned, from how much, and how far a training is that goes on.

  --project P            the project whose conversations these are
  --location L           its location, such as global or europe-west1; none if left out
  --all                  train: learns from conversations in progress too, not from completed ones alone
  --wait                 train: waits until it is done, as it does anyhow
  --no-wait              train: ends when the training has begun
${serverFlagsHelp}`;

const flags = {
  ...serverFlags,
  all: { type: 'boolean' },
  wait: { type: 'boolean' },
  'no-wait': { type: 'boolean' },
} as const;

/** The flags that each command has of its own. */
const own = {
  train: ['all', 'wait', 'no-wait'],
  status: [],
} as const satisfies Readonly<Record<string, readonly (keyof typeof flags)[]>>;

type Values = ReturnType<typeof parseFlags<typeof flags>>['values'];

/** What a command about suggestions works with. */
export interface SuggestionsContext extends CommandIo {
  readonly api: ServerApi;
  /** The project and location. */
  readonly parent: string;
}

/** `parley suggestions`; returns the exit code: 0 done, 1 the work failed, 2 the command line is wrong. */
export async function suggestions(args: string[], io: CommandIo): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley suggestions: ${oneLine(line)}\n`);
  let isVerbose = false;
  try {
    const { values, positionals } = parseFlags(args, flags);
    isVerbose = values.verbose === true;
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
    if (io.signal.aborted) say('stopped; a training that has begun goes on');
    else if (error instanceof ServerApiError) say(error.message);
    else throw error;
    if (isVerbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  }
}

function readCommand(values: Values, [name, more]: readonly string[], io: CommandIo): () => Promise<number> {
  if (name === undefined) throw new UsageError('train or status is missing');
  if (!isCommand(name)) throw new UsageError(`there is no parley suggestions ${JSON.stringify(name)}`);
  const foreign = Object.values(own)
    .flat()
    .find((flag) => values[flag] !== undefined && !(own[name] as readonly string[]).includes(flag));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is not for parley suggestions ${name}`);
  if (more !== undefined) throw new UsageError(`"${more}" is not expected`);
  if (values.wait && values['no-wait']) throw new UsageError('--wait and --no-wait exclude each other');
  const parent = readParent(values.project, values.location);
  const context = { ...io, api: new ServerApi(readTarget(values, io.env), io.signal), parent };
  switch (name) {
    case 'train':
      return () => trainReplies({ all: values.all === true, wait: values['no-wait'] !== true }, context);
    case 'status':
      return () => showReplyModel(context);
  }
}

function isCommand(name: string): name is keyof typeof own {
  return Object.hasOwn(own, name);
}
