import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readAgentArchive } from './archive-reader.ts';
import { boats, zipOf } from './example-export.test.fixture.ts';
import { ArchiveError } from './findings.ts';
import { packAgent } from './pack-agent.ts';

describe('packAgent()', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-pack-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('packs a folder into a zip that reads the same, the same bytes each time', async () => {
    const root = join(folder, 'agent');
    for (const [path, json] of Object.entries(boats())) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), JSON.stringify(json));
    }
    writeFileSync(join(root, 'notes.txt'), 'no part of it');
    const zip = await packAgent(root);
    assert.deepEqual(await packAgent(root), zip);
    assert.deepEqual((await readAgentArchive(zip)).archive, (await readAgentArchive(root)).archive);
  });

  it('leaves a zip as it is', async () => {
    const path = join(folder, 'boats.zip');
    const zip = zipOf(boats());
    writeFileSync(path, zip);
    assert.deepEqual(new Uint8Array(await packAgent(path)), new Uint8Array(zip));
  });

  it('refuses what is neither, in one line', async () => {
    const path = join(folder, 'other.txt');
    writeFileSync(path, 'hello');
    for (const wrong of [path, join(folder, 'nowhere')]) {
      await assert.rejects(packAgent(wrong), (error: unknown) => {
        assert.ok(error instanceof ArchiveError);
        assert.doesNotMatch(error.message, /\n/u);
        return true;
      });
    }
  });
});
