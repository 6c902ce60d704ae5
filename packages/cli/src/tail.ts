import { once } from 'node:events';
import { inspect } from 'node:util';
import { type CallOptions, type Message, NotFoundError } from '@parleykit/client';
import { toApiJson } from './api-json.ts';
import { type Clients, describeAway, describeFailure, isAway, openClients } from './clients.ts';
import type { CommandIo } from './command-io.ts';
import {
  isNameSegment,
  parseFlags,
  readParent,
  readTarget,
  serverFlags,
  serverFlagsHelp,
  type Target,
  UsageError,
} from './command-line.ts';
import { ConversationFeed } from './conversation-feed.ts';
import { formatMessage } from './message-lines.ts';
import { patientRead } from './patience.ts';
import { ServerApi } from './server-api.ts';
import { oneLine } from './terminal-text.ts';

/** `intervalMs` is how often a server is asked, or a connection tried again, and is shortened in tests. */
export interface TailSurroundings extends CommandIo {
  readonly intervalMs?: number;
}

/** Runs `parley tail`; returns the exit code: 0 done or asked to stop, 1 the work failed, 2 the command line is wrong. */
export async function tail(args: string[], io: TailSurroundings): Promise<number> {
  const say = (line: string) => io.stderr.write(`parley tail: ${oneLine(line)}\n`);
  let command: Command | 'help';
  let clients: Clients;
  try {
    command = parseCommand(args, io.env);
    if (command === 'help') {
      io.stdout.write(usage);
      return 0;
    }
    clients = openClients(command.target);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message} (see parley tail --help)`);
    return 2;
  }
  const { conversation, target, json } = command;
  const reader = new Reader(io.stdout);
  const signal = AbortSignal.any([io.signal, reader.signal]);
  const feed = new ConversationFeed(conversation, {
    clients,
    api: new ServerApi(target, signal),
    signal,
    intervalMs: io.intervalMs ?? askEveryMs,
    onAway: (isGone) =>
      say(`the server at ${target.name} ${isGone ? 'does not answer, waiting for it' : 'is back'}`),
  });
  const people = new People(conversation, clients.participants, patientRead(signal));
  try {
    for await (const message of feed.messages()) {
      const columns = io.stdout.isTTY ? io.stdout.columns || 80 : undefined;
      const text = json
        ? `${toApiJson(message)}\n`
        : formatMessage(message, await people.userOf(message), columns);
      await reader.write(text);
    }
    if (!signal.aborted) say(`${conversation} is completed; this was all of it`);
  } catch (error) {
    // Whoever asked it to stop, or reads no longer, is not told of calls that were cut short by it.
    if (!signal.aborted) {
      say(explain(error, command));
      if (command.verbose) io.stderr.write(`${inspect(error)}\n`);
      return 1;
    }
  } finally {
    reader.close();
    await clients[Symbol.asyncDispose]();
  }
  if (reader.failure === undefined) return 0;
  say(`standard output cannot be written: ${reader.failure.message}`);
  return 1;
}

const usage = `Usage: parley tail CONVERSATION [options]

Shows the messages of a conversation, and goes on with those that come, until the conversation is completed or Ctrl-C is
pressed. CONVERSATION is a name such as projects/p/conversations/c, or an id; then --project says of which project.

  --project P            the project of the id
  --location L           its location, such as global or europe-west1; none if left out
  --json                 write each message as the API's JSON, one a line
${serverFlagsHelp}`;

const askEveryMs = 1_000;
const pageSize = 1_000;

interface Command {
  conversation: string;
  json: boolean;
  target: Target;
  verbose: boolean;
}

function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command | 'help' {
  const { values, positionals } = parseFlags(args, { ...serverFlags, json: { type: 'boolean' } });
  if (values.help) return 'help';
  const { project, location, json = false, verbose = false } = values;
  const [given, second] = positionals;
  if (given === undefined) throw new UsageError('no CONVERSATION is named');
  if (second !== undefined) throw new UsageError('more than one CONVERSATION is named');
  const target = readTarget(values, env);
  return { conversation: readName(given, { project, location }), json, target, verbose };
}

function readName(
  given: string,
  { project, location }: { project: string | undefined; location: string | undefined },
): string {
  if (/^projects\/[^\s/]+(?:\/locations\/[^\s/]+)?\/conversations\/[^\s/]+$/.test(given)) {
    if (project === undefined && location === undefined) return given;
    throw new UsageError(
      'a whole name says its project and location itself: leave out --project and --location',
    );
  }
  if (!isNameSegment(given)) throw new UsageError(`"${given}" is neither a conversation's name nor an id`);
  if (project === undefined) throw new UsageError(`--project is missing: "${given}" is an id`);
  return `${readParent(project, location)}/conversations/${given}`;
}

function explain(error: unknown, { conversation, target }: Command): string {
  if (error instanceof NotFoundError) return `there is no conversation ${conversation}`;
  return isAway(error) ? describeAway(target, error) : describeFailure(error, target);
}

/** Standard output, and the end of it: a reader who goes away aborts the signal, any other fault is kept too. */
class Reader {
  readonly #stream: NodeJS.WriteStream;
  readonly #gone = new AbortController();
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') this.failure = error;
    this.#gone.abort();
  };
  failure: Error | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', this.#onError);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async write(text: string): Promise<void> {
    if (!this.#stream.write(text)) await once(this.#stream, 'drain', { signal: this.signal });
    // Lets an error of this write come out before the next one.
    else await new Promise(setImmediate);
    this.signal.throwIfAborted();
  }

  close(): void {
    // What was written last may still fail.
    if (this.#gone.signal.aborted) return;
    this.#stream.off('error', this.#onError);
  }
}

/** Who has spoken. */
class People {
  readonly #conversation: string;
  readonly #participants: Clients['participants'];
  readonly #call: CallOptions;
  #users: ReadonlyMap<string, string> = new Map();

  constructor(conversation: string, participants: Clients['participants'], call: CallOptions) {
    this.#conversation = conversation;
    this.#participants = participants;
    this.#call = call;
  }

  /** What the one who has said a message is known as; empty where that is not said. */
  async userOf({ participant }: Message): Promise<string> {
    if (!this.#users.has(participant)) this.#users = await this.#listUsers();
    return this.#users.get(participant) ?? '';
  }

  async #listUsers(): Promise<Map<string, string>> {
    const users = new Map<string, string>();
    const list = this.#participants.listParticipants({ parent: this.#conversation, pageSize }, this.#call);
    for await (const { name, obfuscatedExternalUserId } of list) users.set(name, obfuscatedExternalUserId);
    return users;
  }
}
