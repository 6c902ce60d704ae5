import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

/** How a command ended, and the end of what it wrote to stderr. */
export interface Ended {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly seconds: number;
  readonly stderr: string;
}

/** Runs a command of this repository. What `kill` is given may kill it, and is told when it need not any more. */
export async function runParley(
  args: readonly string[],
  kill?: (child: ChildProcess, ended: AbortSignal) => void,
): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--conditions=source', MAIN, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_'))),
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-2_000);
  });
  const ended = new AbortController();
  kill?.(child, ended.signal);
  const [code] = (await once(child, 'exit')) as [number | null];
  ended.abort();
  return { code, seconds: (performance.now() - started) / 1_000, stderr };
}

/** Kills with SIGKILL, so long after the start. */
export function killAfter(milliseconds: number): (child: ChildProcess, ended: AbortSignal) => void {
  return (child, ended) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    ended.addEventListener('abort', () => clearTimeout(timer));
  };
}
