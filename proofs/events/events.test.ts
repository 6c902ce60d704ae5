import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCampaign } from './campaign.ts';
import { describeReport } from './report.ts';

describe('a server that is killed while events are on their way', () => {
  it('has told all that happened, in order, in the end', async (test) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    test.diagnostic(`seed ${seed}`);
    const report = await runCampaign({ seed, runs: 3 });
    assert.deepEqual(report.findings, [], describeReport(report));
    assert.ok(report.messages > 0 && report.told > report.messages, describeReport(report));
  });

  it('is found out where it leaves some of it untold', async () => {
    const report = await runCampaign({ seed: 1, runs: 2, sabotage: true });
    assert.ok(report.findings.length > 0, describeReport(report));
  });
});
