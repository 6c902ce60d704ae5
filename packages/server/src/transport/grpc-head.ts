import { constants, type IncomingHttpHeaders } from 'node:http2';
import { encodingUnsupported, headersTooLarge, type ServiceError, timeoutInvalid } from '../errors.ts';
import { METADATA_BYTES_MAX } from '../limits.ts';
import { isEncodingKnown } from './grpc-messages.ts';
import { parseTimeout } from './grpc-timeout.ts';

/** What the headers of a request say about the call. */
export interface RequestHead {
  /** Such as `/grpc.health.v1.Health/Check`. */
  readonly path: string;
  readonly timeoutMs: number | undefined;
  /** Of the messages that are flagged as compressed. */
  readonly encoding: string;
}

/** Why a request is none that can be read: an HTTP status where it is no gRPC at all. */
export type HeadProblem = { readonly status: number } | { readonly error: ServiceError };

/** `application/grpc` alone, or with the one codec that there is. */
const MEDIA_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/iu;

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Request-Headers. */
export function readHead(headers: IncomingHttpHeaders): RequestHead | HeadProblem {
  if (headers[constants.HTTP2_HEADER_METHOD] !== 'POST') {
    return { status: constants.HTTP_STATUS_METHOD_NOT_ALLOWED };
  }
  if (!isGrpc(headers['content-type'])) return { status: constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE };
  if (sizeOf(headers) > METADATA_BYTES_MAX) return { error: headersTooLarge(METADATA_BYTES_MAX) };
  const timeout = headers['grpc-timeout'];
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout));
  if (timeout !== undefined && timeoutMs === undefined) return { error: timeoutInvalid(String(timeout)) };
  const encoding = String(headers['grpc-encoding'] ?? 'identity');
  if (!isEncodingKnown(encoding)) return { error: encodingUnsupported(encoding) };
  return { path: String(headers[constants.HTTP2_HEADER_PATH] ?? ''), timeoutMs, encoding };
}

function isGrpc(type: string | undefined): boolean {
  return type === 'application/grpc' || MEDIA_TYPE.test(type ?? '');
}

/** Counted as HTTP/2 counts: https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
function sizeOf(headers: IncomingHttpHeaders): number {
  let size = 0;
  for (const name in headers) size += name.length + String(headers[name] ?? '').length + 32;
  return size;
}
