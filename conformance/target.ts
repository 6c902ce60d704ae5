import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));

/** A server under test, known by its address alone. */
export interface Target extends AsyncDisposable {
  /** Such as `127.0.0.1:8470`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Such as `http://127.0.0.1:8470`. */
  readonly url: string;
}

/** A server of this repository in a process of its own, which a test may end and start again. */
export interface OwnServer extends Target {
  readonly pid: number;
  /** Ends the process and answers its exit code; null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** What it has written to stderr so far. */
  stderr(): string;
  /** As `stderr`, and forgets it: a server logs each call. */
  takeStderr(): string;
}

/** Starts `parley serve` on a free port and waits until it is ready. The data folder is the caller's to remove. */
export function startServer(data: string, ...flags: readonly string[]): Promise<OwnServer> {
  return start(process.execPath, commandLine(data, flags));
}

/** As `startServer`, but no file may become larger than so many KiB: then the system reports an I/O error. */
export function startServerWithFileLimit(kib: number, data: string): Promise<OwnServer> {
  return start('/bin/sh', [
    '-c',
    `ulimit -f ${kib * 2}; exec "$0" "$@"`,
    process.execPath,
    ...commandLine(data),
  ]);
}

function commandLine(data: string, flags: readonly string[] = []): string[] {
  return ['--conditions=source', MAIN, 'serve', '--port', '0', '--data', data, ...flags];
}

async function start(program: string, args: readonly string[]): Promise<OwnServer> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withoutSettings(process.env),
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const url = await readyUrl(child);
  if (url === undefined) throw new Error(`the server did not start: ${stderr}`);
  const { hostname, port } = new URL(url);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    address: `${hostname}:${port}`,
    host: hostname,
    port: Number(port),
    url,
    pid: child.pid ?? 0,
    stop,
    stderr: () => stderr,
    takeStderr: () => {
      const taken = stderr;
      stderr = '';
      return taken;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/**
 * The target of a conformance case: what CONFORMANCE_TARGET names (host:port, cleartext), else a server of this
 * repository on a temporary folder.
 */
export async function openTarget(...flags: readonly string[]): Promise<Target> {
  const named = process.env['CONFORMANCE_TARGET'];
  if (named !== undefined) {
    const { hostname, port } = new URL(`http://${named}`);
    const url = `http://${named}`;
    return { address: named, host: hostname, port: Number(port), url, async [Symbol.asyncDispose]() {} };
  }
  const data = mkdtempSync(join(tmpdir(), 'parley-'));
  const server = await startServer(data, ...flags);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A project that no other test uses, so that cases can share a target. */
export function newProject(): string {
  return `p-${process.pid}-${Date.now().toString(36)}-${Math.floor(Math.random() * 36 ** 6).toString(36)}`;
}

async function readyUrl(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /^parley ready on (http:\S+)$/u.exec(line);
    if (match !== null) return match[1];
  }
  return undefined;
}

/** The settings of whoever runs the tests are not those of the server under test. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PARLEY_')));
}
