import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { fromJson, type JsonValue, type Message, toBinary } from '@bufbuild/protobuf';
import { encodeReplyStream } from './reply-stream.ts';
import { createRouter, type Match } from './router.ts';
import { rule, sampleMethod, sampleRegistry, thing } from './sample-api.test.fixture.ts';

const match = matchOf('');

function matchOf(responseBody: string): Match {
  const router = createRouter([sampleMethod('Watch')], () => [rule('GET /v1/things', { responseBody })]);
  const found = router.match('GET', '/v1/things');
  assert.ok(found && 'method' in found);
  assert.equal(found.method.methodKind, 'server_streaming');
  return found;
}

function message(json: JsonValue): Message {
  return fromJson(thing, json, { registry: sampleRegistry });
}

/** A source of replies that notes what becomes of it. Where it has an error, that is thrown. */
function sourceOf(...replies: (JsonValue | Error)[]) {
  const events: string[] = [];
  async function* generate(): AsyncGenerator<Message | Uint8Array> {
    try {
      for (const [index, reply] of replies.entries()) {
        if (reply instanceof Error) throw reply;
        events.push(`reply ${index}`);
        // In turns, a message and one that is encoded.
        yield index % 2 === 0 ? message(reply) : toBinary(thing, message(reply));
      }
      events.push('end');
    } finally {
      events.push('closed');
    }
  }
  return { replies: generate(), events };
}

const errors: unknown[] = [];

function stream(source: AsyncIterable<Message | Uint8Array>, at = match): AsyncGenerator<string> {
  errors.length = 0;
  return encodeReplyStream(at, source, {
    registry: sampleRegistry,
    errorBody: (error) => {
      errors.push(error);
      return JSON.stringify({ error: { message: error instanceof Error ? error.message : '' } });
    },
  });
}

describe('encodeReplyStream()', () => {
  const streams: [title: string, replies: JsonValue[], pieces: string[]][] = [
    ['no reply', [], ['[]']],
    ['one reply', [{ name: 'a' }], ['[{"name":"a"}\n', ']']],
    [
      'several replies',
      [{ name: 'a' }, { name: 'b' }, {}],
      ['[{"name":"a"}\n', ',{"name":"b"}\n', ',{}\n', ']'],
    ],
  ];
  for (const [title, replies, pieces] of streams) {
    it(`writes ${title}`, async () => {
      const source = sourceOf(...replies);
      assert.deepEqual(await Array.fromAsync(stream(source.replies)), pieces);
      assert.equal(source.events.at(-1), 'closed');
      assert.deepEqual(errors, []);
    });
  }

  it('writes the field that the rule names', async () => {
    const source = sourceOf({ inner: { text: 'a' } }, { inner: { text: 'b' } }, {});
    const text = (await Array.fromAsync(stream(source.replies, matchOf('inner')))).join('');
    assert.equal(text, '[{"text":"a"}\n,{"text":"b"}\n,{}\n]');
  });

  it('throws an error before the first reply', async () => {
    const error = new Error('at once');
    await assert.rejects(stream(sourceOf(error).replies).next(), error);
    assert.deepEqual(errors, []);
  });

  it('ends with the body of an error after the first reply', async () => {
    const error = new Error('later');
    const pieces = await Array.fromAsync(stream(sourceOf({ name: 'a' }, error).replies));
    assert.deepEqual(pieces, ['[{"name":"a"}\n', ',{"error":{"message":"later"}}\n', ']']);
    assert.deepEqual(errors, [error]);
  });

  /** A Thing whose `value`, field 24, is a google.protobuf.Value that is not set. */
  const withoutJson = Uint8Array.of(0xc2, 0x01, 0);

  it('throws for a first reply that has no JSON, and closes the source', async () => {
    let isClosed = false;
    async function* replies() {
      try {
        yield withoutJson;
      } finally {
        isClosed = true;
      }
    }
    await assert.rejects(stream(replies()).next(), /must have a value/);
    assert.ok(isClosed);
  });

  it('ends with an error for a later reply that has no JSON, and closes the source', async () => {
    let isClosed = false;
    async function* replies() {
      try {
        yield message({});
        yield withoutJson;
        yield message({});
      } finally {
        isClosed = true;
      }
    }
    const pieces = await Array.fromAsync(stream(replies()));
    assert.deepEqual([pieces.length, pieces[0], pieces.at(-1)], [3, '[{}\n', ']']);
    assert.equal(errors.length, 1);
    assert.ok(isClosed);
  });

  it('closes the source when its consumer stops early', async () => {
    const source = sourceOf({ name: 'a' }, { name: 'b' });
    for await (const piece of stream(source.replies)) {
      assert.equal(piece, '[{"name":"a"}\n');
      break;
    }
    assert.deepEqual(source.events, ['reply 0', 'closed']);
  });

  it('closes the source, and speaks of no error, when it is destroyed as a stream of Node', async () => {
    const source = sourceOf({ name: 'a' }, { name: 'b' });
    const readable = Readable.from(stream(source.replies), { highWaterMark: 1 });
    const broken = new Error('the connection broke');
    await assert.rejects(async () => {
      for await (const _ of readable) readable.destroy(broken);
    }, broken);
    assert.equal(source.events.at(-1), 'closed');
    assert.deepEqual(errors, []);
  });

  it('asks for a reply only when the next piece is asked for', async () => {
    const source = sourceOf({ name: 'a' }, { name: 'b' });
    const pieces = stream(source.replies);
    assert.deepEqual(source.events, []);
    await pieces.next();
    // Whatever were to be read ahead would be by now.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(source.events, ['reply 0']);
    await pieces.next();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(source.events, ['reply 0', 'reply 1']);
  });
});
