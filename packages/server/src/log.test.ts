import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { createLog } from './log.ts';

function openLog(options?: { verbose: boolean }) {
  const stream = new PassThrough();
  const read = (): Record<string, unknown>[] => {
    const text = String(stream.read() ?? '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  return { log: createLog(stream, options), read };
}

describe('createLog()', () => {
  it('writes what was logged together at once, in order', async () => {
    const { log, read } = openLog();
    log.info('a', { n: 1 });
    log.info('b', { n: 2 });
    assert.deepEqual(read(), []);
    await new Promise(setImmediate);
    assert.deepEqual(
      read().map(({ level, event, n }) => [level, event, n]),
      [
        ['info', 'a', 1],
        ['info', 'b', 2],
      ],
    );
  });

  it('writes an error without waiting, after what came before', () => {
    const { log, read } = openLog();
    log.info('a');
    log.error('b');
    assert.deepEqual(
      read().map(({ event }) => event),
      ['a', 'b'],
    );
  });

  it('tells errors with their causes, and stacks only when asked', () => {
    const error = new Error('outer', { cause: new RangeError('inner') });
    const counted = openLog();
    counted.log.error('x', { n: 2n });
    assert.equal(counted.read()[0]?.['n'], '2');
    const quiet = openLog();
    quiet.log.error('x', { error });
    assert.deepEqual(quiet.read()[0]?.['error'], { error: 'Error: outer', cause: 'RangeError: inner' });
    const verbose = openLog({ verbose: true });
    verbose.log.error('x', { error });
    assert.match(JSON.stringify(verbose.read()[0]), /log\.test\.ts/);
  });
});
