import {
  constants,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import {
  encodingUnsupported,
  headersTooLarge,
  pathUnknown,
  type ServiceError,
  timeoutInvalid,
} from '../errors.ts';
import { CONNECTION_BYTES_MAX, METADATA_BYTES_MAX, STALL_MS, TRANSPORT_BYTES_MAX } from '../limits.ts';
import { ByteBudget } from './byte-budget.ts';
import { toTrailersOnly } from './grpc-answer.ts';
import { isEncodingKnown } from './grpc-messages.ts';
import { GrpcStream, leave, type StreamShape } from './grpc-stream.ts';
import { boundTimeout } from './grpc-timeout.ts';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** `application/grpc` alone, or with the one codec that there is. */
const MEDIA_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/iu;

export interface GateLimits {
  readonly connectionBytes: number;
  readonly transportBytes: number;
  readonly stallMs: number;
}

const DEFAULT_LIMITS: GateLimits = {
  connectionBytes: CONNECTION_BYTES_MAX,
  transportBytes: TRANSPORT_BYTES_MAX,
  stallMs: STALL_MS,
};

/**
 * Stands between the HTTP/2 server of grpc-js and grpc-js, and lets through only what that answers rightly. What
 * callers send wrong it would answer INTERNAL, or not notice; and it keeps no account of the memory that requests
 * and replies hold. Everything here is about the wire; no method is known but by its path and its shape.
 */
export class GrpcGate {
  readonly #shapes: ReadonlyMap<string, StreamShape>;
  readonly #limits: GateLimits;
  readonly #budget: ByteBudget;
  readonly #budgets = new WeakMap<Http2Session, ByteBudget>();

  constructor(shapes: ReadonlyMap<string, StreamShape>, limits: Partial<GateLimits> = {}) {
    this.#shapes = shapes;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#budget = new ByteBudget(this.#limits.transportBytes);
  }

  /** Takes the place of those who listen for the streams of a server, and hands on to them. */
  guard(server: Http2Server): void {
    const onward = server.listeners('stream') as OnStream[];
    server.removeAllListeners('stream');
    server.on('stream', (stream, headers, flags) => {
      if (this.#admit(stream, headers)) for (const listener of onward) listener(stream, headers, flags);
    });
  }

  #admit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    // The stream's end is heard of by its 'close'; an error is no news beside that, but must be listened for.
    stream.on('error', () => {});
    const status = statusOf(headers);
    if (status !== undefined) {
      stream.respond({ [constants.HTTP2_HEADER_STATUS]: status }, { endStream: true });
      leave(stream);
      return false;
    }
    if (sizeOf(headers) > METADATA_BYTES_MAX) return refuse(stream, headersTooLarge(METADATA_BYTES_MAX));
    const path = String(headers[constants.HTTP2_HEADER_PATH] ?? '');
    const shape = this.#shapes.get(path);
    if (shape === undefined) return refuse(stream, pathUnknown(path));
    const timeout = headers['grpc-timeout'];
    if (timeout !== undefined) {
      const bounded = boundTimeout(String(timeout));
      if (bounded === undefined) return refuse(stream, timeoutInvalid(String(timeout)));
      headers['grpc-timeout'] = bounded;
    }
    const encoding = String(headers['grpc-encoding'] ?? 'identity');
    if (!isEncodingKnown(encoding)) return refuse(stream, encodingUnsupported(encoding));
    // Messages arrive there inflated.
    delete headers['grpc-encoding'];
    new GrpcStream(stream, {
      shape,
      encoding,
      budget: this.#budgetOf(stream.session),
      stallMs: this.#limits.stallMs,
    });
    return true;
  }

  #budgetOf(session: Http2Session | undefined): ByteBudget {
    if (session === undefined) return this.#budget;
    const known = this.#budgets.get(session);
    if (known !== undefined) return known;
    const budget = new ByteBudget(this.#limits.connectionBytes, this.#budget);
    this.#budgets.set(session, budget);
    return budget;
  }
}

/** Counted as HTTP/2 counts: https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
function sizeOf(headers: IncomingHttpHeaders): number {
  let size = 0;
  for (const [name, value = ''] of Object.entries(headers)) size += name.length + String(value).length + 32;
  return size;
}

/** The HTTP status of what is no gRPC request at all. */
function statusOf(headers: IncomingHttpHeaders): number | undefined {
  if (headers[constants.HTTP2_HEADER_METHOD] !== 'POST') return constants.HTTP_STATUS_METHOD_NOT_ALLOWED;
  const isGrpc = MEDIA_TYPE.test(headers['content-type'] ?? '');
  return isGrpc ? undefined : constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
}

function refuse(stream: ServerHttp2Stream, error: ServiceError): false {
  stream.respond(toTrailersOnly(error), { endStream: true });
  leave(stream);
  return false;
}
