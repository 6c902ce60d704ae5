import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { toBinary } from '@bufbuild/protobuf';
import { Metadata, type status } from '@grpc/grpc-js';
import { StatusSchema } from '@parleykit/proto/rpc';
import type { ServiceError } from '../errors.ts';
import { ACCEPTED_ENCODINGS } from './grpc-messages.ts';

/** The trailer that carries a whole google.rpc.Status. */
export const DETAILS_TRAILER = 'grpc-status-details-bin';

/** An error as grpc-js takes it. */
export function toGrpcError(error: ServiceError) {
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(toBinary(StatusSchema, error.toStatus())));
  return { code: error.code as number as status, details: error.message, metadata };
}

/** An error as the last headers of an answer. */
export function toTrailers(error: ServiceError): OutgoingHttpHeaders {
  return {
    'grpc-status': error.code,
    'grpc-message': encodeURI(error.message),
    [DETAILS_TRAILER]: Buffer.from(toBinary(StatusSchema, error.toStatus())).toString('base64'),
  };
}

/**
 * An error as the only headers of an answer:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Trailers-Only.
 */
export function toTrailersOnly(error: ServiceError): OutgoingHttpHeaders {
  return {
    [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
    'grpc-accept-encoding': ACCEPTED_ENCODINGS,
    ...toTrailers(error),
  };
}
