import { CODES, codeOfNumber, type ErrorCode } from '../../errors.ts';
import type { Headers } from '../transport.ts';
import type { Failure } from './failure.ts';

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
const codesByHttpStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** What the end of an answer without a `grpc-status` means. */
export function failureOfHttpAnswer(headers: Headers, httpStatus: number): Failure {
  const code = codesByHttpStatus[httpStatus] ?? 'UNKNOWN';
  const type = headers['content-type'];
  const message = isGrpc(headers)
    ? `the answer ended without a status (HTTP status ${httpStatus})`
    : `the answer is not one of gRPC: HTTP status ${httpStatus}, content type ${type ?? 'unknown'}`;
  return { code, message, httpStatus };
}

/** Whether the content type is gRPC with protobuf. */
export function isGrpc(headers: Headers): boolean {
  return /^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(headers['content-type'] ?? '');
}

/**
 * What the headers that end an answer say: `OK`, or what went wrong; undefined where they do not say.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function statusOf(trailers: Headers): 'OK' | Failure | undefined {
  const status = trailers['grpc-status'];
  if (status === undefined) return undefined;
  if (status === '0') return 'OK';
  const number = /^\d+$/.test(status) ? Number(status) : Number.NaN;
  const code = codeOfNumber(number);
  const name = CODES[number] ?? `status ${status}`;
  const message = decodeGrpcMessage(trailers['grpc-message'] ?? '');
  const details = decodeBinaryHeader(trailers['grpc-status-details-bin']);
  return { code, message: message === '' ? `the server answered ${name}` : message, details };
}

/** Undoes the percent-encoding of `grpc-message`. What is not encoded rightly is left as it is. */
export function decodeGrpcMessage(encoded: string): string {
  if (!/[^\x20-\x24\x26-\x7e]/.test(encoded)) return encoded;
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const hex = /^%([\da-f]{2})/i.exec(encoded.slice(at, at + 3))?.[1];
    // A header is a string of bytes: servers that do not encode send UTF-8 as it is.
    bytes.push(hex === undefined ? encoded.charCodeAt(at) : Number.parseInt(hex, 16));
    if (hex !== undefined) at += 2;
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** The bytes of a header whose name ends in `-bin`, with padding or without; undefined for none and for what is no base64. */
function decodeBinaryHeader(value: string | undefined): Uint8Array | undefined {
  // Several of one name are joined by a comma; the first counts.
  const base64 = value?.split(',', 1)[0]?.trim().replaceAll('-', '+').replaceAll('_', '/');
  if (base64 === undefined || base64 === '') return undefined;
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** The codes of RST_STREAM: https://www.rfc-editor.org/rfc/rfc9113#name-error-codes */
export const RESET = { NO_ERROR: 0, INTERNAL_ERROR: 2, REFUSED_STREAM: 7, CANCEL: 8, ENHANCE_YOUR_CALM: 11 };

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors; all others are INTERNAL. */
const codesByReset: Readonly<Record<number, ErrorCode>> = {
  [RESET.REFUSED_STREAM]: 'UNAVAILABLE',
  [RESET.CANCEL]: 'CANCELLED',
  [RESET.ENHANCE_YOUR_CALM]: 'RESOURCE_EXHAUSTED',
  12: 'PERMISSION_DENIED',
};

/** What it means that the server ended the stream with this code. */
export function failureOfReset(reset: number, cause: unknown): Failure {
  const code = codesByReset[reset] ?? 'INTERNAL';
  return { code, message: `the server reset the stream (HTTP/2 error code ${reset})`, cause };
}
