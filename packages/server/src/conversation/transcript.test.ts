import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { ListMessagesResponseSchema, MessageSchema, Participant_Role } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { toTimestamp } from '../clock.ts';
import { ResourceName } from '../resource-names.ts';
import { decodeEntries, encodeEntries, entryOffsets, setCreateTime } from '../storage/message-entries.ts';
import { WireWriter } from '../wire-writer.ts';
import { encodeMessageBodies, writeMessages } from './transcript.ts';

const conversation = new ResourceName('p', 'global', 'conversations/c');
const { AUTOMATED_AGENT } = Participant_Role;

const told = fc.record({
  speaker: fc.constantFrom('a', 'bcd', 'bce', '0abcdefghijklmnopqrst1'),
  content: fc.oneof(fc.string(), fc.string({ minLength: 100, maxLength: 20_000 })),
  id: fc.option(fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/u), { nil: undefined }),
});
const batch = fc.record({
  createTime: fc.integer({ min: 1, max: 4_102_444_800_000_000 }),
  messages: fc.oneof(
    fc.array(told, { maxLength: 3 }),
    fc.array(told, { minLength: 9, maxLength: 120, size: 'max' }),
  ),
});

describe('writeMessages()', () => {
  it('writes what the codec would, whoever speaks, however long the batch', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const writer = new WireWriter();
        const stored = batches.flatMap(({ createTime, messages }) => {
          const bodies = encodeMessageBodies(
            messages.map(({ content }) =>
              create(MessageSchema, {
                content,
                participantRole: AUTOMATED_AGENT,
                name: 'not',
                participant: 'kept',
              }),
            ),
          );
          const entries = encodeEntries(
            messages.map(({ speaker, id }, index) => ({
              participant: speaker,
              ...(id !== undefined && { id }),
              body: bodies[index] ?? new Uint8Array(),
            })),
          );
          for (const at of entryOffsets(entries).slice(0, -1)) setCreateTime(entries, at, createTime);
          // As a page has them: the newest first.
          return decodeEntries(entries).toReversed();
        });
        writeMessages(writer, ListMessagesResponseSchema.field.messages.number, conversation, stored);
        const expected = batches.flatMap(({ createTime, messages }) =>
          messages
            .map(({ speaker, content, id }, position) =>
              create(MessageSchema, {
                name: `${conversation}/messages/${id ?? `${createTime}-${position}`}`,
                participant: `${conversation}/participants/${speaker}`,
                participantRole: AUTOMATED_AGENT,
                createTime: toTimestamp(createTime),
                content,
              }),
            )
            .toReversed(),
        );
        assert.deepEqual(fromBinary(ListMessagesResponseSchema, writer.finish()).messages, expected);
      }),
      { numRuns: 200 },
    );
  });
});
