import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Ended, runToEnd } from './programs.ts';

/** Something in the README that can be pasted. */
export interface Block {
  /** The heading under which it stands. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
  /** What a comment right above it says of how it is run; readers do not see it. */
  readonly note: string | undefined;
}

/** All of them, in order. */
export function readBlocks(markdown: string): Block[] {
  let heading = '';
  const found: Block[] = [];
  const parts = markdown.matchAll(/^## (.+)$|(?:^<!-- (.+) -->\n)?^```(\w+)\n([\s\S]*?)^```$/gmu);
  for (const [, title, note, language, text] of parts) {
    if (title !== undefined) heading = title;
    else if (language !== undefined && text !== undefined) found.push({ heading, language, text, note });
  }
  return found;
}

/** How the blocks are run. */
export interface ReadmeRunOptions {
  /** The repository. */
  readonly root: string;
  /** In place of the port that the README names. */
  readonly port: number;
  /** In place of the folder for data that it names. */
  readonly data: string;
  /** The interpreter that has what the Python lines need. */
  readonly python: string;
  /** Lines that have been done already, such as `npm ci`. */
  readonly done: readonly string[];
}

const PORT = /8470/gu;
/** How long the lines of a shell may take: they may install and build. */
const INSTALL_MS = 300_000;

/** As a reader has it: without what npm puts before it, the Node of the repository above all. */
export const readersPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !/node_modules[\\/]\.bin$|node-gyp-bin$/u.test(folder))
  .join(delimiter);

/** One reader who pastes one block after the other. */
export class ReadmeRun implements AsyncDisposable {
  readonly #options: ReadmeRunOptions;
  #server: ChildProcess | undefined;
  #count = 0;

  constructor(options: ReadmeRunOptions) {
    this.#options = options;
  }

  /** Runs a block to its end; one that is to be in the background until it says that it is ready. */
  async run({ language, text, note }: Block): Promise<Ended> {
    const lines = text.replaceAll(PORT, String(this.#options.port));
    if (note === 'in the background') return this.#start(lines);
    if (note === 'at the end') {
      await this.stop();
      return this.#shell(lines, dirname(this.#options.data));
    }
    if (language === 'sh') return this.#shell(lines, this.#options.root);
    const [program, ending] = language === 'python' ? [this.#options.python, 'py'] : ['node', 'mjs'];
    // Where the packages of the repository are found.
    const folder = join(this.#options.root, 'node_modules/.cache/readme');
    const file = join(folder, `${process.pid}-${this.#count++}.${ending}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, lines);
    try {
      return await runToEnd(program, [file], { cwd: this.#options.root, env: this.#env });
    } finally {
      rmSync(file);
    }
  }

  /** Stops the server as Ctrl-C would, and answers its exit code. */
  async stop(): Promise<number | null> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return null;
    // To all that was started with it, as a terminal does.
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGINT');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    return server.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #env(): NodeJS.ProcessEnv {
    const { port, data } = this.#options;
    const own = Object.entries(process.env).filter(([name]) => !/^(?:PARLEY|npm|NODE_TEST)_/u.test(name));
    return {
      ...Object.fromEntries(own),
      PATH: readersPath,
      PARLEY_PORT: String(port),
      PARLEY_DATA: data,
      DIALOGFLOW_EMULATOR_HOST: `127.0.0.1:${port}`,
    };
  }

  #shell(lines: string, cwd: string): Promise<Ended> {
    const options = { cwd, env: this.#env, timeoutMs: INSTALL_MS };
    return runToEnd('bash', ['-euo', 'pipefail', '-c', lines], options);
  }

  /** The last line is the server. */
  async #start(text: string): Promise<Ended> {
    const lines = text.trim().split('\n');
    const before = lines.slice(0, -1).filter((line) => !this.#options.done.includes(line));
    const prepared = await this.#shell(before.join('\n'), this.#options.root);
    if (prepared.code !== 0) return prepared;
    const [program = '', ...args] = lines.at(-1)?.split(' ') ?? [];
    const server = spawn(program, args, {
      cwd: this.#options.root,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#server = server;
    let stderr = '';
    server.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.startsWith('parley ready on '))
        return { code: 0, stdout: `${prepared.stdout}${line}\n`, stderr };
    }
    return { code: server.exitCode ?? 1, stdout: prepared.stdout, stderr };
  }
}

/** The README of the repository. */
export function readReadme(root: string): Block[] {
  return readBlocks(readFileSync(join(root, 'README.md'), 'utf8'));
}
