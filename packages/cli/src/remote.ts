import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** Where Dialogflow clients look for a server when nothing else is said; `parley serve` listens there too. */
export const defaultAddress = '127.0.0.1:8470';

/** How long a call may take before it is given up, where the caller names no other limit. */
const callMs = 60_000;

/** A call that did not succeed: the canonical gRPC code, and the server's own words for it. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: status;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The code as Google's documentation spells it, such as `NOT_FOUND`. */
  get codeName(): string {
    return status[this.code] ?? String(this.code);
  }
}

/** Limits of one call. Aborting the signal cancels it at once, with code CANCELLED. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  deadlineMs?: number;
}

/** A connection to one server, over which every unary method of its descriptors can be called. */
export interface Remote {
  /** Resolves to the reply; rejects with a RemoteError and nothing else. It never repeats a call by itself. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  close(): void;
}

/**
 * Opens a plaintext connection to `host:port`. It connects with the first call and again by itself after a break,
 * so that a caller needs to know nothing but which calls are safe to repeat.
 */
export function createRemote(address: string): Remote {
  const client = new Client(address, credentials.createInsecure(), {
    // A proxy in the environment is meant for the way out; the server asked for is the one to talk to.
    'grpc.enable_http_proxy': 0,
    // A reply repeats the texts that were sent, with names and times added: it may be larger than any request.
    'grpc.max_receive_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
  });
  return {
    call: (method, request, options) => callUnary(client, method, request, options ?? {}),
    close: () => client.close(),
  };
}

/** Says whether a text is an address that createRemote takes: a name, an IPv4 or a bracketed IPv6 address, and a port. */
export function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  { signal, deadlineMs = callMs }: CallOptions,
): Promise<MessageShape<O>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new RemoteError(status.CANCELLED, 'cancelled before it was sent'));
      return;
    }
    const call = client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, reply?: MessageShape<O>) => {
        signal?.removeEventListener('abort', cancel);
        if (error !== null) reject(new RemoteError(error.code, error.details, { cause: error }));
        else if (reply === undefined) reject(new RemoteError(status.INTERNAL, 'an answer without a message'));
        else resolve(reply);
      },
    );
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
