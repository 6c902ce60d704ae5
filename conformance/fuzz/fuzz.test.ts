import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startServer } from '../target.ts';
import { Campaign } from './campaign.ts';
import { describeFinding } from './findings.ts';

const data = mkdtempSync(join(tmpdir(), 'parley-fuzz-'));
after(() => rmSync(data, { recursive: true, force: true }));

describe('ten thousand generated inputs', () => {
  for (const { name, seed, runs } of [
    { name: 'the same each time', seed: 1, runs: 6000 },
    { name: 'others each time', seed: Math.floor(Math.random() * 1_000_000), runs: 4000 },
  ]) {
    it(`crash nothing, are never the fault of the server, and leave what both wires can read: ${name}`, async (test) => {
      test.diagnostic(`seed ${seed}`);
      await using server = await startServer(join(data, String(seed)));
      using campaign = new Campaign(server, { seed, runs });
      const { findings, inputs, perMethod } = await campaign.run();
      assert.equal([...findings.values()].map((finding) => describeFinding(finding, seed)).join(''), '');
      assert.equal(inputs, runs);
      // Inputs that are all refused at the door would find nothing behind it.
      const succeeded = [...perMethod.values()].filter(({ ok }) => ok > 0).length;
      assert.ok(succeeded > 10, `only ${succeeded} methods ever answered OK`);
    });
  }
});
