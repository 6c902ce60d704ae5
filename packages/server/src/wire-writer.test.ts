import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ListMessagesResponseSchema, MessageSchema } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { toTimestamp } from './clock.ts';
import { WireWriter } from './wire-writer.ts';

describe('WireWriter', () => {
  it('writes what the codec writes, whatever the lengths', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: fc.string({ unit: 'grapheme', maxLength: 300 }),
            content: fc.string({ maxLength: 40_000 }),
            time: fc.integer({ min: 0, max: 4_102_444_800_000_000 }),
          }),
          { maxLength: 5 },
        ),
        fc.string(),
        (messages, nextPageToken) => {
          const writer = new WireWriter();
          for (const { name, content, time } of messages) {
            writer.nested(1, () => {
              const bytes = Buffer.from(name);
              const cut = Math.floor(bytes.length / 3);
              if (time % 2 === 0) writer.string(1, name);
              else if (name !== '') writer.joined(1, bytes.subarray(0, cut), bytes, cut);
              const rest = Buffer.from(toBinary(MessageSchema, create(MessageSchema, { content })));
              if (time % 3 === 0) writer.fields(rest);
              else writer.fieldsFrom(rest, 0, rest.length);
              writer.timestamp(6, time);
            });
          }
          writer.string(2, nextPageToken);
          const expected = create(ListMessagesResponseSchema, {
            messages: messages.map(({ name, content, time }) => ({
              name,
              content,
              createTime: toTimestamp(time),
            })),
            nextPageToken,
          });
          assert.deepEqual(
            Buffer.from(writer.finish()),
            Buffer.from(toBinary(ListMessagesResponseSchema, expected)),
          );
        },
      ),
    );
  });

  it('leaves out empty strings, as proto3 does', () => {
    const writer = new WireWriter();
    writer.string(1, '');
    assert.equal(writer.finish().byteLength, 0);
    assert.equal(fromBinary(MessageSchema, writer.finish()).name, '');
  });
});
