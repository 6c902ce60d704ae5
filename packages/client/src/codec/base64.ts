import { Fault } from './fault.ts';

/** As many characters as a call may have arguments, anywhere. */
const CHUNK = 4096;

/** With padding, as proto3 JSON is written. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let pos = 0; pos < bytes.length; pos += CHUNK) {
    // Spread out, they would be read one by one.
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(pos, pos + CHUNK));
  }
  return btoa(text);
}

/** Either alphabet, with padding or without; a Fault for anything else. */
export function decodeBase64(text: string): Uint8Array {
  let decoded: string;
  try {
    decoded = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw new Fault('not base64');
  }
  const bytes = new Uint8Array(decoded.length);
  for (let pos = 0; pos < bytes.length; pos++) bytes[pos] = decoded.charCodeAt(pos);
  return bytes;
}
