import { type DescMessage, type JsonObject, type Message, toJson } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const httpStatuses: Readonly<Record<Code, number>> = {
  [Code.OK]: 200,
  [Code.CANCELLED]: 499,
  [Code.UNKNOWN]: 500,
  [Code.INVALID_ARGUMENT]: 400,
  [Code.DEADLINE_EXCEEDED]: 504,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.PERMISSION_DENIED]: 403,
  [Code.UNAUTHENTICATED]: 401,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.ABORTED]: 409,
  [Code.OUT_OF_RANGE]: 400,
  [Code.UNIMPLEMENTED]: 501,
  [Code.INTERNAL]: 500,
  [Code.UNAVAILABLE]: 503,
  [Code.DATA_LOSS]: 500,
};

function isCode(code: number): code is Code {
  return Object.hasOwn(httpStatuses, code);
}

/** The HTTP status for a google.rpc.Code; 500 for a number that is none. */
export function httpStatusOf(code: number): number {
  return isCode(code) ? httpStatuses[code] : httpStatuses[Code.UNKNOWN];
}

/** A message that tells more of an error, such as a google.rpc.BadRequest. Its JSON must be an object. */
export interface ErrorDetail {
  readonly schema: DescMessage;
  readonly message: Message;
}

/** What a google.rpc.Status holds, with its details not packed yet. */
export interface ErrorStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

/**
 * The JSON body of a failed call, whose `code` is the HTTP status and whose `status` the name of the
 * google.rpc.Code. The HTTP status is the code's, where the caller knows no better one (405).
 * https://google.aip.dev/193#http11json-representation
 */
export function errorBody(status: ErrorStatus, httpStatus: number = httpStatusOf(status.code)): string {
  const error = {
    code: httpStatus,
    message: status.message,
    status: Code[isCode(status.code) ? status.code : Code.UNKNOWN],
    // Nothing is written of what is undefined.
    details: status.details.length > 0 ? status.details.map(encodeDetail) : undefined,
  };
  return JSON.stringify({ error });
}

/** As it would stand in a google.protobuf.Any. */
function encodeDetail({ schema, message }: ErrorDetail): JsonObject {
  const json = toJson(schema, message) as JsonObject;
  json['@type'] = `type.googleapis.com/${schema.typeName}`;
  return json;
}
