import { readFileSync } from 'node:fs';
import type { OwnServer } from '../target.ts';

/** What the process of a server shows beside its answers: that it lives, what it logs, how much memory it has. */
export class ServerWatch {
  readonly #server: OwnServer;
  /** The beginning of a line whose end has not come yet. */
  #unfinished = '';
  readonly #samples: number[] = [];

  constructor(server: OwnServer) {
    this.#server = server;
    this.sample();
  }

  isAlive(): boolean {
    try {
      process.kill(this.#server.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  /** Notes the resident memory, where the system tells it. */
  sample(): void {
    try {
      const status = readFileSync(`/proc/${this.#server.pid}/status`, 'utf8');
      const kilobytes = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1];
      if (kilobytes !== undefined) this.#samples.push(Number(kilobytes) / 1024);
    } catch {
      // Another system, or the process is gone; `isAlive` tells which.
    }
  }

  /** In MiB; zeros where the system does not tell. `middle` is that of half the run, so that growth can be seen. */
  memory(): { start: number; middle: number; max: number; end: number } {
    const samples = this.#samples;
    const at = (index: number): number => Math.round(samples.at(index) ?? 0);
    return {
      start: at(0),
      middle: at(samples.length >> 1),
      max: Math.round(Math.max(0, ...samples)),
      end: at(-1),
    };
  }

  /** The lines that came since the last call and are not news of the usual kind: errors and warnings. */
  complaints(): readonly string[] {
    const lines = (this.#unfinished + this.#server.takeStderr()).split('\n');
    this.#unfinished = lines.pop() ?? '';
    return lines.filter((line) => line !== '' && !isInfo(line));
  }
}

function isInfo(line: string): boolean {
  try {
    return (JSON.parse(line) as { level?: unknown }).level === 'info';
  } catch {
    return false;
  }
}
