import type { Http2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import { type DescMethod, type DescService, type Message, toBinary } from '@bufbuild/protobuf';
import {
  type handleUnaryCall,
  logVerbosity,
  type MethodDefinition,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { files } from '@parleykit/proto/files';
import { Health } from '@parleykit/proto/health';
import { ServerReflection } from '@parleykit/proto/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@parleykit/proto/reflection-v1alpha';
import { deadlineExceeded, internal, methodUnimplemented, ServiceError } from '../errors.ts';
import { CONNECTION_CALLS_MAX, KEEPALIVE_MS } from '../limits.ts';
import type { Dispatcher } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { toGrpcError } from './grpc-answer.ts';
import { GrpcCall } from './grpc-call.ts';
import { type GateLimits, GrpcGate } from './grpc-gate.ts';
import { HealthService } from './health.ts';
import { ReflectionService } from './reflection.ts';

type Definition = MethodDefinition<Buffer, Buffer>;
type Implementation = Readonly<Record<string, UntypedHandleCall>>;

/**
 * Mounts the dispatcher on gRPC, with the two services that are about the wire itself. Messages pass as bytes: the
 * dispatcher decodes them, since a deserializer that throws would be answered INTERNAL.
 */
export class GrpcTransport {
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #health: HealthService;
  readonly #reflection: ReflectionService;

  constructor(dispatcher: Dispatcher, limits: Partial<GateLimits> = {}) {
    // It would write metadata of callers to stderr, among the lines of our log.
    setLogVerbosity(logVerbosity.NONE);
    this.#server = new Server({
      // Accounts of each call, which nobody reads.
      'grpc.enable_channelz': 0,
      'grpc.max_concurrent_streams': CONNECTION_CALLS_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      // What comes is measured before it gets there.
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
    const implementations = implement(dispatcher);
    const wireServices = [Health, ServerReflection, ServerReflectionAlpha];
    const services = [...implementations.keys(), ...wireServices];
    const names = services.map(({ typeName }) => typeName);
    this.#health = new HealthService(names);
    // Beside what the services are made of, what may stand in an Any: the details of errors.
    this.#reflection = new ReflectionService(names, [...services.map(({ file }) => file), ...files]);
    implementations.set(Health, this.#health.handlers);
    implementations.set(ServerReflection, this.#reflection.handlers);
    implementations.set(ServerReflectionAlpha, this.#reflection.handlers);
    this.#injector = this.#mount(implementations, limits);
  }

  /** Takes over a connection that speaks HTTP/2. */
  accept(socket: Duplex): void {
    this.#injector.injectConnection(socket);
  }

  /** Takes no more calls, says so to every connection, and lets those under way finish for as long as `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#health.stop();
    this.#reflection.stop();
    // Without channelz, forceShutdown() knows of no connections: those that outlast the grace are ended by this.
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

  #mount(
    implementations: ReadonlyMap<DescService, Implementation>,
    limits: Partial<GateLimits>,
  ): ReturnType<Server['createConnectionInjector']> {
    const shapes = new Map<string, Definition>();
    for (const [service, implementation] of implementations) {
      const definitions = service.methods.map((method) => [method.name, toDefinition(method)] as const);
      for (const [, definition] of definitions) shapes.set(definition.path, definition);
      this.#server.addService(Object.fromEntries(definitions), implementation);
    }
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    new GrpcGate(shapes, limits).guard(http2ServerOf(this.#server));
    return injector;
  }
}

/** grpc-js does not show it. Its version is pinned, and one that keeps it elsewhere is noticed at the start. */
function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const [http2Server] = http2Servers?.keys() ?? [];
  if (http2Server === undefined) throw new Error('grpc-js has no HTTP/2 server where it was');
  return http2Server;
}

function implement(dispatcher: Dispatcher): Map<DescService, Implementation> {
  const implementations = new Map<DescService, Record<string, UntypedHandleCall>>();
  for (const method of dispatcher.methods) {
    const implementation = implementations.get(method.parent) ?? {};
    implementation[method.name] = toHandler(dispatcher, method);
    implementations.set(method.parent, implementation);
  }
  return implementations;
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

function toHandler(dispatcher: Dispatcher, method: DescMethod): UntypedHandleCall {
  if (method.methodKind !== 'unary') {
    // No streaming method is built; each says so in the way of its kind.
    return ((call: { emit(event: 'error', error: unknown): void }, answer?: (error: unknown) => void) => {
      const error = toGrpcError(methodUnimplemented(method));
      if (answer === undefined) call.emit('error', error);
      else answer(error);
    }) as UntypedHandleCall;
  }
  const handle: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    const incoming = new GrpcCall(call);
    // Nobody waits for it any more: it is not even begun.
    if (incoming.over) {
      answer(toGrpcError(deadlineExceeded()));
      return;
    }
    dispatcher.call(method, call.request, incoming).then(
      (reply) => {
        incoming.markAnswered();
        answer(null, toBytes(method, reply));
      },
      (error: unknown) => {
        incoming.markAnswered();
        answer(toGrpcError(error instanceof ServiceError ? error : internal(incoming.requestId)));
      },
    );
  };
  return handle;
}

function toBytes(method: DescMethod, reply: Message | EncodedReply): Buffer {
  const bytes = reply instanceof EncodedReply ? reply.bytes : toBinary(method.output, reply);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
