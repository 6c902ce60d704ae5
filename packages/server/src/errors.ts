/**
 * The catalogue: every error that the service answers, with its code, its text, a stable reason and the fields
 * that are to blame; those about automated agents stand in agent-errors.ts. Services throw only what stands there and here,
 * so that both wires and the tests have one source.
 *
 * The reasons are a promise: programs may compare them. The texts are for people and may be reworded.
 */
import { create, type DescMessage, type DescMethod, type MessageInitShape } from '@bufbuild/protobuf';
import {
  BadRequestSchema,
  Code,
  ErrorInfoSchema,
  ResourceInfoSchema,
  type Status,
  StatusSchema,
} from '@parleykit/proto/rpc';
import type { ErrorDetail } from '@parleykit/transcoding';

/** `ErrorInfo.domain` of every error: the reasons are ours, not Google's. */
export const ERROR_DOMAIN = 'parley';

/** A field of the request, by its path in proto spelling, and what is wrong with it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** An error with a meaning to the caller. Everything else that is thrown is a fault of the server: INTERNAL. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: Code;
  readonly reason: string;
  readonly #details: readonly ErrorDetail[];
  readonly #metadata: Readonly<Record<string, string>>;

  constructor(
    code: Code,
    reason: string,
    message: string,
    more: {
      details?: readonly ErrorDetail[];
      metadata?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    // An answer, not a fault: nobody asks where it was made, and to find that out is the dearest part of making it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    // Texts repeat what callers sent; a lone surrogate in them can be put on neither wire.
    super(message.toWellFormed(), more.cause === undefined ? undefined : { cause: more.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.reason = reason;
    this.#details = more.details ?? [];
    this.#metadata = more.metadata ?? {};
  }

  /** What goes out beside code and message, the reason first: https://google.aip.dev/193 */
  get details(): readonly ErrorDetail[] {
    const metadata = wellFormed(this.#metadata);
    const info = detail(ErrorInfoSchema, { reason: this.reason, domain: ERROR_DOMAIN, metadata });
    return [info, ...this.#details];
  }

  /**
   * As it stands in a message, such as an operation or a SuggestionResult: without details. Over REST, Google's Node client
   * reads no message with a detail in it, since no API of its knows their types.
   */
  toStatus(): Status {
    return create(StatusSchema, { code: this.code, message: this.message });
  }
}

function detail<Schema extends DescMessage>(schema: Schema, init: MessageInitShape<Schema>): ErrorDetail {
  return { schema, message: create(schema, init) };
}

function wellFormed(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, value.toWellFormed()]));
}

export const QUOTE_LENGTH_MAX = 200;
export const DESCRIPTION_LENGTH_MAX = 400;
const VIOLATION_BYTES_MAX = 1500;

/** Keeps what callers sent from making an error larger than their request. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text, QUOTE_LENGTH_MAX));
}

export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

// Arguments

/**
 * One error for all that is wrong with the arguments, as far as it fits: over gRPC an error travels in trailers, of
 * which many clients take no more than 8 KiB.
 */
export function invalidArgument(reason: string, violations: readonly FieldViolation[]): ServiceError {
  const fieldViolations: FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const field = shorten(violation.field, QUOTE_LENGTH_MAX).toWellFormed();
    const description = shorten(violation.description, DESCRIPTION_LENGTH_MAX).toWellFormed();
    bytes += Buffer.byteLength(field) + Buffer.byteLength(description);
    if (bytes > VIOLATION_BYTES_MAX && fieldViolations.length > 0) break;
    fieldViolations.push({ field, description });
  }
  const texts = fieldViolations.map(({ field, description }) =>
    field ? `${field}: ${description}` : description,
  );
  const rest = violations.length - fieldViolations.length;
  const text = shorten(texts.join('; '), DESCRIPTION_LENGTH_MAX) + (rest > 0 ? `; and ${rest} more` : '');
  return new ServiceError(Code.INVALID_ARGUMENT, reason, text, {
    details: [detail(BadRequestSchema, { fieldViolations })],
  });
}

export function fieldInvalid(field: string, description: string): ServiceError {
  return invalidArgument('FIELD_INVALID', [{ field, description }]);
}

export function fieldsRequired(fields: readonly string[]): ServiceError {
  return invalidArgument(
    'FIELD_REQUIRED',
    fields.map((field) => ({ field, description: 'is required' })),
  );
}

