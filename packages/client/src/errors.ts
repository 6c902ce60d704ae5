/**
 * Everything that this package throws on purpose. What a server answered, or kept from being answered, is an ApiError
 * of the class of its code; what was wrong before anything was sent is a TypeError of one of two classes.
 */

/** The canonical codes: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** A canonical code by its name. */
export type Code = (typeof CODES)[number];

/** A code that says that something went wrong. */
export type ErrorCode = Exclude<Code, 'OK'>;

/**
 * A message that tells more of an error, such as a google.rpc.BadRequest: a plain object of the shape that answers
 * have, and its type in `@type`, such as `type.googleapis.com/google.rpc.BadRequest`.
 */
export interface ErrorDetail {
  readonly '@type': string;
  readonly [field: string]: unknown;
}

/** What is known of an error beside its code and its message. */
export interface ErrorContext {
  readonly details?: readonly ErrorDetail[] | undefined;
  /** Of the answer; names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly trailers?: Readonly<Record<string, string>> | undefined;
  readonly httpStatus?: number | undefined;
  readonly cause?: unknown;
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

/**
 * A call that failed. Each canonical code has its own class: `error instanceof NotFoundError` and
 * `error.code === 'NOT_FOUND'` say the same. The message is the server's, for people; programs compare `code` and
 * `reason`. https://google.aip.dev/193
 */
export abstract class ApiError extends Error {
  abstract readonly code: ErrorCode;
  /** What happened, as a constant such as `RESOURCE_NOT_FOUND`, unique within `domain`; of google.rpc.ErrorInfo. */
  readonly reason: string | undefined;
  /** Who gives out the reasons, such as `dialogflow.googleapis.com`; of google.rpc.ErrorInfo. */
  readonly domain: string | undefined;
  /** What the reason is about; of google.rpc.ErrorInfo. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** All that the server told, in its order, the google.rpc.ErrorInfo included. */
  readonly details: readonly ErrorDetail[];
  /** What to quote to the server's operator, where the server gave the call a name. */
  readonly requestId: string | undefined;
  /** Of the answer; names in lower case. Empty where none came. */
  readonly headers: Readonly<Record<string, string>>;
  /** What came behind the answer; over REST nothing does. */
  readonly trailers: Readonly<Record<string, string>>;
  /** Of the answer; undefined where none came. */
  readonly httpStatus: number | undefined;

  constructor(message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.details = context.details ?? [];
    this.headers = context.headers ?? NOTHING;
    this.trailers = context.trailers ?? NOTHING;
    this.httpStatus = context.httpStatus;
    const info = findDetail(this.details, 'ErrorInfo');
    this.reason = textOf(info?.['reason']);
    this.domain = textOf(info?.['domain']);
    this.metadata = info?.['metadata'] as Readonly<Record<string, string>> | undefined;
    this.requestId = requestIdOf(this.headers, this.trailers, this.details);
  }

