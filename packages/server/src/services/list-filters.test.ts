import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TimeRange } from '../storage/store.ts';
import { readConversationFilter, readMessageFilter, readOperationFilter } from './list-filters.ts';

const MAX = Number.MAX_SAFE_INTEGER;

describe('readConversationFilter()', () => {
  const table = [
    { text: '', want: undefined },
    { text: '  ', want: undefined },
    { text: 'lifecycle_state = "COMPLETED"', want: [2] },
    { text: 'lifecycleState=IN_PROGRESS', want: [1] },
    { text: 'lifecycle_state != COMPLETED', want: [1] },
    { text: 'NOT lifecycle_state = COMPLETED', want: [1] },
    { text: 'lifecycle_state > IN_PROGRESS', want: [2] },
    { text: 'lifecycle_state < IN_PROGRESS', want: [] },
    { text: 'lifecycle_state >= IN_PROGRESS', want: [1, 2] },
    { text: 'lifecycle_state = LIFECYCLE_STATE_UNSPECIFIED', want: [] },
    { text: 'lifecycle_state = COMPLETED lifecycle_state = IN_PROGRESS', want: [] },
    { text: 'lifecycle_state = COMPLETED OR lifecycle_state = IN_PROGRESS', want: [1, 2] },
  ];
  for (const { text, want } of table) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readConversationFilter(text), want));
  }

  const refused = [
    { text: 'agent_id = 1', message: 'filter: column 1: this list cannot be filtered by "agent_id"' },
    {
      text: 'lifecycle_state = completed',
      message: 'filter: column 19: "completed" is not a lifecycle state',
    },
    { text: 'lifecycle_state = 2', message: 'filter: column 19: "2" is not a lifecycle state' },
    { text: 'lifecycle_state = toString', message: 'filter: column 19: "toString" is not a lifecycle state' },
    {
      text: 'lifecycle_state:COMPLETED',
      message: 'filter: column 1: lifecycle_state cannot be compared by ":"',
    },
  ];
  for (const { text, message } of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(() => readConversationFilter(text), { reason: 'FILTER_INVALID', message });
    });
  }
});

describe('readOperationFilter()', () => {
  const table = [
    { text: '', want: undefined },
    { text: 'done = true', want: [2] },
    { text: 'done=false', want: [1] },
    { text: 'done != true', want: [1] },
    { text: 'done = true OR done = false', want: [1, 2] },
  ];
  for (const { text, want } of table) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readOperationFilter(text), want));
  }

  for (const text of ['done', 'done = 1', 'done > true', 'name = x', 'done:true']) {
    it(`refuses ${text}`, () => assert.throws(() => readOperationFilter(text), { reason: 'FILTER_INVALID' }));
  }
});

describe('readMessageFilter()', () => {
  const table: { text: string; want: readonly TimeRange[] | undefined }[] = [
    { text: '', want: undefined },
    { text: 'create_time_epoch_microseconds > 5', want: [[6, MAX]] },
    { text: 'createTimeEpochMicroseconds >= "5"', want: [[5, MAX]] },
    { text: 'create_time_epoch_microseconds < 5', want: [[0, 4]] },
    { text: 'create_time_epoch_microseconds <= 5', want: [[0, 5]] },
    {
      text: 'create_time_epoch_microseconds != 5',
      want: [
        [0, 4],
        [6, MAX],
      ],
    },
    { text: 'create_time_epoch_microseconds > 9999999999999999999', want: [] },
    { text: 'create_time_epoch_microseconds >= -1', want: [[0, MAX]] },
    { text: 'create_time_epoch_microseconds < 0', want: [] },
    { text: 'create_time > "2017-01-15T01:30:15.01Z"', want: [[1_484_443_815_011_000, MAX]] },
    { text: 'create_time > 2017-01-15T01:30:15.01Z', want: [[1_484_443_815_011_000, MAX]] },
    { text: 'create_time >= 2017-01-15T02:30:15.0109+01:00', want: [[1_484_443_815_010_000, MAX]] },
    { text: 'createTime = 1970-01-01t00:00:00z', want: [[0, 999]] },
    { text: 'create_time > 1969-12-31T23:59:59Z', want: [[0, MAX]] },
    { text: 'create_time_epoch_microseconds > 5 create_time_epoch_microseconds < 9', want: [[6, 8]] },
  ];
  for (const { text, want } of table) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readMessageFilter(text), want));
  }

  const refused = [
    'content = x',
    'create_time_epoch_microseconds = 1.5',
    'create_time_epoch_microseconds = x',
    'create_time_epoch_microseconds:5',
    'create_time = 5',
    'create_time = 2017-02-30T00:00:00Z',
    'create_time = 2017-01-15T24:00:00Z',
    'create_time = 2017-01-15',
    'create_time = 2017-01-15T01:30:15+25:00',
    'create_time = 2017-01-15T01:30:15-01:60',
    'create_time = 2017-01-15T01:30:15',
  ];
  for (const text of refused) {
    it(`refuses ${text}`, () => assert.throws(() => readMessageFilter(text), { reason: 'FILTER_INVALID' }));
  }

  it('means by its ranges what its text says', () => {
    type Meaning = { text: string; test: (time: number) => boolean };
    const restriction = fc
      .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), fc.integer({ min: 0, max: 20 }))
      .map(([comparator, value]): Meaning => {
        const tests: Record<string, (time: number) => boolean> = {
          '=': (time) => time === value,
          '!=': (time) => time !== value,
          '<': (time) => time < value,
          '<=': (time) => time <= value,
          '>': (time) => time > value,
          '>=': (time) => time >= value,
        };
        const text = `create_time_epoch_microseconds ${comparator} ${value}`;
        return { text, test: tests[comparator] ?? (() => false) };
      });
    const { filter } = fc.letrec<{ filter: Meaning }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 4 },
        restriction,
        tie('filter').map(({ text, test }) => ({
          text: `NOT (${text})`,
          test: (time: number) => !test(time),
        })),
        fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => ({
          text: `(${a.text}) AND (${b.text})`,
          test: (time: number) => a.test(time) && b.test(time),
        })),
        fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => ({
          text: `(${a.text}) OR (${b.text})`,
          test: (time: number) => a.test(time) || b.test(time),
        })),
      ),
    }));
    fc.assert(
      fc.property(filter, ({ text, test }) => {
        const ranges = readMessageFilter(text) ?? [];
        for (let time = 0; time <= 21; time++) {
          const passes = ranges.some(([first, last]) => first <= time && time <= last);
          assert.equal(passes, test(time), `${text} at ${time}`);
        }
      }),
    );
  });
});