export function requestUndecodable(typeName: string, cause: unknown): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'REQUEST_UNDECODABLE',
    `the request is not a valid encoding of ${typeName}`,
    { cause },
  );
}

/** Before it was decoded, so that no field is named. */
export function tooManyFields(limit: number): ServiceError {
  const description = `the request holds more than ${limit} fields`;
  return invalidArgument('REQUEST_INVALID', [{ field: '', description }]);
}

export function resourceNameInvalid(field: string, value: string, patterns: readonly string[]): ServiceError {
  const expected = patterns.join(' or ');
  return invalidArgument('RESOURCE_NAME_INVALID', [
    { field, description: `${quote(value)} does not have the form ${expected}` },
  ]);
}

export function customIdInvalid(field: string, value: string): ServiceError {
  return invalidArgument('RESOURCE_ID_INVALID', [
    {
      field,
      description: `${quote(value)} is not an id: 3 to 64 letters, digits, '_' or '-', a letter first`,
    },
  ]);
}

export function pageTokenInvalid(): ServiceError {
  return invalidArgument('PAGE_TOKEN_INVALID', [
    { field: 'page_token', description: 'is not a token that this method gave out for these arguments' },
  ]);
}

export function pageSizeNegative(): ServiceError {
  return invalidArgument('PAGE_SIZE_NEGATIVE', [{ field: 'page_size', description: 'must not be negative' }]);
}

/** The description says where: `syntax error at column 9: expected a value`. */
export function filterInvalid(description: string): ServiceError {
  return invalidArgument('FILTER_INVALID', [{ field: 'filter', description }]);
}

export function batchTooLarge(size: number, limit: number): ServiceError {
  return invalidArgument('BATCH_TOO_LARGE', [
    { field: 'requests', description: `holds ${size} messages; at most ${limit} are allowed in one batch` },
  ]);
}

export function batchParentMismatch(field: string, parent: string): ServiceError {
  return invalidArgument('BATCH_PARENT_MISMATCH', [
    { field, description: `must be empty or the parent of the batch, ${quote(parent)}` },
  ]);
}

export function participantOfOtherConversation(field: string, participant: string, conversation: string) {
  return invalidArgument('PARTICIPANT_OF_OTHER_CONVERSATION', [
    { field, description: `${quote(participant)} is not a participant of ${quote(conversation)}` },
  ]);
}

// Resources

export function notFound(type: string, name: string): ServiceError {
  return new ServiceError(Code.NOT_FOUND, 'RESOURCE_NOT_FOUND', `${type} ${quote(name)} does not exist`, {
    metadata: { resourceType: type, resourceName: name },
    details: [resourceInfo(type, name)],
  });
}

export function alreadyExists(type: string, name: string): ServiceError {
  return new ServiceError(
    Code.ALREADY_EXISTS,
    'RESOURCE_ALREADY_EXISTS',
    `${type} ${quote(name)} exists already`,
    { metadata: { resourceType: type, resourceName: name }, details: [resourceInfo(type, name)] },
  );
}

function resourceInfo(type: string, name: string) {
  return detail(ResourceInfoSchema, {
    resourceType: `dialogflow.googleapis.com/${type}`,
    resourceName: name.toWellFormed(),
  });
}

/** Nothing here reads or writes files of others. */
export function cloudStorageUnsupported(field: string, instead: string): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'CLOUD_STORAGE_UNSUPPORTED',
    `${field} names a file in Cloud Storage, which this server does not read: send ${instead}`,
    { metadata: { field } },
  );
}

export function conversationCompleted(name: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'CONVERSATION_COMPLETED',
    `Conversation ${quote(name)} is completed and takes nothing new`,
    { metadata: { resourceName: name } },
  );
}

/** Cancel the one that runs, or wait for it. */
export function operationInProgress(subject: string): ServiceError {
  return new ServiceError(
    Code.ABORTED,
    'OPERATION_IN_PROGRESS',
    `another operation about ${quote(subject)} is running: wait for it or cancel it`,
    { metadata: { subject } },
  );
}

/** A server that is not for development has no time and no state that callers can move. */
export function developmentOff(): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'DEVELOPMENT_OFF',
    'clocks, resets and snapshots are for development: start the server with --dev',
  );
}