  /**
   * How long the server asks to be left alone, in milliseconds: by google.rpc.RetryInfo, else by `Retry-After`.
   * Undefined where it does not ask.
   */
  get retryDelayMs(): number | undefined {
    const delay = textOf(findDetail(this.details, 'RetryInfo')?.['retryDelay']);
    if (delay !== undefined) return durationMs(delay);
    const after = this.headers['retry-after'];
    return after === undefined ? undefined : retryAfterMs(after, this.headers['date']);
  }
}

function findDetail(details: readonly ErrorDetail[], name: string): ErrorDetail | undefined {
  return details.find((detail) => detail['@type'].endsWith(`/google.rpc.${name}`));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The name that a server gave to a call, by what came with its answer; undefined where it gave none. */
export function requestIdOf(
  headers: Readonly<Record<string, string>>,
  trailers: Readonly<Record<string, string>>,
  details: readonly ErrorDetail[] = [],
): string | undefined {
  const told = textOf(findDetail(details, 'RequestInfo')?.['requestId']);
  return (
    told ??
    headers['x-request-id'] ??
    headers['x-goog-request-id'] ??
    trailers['x-request-id'] ??
    trailers['x-goog-request-id']
  );
}

/** A google.protobuf.Duration as JSON has it, such as `1.5s`. */
function durationMs(text: string): number | undefined {
  return /^\d+(\.\d+)?s$/.test(text) ? Number(text.slice(0, -1)) * 1000 : undefined;
}

/**
 * A number of seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 * A date is compared with that of the answer, so that a clock which is wrong on one side does no harm.
 */
function retryAfterMs(text: string, answered: string | undefined): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const then = Date.parse(text);
  const now = answered === undefined ? Date.now() : Date.parse(answered);
  return Number.isNaN(then - now) ? undefined : Math.max(0, then - now);
}

/** The call was given up by its caller: its signal was aborted, or its client was closed. */
export class CancelledError extends ApiError {
  override readonly name = 'CancelledError';
  override readonly code = 'CANCELLED';
}

/** Something for which there is no code, or an answer that is none. */
export class UnknownError extends ApiError {
  override readonly name = 'UnknownError';
  override readonly code = 'UNKNOWN';
}

/** The request is wrong whatever the state of the server. `details` has a google.rpc.BadRequest that names the fields. */
export class InvalidArgumentError extends ApiError {
  override readonly name = 'InvalidArgumentError';
  override readonly code = 'INVALID_ARGUMENT';
}

/** No answer came in time. What the call asked for may have been done all the same. */
export class DeadlineExceededError extends ApiError {
  override readonly name = 'DeadlineExceededError';
  override readonly code = 'DEADLINE_EXCEEDED';
}

/** Nothing of that name exists. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError';
  override readonly code = 'NOT_FOUND';
}

/** What was to be created exists already. */
export class AlreadyExistsError extends ApiError {
  override readonly name = 'AlreadyExistsError';
  override readonly code = 'ALREADY_EXISTS';
}

/** The caller is known and may not do this. */
export class PermissionDeniedError extends ApiError {
  override readonly name = 'PermissionDeniedError';
  override readonly code = 'PERMISSION_DENIED';
}

/** A quota is used up, or something is larger than is taken. */
export class ResourceExhaustedError extends ApiError {
  override readonly name = 'ResourceExhaustedError';
  override readonly code = 'RESOURCE_EXHAUSTED';
}

/** The state of the server forbids it, such as that a conversation is completed; trying again does not help. */
export class FailedPreconditionError extends ApiError {
  override readonly name = 'FailedPreconditionError';
  override readonly code = 'FAILED_PRECONDITION';
}

/** Something else was going on at the same time; the whole of what the caller was about may be tried again. */
export class AbortedError extends ApiError {
  override readonly name = 'AbortedError';
  override readonly code = 'ABORTED';
}

/** Past the end, such as more audio than a stream may have. */
export class OutOfRangeError extends ApiError {
  override readonly name = 'OutOfRangeError';
  override readonly code = 'OUT_OF_RANGE';
}

/** The server does not know the method. */
export class UnimplementedError extends ApiError {
  override readonly name = 'UnimplementedError';
  override readonly code = 'UNIMPLEMENTED';
}

/** The server, or something between here and there, is broken; also an answer that cannot be read. */
export class InternalError extends ApiError {
  override readonly name = 'InternalError';
  override readonly code = 'INTERNAL';
}

/** The server cannot be reached, or is not there for the moment. */
export class UnavailableError extends ApiError {
  override readonly name = 'UnavailableError';
  override readonly code = 'UNAVAILABLE';
}

/** Data is lost for good. */
export class DataLossError extends ApiError {
  override readonly name = 'DataLossError';
  override readonly code = 'DATA_LOSS';
}

/** The call has no valid credentials. */
export class UnauthenticatedError extends ApiError {
  override readonly name = 'UnauthenticatedError';
  override readonly code = 'UNAUTHENTICATED';
}

const classes = {
  CANCELLED: CancelledError,
  UNKNOWN: UnknownError,
  INVALID_ARGUMENT: InvalidArgumentError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  NOT_FOUND: NotFoundError,
  ALREADY_EXISTS: AlreadyExistsError,
  PERMISSION_DENIED: PermissionDeniedError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  FAILED_PRECONDITION: FailedPreconditionError,
  ABORTED: AbortedError,
  OUT_OF_RANGE: OutOfRangeError,
  UNIMPLEMENTED: UnimplementedError,
  INTERNAL: InternalError,
  UNAVAILABLE: UnavailableError,
  DATA_LOSS: DataLossError,
  UNAUTHENTICATED: UnauthenticatedError,
} as const;

/** The error of a code, of that code's class. */
export function apiError(code: ErrorCode, message: string, context?: ErrorContext): ApiError {
  return new classes[code](message, context);
}

/** The code that gRPC writes as a number; UNKNOWN for a number that is none, and for OK where there is an error. */
export function codeOfNumber(number: number): ErrorCode {
  const code = CODES[number];
  return code === undefined || code === 'OK' ? 'UNKNOWN' : code;
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto, backwards, and what proxies answer. */
const codesByHttpStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [408, 'DEADLINE_EXCEEDED'],
  [409, 'ABORTED'],
  [412, 'FAILED_PRECONDITION'],
  [413, 'RESOURCE_EXHAUSTED'],
  [416, 'OUT_OF_RANGE'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
] as const);

/** The code that an HTTP status stands for where nothing else was said. */
export function codeOfHttpStatus(status: number): ErrorCode {
  const code = codesByHttpStatus.get(status);
  if (code !== undefined) return code;
  if (status >= 400 && status < 500) return 'FAILED_PRECONDITION';
  return status >= 500 ? 'INTERNAL' : 'UNKNOWN';
}

/**
 * The error that an HTTP answer is: by the google.rpc.Status in its JSON (`{ "error": { "status": "NOT_FOUND", ... } }`,
 * in a list of one where the answer is a stream) if there is one, else by its status alone.
 */
export function errorOfHttpAnswer(httpStatus: number, json: unknown, context?: ErrorContext): ApiError {
  const body = errorOfBody(json);
  const named = CODES.find((code) => code === body?.['status']);
  const code = named === undefined || named === 'OK' ? codeOfHttpStatus(httpStatus) : named;
  const message = textOf(body?.['message']) ?? `the server answered HTTP status ${httpStatus}`;
  return apiError(code, message, { ...context, httpStatus });
}

/** The details in the JSON of an HTTP answer, as they came. */
export function detailsOfHttpAnswer(json: unknown): readonly ErrorDetail[] {
  const details = errorOfBody(json)?.['details'];
  return Array.isArray(details) ? details.filter(isDetail) : [];
}

function errorOfBody(json: unknown): Readonly<Record<string, unknown>> | undefined {
  const body: unknown = Array.isArray(json) ? json[0] : json;
  if (!isObject(body) || !isObject(body['error'])) return undefined;
  return body['error'];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDetail(value: unknown): value is ErrorDetail {
  return isObject(value) && typeof value['@type'] === 'string';
}

/**
 * A request that was not sent: a field or an enum value that does not exist, a value of the wrong type, options that
 * exclude each other, a name that fits none of the method's paths.
 */
export class InvalidRequestError extends TypeError {
  override readonly name = 'InvalidRequestError';
  /** The path of the field that is to blame, such as `conversation.conversationStage`; `''` for the whole. */
  readonly field: string;

  constructor(message: string, more: { field?: string; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.field = more.field ?? '';
  }
}

/** Options from which no client can be made. */
export class ClientOptionsError extends TypeError {
  override readonly name = 'ClientOptionsError';
}
