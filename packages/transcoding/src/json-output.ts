import { isAscii, isUtf8 } from 'node:buffer';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** What JSON.stringify writes for each byte that may not stand for itself in a string. */
const escapes: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) return undefined;
  return Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
});

/** The longest escape, `\u001f`. */
const ESCAPE_BYTES_MAX = 6;

/** A text that is written often, cut into pieces of four bytes, which are copied in fewer steps than its bytes. */
export interface Literal {
  readonly length: number;
  readonly quads: readonly number[];
}

/** Prepares a text for {@link JsonOutput.literal}. */
export function toLiteral(text: string): Literal {
  const { length } = Buffer.from(text);
  const padded = Buffer.from(text + '\0'.repeat(3));
  const quads = Array.from({ length: Math.ceil(length / 4) }, (_, index) => padded.readInt32LE(index * 4));
  return { length, quads };
}

/** A buffer and the view by which four of its bytes are written at once. */
interface Sheet {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function createSheet(length: number): Sheet {
  const bytes = Buffer.allocUnsafeSlow(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

const SHEET_BYTES_MIN = 16 * 1024;
/** The largest that waits for the next output; it holds most pages, and costs nothing to speak of. */
const SPARE_BYTES_MAX = 1024 * 1024;
let spare: Sheet | undefined;

/**
 * JSON text under construction, in UTF-8: a string that is encoded already is copied instead of decoded, and
 * checked with all others in one go. What comes out is as well-formed as what is put in.
 */
export class JsonOutput {
  #bytes: Buffer;
  #view: DataView;
  #at = 0;

  constructor() {
    const sheet = spare ?? createSheet(SHEET_BYTES_MIN);
    spare = undefined;
    this.#bytes = sheet.bytes;
    this.#view = sheet.view;
  }

  /** One character below 0x80, by its code. */
  character(code: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = code;
    this.#at += 1;
  }

  literal({ quads, length }: Literal): void {
    // The last four bytes may reach beyond the literal, where they are overwritten by what follows.
    this.#reserve(length + 3);
    for (let index = 0; index < quads.length; index += 1) {
      this.#view.setInt32(this.#at + 4 * index, quads[index] as number, true);
    }
    this.#at += length;
  }

  /** A short text of characters below 0x80, such as the digits of a number. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index += 1) {
      this.#bytes[this.#at + index] = text.charCodeAt(index);
    }
    this.#at += text.length;
  }

  /** A text of any length and any characters. */
  text(text: string): void {
    this.#reserve(Buffer.byteLength(text));
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** A whole number that is not negative, in so many digits. */
  digits(value: number, count: number): void {
    this.#reserve(count);
    let rest = value;
    for (let at = this.#at + count - 1; at >= this.#at; at -= 1) {
      this.#bytes[at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#at += count;
  }

  /** The JSON string of what is UTF-8 from `start` to `end` of another buffer, which have to lie within it. */
  string(source: DataView, start: number, end: number): void {
    this.#reserve(2 + ESCAPE_BYTES_MAX * (end - start));
    const bytes = this.#bytes;
    const view = this.#view;
    let from = start;
    let at = this.#at;
    bytes[at++] = QUOTE;
    while (from < end) {
      for (; from <= end - 4; from += 4, at += 4) {
        const quad = source.getInt32(from, true);
        if (hasEscape(quad)) break;
        view.setInt32(at, quad, true);
      }
      // What is left by now is the end or begins with four bytes of which one needs an escape.
      for (const next = Math.min(from + 4, end); from < next; from += 1) {
        const byte = source.getUint8(from);
        const escaped = escapes[byte];
        if (escaped === undefined) bytes[at++] = byte;
        else for (const part of escaped) bytes[at++] = part;
      }
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  /** The text as a whole, or a TypeError if it is not UTF-8. Nothing may be written any more. */
  finish(): string {
    const all = this.#bytes.subarray(0, this.#at);
    const ascii = isAscii(all);
    if (!ascii && !isUtf8(all)) throw new TypeError('a string is not valid UTF-8');
    const text = all.toString(ascii ? 'latin1' : 'utf8');
    if (this.#bytes.length <= SPARE_BYTES_MAX) spare = { bytes: this.#bytes, view: this.#view };
    return text;
  }

  #reserve(length: number): void {
    if (this.#at + length > this.#bytes.length) this.#grow(length);
  }

  #grow(length: number): void {
    const { bytes, view } = createSheet(Math.max(this.#at + length, 2 * this.#bytes.length));
    this.#bytes.copy(bytes, 0, 0, this.#at);
    this.#bytes = bytes;
    this.#view = view;
  }
}

/**
 * Whether any of four bytes is below 0x20, a quote or a backslash: each byte borrows into its highest bit where
 * it is less than what is taken off. A byte above 0x7f never counts, and stands for itself.
 * https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function hasEscape(quad: number): boolean {
  const quotes = quad ^ 0x22222222;
  const backslashes = quad ^ 0x5c5c5c5c;
  const borrowed =
    ((quad - 0x20202020) & ~quad) |
    ((quotes - 0x01010101) & ~quotes) |
    ((backslashes - 0x01010101) & ~backslashes);
  return (borrowed & 0x80808080) !== 0;
}
