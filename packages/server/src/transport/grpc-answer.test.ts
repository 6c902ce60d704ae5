import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { StatusSchema } from '@parleykit/proto/rpc';
import { fieldsRequired, internal, notFound, pathUnknown } from '../errors.ts';
import { toTrailers } from './grpc-answer.ts';

describe('toTrailers()', () => {
  const errors = [
    notFound('Conversation', 'projects/p/conversations/c'),
    fieldsRequired(['parent', 'conversation.conversation_profile']),
    internal('request-1'),
    pathUnknown('/ein.Dienst/Für é \u{1F600} \n % 100'),
  ];
  for (const error of errors) {
    it(`carries ${error.reason} with all its details`, () => {
      const trailers = toTrailers(error);
      const packed = new Uint8Array(Buffer.from(String(trailers['grpc-status-details-bin']), 'base64'));
      const { code, message } = error;
      const details = error.details.map((each) => anyPack(each.schema, each.message));
      assert.deepEqual(fromBinary(StatusSchema, packed), create(StatusSchema, { code, message, details }));
      assert.equal(trailers['grpc-status'], error.code);
      assert.equal(decodeURIComponent(String(trailers['grpc-message'])), error.message);
      assert.match(String(trailers['grpc-message']), /^[ -~]*$/u);
    });
  }
});
