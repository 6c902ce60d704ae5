import { constants, type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import { toBinary } from '@bufbuild/protobuf';
import type { ServiceError } from '../errors.ts';
import { WireWriter } from '../wire-writer.ts';
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
    'grpc-status-details-bin': encodeStatus(error).toString('base64'),
    // No two errors are alike: in the table that HTTP/2 compresses by, they would only push out what is.
    [sensitiveHeaders]: ['grpc-message', 'grpc-status-details-bin'],
  };
}

/**
 * An error as the only headers of an answer:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Trailers-Only.
 */
export function toTrailersOnly(error: ServiceError): OutgoingHttpHeaders {
  return { ...ANSWER_HEADERS, ...toTrailers(error) };
}

/** A google.rpc.Status with all details, without making a message of it: errors should cost no more than answers. */
function encodeStatus({ code, message, details }: ServiceError): Buffer {
  const writer = new WireWriter();
  writer.number(1, code);
  writer.string(2, message);
  for (const detail of details) {
    writer.nested(3, () => {
      writer.string(1, `type.googleapis.com/${detail.schema.typeName}`);
      writer.nested(2, () => writer.fields(toBinary(detail.schema, detail.message)));
    });
  }
  return writer.finish();
}
