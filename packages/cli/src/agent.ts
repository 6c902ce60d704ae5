import { inspect } from 'node:util';
import { type AgentContext, exportAgent, importAgent, trainAgent } from './agent-archive.ts';
import { type TalkSurroundings, talk } from './agent-talk.ts';
import {
  parseFlags,
  readParent,
  readTarget,
  serverFlags,
  serverFlagsHelp,
  UsageError,
} from './command-line.ts';
import { ServerApi, ServerApiError } from './server-api.ts';
import { oneLine } from './terminal-text.ts';

const usage = `Usage: parley agent import FILE|DIR --project P [--restore] [--no-wait] [options]
       parley agent export --project P -o FILE [options]
       parley agent train --project P [options]
       parley agent talk --project P [--say TEXT]... [--json] [options]

Automated agents: each project has one, in each of its locations.

import  adds an export of Dialogflow ES, a zip or the folder of one, to the project's agent: what is called the same is
        replaced. Says what was read, what is stored and not acted on, and what was dropped, and ends when the agent
        answers as it is then.
export  writes the agent as such a zip. A FILE that is there is replaced once the new one is whole.
train   waits until the agent answers as it is now.
talk    holds a conversation with the agent, a line for each turn, until it hands over to a human or the input ends.

  --project P            the project of the agent
  --location L           its location, such as global or europe-west1; none if left out
  --restore              import: puts the export in the place of all that there is
  --no-wait              import: ends when the agent is stored; what was there before answers until it is trained
  -o, --output FILE      export: where to; - is standard output
  --say TEXT             talk: says this, instead of what comes from standard input; can be given several times
  --json                 talk: a line of JSON for each turn: said, intent, confidence, text, stage
${serverFlagsHelp}`;

/** `parley agent`; returns the exit code: 0 done, 1 the work failed, 2 the command line is wrong. */
export async function agent(args: string[], io: TalkSurroundings): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley agent: ${oneLine(line)}\n`);
  let command: (() => Promise<number>) | 'help';
  let isVerbose = false;
  try {
    const { values, positionals } = parseFlags(args, agentFlags);
    isVerbose = values.verbose === true;
    command = values.help === true ? 'help' : readCommand(values, positionals, { ...io, say });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} (see parley agent --help)`);
    return 2;
  }
  if (command === 'help') {
    io.stdout.write(usage);
    return 0;
  }
  try {
    return await command();
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message} (see parley agent --help)`);
      return 2;
    }
    if (io.signal.aborted) say('stopped');
    else say(error instanceof ServerApiError ? error.message : ((error as Error).message ?? String(error)));
    if (isVerbose) io.stderr.write(`${inspect(error)}\n`);
    return 1;
  }
}

const agentFlags = {
  ...serverFlags,
  restore: { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  say: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const;

/** The flags that each command has of its own. */
const own = {
  import: ['restore', 'no-wait'],
  export: ['output'],
  train: [],
  talk: ['say', 'json'],
} as const satisfies Readonly<Record<string, readonly (keyof typeof agentFlags)[]>>;

type Values = ReturnType<typeof parseFlags<typeof agentFlags>>['values'];

function readCommand(
  values: Values,
  [name, ...rest]: readonly string[],
  io: TalkSurroundings & { say: (line: string) => void },
): () => Promise<number> {
  if (name === undefined) throw new UsageError('import, export, train or talk is missing');
  if (!isCommand(name)) throw new UsageError(`there is no parley agent ${JSON.stringify(name)}`);
  const foreign = Object.values(own)
    .flat()
    .find((flag) => values[flag] !== undefined && !(own[name] as readonly string[]).includes(flag));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is not for parley agent ${name}`);
  const [path, more] = rest;
  if (name === 'import' && path === undefined) throw new UsageError('no FILE or DIR is named');
  const unexpected = name === 'import' ? more : path;
  if (unexpected !== undefined) throw new UsageError(`"${unexpected}" is not expected`);
  const parent = readParent(values.project, values.location);
  const context: AgentContext = { ...io, api: new ServerApi(readTarget(values, io.env), io.signal), parent };
  const { output, restore = false, json = false } = values;
  switch (name) {
    case 'import':
      return () => importAgent({ path: path ?? '', restore, wait: values['no-wait'] !== true }, context);
    case 'export':
      if (output === undefined || output === '') throw new UsageError('-o FILE is missing');
      return () => exportAgent(output, context);
    case 'train':
      return () => trainAgent(context);
    case 'talk':
      return () => talk({ lines: values.say, json }, { ...context, ...(io.stdin && { stdin: io.stdin }) });
  }
}

function isCommand(name: string): name is keyof typeof own {
  return Object.hasOwn(own, name);
}
