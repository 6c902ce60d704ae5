import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MarkedCall } from './marked-writes.ts';
import { checkOrder } from './order.ts';
import { parseTrace } from './trace.ts';

const LOG = hex('/data/parley.sqlite-wal');
const SOCKET = 'TCP:[127.0.0.1:8470->127.0.0.1:50000]';

const call: MarkedCall = {
  what: 'the call',
  effect: { kind: 'none' },
  marks: [Buffer.from('mark-000001')],
  port: 50000,
  stream: undefined,
};

const frameHeader = pwrite(`${'\\x00'.repeat(4)}\\x00\\x00\\x00\\x02${'\\x00'.repeat(16)}`, 24, 32);
const page = pwrite(hex('..mark-000001..'), 15, 56);
const sync = `12 fsync(9<${LOG}>) = 0`;
const reply = `11 write(30<${SOCKET}>, "${hex('HTTP/1.1 200 OK')}", 15) = 15`;

function hex(text: string): string {
  return [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

function pwrite(data: string, length: number, offset: number): string {
  return `12 pwrite64(9<${LOG}>, "${data}", ${length}, ${offset}) = ${length}`;
}

function problemsOf(...lines: readonly string[]): string[] {
  return checkOrder(parseTrace(lines.join('\n')), [call]).problems;
}

describe('checkOrder()', () => {
  it('is content with a reply after the sync of what it says', () => {
    assert.deepEqual(problemsOf(frameHeader, page, sync, reply), []);
  });

  const wrong: readonly { what: string; lines: readonly string[]; problem: RegExp }[] = [
    { what: 'no sync', lines: [frameHeader, page, reply], problem: /never synced/u },
    {
      what: 'a reply before the sync',
      lines: [frameHeader, page, reply, sync],
      problem: /sync 3-3, reply sent 2/u,
    },
    { what: 'a reply before the write', lines: [reply, frameHeader, page, sync], problem: /reply sent 0/u },
    {
      what: 'a sync before the write alone',
      lines: [sync, frameHeader, page, reply],
      problem: /never synced/u,
    },
    {
      what: 'a sync that had not returned',
      lines: [frameHeader, page, `12 fsync(9<${LOG}> <unfinished ...>`, reply, '12 <... fsync resumed>) = 0'],
      problem: /sync 2-4, reply sent 3/u,
    },
    {
      what: 'a sync that had begun before the write',
      lines: [`12 fsync(9<${LOG}> <unfinished ...>`, frameHeader, page, '12 <... fsync resumed>) = 0', reply],
      problem: /never synced/u,
    },
    {
      what: 'a sync that failed',
      lines: [frameHeader, page, sync.replace('= 0', '= -1 EIO (Input/output error)'), reply],
      problem: /never synced/u,
    },
    {
      what: 'a sync of something else',
      lines: [frameHeader, page, sync.replace(LOG, hex('/data/parley.sqlite')), reply],
      problem: /never synced/u,
    },
    { what: 'nothing in the log', lines: [sync, reply], problem: /1 of its marks are not in the log/u },
    { what: 'no reply', lines: [frameHeader, page, sync], problem: /does not show the reply/u },
  ];
  for (const { what, lines, problem } of wrong) {
    it(`finds ${what}`, () => {
      const problems = problemsOf(...lines);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
    });
  }

  it('finds the reply of a stream among others on its connection', () => {
    const header = (stream: number): string => `\\x00\\x00\\x01\\x01\\x04\\x00\\x00\\x00\\x0${stream}\\x88`;
    const settings = '\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00';
    const send = (data: string, length: number): string =>
      `11 writev(30<${SOCKET}>, [{iov_base="${data}", iov_len=${length}}], 1) = ${length}`;
    const lines = [send(settings, 9), send(header(1), 10), frameHeader, page, sync, send(header(3), 10)];
    const trace = parseTrace(lines.join('\n'));
    assert.equal(checkOrder(trace, [{ ...call, stream: 3 }]).calls[0]?.sent, 5);
    assert.equal(checkOrder(trace, [{ ...call, stream: 1 }]).problems.length, 1);
  });
});
