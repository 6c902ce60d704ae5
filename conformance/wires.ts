import { Agent, type IncomingMessage, request as openRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { httpRules, registry } from '@parleykit/proto';
import type { HttpRule } from '@parleykit/proto/api';
import { BadRequestSchema, Code, ErrorInfoSchema, type Status, StatusSchema } from '@parleykit/proto/rpc';

/** The HTTP status of each code; Google's map, which every client library reads backwards. */
const HTTP_STATUS: Readonly<Record<string, number>> = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What a server answered instead of a reply, the same on both wires. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** A `google.rpc.Code`. */
  readonly code: number;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];

  constructor(status: Status) {
    super(status.message);
    this.code = status.code;
    const info = status.details.map((any) => anyUnpack(any, ErrorInfoSchema)).find(isPresent);
    this.reason = info?.reason ?? '';
    this.domain = info?.domain ?? '';
    this.metadata = info?.metadata ?? {};
    this.violations = status.details
      .map((any) => anyUnpack(any, BadRequestSchema))
      .filter(isPresent)
      .flatMap((bad) => bad.fieldViolations)
      .map(({ field, description }) => ({ field, description }));
  }
}

export type Headers = Readonly<Record<string, string>>;

/** One way to call the server. A case is written once and runs over each. */
export interface Wire {
  readonly name: 'gRPC' | 'REST';
  /** Answers the reply, or throws the server's refusal as a CallError. `headers` are metadata over gRPC. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    headers?: Headers,
  ): Promise<MessageShape<O>>;
}

/** Where the server is; asked at each call, as cases are declared before their server is up. */
export type Locate = () => { readonly host: string; readonly port: number };

/** Calls by protobuf bytes over HTTP/2. */
export class GrpcWire implements Wire, Disposable {
  readonly name = 'gRPC';
  readonly #locate: Locate;
  #client: Client | undefined;

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    headers?: Headers,
  ): Promise<MessageShape<O>> {
    const bytes = toBinary(method.input, create(method.input, request));
    return fromBinary(method.output, await this.send(pathOf(method), bytes, headers));
  }

  /** Calls a path, such as `/package.Service/Method`, with the very bytes given. */
  send(path: string, bytes: Uint8Array, headers: Headers = {}): Promise<Uint8Array> {
    const client = this.#connection();
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, toWire, fromWire, bytes, metadata, (error, reply) => {
        if (error !== null) reject(new CallError(statusOf(error)));
        else resolve(reply ?? new Uint8Array());
      });
    });
  }

  /** Opens a stream on a path, for the very bytes that are written to it. It ends after a minute at the latest. */
  openStream(path: string): ClientDuplexStream<Uint8Array, Uint8Array> {
    return this.#connection().makeBidiStreamRequest(path, toWire, fromWire, {
      deadline: Date.now() + 60_000,
    });
  }

  #connection(): Client {
    this.#client ??= new Client(
      `${this.#locate().host}:${this.#locate().port}`,
      credentials.createInsecure(),
      // So that a connection which breaks in one case is not that of another.
      { 'grpc.use_local_subchannel_pool': 1 },
    );
    return this.#client;
  }

  [Symbol.dispose](): void {
    this.#client?.close();
  }
}

