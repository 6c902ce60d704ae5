import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { measureKnowledge } from './knowledge.ts';

const TOPICS = ['parcel', 'invoice', 'table', 'password'];

describe('measureKnowledge()', () => {
  it('finds what is easy to find, and tells what plain BM25 finds of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'assist-knowledge-'));
    try {
      mkdirSync(join(folder, 'banking77'));
      mkdirSync(join(folder, 'star'));
      const rows = Array.from({ length: 80 }, (_, index) => {
        const topic = TOPICS[index % TOPICS.length];
        return `"Tell me, what of ${topic} ${index}?",${topic}`;
      });
      writeFileSync(join(folder, 'banking77/train.csv'), `text,category\n${rows.join('\n')}\n`);
      const turn = (role: string, text: string) => ({ role, text, user_id: 1 });
      const lines = Array.from({ length: 20 }, (_, index) =>
        JSON.stringify({
          conversation_id: `${index}`,
          entries: [turn('CUSTOMER', `Where is parcel ${index}?`), turn('AGENT', 'I look for it.')],
        }),
      );
      writeFileSync(join(folder, 'star/star.jsonl.gz'), gzipSync(lines.join('\n')));
      const printed: string[] = [];
      const figures = await measureKnowledge(folder, (line) => printed.push(line), 20);
      assert.equal(printed[0], '16 questions asked, of lists of 4 answers');
      assert.deepEqual([figures['faq.r1'], figures['faq.bm25.r1']], [100, 100]);
      assert.ok((figures['knowledge.search_cpu_ms'] ?? 0) > 0);
      assert.match(printed.join('\n'), /20 documents of 3 parts/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
