import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { type DescMethod, type Message, toBinary } from '@bufbuild/protobuf';
import { files } from '@parleykit/proto/files';
import { Health } from '@parleykit/proto/health';
import { ServerReflection } from '@parleykit/proto/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@parleykit/proto/reflection-v1alpha';
import { pathUnknown, type ServiceError } from '../errors.ts';
import {
  CONNECTION_BYTES_MAX,
  CONNECTION_CALLS_MAX,
  KEEPALIVE_MS,
  STALL_MS,
  TRANSPORT_BYTES_MAX,
} from '../limits.ts';
import type { Log } from '../log.ts';
import type { Dispatcher } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { ByteBudget } from './byte-budget.ts';
import { toTrailersOnly } from './grpc-answer.ts';
import { GrpcCall, type GrpcMethod, leave } from './grpc-call.ts';
import { readHead } from './grpc-head.ts';
import { HealthService } from './health.ts';
import { ReflectionService } from './reflection.ts';
import { Turns } from './turns.ts';

/** What the transport puts up with. */
export interface GrpcLimits {
  /** Bytes of requests and replies under way: of one connection, and of all. */
  readonly connectionBytes: number;
  readonly transportBytes: number;
  /** How long a caller may neither send the rest of its request nor take its reply. */
  readonly stallMs: number;
}

const LIMITS: GrpcLimits = {
  connectionBytes: CONNECTION_BYTES_MAX,
  transportBytes: TRANSPORT_BYTES_MAX,
  stallMs: STALL_MS,
};

const SESSION_OPTIONS = {
  settings: { maxConcurrentStreams: CONNECTION_CALLS_MAX },
  // What messages hold is counted by our own budgets, which tell the caller.
  maxSessionMemory: Number.MAX_SAFE_INTEGER,
} as const;

/**
 * gRPC on connections that a listener hands over: the dispatcher's methods, and the two services that are about
 * the wire itself. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcTransport {
  /** By their paths. */
  readonly #methods = new Map<string, GrpcMethod>();
  readonly #health: HealthService;
  readonly #log: Log;
  readonly #limits: GrpcLimits;
  readonly #budget: ByteBudget;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #lasting = new Set<GrpcCall>();
  readonly #turns = new Turns();

  constructor(dispatcher: Dispatcher, log: Log, limits: Partial<GrpcLimits> = {}) {
    this.#log = log;
    this.#limits = { ...LIMITS, ...limits };
    this.#budget = new ByteBudget(this.#limits.transportBytes);
    for (const method of dispatcher.methods) this.#methods.set(pathOf(method), toGrpc(dispatcher, method));
    const own = new Set([...dispatcher.methods].map(({ parent }) => parent));
    const services = [...own, Health, ServerReflection, ServerReflectionAlpha];
    const names = services.map(({ typeName }) => typeName);
    this.#health = new HealthService(names);
    // Beside what the services are made of, what may stand in an Any: the details of errors.
    const reflection = new ReflectionService(names, [...services.map(({ file }) => file), ...files]);
    for (const method of Health.methods) this.#methods.set(pathOf(method), this.#health.method(method.name));
    for (const { methods } of [ServerReflection, ServerReflectionAlpha]) {
      for (const method of methods) this.#methods.set(pathOf(method), reflection.method);
    }
  }

  /** Takes over a connection that speaks HTTP/2. */
  accept(socket: Duplex): void {
    const session = performServerHandshake(socket, SESSION_OPTIONS);
    const budget = new ByteBudget(this.#limits.connectionBytes, this.#budget);
    this.#sessions.add(session);
    const stopAsking = keepAlive(session);
    session.once('close', () => {
      this.#sessions.delete(session);
      stopAsking();
    });
    // It ends by its 'close'; an error is no news beside that, but must be listened for.
    session.on('error', () => {});
    session.on('stream', (stream, headers) => this.#serve(stream, headers, budget));
  }

  /** Takes no more calls, says so to every connection, and lets those under way finish for as long as `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#health.stop();
    for (const call of this.#lasting) call.stop();
    const ended = [...this.#sessions].map(
      (session) => new Promise<void>((resolve) => session.once('close', () => resolve())),
    );
    for (const session of this.#sessions) session.close();
    const deadline = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, graceMs);
    await Promise.all(ended);
    clearTimeout(deadline);
  }

  #serve(stream: ServerHttp2Stream, headers: Parameters<typeof readHead>[0], budget: ByteBudget): void {
    stream.on('error', () => {});
    const head = readHead(headers);
    if ('status' in head) {
      stream.respond({ ':status': head.status }, { endStream: true });
      leave(stream);
      return;
    }
    if ('error' in head) {
      refuse(stream, head.error);
      return;
    }
    const method = this.#methods.get(head.path);
    if (method === undefined) {
      refuse(stream, pathUnknown(head.path));
      return;
    }
    const call = new GrpcCall(stream, headers, {
      head,
      log: this.#log,
      turns: this.#turns,
      budget,
      stallMs: this.#limits.stallMs,
    });
    if (method.kind === 'stream' && method.lasting === true) {
      this.#lasting.add(call);
      stream.once('close', () => this.#lasting.delete(call));
    }
    call.serve(method);
  }
}

function refuse(stream: ServerHttp2Stream, error: ServiceError): void {
  stream.respond(toTrailersOnly(error), { endStream: true });
  leave(stream);
}

/** Ends a connection on which nobody answers any more. Answers what stops the asking. */
function keepAlive(session: ServerHttp2Session): () => void {
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) {
      session.destroy();
      return;
    }
    answered = false;
    session.ping(() => {
      answered = true;
    });
  }, KEEPALIVE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function toGrpc(dispatcher: Dispatcher, method: DescMethod): GrpcMethod {
  if (method.methodKind === 'unary') {
    return {
      kind: 'unary',
      answer: async (request, call) => toBytes(method, await dispatcher.call(method, request, call)),
    };
  }
  return {
    kind: 'stream',
    requestStream: method.methodKind !== 'server_streaming',
    lasting: method.methodKind === 'server_streaming',
    answer: (requests, call) => allToBytes(method, dispatcher.stream(method, requests, call)),
  };
}

async function* allToBytes(
  method: DescMethod,
  replies: AsyncIterable<Message | EncodedReply>,
): AsyncGenerator<Uint8Array> {
  for await (const reply of replies)
    yield reply instanceof EncodedReply ? reply.bytes : toBinary(method.output, reply);
}

function toBytes(method: DescMethod, reply: Message | EncodedReply): Uint8Array | EncodedReply {
  return reply instanceof EncodedReply ? reply : toBinary(method.output, reply);
}
