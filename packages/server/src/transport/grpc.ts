import type { Duplex } from 'node:stream';
import { type DescMethod, type Message, toBinary } from '@bufbuild/protobuf';
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type status,
} from '@grpc/grpc-js';
import { StatusSchema } from '@parleykit/proto/rpc';
import { internal, methodUnimplemented, ServiceError } from '../errors.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import type { IncomingCall } from '../rpc/call-context.ts';
import type { Dispatcher } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { createRequestId } from './request-id.ts';

const CONCURRENT_STREAMS_MAX = 1000;

type Definition = MethodDefinition<Buffer, Buffer>;

/**
 * Mounts the dispatcher on gRPC. Messages pass as bytes: the dispatcher decodes them, since a deserializer that
 * throws would be answered INTERNAL.
 */
export class GrpcTransport {
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;

  constructor(dispatcher: Dispatcher) {
    this.#server = new Server({
      'grpc.max_concurrent_streams': CONCURRENT_STREAMS_MAX,
      'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
      'grpc.max_send_message_length': -1,
    });
    this.#mount(dispatcher);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Takes over a connection that speaks HTTP/2. */
  accept(socket: Duplex): void {
    this.#injector.injectConnection(socket);
  }

  /** Lets calls under way finish, for as long as `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#injector.drain(graceMs);
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(deadline);
        resolve();
      });
    });
    this.#injector.destroy();
  }

  #mount(dispatcher: Dispatcher): void {
    const services = new Map<string, Map<string, DescMethod>>();
    for (const method of dispatcher.methods) {
      const methods = services.get(method.parent.typeName) ?? new Map<string, DescMethod>();
      services.set(method.parent.typeName, methods.set(method.name, method));
    }
    for (const methods of services.values()) {
      const definition: Record<string, Definition> = {};
      const implementation: Record<string, unknown> = {};
      for (const [name, method] of methods) {
        definition[name] = toDefinition(method);
        implementation[name] = toHandler(dispatcher, method);
      }
      this.#server.addService(definition, implementation as never);
    }
  }
}

function toDefinition(method: DescMethod): Definition {
  const passThrough = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  };
}

function toHandler(dispatcher: Dispatcher, method: DescMethod): unknown {
  if (method.methodKind !== 'unary') {
    // No streaming method is built; each says so in the way of its kind.
    return (call: { destroy(error: unknown): void }, callback?: (error: unknown) => void) => {
      const error = toGrpcError(methodUnimplemented(method));
      if (callback === undefined) call.destroy(error);
      else callback(error);
    };
  }
  const handle: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    const incoming = new GrpcCall(call);
    dispatcher.call(method, call.request, incoming).then(
      (reply) => callback(null, toBytes(method, reply)),
      (error: unknown) => callback(toGrpcError(error, incoming.requestId)),
    );
  };
  return handle;
}

function toBytes(method: DescMethod, reply: Message | EncodedReply): Buffer {
  const bytes = reply instanceof EncodedReply ? reply.bytes : toBinary(method.output, reply);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: the details travel in one binary trailer. */
function toGrpcError(error: unknown, requestId = '') {
  const known = error instanceof ServiceError ? error : internal(requestId);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, known.toStatus())));
  return { code: known.code as number as status, details: known.message, metadata };
}

class GrpcCall implements IncomingCall {
  readonly wire = 'grpc';
  readonly requestId = createRequestId();
  readonly #call: ServerUnaryCall<Buffer, Buffer>;
  #abort: AbortController | undefined;

  constructor(call: ServerUnaryCall<Buffer, Buffer>) {
    this.#call = call;
  }

  header(name: string): string | undefined {
    const [value] = this.#call.metadata.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** Made on first use: most calls are answered before anybody could ask. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.#call.cancelled) abort.abort();
      else this.#call.on('cancelled', () => abort.abort());
    }
    return this.#abort.signal;
  }
}
