import {
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf';
import { internal, methodUnimplemented, requestAbsent, requestUndecodable, ServiceError } from '../errors.ts';
import { type AddressedResource, compileAddressedResource } from './addressed-resource.ts';
import { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import type { CallContext, IncomingCall } from './call-context.ts';
import { requireFewFields } from './count-fields.ts';
import type { EncodedReply } from './encoded-reply.ts';
import type { CallRecorder } from './record-call.ts';
import { compileValidation, type Validation } from './validate-request.ts';

/** Answers a unary call. It may change the request: nobody else holds it. */
export type UnaryHandler<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> = (
  request: MessageShape<I>,
  context: CallContext,
) => Promise<MessageShape<O> | EncodedReply>;

/**
 * Answers a call that streams. `first` is what is addressed and validated; the messages behind it, where the method takes
 * any, come as the caller sends them, and are the handler's to check.
 */
export type StreamHandler<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> = (
  first: MessageShape<I>,
  context: CallContext,
  rest: AsyncIterable<MessageShape<I>>,
) => AsyncIterable<MessageShape<O> | EncodedReply>;

/** The methods of a service that are built, by their local names, in proto order. */
export type ServiceHandlers<Service extends DescService> = {
  [Name in keyof Service['method']]?: Service['method'][Name] extends DescMethodUnary<infer I, infer O>
    ? UnaryHandler<I, O>
    : Service['method'][Name] extends DescMethodServerStreaming<infer I, infer O>
      ? StreamHandler<I, O>
      : Service['method'][Name] extends DescMethodBiDiStreaming<infer I, infer O>
        ? StreamHandler<I, O>
        : never;
};

interface Registration {
  readonly addressed: AddressedResource;
  readonly validation: Validation;
  readonly handler: UnaryHandler | StreamHandler | undefined;
}

/**
 * All methods of all services, independent of the wire. Transports ask it which methods there are and hand it
 * calls; every method is there, built or not, so that what is not built can say so.
 */
export class Dispatcher {
  readonly #registrations = new Map<DescMethod, Registration>();
  readonly #recorder: CallRecorder;
  readonly #explain: (error: unknown) => ServiceError | undefined;

  /** `explain` knows what callers are told of errors that are none of the catalogue; all else is INTERNAL. */
  constructor(
    services: Iterable<DescService>,
    recorder: CallRecorder,
    explain: (error: unknown) => ServiceError | undefined = () => undefined,
  ) {
    this.#recorder = recorder;
    this.#explain = explain;
    for (const service of services) {
      for (const method of service.methods) this.#register(method, undefined);
    }
  }

  get methods(): Iterable<DescMethod> {
    return this.#registrations.keys();
  }

  isBuilt(method: DescMethod): boolean {
    return this.#registrations.get(method)?.handler !== undefined;
  }

  /** Builds the methods of a service. */
  register<Service extends DescService>(service: Service, handlers: ServiceHandlers<Service>): void {
    for (const method of service.methods) {
      const handler = (handlers as Record<string, UnaryHandler | StreamHandler | undefined>)[
        method.localName
      ];
      if (handler !== undefined) this.#register(method, handler.bind(handlers));
    }
  }

  /**
   * Answers a call. The request comes decoded (REST) or as its bytes (gRPC). Throws nothing but ServiceError:
   * what else goes wrong inside is logged with its cause.
   */
  async call(
    method: DescMethod,
    request: Message | Uint8Array,
    incoming: IncomingCall,
  ): Promise<Message | EncodedReply> {
    const started = performance.now();
    try {
      const { handler, message, call } = this.#begin(method, request, incoming);
      const reply = await (handler as UnaryHandler)(message, call);
      this.#recorder.ended(method, incoming, performance.now() - started);
      return reply;
    } catch (error) {
      throw this.#end(method, incoming, started, error);
    }
  }

  /** As `call`, for a method that streams. Of its requests the first is waited for; REST has no more than one. */
  async *stream(
    method: DescMethod,
    requests: AsyncIterable<Message | Uint8Array>,
    incoming: IncomingCall,
  ): AsyncGenerator<Message | EncodedReply> {
    const started = performance.now();
    const iterator = requests[Symbol.asyncIterator]();
    // Whoever stops to listen is done: it is told as a call that went well.
    let failure: ServiceError | undefined;
    try {
      this.#require(method);
      const first = await iterator.next();
      if (first.done === true) throw requestAbsent();
      const { handler, message, call } = this.#begin(method, first.value, incoming);
      yield* (handler as StreamHandler)(message, call, decodeRest(method.input, iterator));
    } catch (error) {
      failure = this.#explained(method, incoming, error);
      throw failure;
    } finally {
      this.#recorder.ended(method, incoming, performance.now() - started, failure);
      await iterator.return?.();
    }
  }

  #require(method: DescMethod): Registration & { readonly handler: UnaryHandler | StreamHandler } {
    const registration = this.#registrations.get(method);
    if (registration?.handler === undefined) throw methodUnimplemented(method);
    return { ...registration, handler: registration.handler };
  }

  /** The steps of a call before it is handled, in their order: authenticate, name, authorize, validate. */
  #begin(method: DescMethod, request: Message | Uint8Array, incoming: IncomingCall) {
    const { addressed, validation, handler } = this.#require(method);
    const principal = authenticate(incoming);
    const message = request instanceof Uint8Array ? decode(method.input, request) : request;
    const resource = addressed(message);
    authorize(principal, method, resource);
    validation(message);
    return { handler, message, call: new Call(incoming, principal, resource) };
  }

  /** Leaves a call that failed behind, and answers what the caller is told. */
  #end(method: DescMethod, incoming: IncomingCall, started: number, error: unknown): ServiceError {
    const known = this.#explained(method, incoming, error);
    this.#recorder.ended(method, incoming, performance.now() - started, known);
    return known;
  }

  #explained(method: DescMethod, incoming: IncomingCall, error: unknown): ServiceError {
    const known =
      error instanceof ServiceError ? error : (this.#explain(error) ?? internal(incoming.requestId));
    if (known !== error) this.#recorder.failed(method, incoming, error);
    return known;
  }

  #register(method: DescMethod, handler: UnaryHandler | StreamHandler | undefined): void {
    this.#registrations.set(method, {
      addressed: compileAddressedResource(method),
      validation: compileValidation(method),
      handler,
    });
  }
}

/** The transport's view of the call, completed. A class, since spreading would ask for the lazy signal. */
class Call implements CallContext {
  readonly principal: CallContext['principal'];
  readonly resource: CallContext['resource'];
  readonly #incoming: IncomingCall;

  constructor(
    incoming: IncomingCall,
    principal: CallContext['principal'],
    resource: CallContext['resource'],
  ) {
    this.#incoming = incoming;
    this.principal = principal;
    this.resource = resource;
  }

  get wire(): 'grpc' | 'rest' {
    return this.#incoming.wire;
  }

  get requestId(): string {
    return this.#incoming.requestId;
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  header(name: string): string | undefined {
    return this.#incoming.header(name);
  }
}

async function* decodeRest(
  schema: DescMessage,
  requests: AsyncIterator<Message | Uint8Array>,
): AsyncGenerator<Message> {
  for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
    yield next.value instanceof Uint8Array ? decode(schema, next.value) : next.value;
  }
}

function decode(schema: DescMessage, bytes: Uint8Array): Message {
  try {
    requireFewFields(schema, bytes);
    return fromBinary(schema, bytes);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw requestUndecodable(schema.typeName, error);
  }
}
