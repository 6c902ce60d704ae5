import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Aim } from './kill-control.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
/** Modules for `node --import`, in the order in which they are loaded: later ones stand in front of earlier ones. */
const PRELOADS = {
  killPoints: new URL('./kill-points.ts', import.meta.url),
  'reply-early': new URL('./sabotage-reply-early.ts', import.meta.url),
  'no-sync': new URL('./sabotage-no-sync.ts', import.meta.url),
  'early-timers': new URL('../time/sabotage-early.ts', import.meta.url),
  'broken-turns': new URL('../turns/sabotage.ts', import.meta.url),
  pageLimit: new URL('../durability/page-limit.ts', import.meta.url),
} as const;

/** Ways to break the server so that a proof which does not notice them proves nothing. */
export const SABOTAGES = ['reply-early', 'no-sync'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

export interface LaunchOptions {
  readonly preloads?: readonly (keyof typeof PRELOADS)[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it makes the project "demo" when it starts; what was made once stays. */
  readonly demo?: boolean;
  /** A command that runs the server instead of running it directly, and does so under its own process id. */
  readonly under?: readonly string[];
}

/** A server of this repository in a process of its own, which is there to be killed. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #launched = performance.now();
  #stderr = '';
  #url: URL | undefined;
  /** From the launch until it said that it is ready. */
  readyMs = Number.NaN;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    child.stderr?.on('data', (chunk) => {
      this.#stderr = `${this.#stderr}${chunk}`.slice(-4000);
    });
  }

  /** Begins to start a server on a folder; `ready` says when it has. */
  static launch(data: string, options: LaunchOptions): ServerProcess {
    const { preloads = [], environment = {}, demo = true, under = [] } = options;
    const flags = ['--port', '0', '--data', data, ...(demo ? ['--demo'] : [])];
    const node = [process.execPath, '--conditions=source', ...importFlags(preloads), MAIN, 'serve', ...flags];
    const [command = '', ...parameters] = [...under, ...node];
    const settings = Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_'));
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...Object.fromEntries(settings), ...environment },
    });
    return new ServerProcess(child);
  }

  static async start(data: string, options: LaunchOptions = {}): Promise<ServerProcess> {
    const server = ServerProcess.launch(data, options);
    await server.ready();
    return server;
  }

  /** Waits until it takes calls. Throws with its last words where it ends before. */
  async ready(): Promise<void> {
    if (this.#child.stdout === null) throw new Error('the server has no stdout');
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const match = /^parley ready on (http:\S+)$/u.exec(line);
      if (match === null) continue;
      this.readyMs = performance.now() - this.#launched;
      this.#url = new URL(match[1] ?? '');
      return;
    }
    await this.#exited;
    throw new Error(`the server did not start (${this.describeEnd()}): ${this.#stderr}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return this.#address.origin;
  }

  get host(): string {
    return this.#address.hostname;
  }

  get port(): number {
    return Number(this.#address.port);
  }

  get #address(): URL {
    if (this.#url === undefined) throw new Error('the server is not ready');
    return this.#url;
  }

  /** The end of what it has written to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Has it kill itself at a point of a commit; resolves once it will. */
  async arm(aim: Aim): Promise<void> {
    const armed = once(this.#child, 'message');
    this.#child.send(aim);
    await armed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits for the end of the process, so long; answers whether it came. */
  async ends(withinMs: number): Promise<boolean> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, withinMs);
    await Promise.race([this.#exited, patience.promise]);
    clearTimeout(timer);
    return this.hasEnded;
  }

  describeEnd(): string {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? (exitCode === null ? 'it runs' : `exit code ${exitCode}`);
  }

  /** Asks it to stop and answers its exit code; null where a signal ended it. */
  async stop(): Promise<number | null> {
    if (!this.hasEnded) {
      this.#child.kill('SIGTERM');
      await this.#exited;
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    this.kill();
    await this.#exited;
  }
}

function importFlags(preloads: readonly (keyof typeof PRELOADS)[]): string[] {
  return Object.entries(PRELOADS)
    .filter(([name]) => preloads.includes(name as keyof typeof PRELOADS))
    .flatMap(([, { href }]) => ['--import', href]);
}
