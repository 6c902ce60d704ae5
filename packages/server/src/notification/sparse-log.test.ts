import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { SparseLog } from './sparse-log.ts';

describe('SparseLog', () => {
  function open(test: TestContext) {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const lines: unknown[] = [];
    const log = new SparseLog({
      info: () => assert.fail('these are errors'),
      error: (event, fields) => lines.push([event, fields]),
    });
    return { log, lines, pass: (ms: number) => test.mock.timers.tick(ms) };
  }

  it('says the first at once, those of the next minute together, and then what comes at once again', (test) => {
    const { log, lines, pass } = open(test);
    log.error('lost', 2, { why: 'first' });
    assert.deepEqual(lines, [['lost', { why: 'first', count: 2 }]]);
    for (let times = 0; times < 1000; times++) log.error('lost', 1, { why: `${times}` });
    pass(59_999);
    assert.equal(lines.length, 1);
    pass(1);
    assert.deepEqual(lines.slice(1), [['lost', { why: '999', count: 1000 }]]);
    pass(60_000);
    pass(60_000);
    assert.equal(lines.length, 2);
    log.error('lost', 1, { why: 'later' });
    assert.deepEqual(lines.slice(2), [['lost', { why: 'later', count: 1 }]]);
    log.close();
  });

  it('keeps one event of the log apart from another', (test) => {
    const { log, lines } = open(test);
    log.error('lost', 1, {});
    log.error('late', 1, {});
    assert.equal(lines.length, 2);
    log.close();
  });

  it('says at its end what it has not said yet, and nothing afterwards', (test) => {
    const { log, lines, pass } = open(test);
    log.error('lost', 1, { why: 'first' });
    log.error('lost', 3, { why: 'second' });
    log.close();
    pass(120_000);
    assert.deepEqual(lines, [
      ['lost', { why: 'first', count: 1 }],
      ['lost', { why: 'second', count: 3 }],
    ]);
  });
});
