import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { runCampaign } from './campaign.ts';
import { describeReport } from './report.ts';

describe('a server that is killed', () => {
  it('keeps what it promised, over five kills', async (test) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    test.diagnostic(`seed ${seed}`);
    const report = await runCampaign({ seed, runs: 5 });
    assert.equal(report.findings.length, 0, describeReport(report));
    assert.equal(report.restartsMs.length, 5);
    assert.ok(report.atTheEnd.acknowledged.conversations > 0, 'something was written');
  });
});

describe('a server that replies before it commits', () => {
  it('is found to lose what it acknowledged, within thirty kills', async () => {
    // Any kill shows it sooner or later; this one does at once.
    const kind = 'before the COMMIT';
    const report = await runCampaign({ seed: 1, runs: 30, kind, sabotage: 'reply-early', until: 'lost' });
    if (report.keptFolder !== undefined) rmSync(dirname(report.keptFolder), { recursive: true });
    const lost = report.findings.filter(({ kind }) => kind === 'lost');
    assert.ok(lost.length > 0, describeReport(report));
    assert.ok(report.failedRun !== undefined);
  });
});