/** The clock has moved, and so has all else that was due. */
export function dueFailed(project: string, count: number): ServiceError {
  return new ServiceError(
    Code.ABORTED,
    'DUE_FAILED',
    `the clock of project ${quote(project)} has moved, but ${count} of the things that are due failed: they are tried again, and the log says why`,
    { metadata: { project } },
  );
}

export function locationUnknown(location: string): ServiceError {
  return invalidArgument('LOCATION_UNKNOWN', [
    { field: 'parent', description: `${quote(location)} is not a location of this server` },
  ]);
}

// HTTP, before there is a call. Where HTTP has its own status for one of these, transport/http-answer.ts knows it.

export function requestMalformed(description: string): ServiceError {
  return new ServiceError(Code.INVALID_ARGUMENT, 'REQUEST_MALFORMED', description);
}

export function hostInvalid(): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'HOST_INVALID',
    'the request needs one Host header: a name or an address, and its port',
  );
}

export function hostNotAllowed(host: string): ServiceError {
  return new ServiceError(
    Code.PERMISSION_DENIED,
    'HOST_NOT_ALLOWED',
    `this server does not go by the name ${quote(host)}: if it should, start it with --allowed-host ${shorten(host, QUOTE_LENGTH_MAX)}`,
    { metadata: { host: shorten(host, QUOTE_LENGTH_MAX) } },
  );
}

/** Without an origin for what a browser says comes from elsewhere, and does not say from where. */
export function originNotAllowed(origin: string | undefined): ServiceError {
  const shown = shorten(origin ?? '', QUOTE_LENGTH_MAX);
  const text =
    origin === undefined || origin === 'null'
      ? 'a page of another origin may call this server only with an Origin that --cors-origin names'
      : `pages of ${quote(origin)} may not call this server: if they should, start it with --cors-origin ${shown}`;
  return new ServiceError(Code.PERMISSION_DENIED, 'ORIGIN_NOT_ALLOWED', text, {
    metadata: { origin: shown },
  });
}

export function contentTypeUnsupported(type: string | undefined): ServiceError {
  const got = type === undefined ? 'no content type' : quote(type);
  return invalidArgument('CONTENT_TYPE_UNSUPPORTED', [
    { field: '', description: `the body must be application/json in UTF-8, not ${got}` },
  ]);
}

export function contentEncodingUnsupported(encoding: string): ServiceError {
  return invalidArgument('CONTENT_ENCODING_UNSUPPORTED', [
    { field: '', description: `the body must not be compressed: content-encoding is ${quote(encoding)}` },
  ]);
}

export function transferEncodingUnsupported(encoding: string): ServiceError {
  return invalidArgument('TRANSFER_ENCODING_UNSUPPORTED', [
    { field: '', description: `transfer-encoding must be chunked, not ${quote(encoding)}` },
  ]);
}

/** Over HTTP this is 417. */
export function expectationUnsupported(expectation: string): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'EXPECTATION_UNSUPPORTED',
    `nothing but 100-continue can be expected, not ${quote(expectation)}`,
  );
}

/** Over HTTP this is 431. */
export function headersTooLarge(limit: number): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'HEADERS_TOO_LARGE',
    `the URL and the headers together are larger than ${limit} bytes`,
  );
}

/** Over HTTP this is 408. */
export function requestTimeout(): ServiceError {
  return new ServiceError(
    Code.DEADLINE_EXCEEDED,
    'REQUEST_TIMEOUT',
    'the request did not arrive whole in time; nothing of it was done',
  );
}

export function tunnelUnsupported(): ServiceError {
  return new ServiceError(Code.UNIMPLEMENTED, 'TUNNEL_UNSUPPORTED', 'this server is no proxy');
}

// The service itself

export function methodUnimplemented(method: DescMethod): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'METHOD_UNIMPLEMENTED',
    `${method.parent.typeName}.${method.name} is not implemented by this server`,
  );
}

export function fieldUnimplemented(field: string): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'FIELD_UNIMPLEMENTED',
    `${field} is not implemented by this server: leave it empty`,
    { metadata: { field } },
  );
}

/** What would need speech to be understood or spoken. */
export function speechNotConfigured(field: string): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'SPEECH_NOT_CONFIGURED',
    `${field} needs speech, which this server neither understands nor speaks: send text_input, or text_config`,
    { metadata: { field } },
  );
}

export function routeUnknown(verb: string, path: string): ServiceError {
  return new ServiceError(Code.NOT_FOUND, 'ROUTE_UNKNOWN', `no method answers ${verb} ${quote(path)}`);
}

