import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchCreateMessagesRequest,
  Conversation,
  CreateConversationRequest,
  ListMessagesRequest,
  ListMessagesResponse,
  Message,
  Operation,
  Status,
  UpdateConversationProfileRequest,
} from '../../gen/tables.js';
import { InvalidRequestError } from '../errors.ts';
import {
  anyTable,
  CodecError,
  checkMessage,
  decodeMessage,
  encodeMessage,
  fromJson,
  messageTable,
  toJson,
} from './codec.ts';
import { kind, kindTable } from './kinds.test.fixture.ts';

const tableOfKind = (name: string) => kindTable(kind(name));
const singles = tableOfKind('Singles');
const optionals = tableOfKind('Optionals');
const choices = tableOfKind('Choices');
const lists = tableOfKind('Lists');
const maps = tableOfKind('Maps');
const message = messageTable(Message);

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** A member of what a message is read as; the types of answers are not looked at here. */
function member(answer: object, name: string): unknown {
  return (answer as Record<string, unknown>)[name];
}

describe('decodeMessage() and fromJson()', () => {
  it('fill in what was not sent', () => {
    const expected = {
      name: '',
      lifecycleState: 'LIFECYCLE_STATE_UNSPECIFIED',
      conversationProfile: '',
      phoneNumber: undefined,
      startTime: undefined,
      endTime: undefined,
      conversationStage: 'CONVERSATION_STAGE_UNSPECIFIED',
      telephonyConnectionInfo: undefined,
      initialConversationProfile: undefined,
      ingestedContextReferences: {},
      initialGeneratorContexts: {},
    };
    const table = messageTable(Conversation);
    assert.deepStrictEqual(decodeMessage(table, new Uint8Array()), expected);
    assert.deepStrictEqual(fromJson(table, {}), expected);
    const nulls = Object.fromEntries(Object.keys(expected).map((name) => [name, null]));
    assert.deepStrictEqual(fromJson(table, nulls), expected);
  });

  it('make every answer anew', () => {
    const table = messageTable(ListMessagesResponse);
    const first = decodeMessage(table, new Uint8Array()) as { messages: unknown[] };
    first.messages.push(1);
    assert.deepStrictEqual(decodeMessage(table, new Uint8Array()), { messages: [], nextPageToken: '' });
  });

  it('tell an optional field that is absent from one with the default', () => {
    assert.equal(member(decodeMessage(optionals, new Uint8Array()), 'int32'), undefined);
    assert.equal(member(decodeMessage(optionals, hex('28 00')), 'int32'), 0);
    assert.equal(member(fromJson(optionals, { int32: 0 }), 'int32'), 0);
    assert.deepStrictEqual(encodeMessage(optionals, { int32: 0 }), hex('28 00'));
    assert.deepStrictEqual(toJson(optionals, { int32: 0, string: '' }), { int32: 0, string: '' });
  });

  for (const { json, answer } of [
    { json: '2026-09-21T14:13:20Z', answer: '2026-09-21T14:13:20Z' },
    { json: '2026-09-21T14:13:20.000Z', answer: '2026-09-21T14:13:20Z' },
    { json: '2026-09-21T14:13:20.5Z', answer: '2026-09-21T14:13:20.500Z' },
    { json: '2026-09-21T14:13:20.500000Z', answer: '2026-09-21T14:13:20.500Z' },
    { json: '2026-09-21T14:13:20.000001Z', answer: '2026-09-21T14:13:20.000001Z' },
    { json: '2026-09-21T14:13:20.000000001Z', answer: '2026-09-21T14:13:20.000000001Z' },
    { json: '2026-09-21T16:13:20.005+02:00', answer: '2026-09-21T14:13:20.005Z' },
    { json: '2026-09-20T23:43:20-14:30', answer: '2026-09-21T14:13:20Z' },
    { json: '2026-09-21t14:13:20z', answer: '2026-09-21T14:13:20Z' },
  ]) {
    it(`read the time ${json} as ${answer}`, () => {
      assert.equal(member(fromJson(message, { createTime: json }), 'createTime'), answer);
      const bytes = encodeMessage(message, { createTime: json });
      assert.equal(member(decodeMessage(message, bytes), 'createTime'), answer);
    });
  }

  for (const { json, answer } of [
    { json: '0s', answer: '0s' },
    { json: '1.5s', answer: '1.500s' },
    { json: '-0.5s', answer: '-0.500s' },
    { json: '3600.000000000s', answer: '3600s' },
    { json: '-1.000000001s', answer: '-1.000000001s' },
  ]) {
    it(`read the duration ${json} as ${answer}`, () => {
      assert.equal(member(fromJson(singles, { duration: json }), 'duration'), answer);
      assert.equal(
        member(decodeMessage(singles, encodeMessage(singles, { duration: json })), 'duration'),
        answer,
      );
    });
  }

  for (const { field, json, answer } of [
    { field: 'int32', json: '12', answer: 12 },
    { field: 'int32', json: 1e3, answer: 1000 },
    { field: 'uint64', json: '18446744073709551615', answer: 18446744073709551615n },
    { field: 'int64', json: 5, answer: 5n },
    { field: 'int64', json: '1e3', answer: 1000n },
    { field: 'sint64', json: '-9223372036854775808', answer: -9223372036854775808n },
    { field: 'double', json: 'NaN', answer: Number.NaN },
    { field: 'double', json: '-Infinity', answer: -Infinity },
    { field: 'double', json: '1.5', answer: 1.5 },
    { field: 'double', json: -0, answer: 0 },
    { field: 'float', json: 0.1, answer: Math.fround(0.1) },
    { field: 'bytes', json: '-_8=', answer: Uint8Array.of(0xfb, 0xff) },
    { field: 'bytes', json: '+/8', answer: Uint8Array.of(0xfb, 0xff) },
    { field: 'color', json: 'CRIMSON', answer: 'RED' },
    { field: 'color', json: 1, answer: 'RED' },
    { field: 'color', json: -7, answer: 'NEGATIVE' },
    { field: 'color', json: 99, answer: 99 },
    { field: 'color', json: 'NEWER_THAN_THIS', answer: 'NEWER_THAN_THIS' },
    { field: 'int64value', json: '7', answer: 7n },
    { field: 'boolvalue', json: false, answer: false },
    { field: 'value', json: null, answer: null },
    { field: 'struct', json: { a: [1, { b: null }] }, answer: { a: [1, { b: null }] } },
    { field: 'fieldmask', json: 'displayName,a.bC', answer: 'displayName,a.bC' },
    { field: 'empty', json: { unknown: 1 }, answer: {} },
  ]) {
    it(`read the JSON ${JSON.stringify(json)} of ${field}`, () => {
      assert.deepStrictEqual(member(fromJson(singles, { [field]: json }), field), answer);
    });
  }

  it('keep the numbers of enums that have no name', () => {
    assert.equal(member(decodeMessage(message, hex('28 e8 07')), 'participantRole'), 1000);
    assert.equal(member(fromJson(message, { participantRole: 1000 }), 'participantRole'), 1000);
    assert.deepStrictEqual(encodeMessage(message, { participantRole: 1000 }), hex('28 e8 07'));
  });

  it('take names as the .proto file has them', () => {
    assert.equal(member(fromJson(message, { language_code: 'de' }), 'languageCode'), 'de');
  });

  it('drop what they do not know', () => {
    const known = encodeMessage(message, { content: 'hi' });
    const fields = [
      'f8 7f 05',
      'f9 7f 0102030405060708',
      'fa 7f 03 616263',
      'fd 7f 01020304',
      'fb 7f 08 01 0b 0c fc 7f',
    ];
    for (const unknown of fields) {
      const bytes = Buffer.concat([hex(unknown), known, hex(unknown)]);
      assert.deepStrictEqual(decodeMessage(message, bytes), decodeMessage(message, known));
    }
    // A field with another wire type than its own is as good as unknown.
    assert.deepStrictEqual(
      decodeMessage(message, Buffer.concat([hex('10 05'), known])),
      decodeMessage(message, known),
    );
    assert.deepStrictEqual(
      fromJson(message, { content: 'hi', newer: { a: 1 } }),
      decodeMessage(message, known),
    );
  });

  it('take the last value of a scalar and the last member of a oneof', () => {
    assert.equal(member(decodeMessage(singles, hex('28 01 28 02')), 'int32'), 2);
    const answer = decodeMessage(
      choices,
      Buffer.concat([
        encodeMessage(choices, { double: 1 }),
        encodeMessage(choices, { string: 'behind' }),
        encodeMessage(choices, { int64: 5n }),
      ]),
    );
    assert.equal(member(answer, 'double'), undefined);
    assert.equal(member(answer, 'string'), undefined);
    assert.equal(member(answer, 'int64'), 5n);
  });

  it('merge a message of which two parts come', () => {
    const parts = [{ seconds: '08 05' }, { nanos: '10 c0 84 3d' }].flatMap(Object.values) as string[];
    const bytes = parts.map((part) => {
      const body = hex(part);
      return Buffer.concat([hex('32'), Uint8Array.of(body.length), body]);
    });
    assert.equal(
      member(decodeMessage(message, Buffer.concat(bytes)), 'createTime'),
      '1970-01-01T00:00:05.001Z',
    );
  });

  it('read lists of numbers packed and one by one', () => {
    for (const bytes of ['2a 03 01 02 03', '28 01 28 02 28 03', '2a 02 01 02 28 03']) {
      assert.deepStrictEqual(member(decodeMessage(lists, hex(bytes)), 'int32'), [1, 2, 3]);
    }
  });

  it('keep keys of maps apart from what objects have anyway', () => {
    const text = '{"by0": {"__proto__": 1.5, "constructor": 2}, "struct": {}}'.replace(
      'by0',
      'ingestedContextReferences',
    );
    const conversation = messageTable(Conversation);
    const json: unknown = JSON.parse(text.replace('1.5', '{}').replace('2', '{}'));
    const answer = fromJson(conversation, json);
    const references = member(answer, 'ingestedContextReferences') as object;
    assert.deepStrictEqual(Object.keys(references), ['__proto__', 'constructor']);
    assert.equal(Object.getPrototypeOf(references), Object.prototype);
    assert.deepStrictEqual(decodeMessage(conversation, encodeMessage(conversation, answer)), answer);
    const struct: unknown = JSON.parse('{"struct": {"__proto__": {"polluted": true}}}');
    const overBoth = [
      fromJson(singles, struct),
      decodeMessage(singles, encodeMessage(singles, struct as object)),
    ];
    for (const read of overBoth) {
      assert.deepStrictEqual(Object.keys(member(read, 'struct') as object), ['__proto__']);
    }
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  it('write keys of maps in one way', () => {
    const json = { by1: { '1e1': 0.5 }, by5: { true: '1' } };
    assert.deepStrictEqual(Object.keys(member(fromJson(maps, json), 'by1') as object), ['10']);
    assert.deepStrictEqual(member(fromJson(maps, json), 'by5'), { true: 1n });
    assert.throws(() => fromJson(maps, { by5: { yes: '1' } }), { name: 'CodecError', field: 'by5.yes' });
  });

  it('leave nothing of an answer in the buffer that it came in', () => {
    const bytes = Buffer.concat([
      Buffer.from('xx'),
      encodeMessage(singles, { bytes: Uint8Array.of(1, 2), string: 'abc' }),
    ]);
    const answer = decodeMessage(singles, bytes.subarray(2));
    bytes.fill(0);
    assert.deepStrictEqual(member(answer, 'bytes'), Uint8Array.of(1, 2));
    assert.equal(member(answer, 'string'), 'abc');
  });

  for (const { what, bytes } of [
    { what: 'a value that is cut off', bytes: '12 05 61' },
    { what: 'a length beyond the end', bytes: '12 ff ff ff ff 0f' },
    { what: 'a varint without an end', bytes: '28 ff ff ff ff ff ff ff ff ff ff ff 01' },
    { what: 'a varint that is cut off', bytes: '28 ff' },
    { what: 'a tag without a number', bytes: '00 00' },
    { what: 'a wire type that is not in use', bytes: '0f' },
    { what: 'the end of a group without its beginning', bytes: '0c' },
    { what: 'a group without an end', bytes: 'fb 7f 08 01' },
    { what: 'a group with another end', bytes: 'fb 7f f4 7f' },
    { what: 'text that is not UTF-8', bytes: '12 02 c3 28' },
    { what: 'long text that is not UTF-8', bytes: `12 40 ${'61'.repeat(63)} ff` },
    { what: 'a message whose last value goes beyond it', bytes: '32 02 08 ff 01' },
    { what: 'a time beyond the year 9999', bytes: '32 07 08 80 80 80 80 80 20' },
    { what: 'fixed numbers that are cut off', bytes: 'f9 7f 01 02' },
  ]) {
    it(`refuse ${what}`, () => {
      assert.throws(() => decodeMessage(message, hex(bytes)), CodecError);
    });
  }

  for (const json of [
    5,
    'text',
    [],
    null,
    { content: 5 },
    { participantRole: 1.5 },
    { participantRole: {} },
    { createTime: 5 },
    { createTime: '' },
    { createTime: '2026-09-21' },
    { createTime: '2026-02-29T00:00:00Z' },
    { createTime: '2026-13-01T00:00:00Z' },
    { createTime: '2026-09-21T24:00:00Z' },
    { createTime: '2026-09-21T14:13:60Z' },
    { createTime: '2026-09-21T14:13:20' },
    { createTime: '2026-09-21T14:13:20.Z' },
    { createTime: '2026-09-21T14:13:20.0000000001Z' },
    { createTime: '2026-09-21T14:13:20+0200' },
    { createTime: '0001-01-01T00:00:00+00:01' },
    { createTime: '2026-09-21T14:13:20Zzz' },
    { messageAnnotation: [] },
    { messageAnnotation: { parts: {} } },
    { messageAnnotation: { parts: [null] } },
    { messageAnnotation: { parts: [5] } },
  ]) {
    it(`refuse the JSON ${JSON.stringify(json)}`, () => {
      assert.throws(() => fromJson(message, json), CodecError);
    });
  }

  for (const json of [
    { int32: 2 ** 31 },
    { int32: '' },
    { int32: ' 1' },
    { int32: '0x10' },
    { uint32: -1 },
    { int64: 1.5 },
    { int64: '9223372036854775808' },
    { uint64: '-1' },
    { double: '1e400' },
    { double: 'inf' },
    { float: 1e39 },
    { bool: 'true' },
    { bytes: 'a' },
    { bytes: 'a=' },
    { bytes: 'ab*=' },
    { duration: '1' },
    { duration: '1.s' },
    { duration: '1.0000000001s' },
    { duration: '315576000001s' },
    { fieldmask: 'display_name' },
    { struct: [] },
    { listvalue: {} },
    { any: { value: 5 } },
    { any: { '@type': 5 } },
  ]) {
    it(`refuse the JSON ${JSON.stringify(json)}`, () => {
      assert.throws(() => fromJson(singles, json), CodecError);
    });
  }

  it('refuse two members of a oneof in JSON', () => {
    assert.throws(() => fromJson(choices, { double: 1, int64: 1 }), CodecError);
    assert.equal(member(fromJson(choices, { double: 1, int64: null }), 'double'), 1);
  });

  it('say where an answer is wrong', () => {
    const table = messageTable(ListMessagesResponse);
    const expected = {
      name: 'CodecError',
      field: 'messages[1].createTime',
      typeName: 'google.cloud.dialogflow.v2beta1.ListMessagesResponse',
    };
    assert.throws(() => fromJson(table, { messages: [{}, { createTime: 'now' }] }), expected);
    assert.throws(() => decodeMessage(table, hex('0a 00 0a 0a 32 08 08 80 80 80 80 80 80 40')), expected);
  });

  it('refuse what is nested too deep, and nothing less deep', () => {
    const tag = encodeMessage(singles, { singles: {} }).subarray(0, -1);
    const nested = (depth: number) => {
      let json: object = {};
      let bytes: Uint8Array = new Uint8Array();
      for (let level = 1; level < depth; level++) {
        json = { singles: json };
        bytes = Buffer.concat([tag, varint(bytes.length), bytes]);
      }
      return { json, bytes: Uint8Array.from(bytes) };
    };
    const allowed = nested(100);
    assert.ok(fromJson(singles, allowed.json));
    assert.ok(decodeMessage(singles, allowed.bytes));
    assert.deepStrictEqual(encodeMessage(singles, allowed.json), allowed.bytes);
    for (const { json, bytes } of [nested(101), nested(10_000)]) {
      assert.throws(() => fromJson(singles, json), CodecError);
      assert.throws(() => decodeMessage(singles, bytes), CodecError);
      assert.throws(() => encodeMessage(singles, json), InvalidRequestError);
    }
  });

  it('refuse JSON values and groups that are nested too deep', () => {
    let value: unknown = 1;
    for (let level = 0; level < 50_000; level++) value = [value];
    assert.throws(() => fromJson(singles, { value }), CodecError);
    assert.throws(() => encodeMessage(singles, { value }), InvalidRequestError);
    const groups = Buffer.alloc(100_000, 0xfb).fill(hex('fb 7f'));
    assert.throws(() => decodeMessage(message, groups), CodecError);
  });

  it('take time in proportion to an answer whose fields come in many parts', () => {
    const part = hex('32 02 10 01');
    const bytes = Buffer.alloc(400_000).fill(part);
    assert.equal(member(decodeMessage(message, bytes), 'createTime'), '1970-01-01T00:00:00.000000001Z');
  });
});

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

describe('an Any', () => {
  const errorInfo = { reason: 'R', domain: 'd', metadata: { a: 'b' } };
  const known = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...errorInfo };

  it('is the message of a type that is known', () => {
    const table = messageTable(Status);
    const status = { code: 5, message: 'gone', details: [known] };
    assert.deepStrictEqual(decodeMessage(table, encodeMessage(table, status)), status);
    assert.deepStrictEqual(fromJson(table, JSON.parse(JSON.stringify(toJson(table, status)))), status);
  });

  it('has a value where the JSON of its type is not an object of fields', () => {
    const any = { '@type': 'type.googleapis.com/google.protobuf.Timestamp', value: '2026-09-21T14:13:20Z' };
    assert.deepStrictEqual(decodeMessage(anyTable, encodeMessage(anyTable, any)), any);
    assert.deepStrictEqual(fromJson(anyTable, toJson(anyTable, any)), any);
  });

  it('is read whatever comes first', () => {
    const bytes = encodeMessage(anyTable, known);
    const url = bytes.subarray(0, 2 + (bytes[1] ?? 0));
    assert.deepStrictEqual(decodeMessage(anyTable, Buffer.concat([bytes.subarray(url.length), url])), known);
  });

  it('keeps what it holds of a type that is not known', () => {
    const type = { '@type': 'type.googleapis.com/example.Unknown' };
    const bytes = { ...type, value: Uint8Array.of(8, 5) };
    assert.deepStrictEqual(decodeMessage(anyTable, encodeMessage(anyTable, bytes)), bytes);
    const json = { ...type, count: 5 };
    assert.deepStrictEqual(fromJson(anyTable, json), json);
    assert.deepStrictEqual(toJson(anyTable, json), json);
    assert.throws(() => encodeMessage(anyTable, json), InvalidRequestError);
    assert.throws(() => toJson(anyTable, bytes), InvalidRequestError);
  });

  it('holds nothing without a type', () => {
    for (const answer of [decodeMessage(anyTable, new Uint8Array()), fromJson(anyTable, {})]) {
      assert.deepStrictEqual(answer, { '@type': '' });
    }
    assert.deepStrictEqual(encodeMessage(anyTable, { '@type': '' }), new Uint8Array());
    assert.deepStrictEqual(toJson(anyTable, { '@type': '' }), {});
  });

  it('is refused where it holds what is not of its type', () => {
    assert.throws(() => fromJson(anyTable, { ...known, reason: 5 }), { name: 'CodecError', field: 'reason' });
    const url = Buffer.from('type.googleapis.com/google.rpc.Help');
    const bytes = Buffer.concat([hex('0a'), varint(url.length), url, hex('12 03 0a 05 61')]);
    assert.throws(() => decodeMessage(anyTable, bytes), CodecError);
  });

  it('is what an operation ends with', () => {
    const operation = {
      name: 'projects/p/operations/o',
      metadata: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: {} },
      done: true,
      error: undefined,
      response: { '@type': 'type.googleapis.com/google.protobuf.Empty' },
    };
    const table = messageTable(Operation);
    assert.deepStrictEqual(decodeMessage(table, encodeMessage(table, operation)), operation);
    const written = { ...operation, response: { ...operation.response, value: {} } };
    assert.deepStrictEqual(fromJson(table, JSON.parse(JSON.stringify(written))), operation);
  });
});

