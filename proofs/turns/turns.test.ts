import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCampaign } from './campaign.ts';
import { describeReport } from './report.ts';
import type { Sabotage } from './sabotages.ts';

/** Its first kill comes after forty questions to the agent. */
const SEED = 2;

describe('a server that is killed while turns are taken and timers run', () => {
  it('keeps its promises about them', async (test) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    test.diagnostic(`seed ${seed}`);
    const report = await runCampaign({ seed, runs: 3 });
    assert.deepEqual(report.findings, [], describeReport(report));
    assert.equal(report.kills, 3);
    assert.ok(report.conversations > 0 && report.purged === report.conversations, describeReport(report));
    assert.ok(report.told > report.messages, describeReport(report));
  });
});

describe('a server that breaks its promises about turns', () => {
  const faults: readonly [Sabotage, RegExp][] = [
    ['forgotten-answers', /was said twice|was answered .* after/u],
    ['answers-in-memory', /was said twice|was answered, and then refused|was answered .* after/u],
    ['doubled-turns', /was said twice/u],
    ['torn-turns', /has no reply/u],
    ['lost-hand-offs', /its stage says otherwise/u],
    ['repeated-timers', /its end by timer was told as 2 events/u],
  ];
  for (const [sabotage, want] of faults) {
    it(`is found out: ${sabotage}`, async () => {
      const report = await runCampaign({ seed: SEED, runs: 1, sabotage });
      assert.match(report.findings.join('\n'), want, describeReport(report));
    });
  }
});
