import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Dialogue } from '@parleykit/nlu/replies';
import { Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { ResourceName } from '../resource-names.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { type ReadTally, readDialogues } from './dialogue-reader.ts';
import { putTalk, type Said, sampleTalks } from './talks.test.fixture.ts';

const parent = new ResourceName('p', '', '');

describe('readDialogues()', () => {
  let folder: string;
  let store: Store;
  let tally: ReadTally;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-dialogues-'));
    store = await openSqliteStore(folder, new FakeClock());
    tally = { conversations: 0, skipped: 0, messages: 0 };
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = (includeInProgress = false, signal = new AbortController().signal) =>
    readDialogues(store, parent, { includeInProgress, signal }, tally);
  const readAll = async (includeInProgress?: boolean): Promise<Dialogue[]> =>
    (await Array.fromAsync(read(includeInProgress))).flat();

  it('reads what was said in its order, the conversation that began last first', async () => {
    await putTalk(store, 'projects/p', [
      ['c', 'one'],
      ['a', 'two'],
      ['h', 'three'],
    ]);
    await putTalk(store, 'projects/p', [
      ['c', 'four'],
      ['h', 'fünf 💬'],
    ]);
    assert.deepEqual(
      (await readAll()).map(({ turns }) => turns),
      [
        [
          { speaker: 'customer', text: 'four' },
          { speaker: 'agent', text: 'fünf 💬' },
        ],
        [
          { speaker: 'customer', text: 'one' },
          { speaker: 'agent', text: 'two', automated: true },
          { speaker: 'agent', text: 'three' },
        ],
      ],
    );
    assert.deepEqual(tally, { conversations: 2, skipped: 0, messages: 5 });
  });

  for (const [what, said] of [
    ['nothing', []],
    ['one message', [['c', 'hello']]],
    [
      'customers alone',
      [
        ['c', 'hello'],
        ['c', 'is there anybody?'],
      ],
    ],
    [
      'agents alone',
      [
        ['h', 'hello'],
        ['h', 'are you still there?'],
      ],
    ],
    [
      'an automated agent alone',
      [
        ['c', 'hello'],
        ['a', 'Hi!'],
      ],
    ],
    [
      'an agent who has left before anybody asked',
      [
        ['h', 'hello'],
        ['c', 'hello'],
      ],
    ],
    [
      'an answer of spaces',
      [
        ['c', 'hello'],
        ['h', ' \n '],
      ],
    ],
  ] as readonly (readonly [string, readonly Said[]])[]) {
    it(`passes over a conversation of ${what}`, async () => {
      await putTalk(store, 'projects/p', said);
      assert.deepEqual(await readAll(), []);
      assert.deepEqual(tally, { conversations: 0, skipped: 1, messages: 0 });
    });
  }

  it('takes conversations in progress where they are asked for, and none of other projects and locations', async () => {
    const said = sampleTalks(1)[0] ?? [];
    await putTalk(store, 'projects/p', said, { state: State.IN_PROGRESS });
    await putTalk(store, 'projects/pp', said);
    await putTalk(store, 'projects/p/locations/europe-west1', said);
    assert.equal((await readAll()).length, 0);
    assert.equal((await readAll(true)).length, 1);
  });

  it('reads the end of a conversation that is long', async () => {
    const said = Array.from(
      { length: 1205 },
      (_, index): Said => [index % 2 === 0 ? 'c' : 'h', `at ${index}`],
    );
    await putTalk(store, 'projects/p', said);
    const [dialogue] = await readAll();
    assert.equal(dialogue?.turns.length, 1000);
    assert.equal(dialogue?.turns[0]?.text, 'at 205');
    assert.equal(dialogue?.turns.at(-1)?.text, 'at 1204');
  });

  it('finds names in what is known of who takes part', async () => {
    const said = sampleTalks(1)[0] ?? [];
    await putTalk(store, 'projects/p', said, { users: { c: 'mercy.bello@example.com', h: 'agent' } });
    assert.deepEqual((await readAll())[0]?.names, ['Mercy', 'Bello']);
  });

  it('holds no more than a piece, of so many conversations and so many characters', async () => {
    const long = 'x'.repeat(30_000);
    for (const said of sampleTalks(80)) await putTalk(store, 'projects/p', said);
    for (let talk = 0; talk < 8; talk++) {
      await putTalk(store, 'projects/p', [
        ['c', long],
        ['h', 'ok'],
      ]);
    }
    const sizes: number[] = [];
    for await (const piece of read()) {
      sizes.push(piece.length);
      // Nothing was read ahead.
      assert.equal(
        tally.conversations,
        sizes.reduce((sum, size) => sum + size, 0),
      );
    }
    assert.deepEqual(sizes, [4, 4, 32, 32, 16]);
  });

  it('ends as soon as it is cancelled', async () => {
    for (const said of sampleTalks(40)) await putTalk(store, 'projects/p', said);
    const controller = new AbortController();
    const reason = new Error('never mind');
    const pieces = read(false, controller.signal);
    await pieces.next();
    controller.abort(reason);
    await assert.rejects(pieces.next(), reason);
    assert.equal(tally.conversations, 32);
  });
});
