import {
  type DescMethod,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { BadRequestSchema, Code, ErrorInfoSchema, type Status, StatusSchema } from '@parleykit/proto/rpc';
import type { GrpcInput, RestInput } from './inputs.ts';
import type { GrpcAnswer, RestAnswer } from './senders.ts';

/** Codes that an input may get. All others blame the server, or a deadline that nobody set. */
const allowedCodes: ReadonlySet<number> = new Set([
  Code.OK,
  Code.INVALID_ARGUMENT,
  Code.NOT_FOUND,
  Code.ALREADY_EXISTS,
  Code.RESOURCE_EXHAUSTED,
  Code.FAILED_PRECONDITION,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.UNIMPLEMENTED,
]);
/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const httpStatuses: Readonly<Record<number, number>> = {
  [Code.INVALID_ARGUMENT]: 400,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.OUT_OF_RANGE]: 400,
  [Code.PERMISSION_DENIED]: 403,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.ABORTED]: 409,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.UNIMPLEMENTED]: 501,
};
const allowedStatuses: ReadonlySet<number> = new Set([200, 400, 403, 404, 405, 409, 413, 414, 429, 431, 501]);

/** What many clients take of trailers at most; errors over REST hold the same and some JSON around it. */
const TRAILER_BYTES_MAX = 8192;
const ERROR_BODY_BYTES_MAX = 16_384;

/** What an answer means, once it was found right. */
export interface Verdict {
  readonly outcome: string;
  /** The reply of a call that succeeded, where it is worth learning from. */
  readonly reply: unknown;
}

/** An answer is not what a server may say. */
export class WrongAnswerError extends Error {
  override readonly name = 'WrongAnswerError';
}

function demand(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new WrongAnswerError(problem);
}

/** Holds a gRPC answer against what every answer must be. Throws WrongAnswerError. */
export function judgeGrpc(input: GrpcInput, answer: GrpcAnswer, isBuilt: boolean): Verdict {
  const { protocol, method } = input;
  if (protocol === 'headers' && answer.status === 415) return { outcome: 'HTTP 415', reply: undefined };
  demand(answer.status === 200, `HTTP status ${answer.status} over gRPC`);
  demand(answer.code !== undefined, 'an answer without grpc-status');
  const { code } = answer;
  const name = Code[code] ?? String(code);
  const isDeadline = protocol === 'headers' && (code === Code.DEADLINE_EXCEEDED || code === Code.CANCELLED);
  demand(allowedCodes.has(code) || isDeadline, `${name}: ${answer.message}`);
  demand(answer.trailerBytes <= TRAILER_BYTES_MAX, `trailers of ${answer.trailerBytes} bytes`);
  if (code === Code.OK) {
    if (protocol === 'path') return { outcome: 'OK of another method', reply: undefined };
    return { outcome: name, reply: readGrpcReply(method, answer.body) };
  }
  demand(answer.body.length === 0, `${name} with a reply`);
  if (answer.details === undefined) {
    demand(
      protocol !== 'kept' || code === Code.RESOURCE_EXHAUSTED,
      `${name} without details: ${answer.message}`,
    );
    return { outcome: `${name} (gRPC library)`, reply: undefined };
  }
  const status = readDetails(answer.details);
  demand(status.code === code, `grpc-status ${code} with details of code ${status.code}`);
  demand(status.message === answer.message, `two messages: ${answer.message}; ${status.message}`);
  const reason = judgeStatus(status, input.wellFormed);
  demand(!input.wellFormed || reason !== 'REQUEST_UNDECODABLE', 'a valid encoding was not decodable');
  demand(
    isBuilt || protocol !== 'kept' || code === Code.UNIMPLEMENTED,
    `${name} from a method that is not built`,
  );
  return { outcome: `${name} ${reason}`, reply: undefined };
}

function readGrpcReply(method: DescMethod, body: Buffer): Message | undefined {
  // A stream may have nothing to say.
  if (method.methodKind !== 'unary' && body.length === 0) return undefined;
  demand(body.length >= 5 && body[0] === 0, 'OK without a plain frame');
  const length = body.readUInt32BE(1);
  demand(method.methodKind !== 'unary' || body.length === 5 + length, 'OK with more or less than one frame');
  let reply: Message;
  try {
    reply = fromBinary(method.output, body.subarray(5, 5 + length));
    // What has no JSON form would be unreadable over REST.
    toJson(method.output, reply, { registry });
  } catch (error) {
    throw new WrongAnswerError(`a reply that cannot be read: ${(error as Error).message}`);
  }
  return reply;
}

