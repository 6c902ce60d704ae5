import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../conformance/fuzz/random.ts';
import { type OwnServer, startServer } from '../../conformance/target.ts';
import { describeBreach } from './breach.ts';
import { checkHistory } from './check.ts';
import {
  type History,
  isAnswered,
  type MessageRecord,
  type Operation,
  readHistory,
  writeHistory,
} from './history.ts';
import { runHistory } from './history-run.ts';
import { planClient } from './plan.ts';
import { RunLog } from './run-log.ts';
import { withAnswer, withMessages } from './staged-history.ts';
import { summarize } from './summary.ts';

const SIZE = { clients: 16, operations: 120 };
const folder = mkdtempSync(join(tmpdir(), 'parley-history-'));
let server: OwnServer;
let recorded: History;

before(async () => {
  server = await startServer(join(folder, 'data'));
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('many clients at once are told one story', () => {
  for (const { name, seed } of [
    { name: 'the same each time', seed: 1 },
    { name: 'another each time', seed: 1000 + Math.floor(Math.random() * 1_000_000) },
  ]) {
    it(name, async (test) => {
      test.diagnostic(`seed ${seed}`);
      recorded = await runHistory(server, { ...SIZE, seed });
      assert.deepEqual(checkHistory(recorded).map(describeBreach), []);
      // Clients that never meet would prove nothing.
      const { createsLost, twins, racingTwins, completions, furtherPages } = summarize(recorded);
      const tally = { createsLost, twins, racingTwins, completions, furtherPages };
      for (const [what, times] of Object.entries(tally)) assert.ok(times > 0, what);
    });
  }
});

describe('a history of many clients', () => {
  it('is the same when it is read from its file', () => {
    const file = join(folder, 'history.jsonl');
    writeHistory(file, recorded);
    assert.deepEqual(readHistory(file), recorded);
  });

  /** Each plants one fault at a random place, where it cannot be explained by what else went on. */
  const faults: Readonly<Record<string, (history: History, random: Random) => History>> = {
    'a message that a page in the middle leaves out': (history, random) => {
      const page = random.pick(pages(history, 3));
      return withMessages(history, page.id, (all) => all.toSpliced(random.between(1, all.length - 2), 1));
    },
    'a message that a page shows twice': (history, random) => {
      const page = random.pick(pages(history, 1));
      return withMessages(history, page.id, (all) => {
        const at = random.below(all.length);
        return all.toSpliced(at, 0, ...all.slice(at, at + 1));
      });
    },
    'two messages that a page shows the wrong way round': (history, random) => {
      const page = random.pick(pages(history, 2));
      return withMessages(history, page.id, (all) => {
        const at = random.below(all.length - 1);
        return all.toSpliced(at, 2, ...all.slice(at, at + 2).toReversed());
      });
    },
    'a message that is acknowledged as another': (history, random) => {
      const batch = random.pick(
        history.records.filter((one) => isAnswered(one, 'batch', 'messages') && messagesOf(one).length > 1),
      );
      return withMessages(history, batch.id, (all) => {
        const at = random.below(all.length);
        return all.with(at, all.at(at - 1) as MessageRecord);
      });
    },
    'a message that is gone in the end': (history, random) => {
      const batch = random.pick(
        history.records.filter((one) =>
          messagesOf(one).some(({ content }) => content.startsWith(`${one.id}.`)),
        ),
      );
      const { content } = random.pick(
        messagesOf(batch).filter((one) => one.content.startsWith(`${batch.id}.`)),
      );
      const records = history.records.map((one): Operation => {
        if (one.final !== true || one.answer.kind !== 'messages') return one;
        const messages = one.answer.messages.filter((message) => message.content !== content);
        return { ...one, answer: { ...one.answer, messages } };
      });
      return { ...history, records };
    },
    'a creation that succeeds once more': (history, random) => {
      const { records } = history;
      const loser = random.pick(
        records.filter(
          ({ request, answer }) => request.kind === 'createConversation' && answer.kind === 'refused',
        ),
      );
      const winner = records.find(
        ({ request, answer }) =>
          answer.kind === 'conversation' &&
          request.kind === 'createConversation' &&
          loser.request.kind === 'createConversation' &&
          request.id === loser.request.id,
      );
      return withAnswer(history, loser.id, (winner ?? loser).answer);
    },
    'an empty list of what holds messages already': (history, random) => {
      const first = history.records.filter(
        (one) =>
          isAnswered(one, 'listMessages', 'messages') &&
          one.request.filter === undefined &&
          one.request.follows === undefined &&
          history.records.some(
            (other) =>
              isAnswered(other, 'batch', 'messages') &&
              other.request.conversation === one.request.conversation &&
              other.completed < one.invoked,
          ),
      );
      return withAnswer(history, random.pick(first).id, { kind: 'messages', messages: [], more: false });
    },
  };
  for (const [name, plant] of Object.entries(faults)) {
    it(`shows ${name}`, () => {
      const random = new Random(7, 7);
      for (let time = 0; time < 5; time++) {
        const breaches = checkHistory(plant(recorded, random));
        assert.notEqual(breaches.length, 0, `seed ${recorded.seed}, time ${time}`);
      }
    });
  }
});

function messagesOf({ answer }: Operation): readonly MessageRecord[] {
  return answer.kind === 'messages' ? answer.messages : [];
}

/** Pages of messages with at least so many. */
function pages({ records }: History, least: number): Operation[] {
  return records.filter(
    (one) => isAnswered(one, 'listMessages', 'messages') && one.answer.messages.length >= least,
  );
}

describe('planClient()', () => {
  it('decides the same for the same seed and client, and else otherwise', () => {
    const plan = (seed: number, client: number) => JSON.stringify(planClient({ ...SIZE, seed }, client));
    assert.equal(plan(3, 5), plan(3, 5));
    assert.notEqual(plan(3, 5), plan(4, 5));
    assert.notEqual(plan(3, 5), plan(3, 6));
  });

  it('has all clients meet at the same operations', () => {
    const meetings = (client: number) =>
      planClient({ ...SIZE, seed: 9 }, client).map(({ together }) => together);
    assert.deepEqual(meetings(0), meetings(1));
    assert.ok(meetings(0).includes(true));
  });
});

describe('RunLog', () => {
  it('knows which runs are done when it is opened again', () => {
    const file = join(folder, 'runs.jsonl');
    const summary = summarize(recorded);
    new RunLog(file, SIZE).add({ seed: 4, breaches: 1, seconds: 2, summary });
    const again = new RunLog(file, SIZE);
    assert.deepEqual(again.get(4), { seed: 4, breaches: 1, seconds: 2, summary });
    assert.equal(again.get(5), undefined);
    assert.throws(() => new RunLog(file, { ...SIZE, clients: 2 }), /16 clients/u);
  });
});
