import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { AgentSessionSchema } from '@parleykit/proto/stored';
import {
  AnalyzeContentResponseSchema,
  ConversationSchema,
  IntentSchema,
  MessageSchema,
  QueryResultSchema,
  SentimentAnalysisResultSchema,
} from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { encodeMessage } from './message-writer.ts';

const DEPTH_MAX = 4;

const texts = fc.oneof(
  fc.constant(''),
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ minLength: 40, maxLength: 300 }),
  fc.constantFrom('\ud800', 'ü', '__proto__', 'a'.repeat(48), 'a'.repeat(49)),
);
const structs = fc.dictionary(texts, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });

/** Any value of a field: of messages, those that are nested no deeper than a bound. */
function anyValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if ('message' in field && field.message !== undefined) {
    if (field.message.typeName === 'google.protobuf.Struct') return structs;
    return anyMessage(field.message, depth + 1);
  }
  if ('enum' in field && field.enum !== undefined) return fc.integer({ min: -3, max: 200 });
  switch ('scalar' in field ? field.scalar : undefined) {
    case ScalarType.STRING:
      return texts;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.INT32:
      return fc.oneof(fc.constant(0), fc.integer());
    case ScalarType.UINT32:
      return fc.nat();
    case ScalarType.INT64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.FLOAT:
      return fc.oneof(fc.constantFrom(0, -0), fc.float());
    case ScalarType.DOUBLE:
      return fc.oneof(fc.constantFrom(0, -0), fc.double());
    default:
      throw new Error(`${field} is of a kind that no field here is of`);
  }
}

function anyMessage(schema: DescMessage, depth = 0): fc.Arbitrary<Message> {
  const fields = schema.fields.filter((field) => {
    const of = 'message' in field ? field.message?.typeName : undefined;
    // Within a Value, a Struct is no plain object, as it is everywhere else.
    return of === undefined || (depth < DEPTH_MAX && of !== 'google.protobuf.Value');
  });
  return fc
    .subarray(fields, { maxLength: Math.min(6, fields.length) })
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map((field): fc.Arbitrary<readonly [DescField, unknown]> => {
          const value = anyValue(field, depth);
          const values =
            field.fieldKind === 'list'
              ? fc.array(value, { maxLength: 3 })
              : field.fieldKind === 'map'
                ? fc.dictionary(texts, value, { maxKeys: 3 })
                : value;
          return values.map((each) => [field, each] as const);
        }),
      ),
    )
    .map((values) => {
      const message = create(schema);
      for (const [field, value] of values) {
        const { localName, oneof } = field;
        Object.assign(
          message,
          oneof === undefined ? { [localName]: value } : { [oneof.localName]: { case: localName, value } },
        );
      }
      return message;
    });
}

describe('encodeMessage()', () => {
  const schemas: readonly DescMessage[] = [
    AgentSessionSchema,
    AnalyzeContentResponseSchema,
    ConversationSchema,
    IntentSchema,
    MessageSchema,
    QueryResultSchema,
    SentimentAnalysisResultSchema,
    TimestampSchema,
  ];
  for (const schema of schemas) {
    it(`makes of any ${schema.name} what the library makes of it`, () => {
      fc.assert(
        fc.property(anyMessage(schema), (message) => {
          assert.deepEqual(
            Buffer.from(encodeMessage(schema, message)),
            Buffer.from(toBinary(schema, message)),
          );
        }),
      );
    });
  }

  it('keeps fields that nobody knows', () => {
    const message = create(MessageSchema, { content: 'words' });
    message.$unknown = [{ no: 1000, wireType: 0, data: Uint8Array.of(7) }];
    assert.deepEqual(
      Buffer.from(encodeMessage(MessageSchema, message)),
      Buffer.from(toBinary(MessageSchema, message)),
    );
  });
});
