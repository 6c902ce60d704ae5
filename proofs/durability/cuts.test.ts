import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ServerProcess } from '../crash/server-process.ts';
import { checkCuts } from './cuts.ts';
import { readTransactions } from './log-file.ts';
import { type MarkedCall, MarkedWriter, Marks } from './marked-writes.ts';
import { logOf } from './traced-run.ts';

const root = mkdtempSync(join(tmpdir(), 'parley-cuts-'));
const folder = join(root, 'data');
after(() => rmSync(root, { recursive: true, force: true }));

describe('checkCuts()', () => {
  const calls: MarkedCall[] = [];
  let log: Buffer;

  before(async () => {
    await using server = await ServerProcess.start(folder);
    const writer = await MarkedWriter.open('gRPC', server, new Marks(), calls);
    const conversation = await writer.createConversation();
    const participant = await writer.createParticipant(conversation);
    for (const size of [2, 3]) await writer.createBatch(conversation, participant, size);
    server.kill();
    await server.ends(10_000);
    log = readFileSync(logOf(folder));
  });

  async function problemsOf(acknowledged: readonly MarkedCall[]): Promise<readonly string[]> {
    const { problems } = await checkCuts({
      folder,
      calls: acknowledged,
      syncedBytes: log.length,
      seconds: 1,
    });
    return problems;
  }

  it('finds half a batch', async () => {
    const halved = calls.map((call): MarkedCall => {
      const { effect } = call;
      if (effect.kind !== 'batch') return call;
      return { ...call, effect: { ...effect, contents: [...effect.contents, 'one more'] } };
    });
    const problems = await problemsOf(halved);
    assert.ok(problems.some((problem) => problem.includes('it shows what was never there')));
  });

  it('finds that a store does not come as far as its log is whole', async () => {
    const damaged = Buffer.from(log);
    const [, , damagedFrom] = readTransactions(log).toReversed();
    assert.ok(damagedFrom);
    damaged.writeUInt8(damaged.readUInt8(damagedFrom.end - 1) ^ 1, damagedFrom.end - 1);
    writeFileSync(logOf(folder), damaged);
    const problems = await problemsOf(calls);
    writeFileSync(logOf(folder), log);
    assert.ok(
      problems.some((problem) => /transactions are whole, and it shows what \d+ made/u.test(problem)),
    );
  });

  it('finds an acknowledged call that is not in the log', async () => {
    const [first] = calls;
    assert.ok(first);
    const lost = { ...first, what: 'the lost call', marks: [Buffer.from('mark-999999')] };
    await assert.rejects(
      problemsOf([...calls, lost]),
      /the lost call was acknowledged and is not in the log/u,
    );
  });
});
