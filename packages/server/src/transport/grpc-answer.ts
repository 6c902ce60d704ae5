import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { toBinary } from '@bufbuild/protobuf';
import { StatusSchema } from '@parleykit/proto/rpc';
import type { ServiceError } from '../errors.ts';
import { ACCEPTED_ENCODINGS } from './grpc-messages.ts';

/** The headers of an answer that has messages, or might have some. */
export const ANSWER_HEADERS: OutgoingHttpHeaders = {
  [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
};

/** The last headers of an answer that went well. */
export const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' };

/** An error as the last headers of an answer. */
export function toTrailers(error: ServiceError): OutgoingHttpHeaders {
  return {
    'grpc-status': error.code,
    'grpc-message': encodeURI(error.message.toWellFormed()),
    'grpc-status-details-bin': Buffer.from(toBinary(StatusSchema, error.toStatus())).toString('base64'),
  };
}

/**
 * An error as the only headers of an answer:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Trailers-Only.
 */
export function toTrailersOnly(error: ServiceError): OutgoingHttpHeaders {
  return { ...ANSWER_HEADERS, ...toTrailers(error) };
}