function readDetails(bytes: Buffer): Status {
  try {
    return fromBinary(StatusSchema, bytes);
  } catch (error) {
    throw new WrongAnswerError(`details that cannot be read: ${(error as Error).message}`);
  }
}

/** Whether the details of a refusal say the same as its code; answers their reason. */
function judgeStatus(status: Status, wellFormed: boolean): string {
  const infos = status.details
    .map((any) => anyUnpack(any, ErrorInfoSchema))
    .filter((info) => info !== undefined);
  const bad = status.details
    .map((any) => anyUnpack(any, BadRequestSchema))
    .filter((each) => each !== undefined);
  const name = Code[status.code] ?? String(status.code);
  demand(infos.length === 1, `${name} with ${infos.length} ErrorInfo details: ${status.message}`);
  const { reason = '', domain } = infos[0] ?? {};
  demand(
    /^[A-Z][A-Z0-9_]+$/u.test(reason) && domain !== '',
    `${name} with the reason ${JSON.stringify(reason)}`,
  );
  demand(status.message !== '', `${name} ${reason} without a message`);
  const isArgument = status.code === Code.INVALID_ARGUMENT || status.code === Code.OUT_OF_RANGE;
  demand(bad.length === 0 || isArgument, `${name} ${reason} with field violations`);
  const namesField = (bad[0]?.fieldViolations.length ?? 0) > 0;
  demand(!wellFormed || !isArgument || namesField, `${name} ${reason} names no field`);
  return reason;
}

/** Holds an HTTP answer against what every answer must be. Throws WrongAnswerError. */
export function judgeRest(input: RestInput, answer: RestAnswer, isBuilt: boolean): Verdict {
  const { status } = answer;
  const text = answer.body.toString();
  demand(allowedStatuses.has(status), `HTTP ${status}: ${text.slice(0, 300)}`);
  if (input.request.verb === 'HEAD') return { outcome: `HEAD ${status}`, reply: undefined };
  // Node answers what it takes for no request itself.
  if (answer.headers['content-type'] === undefined) {
    demand((status === 431 || !input.wellFormed) && text === '', `HTTP ${status} without a content type`);
    return { outcome: `HTTP ${status} (HTTP library)`, reply: undefined };
  }
  // What is left of a path may be that of a page.
  if (status === 200 && /^\/?(?:\?|$)/u.test(input.request.path) && !input.wellFormed) {
    return { outcome: 'the page', reply: undefined };
  }
  const json = readJson(status, text);
  if (status === 200) {
    if (input.wellFormed) readRestReply(input, json);
    return { outcome: 'OK', reply: json };
  }
  demand(text.length <= ERROR_BODY_BYTES_MAX, `an error of ${text.length} characters`);
  const refusal = readRefusal(status, text);
  const reason = judgeStatus(refusal, input.wellFormed);
  if (input.wellFormed) {
    demand(reason !== 'ROUTE_UNKNOWN' && status !== 405, `no route for a right URL: ${reason}`);
  }
  demand(isBuilt || status >= 400, 'success from a method that is not built');
  return { outcome: `${Code[refusal.code]} ${reason}`, reply: undefined };
}

function readJson(status: number, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new WrongAnswerError(`HTTP ${status} with a body that is no JSON: ${text.slice(0, 300)}`);
  }
}

function readRestReply({ method, request }: RestInput, json: JsonValue): void {
  const isStream = method.methodKind !== 'unary';
  demand(!isStream || Array.isArray(json), 'a stream that is no array');
  try {
    for (const reply of isStream ? (json as JsonValue[]) : [json])
      fromJson(method.output, reply, { registry });
  } catch (error) {
    throw new WrongAnswerError(`a reply to ${request.path} that cannot be read: ${(error as Error).message}`);
  }
}

/** Statuses that say more than the code beside them can. */
const statusesBesideCodes: ReadonlySet<number> = new Set([403, 405, 413, 414, 431]);

function readRefusal(status: number, text: string): Status {
  const { error } = readJson(status, text) as { error?: Readonly<Record<string, JsonValue>> };
  const { code = null, message = null, status: name, details = [] } = error ?? {};
  demand(code === status, `HTTP ${status} with a body of code ${code}`);
  const known = Code[String(name) as keyof typeof Code];
  demand(
    statusesBesideCodes.has(status) ? known !== undefined : httpStatuses[known] === status,
    `HTTP ${status} with a body of status ${JSON.stringify(name)}`,
  );
  try {
    return fromJson(StatusSchema, { code: known, message, details }, { registry });
  } catch (cause) {
    throw new WrongAnswerError(`HTTP ${status} with an error that cannot be read: ${text}`, { cause });
  }
}
