import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { BatchCreateMessagesRequestSchema } from '@parleykit/proto/v2beta1';
import { REQUEST_FIELDS_MAX } from '../limits.ts';
import { requireFewFields } from './count-fields.ts';

const REFUSED = { reason: 'REQUEST_INVALID' };

describe('requireFewFields()', () => {
  it('lets the largest batch through', () => {
    const message = {
      participant: 'p'.repeat(100),
      content: 'x'.repeat(300),
      languageCode: 'en',
      sendTime: {},
    };
    const requests = Array.from({ length: 1000 }, () => ({ parent: 'p'.repeat(100), message }));
    const bytes = toBinary(
      BatchCreateMessagesRequestSchema,
      create(BatchCreateMessagesRequestSchema, { requests }),
    );
    assert.ok(bytes.byteLength > 200_000);
    requireFewFields(BatchCreateMessagesRequestSchema, bytes);
  });

  it('refuses many empty messages', () => {
    const bytes = Buffer.alloc(2 * (REQUEST_FIELDS_MAX + 1));
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x12;
    assert.throws(() => requireFewFields(BatchCreateMessagesRequestSchema, bytes), REFUSED);
  });

  it('refuses many fields that are not known', () => {
    const bytes = Buffer.alloc(2 * (REQUEST_FIELDS_MAX + 1), Buffer.of(0x78, 0x00));
    assert.throws(() => requireFewFields(BatchCreateMessagesRequestSchema, bytes), REFUSED);
  });

  it('counts inside the values of maps', () => {
    const inner: JsonObject = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, 0]));
    const bytes = toBinary(StructSchema, create(StructSchema, { fields: {} }));
    assert.doesNotThrow(() => requireFewFields(StructSchema, bytes));
    const entry = (value: Buffer): Buffer => Buffer.concat([Buffer.of(0x0a), varint(value.length), value]);
    const fields = Object.keys(inner).map((key) => {
      const name = Buffer.from(key);
      const value = Buffer.concat([Buffer.of(0x12, 9, 0x11), Buffer.alloc(8)]);
      return entry(Buffer.concat([Buffer.of(0x0a, name.length), name, value]));
    });
    const flat = Buffer.concat(fields);
    assert.equal(Object.keys(fromBinary(StructSchema, flat).fields).length, 40_000);
    assert.throws(() => requireFewFields(StructSchema, flat), REFUSED);
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