describe('encodeMessage() and toJson()', () => {
  it('take Dates, numbers and names of enums, and 64 bits in any form', () => {
    const date = new Date('2026-09-21T14:13:20.005Z');
    const json = toJson(messageTable(CreateConversationRequest), {
      parent: 'projects/p',
      conversation: { startTime: date, conversationStage: 2, lifecycleState: 'COMPLETED' },
    });
    assert.deepStrictEqual(json, {
      parent: 'projects/p',
      conversation: {
        startTime: '2026-09-21T14:13:20.005Z',
        conversationStage: 'HUMAN_ASSIST_STAGE',
        lifecycleState: 'COMPLETED',
      },
    });
    for (const int64 of [5, '5', 5n]) {
      assert.deepStrictEqual(toJson(singles, { int64 }), { int64: '5' });
      assert.equal(member(decodeMessage(singles, encodeMessage(singles, { int64 })), 'int64'), 5n);
    }
  });

  it('take field masks as a string and as a list, in either case', () => {
    const table = messageTable(UpdateConversationProfileRequest);
    for (const updateMask of [
      'displayName,nluConfig.aB',
      ['display_name', 'nluConfig.aB'],
      'display_name,nlu_config.a_b',
    ]) {
      assert.deepStrictEqual(toJson(table, { updateMask }), { updateMask: 'displayName,nluConfig.aB' });
      const answer = decodeMessage(table, encodeMessage(table, { updateMask }));
      assert.equal(member(answer, 'updateMask'), 'displayName,nluConfig.aB');
    }
  });

  it('leave out what is absent or the default', () => {
    const request = { parent: '', pageSize: 0, pageToken: undefined, filter: null };
    assert.equal(encodeMessage(messageTable(ListMessagesRequest), request).length, 0);
    assert.deepStrictEqual(toJson(messageTable(ListMessagesRequest), request), {});
    const batch = messageTable(BatchCreateMessagesRequest);
    assert.equal(encodeMessage(batch, { requests: [] }).length, 0);
    // But a message that is there is sent, without anything in it too.
    assert.deepStrictEqual(toJson(batch, { requests: [{ message: {} }] }), { requests: [{ message: {} }] });
  });

  it('write bytes as base64 and numbers that are none by name', () => {
    const json = toJson(singles, { bytes: Uint8Array.of(0xfb, 0xff), double: Number.NaN, float: -Infinity });
    assert.deepStrictEqual(json, { bytes: '+/8=', double: 'NaN', float: '-Infinity' });
  });

  it('leave room in front', () => {
    const table = messageTable(ListMessagesRequest);
    const bytes = encodeMessage(table, { parent: 'p' }, 5);
    assert.deepStrictEqual(bytes, Uint8Array.of(0, 0, 0, 0, 0, ...encodeMessage(table, { parent: 'p' })));
  });

  it('are not disturbed by what a value does while it is read', () => {
    const inner = () => encodeMessage(singles, { string: 'inner' });
    const outer = {
      get string() {
        inner();
        return 'outer';
      },
      int32: 7,
    };
    const read = decodeMessage(singles, encodeMessage(singles, outer));
    assert.equal(member(read, 'string'), 'outer');
    assert.equal(member(read, 'int32'), 7);
  });

  it('send again what was answered', () => {
    const table = messageTable(Message);
    const answer = decodeMessage(table, encodeMessage(table, { content: 'hi', createTime: new Date(0) }));
    assert.deepStrictEqual(toJson(table, answer), { content: 'hi', createTime: '1970-01-01T00:00:00Z' });
  });
});