/** Over HTTP this is 405, which no gRPC code stands for. */
export function verbNotAllowed(verb: string, path: string, allow: readonly string[]): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'VERB_NOT_ALLOWED',
    `${quote(path)} answers ${allow.join(', ')}, not ${verb}`,
  );
}

export function tooManyConflicts(cause: unknown): ServiceError {
  return new ServiceError(
    Code.ABORTED,
    'TOO_MANY_CONFLICTS',
    'other calls kept changing the same resource: try again',
    { cause },
  );
}

/** Over HTTP this is 413. */
export function requestTooLarge(limit: number): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'REQUEST_TOO_LARGE',
    `the request is larger than ${limit} bytes`,
  );
}

/** For the wire's own faults: what came was no request yet, so no field is to blame. */
function framingInvalid(reason: string, message: string): ServiceError {
  return new ServiceError(Code.INVALID_ARGUMENT, reason, message);
}

export function timeoutInvalid(value: string): ServiceError {
  return framingInvalid(
    'TIMEOUT_INVALID',
    `grpc-timeout ${quote(value)} is not up to 8 digits with one of H, M, S, m, u, n behind them`,
  );
}

export function messageFlagInvalid(flag: number): ServiceError {
  return framingInvalid(
    'MESSAGE_FLAG_INVALID',
    flag === 1
      ? 'a message is flagged as compressed, and grpc-encoding does not say how'
      : `a message begins with the flag ${flag}; only 0 and 1 are known`,
  );
}

export function messageTruncated(): ServiceError {
  return framingInvalid('MESSAGE_TRUNCATED', 'the request ended within a message');
}

export function messageCorrupt(encoding: string, cause: unknown): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'MESSAGE_CORRUPT',
    `a message could not be decompressed as ${encoding}`,
    { cause },
  );
}

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md asks for this code where the number is wrong. */
export function messageCountInvalid(): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'MESSAGE_COUNT_INVALID',
    'the method takes exactly one request message',
  );
}

export function requestAbsent(): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'REQUEST_ABSENT',
    'the stream of requests ended before its first message',
  );
}

export function encodingUnsupported(encoding: string): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'ENCODING_UNSUPPORTED',
    `grpc-encoding ${quote(encoding)} is not known here`,
  );
}

export function pathUnknown(path: string): ServiceError {
  return new ServiceError(Code.UNIMPLEMENTED, 'METHOD_UNKNOWN', `there is no method ${quote(path)}`);
}

export function deadlineExceeded(): ServiceError {
  return new ServiceError(
    Code.DEADLINE_EXCEEDED,
    'DEADLINE_EXCEEDED',
    'the deadline of the call passed before it was answered',
  );
}

/** For the log alone: nobody is there to read it. */
export function callerGone(): ServiceError {
  return new ServiceError(Code.CANCELLED, 'CALLER_GONE', 'the caller went away before it was answered');
}

/** Nothing of the call was done; it may be sent again. */
export function tooMuchUnderWay(): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'TOO_MUCH_UNDER_WAY',
    'requests and replies under way hold too much memory: try again later',
  );
}

export function serviceUnknown(service: string): ServiceError {
  return new ServiceError(Code.NOT_FOUND, 'SERVICE_UNKNOWN', `there is no service ${quote(service)}`);
}

/** Ends streams that would otherwise last as long as the server. */
export function serverStopping(): ServiceError {
  return new ServiceError(Code.UNAVAILABLE, 'SERVER_STOPPING', 'the server is stopping');
}

/** Nothing of the call was stored; it may be sent again. */
export function writeQueueFull(): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'WRITE_QUEUE_FULL',
    'too many writes are waiting for the disk: try again later',
  );
}

/** Nothing of the call was stored; it may be sent again. */
export function storeUnavailable(cause: unknown): ServiceError {
  return new ServiceError(
    Code.UNAVAILABLE,
    'STORE_UNAVAILABLE',
    'the store could not take the write; nothing of it was kept',
    { cause },
  );
}

/** What a fault of the server looks like outside: nothing of the inside, but the id under which it was logged. */
export function internal(requestId: string): ServiceError {
  return new ServiceError(Code.INTERNAL, 'INTERNAL', `internal error (request ${requestId})`, {
    metadata: { requestId },
  });
}
