import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatCount,
  formatDuration,
  type Progress,
  ProgressWriter,
  renderBar,
  renderLine,
} from './progress.ts';

const halfway: Progress = {
  conversations: 2_500,
  messages: 43_000,
  done: 50,
  total: 100,
  elapsedMs: 10_000,
};

describe('renderBar()', () => {
  const cases = [
    {
      columns: 100,
      want: '[===============               ]  50%  2,500 conversations  43,000 messages  4,300/s  10 s left',
    },
    { columns: 80, want: '[=======       ]  50%  2,500 conversations  43,000 messages  4,300/s  10 s left' },
    { columns: 66, want: ' 50%  2,500 conversations  43,000 messages  4,300/s  10 s left' },
    { columns: 60, want: ' 50%  2,500 conversations  43,000 messages  4,300/s' },
    { columns: 45, want: '[=====      ]  50%  43,000 messages  4,300/s' },
    { columns: 25, want: ' 50%  43,000 messages' },
    { columns: 20, want: ' 50%  43,000' },
    { columns: 5, want: ' 50%  43,000' },
  ];
  for (const { columns, want } of cases) {
    it(`fits ${columns} columns`, () => assert.equal(renderBar(halfway, columns), want));
  }

  it('stays below every width from 20 on, at any figures', () => {
    const figures = [0, 1, 999, 1_234_567, 987_654_321];
    for (let columns = 20; columns <= 200; columns++) {
      for (const messages of figures) {
        const progress = { ...halfway, messages, conversations: messages, done: messages % 101 };
        const bar = renderBar(progress, columns);
        assert.ok(bar.length < columns, `${columns}: ${bar}`);
      }
    }
  });

  it('does not pass 100 % when a file has grown', () => {
    assert.match(renderBar({ ...halfway, done: 300 }, 120), /\[={30}\] 100% /);
  });
});

describe('renderLine()', () => {
  it('tells everything in words', () => {
    assert.equal(
      renderLine(halfway),
      '50%, 2,500 conversations, 43,000 messages, 4,300 messages/s, 10 s left',
    );
  });

  it('leaves out the time left before anything is read, and at the end', () => {
    assert.equal(
      renderLine({ conversations: 0, messages: 0, done: 0, total: 100, elapsedMs: 0 }),
      '0%, 0 conversations, 0 messages, 0 messages/s',
    );
    assert.doesNotMatch(renderLine({ ...halfway, done: 100 }), /left/);
  });
});

describe('formatCount()', () => {
  for (const [count, want] of [
    [0, '0'],
    [999, '999'],
    [4_965, '4,965'],
    [86_673.4, '86,673'],
    [1e6, '1,000,000'],
  ] as const) {
    it(`writes ${want}`, () => assert.equal(formatCount(count), want));
  }
});

describe('formatDuration()', () => {
  const cases = [
    [0, '0.0 s'],
    [12_345, '12.3 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_599_700, '1 h 0 min'],
    [7_290_000, '2 h 2 min'],
  ] as const;
  for (const [durationMs, want] of cases) {
    it(`writes ${want}`, () => assert.equal(formatDuration(durationMs), want));
  }
});

describe('ProgressWriter', () => {
  function watch(stream: { isTTY?: boolean; columns?: number }) {
    const written: string[] = [];
    const state = { ...halfway };
    const writer = new ProgressWriter({ ...stream, write: (text) => written.push(text) }, () => state);
    return { written, state, writer };
  }

  it('draws over one line of a terminal, ten times a second and only what is new', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const { written, state, writer } = watch({ isTTY: true, columns: 25 });
    writer.start();
    context.mock.timers.tick(99);
    assert.deepEqual(written, []);
    context.mock.timers.tick(201);
    assert.deepEqual(written, ['\r\x1b[2K 50%  43,000 messages']);
    state.messages = 44_000;
    context.mock.timers.tick(100);
    writer.stop();
    context.mock.timers.tick(1_000);
    assert.deepEqual(written.slice(1), ['\r\x1b[2K 50%  44,000 messages', '\r\x1b[2K']);
  });

  it('makes room for a note and draws the bar again', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const { written, writer } = watch({ isTTY: true, columns: 25 });
    writer.start();
    context.mock.timers.tick(100);
    writer.note('a.jsonl:3: empty text');
    context.mock.timers.tick(100);
    writer.stop();
    const bar = '\r\x1b[2K 50%  43,000 messages';
    assert.deepEqual(written, [bar, '\r\x1b[2K', 'a.jsonl:3: empty text\n', bar, '\r\x1b[2K']);
  });

  it('prints a line every five seconds and one at the end where there is no terminal', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const { written, writer } = watch({});
    writer.start();
    context.mock.timers.tick(4_999);
    assert.deepEqual(written, []);
    context.mock.timers.tick(5_001);
    assert.equal(written.length, 2);
    writer.stop();
    context.mock.timers.tick(10_000);
    assert.deepEqual(written, Array(3).fill(`${renderLine(halfway)}\n`));
  });
});
