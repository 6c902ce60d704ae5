import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server that is measured, in a process of its own, so that its CPU is nobody else's. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Memory in use, in MiB: what is its own, and what of files is mapped, which the system may take back. */
  residentKinds(): { readonly own: number; readonly files: number };
  /** Seconds of CPU that the process has used so far, user and system. */
  cpuSeconds(): number;
  /** How late the event loop was since this was last asked: the 99th percentile in ms, at least the sampler's 1 ms. */
  takeLoopDelay(): Promise<number>;
  /** Memory in use, in MiB. */
  residentMib(): number;
}

/** Those with which `npm start` and the installed program run. */
const FLAGS = ['--max-semi-space-size=16'];
const LOOP_DELAY = new URL('./loop-delay.ts', import.meta.url).href;

/** Kernels count the CPU of a process in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Starts a program that prints a line with its port, as `... on http://127.0.0.1:PORT`, once it is ready. */
export async function startSubject(name: string, program: string, ...args: string[]): Promise<Subject> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  // Its log is read and forgotten, as it would be by whoever collects it.
  const flags = [...FLAGS, ...(file.endsWith('.ts') ? ['--conditions=source', '--import', LOOP_DELAY] : [])];
  const child = spawn(process.execPath, [...flags, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const port = await readPort(child);
  if (port === undefined) throw new Error(`${name} did not start: ${complaint}`);
  const proc = (entry: string) => readFileSync(`/proc/${child.pid}/${entry}`, 'utf8');
  return {
    name,
    port,
    cpuSeconds() {
      // The second field is the name in brackets, and may hold anything.
      const fields = proc('stat').split(') ').at(-1)?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    residentMib: () => Number(/VmRSS:\s+(\d+)/u.exec(proc('status'))?.[1]) / 1024,
    residentKinds() {
      const status = proc('status');
      const mib = (name: string): number =>
        Number(new RegExp(`${name}:\\s+(\\d+)`, 'u').exec(status)?.[1]) / 1024;
      return { own: mib('RssAnon'), files: mib('RssFile') };
    },
    async takeLoopDelay() {
      child.send('delay');
      const [milliseconds] = (await once(child, 'message')) as [number];
      return milliseconds;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function readPort(child: ChildProcess): Promise<number | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const match = / on http:\/\/127\.0\.0\.1:(\d+)$/u.exec(line);
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}
