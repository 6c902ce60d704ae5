import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { createTalk, ingest, listMessages, message } from './cases/scene.ts';
import { startServer, startServerWithFileLimit } from './target.ts';
import { CallError, GrpcWire } from './wires.ts';

/** Some MiB are too much for the log, and later for the data, in one batch or in several. */
const FILE_LIMIT_KIB = 1500;
const BATCHES = 120;
const BATCH = 20;

describe('a disk that fails', () => {
  it('loses nothing that was acknowledged, keeps nothing that was refused, and can be read all the time', async () => {
    const data = mkdtempSync(join(tmpdir(), 'parley-'));
    try {
      const acknowledged: string[] = [];
      const refused = new Set<string>();
      let conversation: string;
      {
        await using server = await startServerWithFileLimit(FILE_LIMIT_KIB, data);
        using wire = new GrpcWire(() => server);
        const talk = await createTalk(wire, 'projects/p');
        conversation = talk.conversation;
        for (let batch = 0; batch < BATCHES; batch++) {
          const texts = Array.from({ length: BATCH }, (_, i) => `${batch}-${i} ${'x'.repeat(1500)}`);
          const lines = texts.map((text, i) => message(talk.participant, batch * BATCH + i, text));
          const [result] = await Promise.allSettled([ingest(wire, conversation, lines)]);
          if (result.status === 'fulfilled') acknowledged.push(...texts);
          else {
            assert.ok(result.reason instanceof CallError, String(result.reason));
            assert.deepEqual(
              [result.reason.code, result.reason.reason],
              [Code.UNAVAILABLE, 'STORE_UNAVAILABLE'],
            );
            for (const text of texts) refused.add(text);
            assert.deepEqual(await textsOf(wire, conversation), acknowledged);
          }
        }
        assert.ok(
          refused.size > 0 && acknowledged.length > 0,
          `${acknowledged.length} kept, ${refused.size} not`,
        );
        assert.deepEqual(await textsOf(wire, conversation), acknowledged);
      }
      await using server = await startServer(data);
      using wire = new GrpcWire(() => server);
      assert.deepEqual(await textsOf(wire, conversation), acknowledged);
      await createTalk(wire, 'projects/p');
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});

async function textsOf(wire: GrpcWire, conversation: string): Promise<string[]> {
  return (await listMessages(wire, conversation)).map(({ content }) => content).toReversed();
}
