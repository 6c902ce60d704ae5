/** How far an import or an export is. `done` of `total` is what the time left is estimated from. */
export interface Progress {
  conversations: number;
  messages: number;
  done: number;
  total: number;
  elapsedMs: number;
}

/** The part of a terminal, or of any stream, that progress is written to. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const drawEveryMs = 100;
const printEveryMs = 5_000;
const columnsMin = 20;
const barWidthMin = 8;
const barWidthMax = 30;
const clearLine = '\r\x1b[2K';

/**
 * One line that fits into so many columns, down to 20: the narrower, the fewer things it tells, and the bar gets what
 * is left over. It never fills the last column, where some terminals already wrap.
 */
export function renderBar(progress: Progress, columns: number): string {
  const room = Math.max(columns, columnsMin) - 1;
  const percent = `${Math.floor(shareDone(progress) * 100)}%`.padStart(4);
  const messages = formatCount(progress.messages);
  const full = [`${formatCount(progress.conversations)} conversations`, `${messages} messages`];
  const rate = `${formatCount(messagesPerSecond(progress))}/s`;
  const candidates = [
    [percent, ...full, rate, timeLeft(progress)],
    [percent, ...full, rate],
    [percent, `${messages} messages`, rate],
    [percent, `${messages} messages`],
    [percent, messages],
  ].map((parts) => parts.filter((part) => part !== '').join('  '));
  const text = candidates.find((candidate) => candidate.length <= room) ?? percent;
  // Brackets, and a space to the text.
  const barWidth = Math.min(room - text.length - 3, barWidthMax);
  return barWidth < barWidthMin ? text : `${drawBar(shareDone(progress), barWidth)} ${text}`;
}

/** The same for a log: whole words, and nothing that depends on a width. */
export function renderLine(progress: Progress): string {
  const parts = [
    `${Math.floor(shareDone(progress) * 100)}%`,
    `${formatCount(progress.conversations)} conversations`,
    `${formatCount(progress.messages)} messages`,
    `${formatCount(messagesPerSecond(progress))} messages/s`,
    timeLeft(progress),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** A whole number with thousands separators, the same in every locale. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** A duration as one reads it: tenths below a minute, no seconds above an hour. */
export function formatDuration(durationMs: number): string {
  const tenths = Math.round(durationMs / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/**
 * Shows progress while it lasts: on a terminal one line that is written over ten times a second, anywhere else a line
 * of its own every few seconds. It asks for the state by itself, so that the work need not know that it is watched.
 */
export class ProgressWriter {
  readonly #stream: ProgressStream;
  readonly #read: () => Progress;
  #timer: NodeJS.Timeout | undefined;
  #drawn = '';

  constructor(stream: ProgressStream, read: () => Progress) {
    this.#stream = stream;
    this.#read = read;
  }

  start(): void {
    // Unreferenced: showing progress keeps no process alive.
    const [show, everyMs] = this.#stream.isTTY
      ? ([() => this.#draw(), drawEveryMs] as const)
      : ([() => this.#print(), printEveryMs] as const);
    this.#timer = setInterval(show, everyMs).unref();
  }

  /** Writes a line of its own for good; on a terminal the bar makes room for it and comes back below. */
  note(line: string): void {
    this.#clear();
    this.#stream.write(`${line}\n`);
  }

  /** Takes the bar away; without a terminal, a last line says how far it got. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#stream.isTTY) this.#clear();
    else this.#print();
  }

  #draw(): void {
    const bar = renderBar(this.#read(), this.#stream.columns || 80);
    if (bar === this.#drawn) return;
    this.#stream.write(clearLine + bar);
    this.#drawn = bar;
  }

  #print(): void {
    this.#stream.write(`${renderLine(this.#read())}\n`);
  }

  #clear(): void {
    if (this.#drawn === '') return;
    this.#stream.write(clearLine);
    this.#drawn = '';
  }
}

function shareDone({ done, total }: Progress): number {
  // A file that grows while it is read would otherwise pass 100 %.
  return total === 0 ? 1 : Math.min(done / total, 1);
}

function messagesPerSecond({ messages, elapsedMs }: Progress): number {
  return elapsedMs === 0 ? 0 : (messages * 1_000) / elapsedMs;
}

function timeLeft(progress: Progress): string {
  const share = shareDone(progress);
  if (share === 0 || share === 1) return '';
  const leftMs = (progress.elapsedMs * (1 - share)) / share;
  return `${leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s` : formatDuration(leftMs)} left`;
}

function drawBar(share: number, width: number): string {
  const filled = Math.floor(share * width);
  return `[${'='.repeat(filled)}${' '.repeat(width - filled)}]`;
}