describe('checkMessage()', () => {
  const cyclic: { singles?: object } = {};
  cyclic.singles = cyclic;
  for (const { table, request, field } of [
    { table: messageTable(Conversation), request: { nam: 'x' }, field: 'nam' },
    { table: messageTable(Conversation), request: { toString: 'x' }, field: 'toString' },
    {
      table: messageTable(Conversation),
      request: { conversation_profile: 'x' },
      field: 'conversation_profile',
    },
    { table: messageTable(Conversation), request: { conversationStage: 'NOPE' }, field: 'conversationStage' },
    { table: messageTable(Conversation), request: { conversationStage: 1.5 }, field: 'conversationStage' },
    { table: messageTable(Conversation), request: { startTime: 'yesterday' }, field: 'startTime' },
    { table: messageTable(Conversation), request: { startTime: new Date(Number.NaN) }, field: 'startTime' },
    { table: messageTable(Conversation), request: { startTime: 5 }, field: 'startTime' },
    {
      table: messageTable(CreateConversationRequest),
      request: { conversation: { phoneNumber: { countryCode: '1' } } },
      field: 'conversation.phoneNumber.countryCode',
    },
    { table: messageTable(CreateConversationRequest), request: { conversation: 'c' }, field: 'conversation' },
    {
      table: messageTable(CreateConversationRequest),
      request: { conversation: new Date() },
      field: 'conversation',
    },
    {
      table: messageTable(CreateConversationRequest),
      request: { conversation: new Map() },
      field: 'conversation',
    },
    // What the seed's own sample does: one request where a list is to be.
    {
      table: messageTable(BatchCreateMessagesRequest),
      request: { requests: { message: {} } },
      field: 'requests',
    },
    {
      table: messageTable(BatchCreateMessagesRequest),
      request: { requests: [{ message: {} }, { message: { content: 5 } }] },
      field: 'requests[1].message.content',
    },
    {
      table: messageTable(BatchCreateMessagesRequest),
      request: { requests: [undefined] },
      field: 'requests[0]',
    },
    { table: lists, request: { int32: new Array(2) }, field: 'int32[0]' },
    { table: choices, request: { double: 1, int64: 2 }, field: 'double' },
    { table: singles, request: { int64: 2 ** 53 }, field: 'int64' },
    { table: singles, request: { int64: 'five' }, field: 'int64' },
    { table: singles, request: { uint64: -1 }, field: 'uint64' },
    { table: singles, request: { float: 1e39 }, field: 'float' },
    { table: singles, request: { bool: 1 }, field: 'bool' },
    { table: singles, request: { bytes: 'aGk=' }, field: 'bytes' },
    { table: singles, request: { string: '\ud800' }, field: 'string' },
    { table: singles, request: { struct: { a: [1, Number.NaN] } }, field: 'struct.a[1]' },
    { table: singles, request: { struct: { a: 5n } }, field: 'struct.a' },
    { table: singles, request: { fieldmask: 'a__b' }, field: 'fieldmask' },
    { table: singles, request: { any: { reason: 'x' } }, field: 'any.@type' },
    {
      table: singles,
      request: { any: { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reasn: 'x' } },
      field: 'any.reasn',
    },
    { table: maps, request: { by1: { x: 5 } }, field: 'by1.x' },
  ]) {
    it(`refuses ${field} of ${table.typeName}: ${String(Object.values(request)[0])}`, () => {
      for (const check of [checkMessage, encodeMessage, toJson]) {
        assert.throws(
          () => check(table, request),
          (error) =>
            error instanceof InvalidRequestError && error.field === field && error.message.startsWith(field),
        );
      }
    });
  }

  it('refuses what refers to itself', () => {
    assert.throws(() => checkMessage(singles, cyclic), InvalidRequestError);
  });

  it('tells those who write names as the .proto file does', () => {
    assert.throws(() => checkMessage(message, { language_code: 'de' }), /it is called languageCode here/);
  });

  it('lets pass what may be sent', () => {
    checkMessage(messageTable(Conversation), {
      name: undefined,
      conversationProfile: 'p',
      conversationStage: 'VIRTUAL_AGENT_STAGE',
      ingestedContextReferences: { a: { contextContents: [], languageCode: '' } },
    });
    checkMessage(choices, { double: 1, int64: undefined, string: null });
    checkMessage(singles, Object.assign(Object.create(null), { string: 'x', uint32: 2 ** 32 - 1 }));
  });
});
