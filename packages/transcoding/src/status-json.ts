import { type JsonValue, type Registry, toJson } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { Code, type Status } from '@parleykit/proto/rpc';

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

/**
 * The JSON body of a failed call, whose `code` is the HTTP status and whose `status` the name of the
 * google.rpc.Code. A detail that the registry cannot read is left out: the error that it belongs to is worth
 * more than the failure to write it. The HTTP status is the code's, where the caller knows no better one (405).
 * https://google.aip.dev/193#http11json-representation
 */
export function errorBody(
  status: Status,
  registry: Registry,
  httpStatus: number = httpStatusOf(status.code),
): string {
  const details = status.details.flatMap((detail) => encodeDetail(detail, registry));
  const error = {
    code: httpStatus,
    message: status.message,
    status: Code[isCode(status.code) ? status.code : Code.UNKNOWN],
    ...(details.length > 0 && { details }),
  };
  return JSON.stringify({ error });
}

function encodeDetail(detail: Any, registry: Registry): JsonValue[] {
  try {
    return [toJson(AnySchema, detail, { registry })];
  } catch {
    return [];
  }
}
