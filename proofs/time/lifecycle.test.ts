import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeLifecycle, proveLifecycle } from './lifecycle-proof.ts';
import { provePurge } from './purge-proof.ts';

describe('conversations on a clock that is moved', () => {
  it('are completed and purged at their times and once, over restarts and kills', async (test) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    test.diagnostic(`seed ${seed}`);
    const report = await proveLifecycle({ conversations: 200, waves: 1, kills: 3, seed });
    assert.deepEqual(report.findings, [], describeLifecycle(report));
    assert.deepEqual([report.completed, report.purged, report.kills], [200, 200, 3]);
  });
});

describe('conversations on a server whose timers are due early', () => {
  it('are found to be completed and purged before their time', async () => {
    const sabotage = 'early-timers';
    const report = await proveLifecycle({ conversations: 3, waves: 1, kills: 0, seed: 1, sabotage });
    assert.ok(report.findings.some((finding) => /ended -\d+ us from 24 hours$/u.test(finding)));
  });
});

describe('a purge', () => {
  it('leaves nothing, and the space that it frees is used again', async () => {
    const rounds = await provePurge({ messages: 20_000, rounds: 3, rate: 0, quietSeconds: 0 });
    for (const { seen, left } of rounds) assert.deepEqual([seen, left], [0, 0]);
    const [first, , last] = rounds.map(({ purgedMib }) => purgedMib);
    assert.ok(first !== undefined && last !== undefined && first > 1);
    assert.ok(last < first * 1.2, `${first} MiB after the first, ${last} MiB after the last`);
  });
});
