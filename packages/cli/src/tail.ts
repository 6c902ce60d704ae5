import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type CallOptions,
  fromEpochMicros,
  type Message,
  NotFoundError,
  toEpochMicros,
} from '@parleykit/client';
import { fromApiJson, toApiJson } from './api-json.ts';
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
import { type Json, ServerApi, ServerApiError } from './server-api.ts';
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
  const reader = new Reader(io.stdout);
  const signal = AbortSignal.any([io.signal, reader.signal]);
  const write = (text: string) => reader.write(text);
  const columns = () => (io.stdout.isTTY ? io.stdout.columns || 80 : undefined);
  const api = new ServerApi(command.target, signal);
  const intervalMs = io.intervalMs ?? askEveryMs;
  const follower = new Follower(command, { clients, api, signal, intervalMs, say, write, columns });
  try {
    await follower.follow();
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

/** What a live stream may end with, and be opened again. */
const passing: ReadonlySet<string> = new Set([
  'AWAY',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
]);

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

/** Waits, or until the signal is aborted. */
async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(durationMs, undefined, { signal }).catch(() => undefined);
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
  readonly api: ServerApi;
  readonly signal: AbortSignal;
  /** Milliseconds from one attempt or question to the next. */
  readonly intervalMs: number;
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
  #isAway = false;

  constructor(command: Command, world: FollowerSurroundings) {
    this.#command = command;
    this.#world = world;
  }

  async follow(): Promise<void> {
    const { signal, say } = this.#world;
    const { conversation, target } = this.#command;
    const isCompleted = await this.#isCompleted({ timeoutMs: firstAnswerMs }).catch((cause: unknown) => {
      throw isAway(cause) ? new UnreachableError(describeAway(target, cause), { cause }) : cause;
    });
    if (!isCompleted && !(await this.#listen())) await this.#ask();
    if (signal.aborted) return;
    await this.#showRest();
    say(`${conversation} is completed; this was all of it`);
  }

  /**
   * Shows what Parley tells as it happens; a connection that breaks is opened anew. Resolves to whether it could: other
   * servers of the API have no such stream.
   */
  async #listen(): Promise<boolean> {
    const { api, intervalMs, signal } = this.#world;
    let wasHeard = false;
    while (!signal.aborted) {
      let isHeard = false;
      try {
        for await (const { conversation, message } of api.stream(this.#watchPath(), 'admin/v1')) {
          isHeard = wasHeard = true;
          this.#note({ isAway: false });
          if (message !== undefined) await this.#show(fromApiJson(message as Json));
          if ((conversation as Json | undefined)?.['lifecycleState'] === 'COMPLETED') return true;
        }
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof ServerApiError)) throw error;
        // The conversation was there a moment ago, so that it is the method which is not, or HTTP.
        if (!wasHeard) return false;
        if (error.status === 'NOT_FOUND') throw new NotFoundError(error.message, { cause: error });
        if (!passing.has(error.status)) throw error;
        // Connections break, and intermediaries end those on which nothing happens: nobody need know.
        if (!isHeard) this.#note({ isAway: true });
      }
      await pause(intervalMs, signal);
    }
    return true;
  }

  /** What was shown of the latest time is asked for again: a connection may break in the midst of a batch, which has one. */
  #watchPath(): string {
    const path = `${encodeURI(this.#command.conversation)}:watch`;
    if (this.#latestUs === undefined) return path;
    return `${path}?${new URLSearchParams({ after: fromEpochMicros(this.#latestUs - 1n) })}`;
  }

  /** Asks now and then what is new, as the API's documentation has it, until the conversation is completed. */
  async #ask(): Promise<void> {
    const { clients, intervalMs, signal } = this.#world;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const completion = this.#waitForCompletion(either).then((isFound) => {
      if (isFound) ended.abort();
    });
    const options = { signal: either, intervalMs };
    try {
      for await (const message of clients.conversations.watchMessages(this.#command.conversation, options)) {
        await this.#show(message);
      }
    } finally {
      ended.abort();
      await completion;
    }
  }

  /** Asks for the state until it is COMPLETED. */
  async #waitForCompletion(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        const isCompleted = await this.#isCompleted({ signal });
        this.#note({ isAway: false });
        if (isCompleted) return true;
      } catch (error) {
        if (signal.aborted) break;
        // What does not pass ends the watch as well, which throws it.
        if (!isPassing(error) && !isAway(error)) return false;
        this.#note({ isAway: true });
      }
      await pause(this.#world.intervalMs, signal);
    }
    return false;
  }

  /** Says when the server goes away and when it is back. */
  #note({ isAway: isGone }: { readonly isAway: boolean }): void {
    if (isGone === this.#isAway) return;
    this.#isAway = isGone;
    const { name } = this.#command.target;
    this.#world.say(
      isGone ? `the server at ${name} does not answer, waiting for it` : `the server at ${name} is back`,
    );
  }

  async #isCompleted(call: { timeoutMs?: number; signal?: AbortSignal }): Promise<boolean> {
    const { clients, signal } = this.#world;
    const request = { name: this.#command.conversation };
    const found = await clients.conversations.getConversation(request, { signal, retry: false, ...call });
    return found.lifecycleState === 'COMPLETED';
  }

  /** Shows what was not come to before it was completed. Nothing is added any more to what is. */
  async #showRest(): Promise<void> {
    const { clients } = this.#world;
    const parent = this.#command.conversation;
    const filter =
      this.#latestUs === undefined ? '' : `create_time_epoch_microseconds > ${this.#latestUs - 1n}`;
    const newestFirst: Message[] = [];
    const list = clients.conversations.listMessages({ parent, pageSize, filter }, this.#readCall);
    for await (const message of list) newestFirst.push(message);
    for (const message of newestFirst.reverse()) await this.#show(message);
  }

  /** Shows a message, unless it was shown. */
  async #show(message: Message): Promise<void> {
    const { write, columns } = this.#world;
    const timeUs = message.createTime === undefined ? undefined : toEpochMicros(message.createTime);
    if (timeUs === this.#latestUs && this.#atLatest.has(message.name)) return;
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
