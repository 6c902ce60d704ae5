import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type CallOptions, type Message, NotFoundError, toEpochMicros } from '@parleykit/client';
import { toApiJson } from './api-json.ts';
import {
  type Clients,
  describeAway,
  describeFailure,
  firstAnswerMs,
  isAway,
  openClients,
} from './clients.ts';
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
import { formatMessage } from './message-lines.ts';
import { isPassing } from './patience.ts';
import { oneLine } from './terminal-text.ts';

/** `intervalMs` is how often the server is asked, and is shortened in tests. */
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
  const reader = new Reader(io.stdout);
  const signal = AbortSignal.any([io.signal, reader.signal]);
  const write = (text: string) => reader.write(text);
  const columns = () => (io.stdout.isTTY ? io.stdout.columns || 80 : undefined);
  const follower = new Follower(command, { clients, signal, say, write, columns });
  try {
    await follower.follow(io.intervalMs ?? askEveryMs);
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
  if (error instanceof UnreachableError) return error.message;
  return describeFailure(error, target);
}

class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
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

interface FollowerSurroundings {
  readonly clients: Clients;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly write: (text: string) => Promise<void>;
  /** Of the terminal, which may change; undefined where there is none. */
  readonly columns: () => number | undefined;
}

/** Shows one conversation: each message once, in order, until it is completed and everything is shown. */
class Follower {
  readonly #command: Command;
  readonly #world: FollowerSurroundings;
  #users: ReadonlyMap<string, string> = new Map();
  /** The latest create_time shown, in microseconds, and the names of the messages that have it. */
  #latestUs: bigint | undefined;
  #atLatest = new Set<string>();

  constructor(command: Command, world: FollowerSurroundings) {
    this.#command = command;
    this.#world = world;
  }

  async follow(intervalMs: number): Promise<void> {
    const { signal, say } = this.#world;
    const { conversation, target } = this.#command;
    let isCompleted = await this.#isCompleted({ timeoutMs: firstAnswerMs }).catch((cause: unknown) => {
      throw isAway(cause) ? new UnreachableError(describeAway(target, cause), { cause }) : cause;
    });
    if (!isCompleted) {
      const ended = new AbortController();
      const either = AbortSignal.any([signal, ended.signal]);
      const completion = this.#waitForCompletion(intervalMs, either).then((found) => {
        isCompleted = found;
        if (found) ended.abort();
      });
      const { conversations } = this.#world.clients;
      try {
        for await (const message of conversations.watchMessages(conversation, {
          signal: either,
          intervalMs,
        })) {
          await this.#show(message);
        }
      } finally {
        ended.abort();
        await completion;
      }
    }
    if (!isCompleted || signal.aborted) return;
    await this.#showRest();
    say(`${conversation} is completed; this was all of it`);
  }

  /** Asks for the state until it is COMPLETED; says when the server goes away and when it is back. */
  async #waitForCompletion(intervalMs: number, signal: AbortSignal): Promise<boolean> {
    const { say } = this.#world;
    const { name } = this.#command.target;
    let isGone = false;
    while (!signal.aborted) {
      try {
        const isCompleted = await this.#isCompleted({ signal });
        if (isGone) say(`the server at ${name} is back`);
        isGone = false;
        if (isCompleted) return true;
      } catch (error) {
        if (signal.aborted) break;
        // What does not pass ends the watch as well, which throws it.
        if (!isPassing(error) && !isAway(error)) return false;
        if (!isGone) say(`the server at ${name} does not answer, waiting for it`);
        isGone = true;
      }
      await setTimeout(intervalMs, undefined, { signal }).catch(() => undefined);
    }
    return false;
  }

  async #isCompleted(call: { timeoutMs?: number; signal?: AbortSignal }): Promise<boolean> {
    const { clients, signal } = this.#world;
    const request = { name: this.#command.conversation };
    const found = await clients.conversations.getConversation(request, { signal, retry: false, ...call });
    return found.lifecycleState === 'COMPLETED';
  }

  /** Shows what a watch that has been ended had not come to. Nothing is added any more to what is completed. */
  async #showRest(): Promise<void> {
    const { clients } = this.#world;
    const parent = this.#command.conversation;
    // The messages of a batch have one time, and the watch may have ended in the midst of one.
    const filter =
      this.#latestUs === undefined ? '' : `create_time_epoch_microseconds > ${this.#latestUs - 1n}`;
    const newestFirst: Message[] = [];
    const list = clients.conversations.listMessages({ parent, pageSize, filter }, this.#readCall);
    for await (const message of list) if (!this.#atLatest.has(message.name)) newestFirst.push(message);
    for (const message of newestFirst.reverse()) await this.#show(message);
  }

  async #show(message: Message): Promise<void> {
    const { write, columns } = this.#world;
    const timeUs = message.createTime === undefined ? undefined : toEpochMicros(message.createTime);
    if (timeUs !== this.#latestUs) this.#atLatest = new Set();
    this.#latestUs = timeUs;
    this.#atLatest.add(message.name);
    if (this.#command.json) {
      await write(`${toApiJson(message)}\n`);
      return;
    }
    await write(formatMessage(message, await this.#userOf(message), columns()));
  }

  /** For what is read beside the watch: it waits for a server that is being started again, as the watch does. */
  get #readCall(): CallOptions {
    return { signal: this.#world.signal, retry: { predicate: isPassing, maximumDelayMs: 3_000 } };
  }

  async #userOf({ participant }: Message): Promise<string> {
    if (!this.#users.has(participant)) this.#users = await this.#listUsers();
    return this.#users.get(participant) ?? '';
  }

  async #listUsers(): Promise<Map<string, string>> {
    const { clients } = this.#world;
    const users = new Map<string, string>();
    const list = clients.participants.listParticipants(
      { parent: this.#command.conversation, pageSize },
      this.#readCall,
    );
    for await (const { name, obfuscatedExternalUserId } of list) users.set(name, obfuscatedExternalUserId);
    return users;
  }
}
