/** System calls of a server as strace wrote them down: in the order in which they began and ended. */
import { existsSync, readFileSync } from 'node:fs';

/** What the order of these says: bytes to files and sockets, and what makes them last. */
export const TRACED_CALLS = [
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'pwritev2',
  'sendto',
  'sendmsg',
  'fsync',
  'fdatasync',
  'sync_file_range',
  'mkdir',
  'mkdirat',
  'ftruncate',
  'unlink',
  'unlinkat',
] as const;

export interface SystemCall {
  readonly name: string;
  /** The lines at which it began and ended. Nothing can have seen its effect before the second. */
  readonly begin: number;
  readonly end: number;
  /** The path of a file, or as `127.0.0.1:8470->127.0.0.1:50000`. */
  readonly target: string;
  /** What it wrote. */
  readonly data: Buffer;
  /** Where in the file; NaN where the call does not say. */
  readonly offset: number;
  readonly result: number;
}

/** A command that runs another under its own process id and writes its system calls into a file. */
export function straceCommand(file: string): string[] {
  const calls = `trace=${TRACED_CALLS.join(',')}`;
  // -D: strace is the one that stands aside, so that a signal to the process id reaches the server.
  const flags = [
    '-D',
    '-f',
    '--seccomp-bpf',
    '-yy',
    '-xx',
    '-s',
    '1048576',
    '-e',
    'signal=none',
    '-e',
    calls,
  ];
  return ['strace', ...flags, '-o', file];
}

/** Who writes the trace of a process that runs. */
export function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s+(\d+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Reads a trace once it is complete: its writer ends after the process whose calls it wrote down. */
export async function readTrace(file: string, tracer: number): Promise<SystemCall[]> {
  while (existsSync(`/proc/${tracer}`)) await new Promise((resolve) => setTimeout(resolve, 10));
  return parseTrace(readFileSync(file, 'latin1'));
}

const LINE = /^(\d+) +(.*)$/u;
const RESUMED = /^<\.\.\. \w+ resumed>/u;
const UNFINISHED = / *<unfinished \.\.\.>$/u;
const CALL = /^(\w+)\((.*)\) += (-?\d+)/u;

export function parseTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const begun = new Map<string, { readonly line: number; readonly text: string }>();
  for (const [line, content] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = LINE.exec(content) ?? [];
    if (UNFINISHED.test(rest)) {
      begun.set(thread, { line, text: rest.replace(UNFINISHED, '') });
      continue;
    }
    const first = RESUMED.test(rest) ? begun.get(thread) : undefined;
    const whole = first === undefined ? rest : first.text + rest.replace(RESUMED, '');
    const call = parseCall(whole, first?.line ?? line, line);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parseCall(text: string, begin: number, end: number): SystemCall | undefined {
  const [, name, parameters = '', result] = CALL.exec(text) ?? [];
  if (name === undefined) return undefined;
  const strings = [...parameters.matchAll(/"((?:\\x[0-9a-f]{2})*)"/gu)].map(([, hex = '']) => decode(hex));
  const target = /^\d+<(\w+:\[.*?\]|[^>]*)>/u.exec(parameters)?.[1];
  return {
    name,
    begin,
    end,
    target: target === undefined ? String(strings[0] ?? '') : decodeTarget(target),
    data: Buffer.concat(strings).subarray(0, Math.max(0, Number(result))),
    offset: name.startsWith('pwrite') ? Number(/, (\d+)$/u.exec(parameters)?.[1]) : Number.NaN,
    result: Number(result),
  };
}

function decodeTarget(text: string): string {
  if (text.startsWith('\\x')) return decode(text).toString();
  return /\[(.*)\]/u.exec(text)?.[1] ?? text;
}

function decode(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}
