import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { ListMessagesResponseSchema } from '@parleykit/proto/v2beta1';
import { startServer } from '../../conformance/target.ts';
import { type Difference, findDifference, MessageRuns } from './message-runs.ts';
import { scanMessages } from './message-scan.ts';
import { Breaches, PollingLedger } from './polling-ledger.ts';
import { provePolling } from './polling-proof.ts';

describe('pollers while others write', () => {
  it('miss nothing and get nothing twice', async (test) => {
    const data = mkdtempSync(join(tmpdir(), 'parley-polling-'));
    test.after(() => rmSync(data, { recursive: true, force: true }));
    await using server = await startServer(data);
    const report = await provePolling(server, {
      messages: 6000,
      writers: 8,
      pollers: 8,
      conversations: 3,
      seed: 1,
    });
    assert.deepEqual(report.breaches.texts, []);
    assert.equal(report.acknowledged, 6000);
    assert.deepEqual(
      report.pollers.map(({ messages }) => messages),
      Array.from({ length: 8 }, () => 6000),
    );
    // Pollers that only came when all was written would prove nothing.
    assert.ok(report.pollers.every(({ found }) => found > 3));
  });
});

/** Of pairs of a message's number and its create_time. */
function runsOf(...messages: readonly (readonly [number, number])[]): MessageRuns {
  const runs = new MessageRuns();
  for (const [number, createTime] of messages) runs.push(number, createTime);
  return runs;
}

describe('MessageRuns', () => {
  it('holds a batch as one run, and what comes newest first the other way round', () => {
    const runs = new MessageRuns();
    runs.pushReversed([12, 11, 10, 5], [7, 7, 7, 6]);
    assert.deepEqual(runs.runs, [
      { createTime: 6, first: 5, count: 1 },
      { createTime: 7, first: 10, count: 3 },
    ]);
    assert.equal(runs.count, 4);
    assert.equal(runs.lastCreateTime, 7);
  });
});

describe('findDifference()', () => {
  const wanted = runsOf([1, 10], [2, 10], [3, 10], [7, 20], [8, 20]);
  const none: Omit<Difference, 'examples'> = {
    missed: 0,
    repeated: 0,
    disordered: 0,
    changed: 0,
    foreign: 0,
  };
  for (const { name, seen, found } of [
    {
      name: 'a message that is missed',
      seen: runsOf([1, 10], [3, 10], [7, 20], [8, 20]),
      found: { missed: 1 },
    },
    {
      name: 'a message that is repeated',
      seen: runsOf([1, 10], [2, 10], [3, 10], [3, 10], [7, 20], [8, 20]),
      found: { repeated: 1 },
    },
    {
      name: 'messages out of order',
      seen: runsOf([1, 10], [3, 10], [2, 10], [7, 20], [8, 20]),
      found: { disordered: 1 },
    },
    {
      name: 'another create_time',
      seen: runsOf([1, 10], [2, 10], [3, 11], [7, 20], [8, 20]),
      found: { changed: 1 },
    },
    {
      name: 'a message that nobody wrote',
      seen: runsOf([1, 10], [2, 10], [3, 10], [4, 10], [7, 20], [8, 20]),
      found: { foreign: 1 },
    },
  ]) {
    it(`finds ${name}`, () => {
      const { examples, ...tally } = findDifference(wanted, seen) ?? { ...none, examples: [] };
      assert.deepEqual(tally, { ...none, ...found });
      assert.equal(examples.length, 1);
    });
  }

  it('finds nothing in what is the same', () => {
    assert.equal(findDifference(wanted, runsOf([1, 10], [2, 10], [3, 10], [7, 20], [8, 20])), undefined);
  });
});

describe('PollingLedger', () => {
  const at = (createTime: number, invoked: number, completed: number) => ({
    createTime,
    first: createTime,
    count: 1,
    invoked,
    completed,
  });

  for (const { name, batches, breaches } of [
    { name: 'accepts batches that overlap', batches: [at(5, 0, 10), at(6, 1, 2)], breaches: 0 },
    { name: 'finds a create_time that goes back', batches: [at(5, 3, 4), at(6, 1, 2)], breaches: 1 },
    { name: 'finds one create_time twice', batches: [at(5, 1, 2), at(5, 1, 2)], breaches: 1 },
  ]) {
    it(name, () => {
      const ledger = new PollingLedger('room', []);
      for (const batch of batches) ledger.acknowledge(batch);
      const found = new Breaches();
      ledger.check(found);
      assert.equal(found.count, breaches);
    });
  }
});

describe('scanMessages()', () => {
  it('reads numbers, create_times and the token, and passes over all else', () => {
    const bytes = toBinary(
      ListMessagesResponseSchema,
      create(ListMessagesResponseSchema, {
        messages: [
          {
            name: 'projects/p/conversations/c/messages/m',
            content: '1234567 said',
            languageCode: 'en',
            participant: 'projects/p/conversations/c/participants/p',
            participantRole: 3,
            createTime: { seconds: 1_790_000_000n, nanos: 123_456_000 },
            sendTime: { seconds: -5n, nanos: 1 },
          },
          { content: '0', createTime: { seconds: 1n } },
        ],
        nextPageToken: 'a-token',
      }),
    );
    const seen: [number, number][] = [];
    const token = scanMessages(Buffer.from(bytes), (number, createTime) => seen.push([number, createTime]));
    assert.equal(token, 'a-token');
    assert.deepEqual(seen, [
      [1_234_567, 1_790_000_000_123_456],
      [0, 1_000_000],
    ]);
  });

  it('refuses a message without a number or a create_time', () => {
    for (const message of [{ content: 'said', createTime: { seconds: 1n } }, { content: '1' }]) {
      const response = create(ListMessagesResponseSchema, { messages: [message] });
      const bytes = Buffer.from(toBinary(ListMessagesResponseSchema, response));
      assert.throws(() => scanMessages(bytes, () => {}), /lacks/u);
    }
  });
});
