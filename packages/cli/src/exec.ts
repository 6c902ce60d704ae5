import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Config,
  ConfigError,
  createLog,
  environmentVariable,
  type Log,
  options,
  type RunningServer,
  readConfig,
  startServer,
} from '@parleykit/server';
import type { CommandIo } from './command-io.ts';
import { describeServerFlags, readServerFlags } from './server-flags.ts';

const TAKEN = new Set([
  'project',
  'batch-limit',
  'ingest-completed',
  'agent-webhook',
  'agent-secret',
  'handoff-on',
  'webhook-addresses',
  'locations',
  'allowed-host',
  'cors-origin',
  'verbose',
]);

/** The settings of the server that a throw-away one has, too. */
export const execOptions = options.filter(({ flag }) => TAKEN.has(flag));

const USAGE = `parley exec [flags] -- COMMAND [ARGS]: runs a command beside a throw-away server

The server takes a free port, has one project with the profiles "demo" and "demo-agent" (with which an automated agent
begins), and is gone with its data once COMMAND has ended.
COMMAND finds it by DIALOGFLOW_EMULATOR_HOST (127.0.0.1:PORT), PARLEY_PORT and GOOGLE_CLOUD_PROJECT in its environment.
The exit code is that of COMMAND: 128 and the number of the signal that ended it, 127 where it is not found, 126 where it
cannot be run.

`;

/** Those that ask to end: they are for the command to follow. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Those that a terminal sends to all that runs in it: the command has its own. */
const FROM_TERMINALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);

/** As shells say it. */
const CANNOT_BE_RUN = 126;
const NOT_FOUND = 127;
const ENDED_BY_SIGNAL = 128;

/**
 * Runs a command beside a server that is there for it alone, and answers the command's exit code; 1 where the server
 * cannot be started, 2 where the command line is wrong. Whatever happens, nothing of the server is left.
 */
export async function exec(args: string[], io: CommandIo): Promise<number> {
  const say = (line: string): void => void io.stderr.write(`parley exec: ${line}\n`);
  let invocation: Invocation | 'help';
  try {
    invocation = readInvocation(args, io.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    say(error.message);
    return 2;
  }
  if (invocation === 'help') {
    io.stdout.write(`${USAGE}${describeServerFlags(execOptions)}`);
    return 0;
  }
  const { config, command } = invocation;
  using run = new CommandRun(command, say);
  let server: ThrowAwayServer;
  try {
    server = await openServer(config, io);
  } catch (error) {
    const { message, stack } = error as Error;
    say(`no server can be started: ${config.verbose ? (stack ?? message) : message}`);
    return 1;
  }
  await using _ = server;
  if (config.verbose) say(`server on ${server.url}, data in ${server.data}`);
  const code = await run.start({
    ...io.env,
    DIALOGFLOW_EMULATOR_HOST: `${server.host}:${server.port}`,
    PARLEY_PORT: String(server.port),
    GOOGLE_CLOUD_PROJECT: config.project,
  });
  if (config.verbose) say(`${command[0]} ended with ${code}`);
  return code;
}

interface Invocation {
  readonly config: Config;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

function readInvocation(args: readonly string[], env: NodeJS.ProcessEnv): Invocation | 'help' {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const own = args.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) return 'help';
  const command = args.slice(end + 1);
  if (command.length === 0) {
    throw new ConfigError('there is no command after --: parley exec [flags] -- COMMAND [ARGS]');
  }
  const flags = readServerFlags('exec', own, execOptions);
  const mine = Object.entries(env).filter(([name]) => {
    return execOptions.some(({ flag }) => name === environmentVariable(flag));
  });
  return { config: readConfig({ ...flags, port: '0', demo: true }, Object.fromEntries(mine)), command };
}

interface ThrowAwayServer extends RunningServer, AsyncDisposable {
  /** The folder that is removed with it. */
  readonly data: string;
}

async function openServer(config: Config, { stderr }: CommandIo): Promise<ThrowAwayServer> {
  const data = mkdtempSync(join(tmpdir(), 'parley-exec-'));
  const remove = (): void => rmSync(data, { recursive: true, force: true, maxRetries: 3 });
  // Should the process end by a failure of its own.
  process.once('exit', remove);
  try {
    const server = await startServer({ ...config, data }, { log: createQuietLog(config, stderr) });
    return {
      ...server,
      data,
      async [Symbol.asyncDispose]() {
        // What the command has come to does not depend on how its server ends.
        await server.close().catch(({ message }: Error) => stderr.write(`parley exec: ${message}\n`));
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** What the command says is not to be mixed with a line for each call. */
function createQuietLog({ verbose }: Config, stderr: NodeJS.WriteStream): Log {
  const log = createLog(stderr, { verbose });
  return verbose ? log : { info: () => {}, error: log.error };
}

/**
 * A command that is run once. From the beginning on, signals that ask this process to end are the command's: the first is
 * passed on, and what it makes of it is waited for; after a second one it is killed, with all that it has started.
 */
class CommandRun implements Disposable {
  readonly #command: readonly string[];
  readonly #say: (line: string) => void;
  #child: ChildProcess | undefined;
  #asked: NodeJS.Signals | undefined;

  constructor(command: readonly string[], say: (line: string) => void) {
    this.#command = command;
    this.#say = say;
    for (const signal of SIGNALS) process.on(signal, this.#pass);
    process.once('exit', this.#kill);
  }

  /** Answers the exit code. */
  async start(env: NodeJS.ProcessEnv): Promise<number> {
    if (this.#asked !== undefined) return ENDED_BY_SIGNAL + constants.signals[this.#asked];
    const [program = '', ...args] = this.#command;
    const child = spawn(program, args, { stdio: 'inherit', env });
    this.#child = child;
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      return signal === null ? (code ?? 1) : ENDED_BY_SIGNAL + constants.signals[signal];
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isThere = code !== 'ENOENT';
      this.#say(`${program} ${isThere ? `cannot be run: ${message}` : 'is not found'}`);
      return isThere ? CANNOT_BE_RUN : NOT_FOUND;
    }
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#pass);
    process.off('exit', this.#kill);
  }

  readonly #pass = (signal: NodeJS.Signals): void => {
    if (this.#asked !== undefined) this.#kill();
    else if (!FROM_TERMINALS.has(signal) || !isInTerminal()) this.#child?.kill(signal);
    this.#asked ??= signal;
  };

  readonly #kill = (): void => {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    for (const each of [...descendantsOf(pid), pid]) killIfThere(each);
  };
}

/** The processes that a process has started, and those that they have: known by Linux alone. */
function descendantsOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  const read = (task: string): string => {
    try {
      return readFileSync(`${tasks}/${task}/children`, 'utf8');
    } catch {
      // It has ended in the meantime, or the kernel does not tell.
      return '';
    }
  };
  if (!existsSync(tasks)) return [];
  const children = readdirSync(tasks).flatMap((task) => read(task).split(' ').filter(Boolean).map(Number));
  return children.flatMap((child) => [...descendantsOf(child), child]);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isInTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
}
