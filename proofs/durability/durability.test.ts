import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkFullDisk } from './full-disk.ts';
import { findGaps } from './gaps.ts';
import { proveCuts, proveOrder } from './proof.ts';
import { hasStrace } from './traced-run.ts';

const root = mkdtempSync(join(tmpdir(), 'parley-durability-'));
after(() => rmSync(root, { recursive: true, force: true }));

describe('what was acknowledged', { skip: hasStrace() ? false : 'strace is not here' }, () => {
  it('had been synced before the reply left', async () => {
    const { singly, together } = await proveOrder(join(root, 'sound'));
    assert.deepEqual([...singly.problems, ...together.problems], []);
    assert.ok(singly.calls.length > 15 && together.calls.length > 100);
    assert.ok(together.transactions < together.calls.length, 'calls shared transactions');
  });

  for (const sabotage of ['reply-early', 'no-sync'] as const) {
    it(`is found not to be, on a server broken by ${sabotage}`, async () => {
      const { singly, together } = await proveOrder(join(root, sabotage), sabotage);
      for (const { calls, problems } of [singly, together]) {
        assert.ok(calls.some(({ synced, sent }) => synced >= sent));
        assert.ok(problems.length > 0);
      }
    });
  }

  it('is there up to the last whole record, wherever the log is cut', async () => {
    const { problems, opened } = await proveCuts(root, { seconds: 6, lastBatch: 20 });
    assert.deepEqual(problems, []);
    assert.ok([...opened.values()].every((count) => count > 0));
  });

  it('rests on nothing that was not synced', async () => {
    assert.deepEqual(await findGaps(join(root, 'gaps')), []);
  });
});

describe('a server whose disk is full', () => {
  it('refuses what it cannot keep, keeps what it has, and goes on when there is room', async () => {
    const report = await checkFullDisk(join(root, 'full'), 1);
    assert.deepEqual(report.findings, []);
    assert.ok(report.refused > 0 && report.acknowledgedUntilFull > 0 && report.acknowledgedAfter > 0);
  });
});
