import { Fault } from './fault.ts';

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = /* @__PURE__ */ new TextEncoder();

/** Up to so many characters, one after the other is faster than a call out of JavaScript. */
const SHORT = 12;

type Slice = (this: Uint8Array, start: number, end: number) => string;

/** Node's way, where there is one: it needs no view of the bytes. What is not UTF-8 becomes U+FFFD. */
const utf8Slice = /* @__PURE__ */ usable(
  (globalThis as { Buffer?: { prototype: { utf8Slice?: Slice } } }).Buffer?.prototype.utf8Slice,
);

function usable(slice: Slice | undefined): Slice | undefined {
  try {
    return slice?.call(new Uint8Array([0x2d, 0xc3, 0xbc]), 1, 3) === 'ü' ? slice : undefined;
  } catch {
    return undefined;
  }
}

/** The text of the bytes from `start` up to `end`; a Fault where that is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = '';
    let pos = start;
    for (; pos < end; pos++) {
      const byte = bytes[pos] as number;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (pos === end) return text;
  }
  if (utf8Slice !== undefined) {
    const text = utf8Slice.call(bytes, start, end);
    if (!text.includes('\ufffd')) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw new Fault('not UTF-8');
  }
}

/** Writes text as UTF-8, for which there has to be room for three bytes each character: how many it took. */
export function encodeUtf8(text: string, bytes: Uint8Array, start: number): number {
  const { length } = text;
  if (length <= SHORT) {
    let index = 0;
    for (; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) break;
      bytes[start + index] = code;
    }
    if (index === length) return length;
  }
  return encoder.encodeInto(text, bytes.subarray(start)).written;
}
