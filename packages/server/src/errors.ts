/**
 * The catalogue: every error that the service answers, with its code, its text, a stable reason and the fields
 * that are to blame. Services throw only what stands here, so that both wires and the tests have one source.
 *
 * The reasons are a promise: programs may compare them. The texts are for people and may be reworded.
 */
import { create, type DescMethod, type Message } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  BadRequestSchema,
  Code,
  ErrorInfoSchema,
  ResourceInfoSchema,
  type Status,
  StatusSchema,
} from '@parleykit/proto/rpc';

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
  readonly #details: readonly Message[];
  readonly #metadata: Readonly<Record<string, string>>;

  constructor(
    code: Code,
    reason: string,
    message: string,
    more: { details?: readonly Message[]; metadata?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    // Texts repeat what callers sent; a lone surrogate in them can be put on neither wire.
    super(message.toWellFormed(), more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.reason = reason;
    this.#details = more.details ?? [];
    this.#metadata = more.metadata ?? {};
  }

  /** As it goes out: https://google.aip.dev/193 */
  toStatus(): Status {
    const info = create(ErrorInfoSchema, {
      reason: this.reason,
      domain: ERROR_DOMAIN,
      metadata: wellFormed(this.#metadata),
    });
    return create(StatusSchema, {
      code: this.code,
      message: this.message,
      details: [anyPack(ErrorInfoSchema, info), ...this.#details.map(packDetail)],
    });
  }
}

function packDetail(detail: Message) {
  const schema = [BadRequestSchema, ResourceInfoSchema].find((known) => known.typeName === detail.$typeName);
  if (schema === undefined) throw new Error(`no schema for the error detail ${detail.$typeName}`);
  return anyPack(schema, detail as never);
}

function wellFormed(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, value.toWellFormed()]));
}

const QUOTE_LENGTH_MAX = 200;
const DESCRIPTION_LENGTH_MAX = 400;
const VIOLATION_BYTES_MAX = 1500;

/** Keeps what callers sent from making an error larger than their request. */
function quote(text: string): string {
  return JSON.stringify(shorten(text, QUOTE_LENGTH_MAX));
}

function shorten(text: string, length: number): string {
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
    details: [create(BadRequestSchema, { fieldViolations })],
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

export function automatedAgentAbsent(profile: string): ServiceError {
  return invalidArgument('AUTOMATED_AGENT_ABSENT', [
    {
      field: 'conversation.conversation_stage',
      description: `must not be VIRTUAL_AGENT_STAGE: ${quote(profile)} has no automated_agent_config`,
    },
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
  return create(ResourceInfoSchema, {
    resourceType: `dialogflow.googleapis.com/${type}`,
    resourceName: name.toWellFormed(),
  });
}

export function conversationCompleted(name: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'CONVERSATION_COMPLETED',
    `Conversation ${quote(name)} is completed and takes nothing new`,
    { metadata: { resourceName: name } },
  );
}

// The service itself

export function methodUnimplemented(method: DescMethod): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'METHOD_UNIMPLEMENTED',
    `${method.parent.typeName}.${method.name} is not implemented by this server`,
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

export function requestTooLarge(limit: number): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'REQUEST_TOO_LARGE',
    `the request is larger than ${limit} bytes`,
  );
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
