import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { generatedExports } from './generated-exports.ts';
import type { JsonFiles } from './json-files.ts';
import { goRound } from './round-trip.ts';

const RUNS = Number(process.env['RUNS'] ?? 20);

function zip(files: JsonFiles): Uint8Array {
  return zipSync(
    Object.fromEntries(
      Object.entries(files).map(([path, json]) => [path, Buffer.from(JSON.stringify(json))]),
    ),
    { level: 1 },
  );
}

describe('goRound()', () => {
  it('finds nothing wrong in whatever a console may have written', async () => {
    await fc.assert(
      fc.asyncProperty(generatedExports(), async (files) => {
        const { problems } = await goRound(zip(files));
        assert.deepEqual(problems, []);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 60_000 },
    );
  });

  it('sees a phrase that is lost', async () => {
    const phrases = [{ data: [{ text: 'hello' }] }, { data: [{ text: 'hi' }] }];
    const intent = { name: 'greet', userSays: phrases };
    const { problems, report } = await goRound(
      zip({ 'agent.json': { language: 'en' }, 'intents/greet.json': intent }),
    );
    assert.deepEqual(problems, []);
    assert.equal(report.read.trainingPhrases, 2);
  });
});
