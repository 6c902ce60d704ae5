import { anyTable, fromJson } from '../../codec/codec.ts';
import {
  type ApiError,
  apiError,
  detailsOfHttpAnswer,
  type ErrorDetail,
  errorOfHttpAnswer,
} from '../../errors.ts';
import type { Headers } from '../transport.ts';

/** The error that an answer is which is not what was asked for; `json` is undefined where it has none. */
export function errorOfAnswer(status: number, headers: Headers, json: unknown): ApiError {
  if (status >= 300 && status < 400) {
    const { location } = headers;
    const where = location === undefined ? '' : ` to ${location}`;
    const message = `the server answered HTTP status ${status}, a redirect${where}, which is not followed`;
    return apiError('UNKNOWN', message, { headers, httpStatus: status });
  }
  return errorOfHttpAnswer(status, json, { headers, details: detailsOfHttpAnswer(json).map(readDetail) });
}

/** As it would have come over gRPC; one that cannot be read stays as it came. */
function readDetail(detail: ErrorDetail): ErrorDetail {
  try {
    return fromJson(anyTable, detail) as ErrorDetail;
  } catch {
    return detail;
  }
}