function toWire(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function fromWire(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

/** The gRPC path of a method. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** What a call over gRPC failed with. */
export function statusOf(error: ServiceError): Status {
  const packed = trailerOf(error.metadata);
  if (packed === undefined) return create(StatusSchema, { code: error.code, message: error.details });
  const status = fromBinary(StatusSchema, packed);
  if (status.code !== error.code || status.message !== error.details) {
    throw new Error(
      `grpc-status ${error.code} ${error.details} is not that of its details: ${status.message}`,
    );
  }
  return status;
}

function trailerOf(metadata: Metadata): Uint8Array | undefined {
  const [packed] = metadata.get('grpc-status-details-bin');
  return typeof packed === 'string' ? undefined : packed;
}

/** An HTTP request as it goes out; `path` is sent as it stands. */
export interface HttpRequest {
  readonly verb: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string | Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Calls by proto3 JSON over HTTP/1.1, by the bindings of the methods. */
export class RestWire implements Wire, Disposable {
  readonly name = 'REST';
  readonly #locate: Locate;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    headers?: Headers,
  ): Promise<MessageShape<O>> {
    const outgoing = httpRequest(method, create(method.input, request));
    const answer = await this.send({ ...outgoing, headers: { ...outgoing.headers, ...headers } });
    if (answer.status !== 200) throw new CallError(refusalOf(answer));
    return fromJson(method.output, JSON.parse(answer.text), { registry });
  }

  async send({ verb, path, headers = {}, body }: HttpRequest): Promise<HttpAnswer> {
    const { host, port } = this.#locate();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = openRequest({ host, port, method: verb, path, headers, agent: this.#agent }, resolve);
    outgoing.on('error', reject);
    if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
    outgoing.end(body);
    const incoming = await promise;
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, text: await text(incoming) };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** The refusal in an answer's body. Throws where the body is not of the documented shape or contradicts the status line. */
export function refusalOf({ status, text: body }: HttpAnswer): Status {
  const { error } = JSON.parse(body) as { error: Record<string, JsonValue> };
  const name = String(error['status']);
  if (error['code'] !== status || HTTP_STATUS[name] !== status) {
    throw new Error(`the body of an answer with HTTP status ${status} says otherwise: ${body}`);
  }
  return fromJson(
    StatusSchema,
    {
      code: Code[name as keyof typeof Code],
      message: error['message'] ?? null,
      details: error['details'] ?? [],
    },
    { registry },
  );
}

/** The HTTP request of a call, by the first binding whose path the request fits, else by the primary one. */
export function httpRequest<I extends DescMessage>(
  method: DescMethodUnary<I, DescMessage>,
  message: MessageShape<I>,
): HttpRequest {
  const rules = httpRules(method);
  const rest = new Map(Object.entries(toJson(method.input, message, { registry }) as JsonObject));
  const rule = rules.find((candidate) => fits(candidate, rest)) ?? rules[0];
  if (rule === undefined || typeof rule.pattern.value !== 'string') {
    throw new Error(`${method.name} has no HTTP binding`);
  }
  const path = rule.pattern.value.replaceAll(VARIABLE, (_, field: string) =>
    String(take(rest, field) ?? '')
      .split('/')
      .map(encodeURIComponent)
      .join('/'),
  );
  const body = rule.body === '*' ? Object.fromEntries(rest) : take(rest, rule.body);
  const query = new URLSearchParams();
  if (rule.body !== '*') for (const [key, value] of rest) query.append(key, String(value));
  return {
    verb: rule.pattern.case?.toUpperCase() ?? '',
    path: query.size === 0 ? path : `${path}?${query}`,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  };
}

/** A variable of a path template, such as `{parent=projects/*}`. */
const VARIABLE = /\{([a-z_.]+)=([^}]+)\}/gu;

function fits(rule: HttpRule, request: ReadonlyMap<string, JsonValue>): boolean {
  return [...String(rule.pattern.value).matchAll(VARIABLE)].every(([, field = '', template = '']) => {
    const shape = new RegExp(`^${template.replaceAll('*', '[^/]+')}$`, 'u');
    return shape.test(String(valueAt(request, field) ?? ''));
  });
}

/** The value of a field in proto spelling, or of a field inside one, such as `participant.name`. */
function valueAt(json: ReadonlyMap<string, JsonValue>, path: string): JsonValue | undefined {
  const [field = '', ...inner] = path.split('.').map(jsonNameOf);
  return inner.reduce<JsonValue | undefined>((value, key) => (value as JsonObject)?.[key], json.get(field));
}

/** The value of a field as `valueAt` answers it; a field that is not inside another is then no longer there. */
function take(json: Map<string, JsonValue>, path: string): JsonValue | undefined {
  if (path.includes('.')) return valueAt(json, path);
  const key = jsonNameOf(path);
  const value = json.get(key);
  json.delete(key);
  return value;
}

function jsonNameOf(field: string): string {
  return field.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
