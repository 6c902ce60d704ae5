import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Conversations in the form of STAR: one reply that was picked from a list, and one that was typed. */
function starLines(topics: readonly string[], count: number): Buffer {
  const lines = Array.from({ length: count }, (_, index) => {
    const topic = topics[index % topics.length] as string;
    const entries = [
      { role: 'CUSTOMER', text: `I have a question about the ${topic}`, user_id: 1 },
      { role: 'AGENT', text: `Which ${topic} do you mean?`, user_id: 2, action_label: `ask_${topic}` },
      { role: 'CUSTOMER', text: `the ${topic} of yesterday`, user_id: 1 },
      { role: 'AGENT', text: `I look for the ${topic}, number ${index}.`, user_id: 2 },
    ];
    return JSON.stringify({ conversation_id: `star-${index}`, entries });
  });
  return gzipSync(lines.join('\n'));
}

async function runOn(files: Readonly<Record<string, Buffer>>): Promise<{ out: string; figures: object }> {
  const folder = await mkdtemp(join(tmpdir(), 'assist-'));
  try {
    await mkdir(join(folder, 'star'));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'star', name), bytes);
    const json = join(folder, 'figures.json');
    const options = ['--conditions=source', MAIN, '--data', folder, '--json', json, '--seconds', '0.2'];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    return { out: stdout, figures: JSON.parse(await readFile(json, 'utf8')) as object };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const TOPICS = ['parcel', 'invoice', 'table', 'password', 'flight', 'deposit', 'garden', 'lesson'];
const RECALLS = ['r1', 'r3', 'free.r1', 'free.r3', 'label.hit1', 'label.hit3'];
const NAMES = ['star', 'star.service'].flatMap((whose) => RECALLS.map((name) => `${whose}.${name}`));

describe('bench:assist', () => {
  it('holds a test out where there is none, and finds what is easy to find', async () => {
    const { out, figures } = await runOn({ 'star.jsonl.gz': starLines(TOPICS, 80) });
    assert.match(out, /^test: 16 of 80 conversations of star\/star\.jsonl\.gz/);
    assert.match(out, /128 examples to train on, 32 to test \(16 typed\)/);
    for (const name of NAMES) assert.ok(name in figures, name);
    const all = figures as Record<string, number>;
    assert.equal(all['star.label.hit1'], 1);
    assert.equal(all['star.label.hit3'], 1);
    assert.equal(all['star.service.label.hit1'], 1);
    assert.equal(all['star.service.label.hit3'], 1);
    assert.ok((all['star.service.train_cpu_s'] as number) > 0);
    assert.match(out, /^the server learns 160 examples of 320 messages in /mu);
    assert.ok((all['star.r3'] as number) > 50 && (all['star.r3'] as number) <= 100);
    assert.ok((all['star.free.r1'] as number) >= 0 && (all['star.free.r3'] as number) <= 100);
  });

  it('takes the test that there is', async () => {
    const train = starLines(TOPICS.slice(0, 4), 40);
    const test = starLines(TOPICS.slice(4), 8);
    const { out, figures } = await runOn({ 'star.jsonl.gz': train, 'test.jsonl.gz': test });
    assert.match(out, /^test: star\/test\.jsonl\.gz\n80 examples to train on, 16 to test \(8 typed\)/);
    // What was never said in training cannot be suggested.
    assert.equal((figures as Record<string, number>)['star.label.hit3'], 0);
  });
});
