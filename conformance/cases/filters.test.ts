import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { Conversations, type Message, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createProfile,
  createTalk,
  ingest,
  listMessages,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
  type Talk,
} from './scene.ts';

const scene = openScene();
const { method } = Conversations;
const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FILTER_INVALID', fields: ['filter'] };
const tokenInvalid = { code: Code.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] };

/** One comparison, and whether an item passes it. */
interface Restriction<T> {
  readonly text: string;
  passes(item: T): boolean;
}

const comparators = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
} satisfies Record<string, (a: bigint, b: bigint) => boolean>;

type Comparator = keyof typeof comparators;
const comparator = fc.constantFrom(...(Object.keys(comparators) as Comparator[]));

/**
 * A filter and what it means, by the grammar of https://google.aip.dev/160: sequences are joined by AND, factors by
 * nothing, which is AND too, and terms by OR, which binds tighter.
 */
function filters<T>(restriction: fc.Arbitrary<Restriction<T>>): fc.Arbitrary<Restriction<T>> {
  const joined = (
    each: fc.Arbitrary<Restriction<T>>,
    joint: string,
    method: 'every' | 'some',
  ): fc.Arbitrary<Restriction<T>> =>
    fc.array(each, { minLength: 1, maxLength: 2 }).map((parts) => ({
      text: parts.map(({ text }) => text).join(joint),
      passes: (item) => parts[method](({ passes }) => passes(item)),
    }));
  const { expression } = fc.letrec<{ expression: Restriction<T>; term: Restriction<T> }>((tie) => {
    const bracketed = tie('expression').map(({ text, passes }) => ({ text: `(${text})`, passes }));
    // Few brackets and not deep, as each holds up to eight terms.
    const simple = fc.oneof(
      { maxDepth: 2 },
      { weight: 4, arbitrary: restriction },
      { weight: 1, arbitrary: bracketed },
    );
    const negated = fc.tuple(fc.constantFrom('NOT ', '-'), simple).map(([sign, { text, passes }]) => ({
      text: sign + text,
      passes: (item: T) => !passes(item),
    }));
    return {
      term: fc.oneof(simple, negated),
      expression: joined(joined(joined(tie('term'), ' OR ', 'some'), ' ', 'every'), ' AND ', 'every'),
    };
  });
  return expression;
}

const stateFilters: readonly { filter: string; want: readonly ('IN_PROGRESS' | 'COMPLETED')[] }[] = [
  { filter: '', want: ['IN_PROGRESS', 'COMPLETED'] },
  { filter: 'lifecycle_state = "COMPLETED"', want: ['COMPLETED'] },
  { filter: 'lifecycle_state = COMPLETED', want: ['COMPLETED'] },
  { filter: 'lifecycleState = "COMPLETED"', want: ['COMPLETED'] },
  { filter: 'lifecycleState=IN_PROGRESS', want: ['IN_PROGRESS'] },
  { filter: '  lifecycle_state   =\tCOMPLETED  ', want: ['COMPLETED'] },
  { filter: 'lifecycle_state="IN_PROGRESS"', want: ['IN_PROGRESS'] },
  { filter: 'lifecycle_state != COMPLETED', want: ['IN_PROGRESS'] },
  { filter: 'lifecycle_state < COMPLETED', want: ['IN_PROGRESS'] },
  { filter: 'lifecycle_state <= COMPLETED', want: ['IN_PROGRESS', 'COMPLETED'] },
  { filter: 'lifecycle_state > "IN_PROGRESS"', want: ['COMPLETED'] },
  { filter: 'lifecycle_state >= "IN_PROGRESS"', want: ['IN_PROGRESS', 'COMPLETED'] },
  { filter: 'lifecycle_state = LIFECYCLE_STATE_UNSPECIFIED', want: [] },
  { filter: 'NOT lifecycle_state = COMPLETED', want: ['IN_PROGRESS'] },
  { filter: '-lifecycle_state = COMPLETED', want: ['IN_PROGRESS'] },
  { filter: 'NOT (lifecycle_state = COMPLETED OR lifecycle_state = IN_PROGRESS)', want: [] },
  { filter: 'lifecycle_state = COMPLETED AND lifecycle_state = IN_PROGRESS', want: [] },
  { filter: 'lifecycle_state = COMPLETED lifecycle_state = IN_PROGRESS', want: [] },
  {
    filter: 'lifecycle_state = COMPLETED OR lifecycle_state = IN_PROGRESS',
    want: ['IN_PROGRESS', 'COMPLETED'],
  },
  {
    filter: 'lifecycle_state = IN_PROGRESS AND lifecycle_state = COMPLETED OR lifecycle_state = IN_PROGRESS',
    want: ['IN_PROGRESS'],
  },
  {
    filter: 'lifecycle_state = IN_PROGRESS OR lifecycle_state = COMPLETED AND lifecycle_state = COMPLETED',
    want: ['COMPLETED'],
  },
  {
    filter:
      '(lifecycle_state = IN_PROGRESS) OR (lifecycle_state = COMPLETED AND lifecycle_state = COMPLETED)',
    want: ['IN_PROGRESS', 'COMPLETED'],
  },
];

/** Filters that do not parse, and the column at which they end to make sense where that is beyond doubt. */
const malformed: readonly { text: string; column?: number }[] = [
  { text: 'lifecycle_state' },
  { text: 'lifecycle_state =' },
  { text: '= COMPLETED', column: 1 },
  { text: 'lifecycle_state = COMPLETED)', column: 28 },
  { text: '(lifecycle_state = COMPLETED' },
  { text: 'lifecycle_state = "COMPLETED' },
  { text: 'lifecycle_state == COMPLETED', column: 18 },
  { text: 'lifecycle_state = COMPLETED AND' },
  { text: 'lifecycle_state = COMPLETED OR' },
  { text: 'AND lifecycle_state = COMPLETED', column: 1 },
  { text: 'OR lifecycle_state = COMPLETED', column: 1 },
  { text: 'lifecycle_state = COMPLETED AND AND lifecycle_state = COMPLETED' },
  { text: 'lifecycle_state = COMPLETED OR OR lifecycle_state = COMPLETED' },
  { text: 'lifecycle_state = (', column: 19 },
  { text: 'lifecycle_state = )', column: 19 },
  { text: '()', column: 2 },
  { text: ')', column: 1 },
  { text: 'NOT' },
  { text: '-' },
  { text: 'lifecycle_state COMPLETED' },
  { text: '"lifecycle_state = COMPLETED' },
];

const meaningless = [
  'lifecycle_state = completed',
  'lifecycle_state = "DONE"',
  'lifecycle_state = ""',
  'lifecycle_state = true',
  'lifecycle_state : COMPLETED',
  'lifecycle_state.x = COMPLETED',
  'LIFECYCLE_STATE = COMPLETED',
  'agent_id = "x"',
  'start_time > "2017-01-15T01:30:15.01Z"',
  'name = "x"',
  'lifecycle_state = COMPLETED OR nope = 1',
  'COMPLETED',
];

const untimely = [
  'create_time > yesterday',
  'create_time > 5',
  'create_time > "2017-01-15"',
  'create_time > "2017-13-15T01:30:15Z"',
  'create_time > "2017-02-30T01:30:15Z"',
  'create_time > "2017-01-15T25:30:15Z"',
  'create_time > "2017-01-15T01:30:15"',
  'create_time > 2017-01-15T01:30:15+25:00',
  'create_time_epoch_microseconds > now',
  'create_time_epoch_microseconds > 1.5',
  'create_time_epoch_microseconds > 99999999999999999999',
  'create_time_epoch_microseconds > "2017-01-15T01:30:15Z"',
  'create_time_epoch_microseconds : 5',
  'lifecycle_state = COMPLETED',
  'content = "x"',
  'send_time > "2017-01-15T01:30:15Z"',
  'participant_role = END_USER',
];

const completed = 'lifecycle_state=COMPLETED';
const huge: readonly { name: string; text: string }[] = [
  { name: 'in 1500 brackets', text: `${'('.repeat(1500)}${completed}${')'.repeat(1500)}` },
  { name: 'of 1500 brackets that open', text: '('.repeat(1500) },
  { name: 'after 1500 minus signs', text: `${'-'.repeat(1500)}${completed}` },
  { name: 'of 300 alternatives', text: Array(300).fill(completed).join(' OR ') },
  { name: 'of 300 conditions', text: Array(300).fill(completed).join(' AND ') },
  { name: 'of a text of 8000 letters', text: `lifecycle_state="${'x'.repeat(8000)}"` },
];

for (const wire of scene.wires) {
  describe(`the filter of ListConversations over ${wire.name}`, () => conversationFilterCases(wire));
  describe(`the filter of ListMessages over ${wire.name}`, () => messageFilterCases(wire));
  describe(`filters that are no filters over ${wire.name}`, () => malformedCases(wire));
  describe(`page tokens of filtered lists over ${wire.name}`, () => pageCases(wire));
  describe(`polling by create_time_epoch_microseconds over ${wire.name}`, () => pollingCases(wire));
}

function conversationFilterCases(wire: Wire): void {
  let parent = '';
  /** By state. */
  const names = { IN_PROGRESS: '', COMPLETED: '' };
  before(async () => {
    parent = `projects/${newProject()}`;
    names.IN_PROGRESS = (await createConversation(wire, parent)).name;
    names.COMPLETED = (await createConversation(wire, parent)).name;
    await completeConversation(wire, names.COMPLETED);
  });

  const list = async (filter: string): Promise<string[]> =>
    namesOf((await wire.call(method.listConversations, { parent, filter })).conversations).toSorted();

  for (const { filter, want } of stateFilters) {
    it(`finds ${want.join(' and ') || 'nothing'} by ${JSON.stringify(filter)}`, async () => {
      assert.deepEqual(await list(filter), want.map((state) => names[state]).toSorted());
    });
  }

  it('means what the grammar says', async () => {
    const state = fc.constantFrom('IN_PROGRESS' as const, 'COMPLETED' as const);
    const value = fc.tuple(state, fc.constantFrom('', '"'));
    const field = fc.constantFrom('lifecycle_state', 'lifecycleState');
    const restriction = fc
      .tuple(field, comparator, value, fc.constantFrom(' ', ''))
      .map(([name, sign, [of, quote], space]) => ({
        text: name + space + sign + space + quote + of + quote,
        passes: (item: State) => comparators[sign](BigInt(item), BigInt(State[of])),
      }));
    await fc.assert(
      fc.asyncProperty(filters<State>(restriction), async ({ text, passes }) => {
        const want = (['IN_PROGRESS', 'COMPLETED'] as const).filter((each) => passes(State[each]));
        assert.deepEqual(await list(text), want.map((each) => names[each]).toSorted());
      }),
      { numRuns: 200 },
    );
  });

  it('sees a conversation change over at once', async () => {
    const { name } = await createConversation(wire, `projects/${newProject()}`);
    const filter = 'lifecycle_state = "IN_PROGRESS"';
    const place = { parent: name.slice(0, name.indexOf('/conversations/')), filter };
    const found = async (): Promise<string[]> =>
      namesOf((await wire.call(method.listConversations, place)).conversations);
    assert.deepEqual(await found(), [name]);
    await completeConversation(wire, name);
    assert.deepEqual(await found(), []);
  });
}

function messageFilterCases(wire: Wire): void {
  let parent = '';
  /** Newest first. */
  let stored: readonly Message[] = [];
  before(async () => {
    const talk = await createTalk(wire, `projects/${newProject()}`);
    parent = talk.conversation;
    for (const [index, count] of [1, 3, 1, 2, 1].entries()) {
      await ingest(wire, parent, messages(talk.participant, count, index * 10));
    }
    stored = await listMessages(wire, parent);
    assert.equal(stored.length, 8);
  });

  const list = async (filter: string): Promise<string[]> =>
    namesOf((await wire.call(method.listMessages, { parent, filter })).messages);
  const named = (passes: (item: Message) => boolean): string[] => namesOf(stored.filter(passes));
  timeCases(() => stored, list);

  it('finds by create_time_epoch_microseconds to the microsecond', async () => {
    for (const { createTime } of stored) {
      const at = microseconds(createTime);
      for (const bound of [at - 1n, at, at + 1n]) {
        for (const [sign, holds] of Object.entries(comparators)) {
          const want = named((item) => holds(microseconds(item.createTime), bound));
          assert.deepEqual(await list(`create_time_epoch_microseconds ${sign} ${bound}`), want);
        }
      }
    }
  });

  it('finds all after the beginning and none before it, as far as int64 goes', async () => {
    assert.deepEqual(await list('create_time_epoch_microseconds > 0'), namesOf(stored));
    assert.deepEqual(await list('create_time_epoch_microseconds < 9223372036854775807'), namesOf(stored));
    assert.deepEqual(await list('create_time_epoch_microseconds <= 0'), []);
  });

  for (const quote of ['"', '']) {
    it(`finds by create_time to the millisecond, ${quote === '' ? 'bare' : 'quoted'}`, async () => {
      for (const { createTime } of stored) {
        const at = milliseconds(createTime);
        for (const bound of [at - 1n, at, at + 1n]) {
          for (const [sign, holds] of Object.entries(comparators)) {
            const want = named((item) => holds(milliseconds(item.createTime), bound));
            assert.deepEqual(await list(`create_time ${sign} ${quote}${rfc3339(bound)}${quote}`), want);
          }
        }
      }
    });
  }

  it('means what the grammar says', async () => {
    const bound = fc.tuple(fc.nat(stored.length - 1), fc.integer({ min: -1, max: 1 }));
    const byMicroseconds = fc.tuple(comparator, bound).map(([sign, [index, off]]) => {
      const at = microseconds(stored[index]?.createTime) + BigInt(off);
      return {
        text: `create_time_epoch_microseconds ${sign} ${at}`,
        passes: (item: Message) => comparators[sign](microseconds(item.createTime), at),
      };
    });
    const byTime = fc
      .tuple(comparator, bound, fc.constantFrom('"', ''))
      .map(([sign, [index, off], quote]) => {
        const at = milliseconds(stored[index]?.createTime) + BigInt(off);
        return {
          text: `create_time ${sign} ${quote}${rfc3339(at)}${quote}`,
          passes: (item: Message) => comparators[sign](milliseconds(item.createTime), at),
        };
      });
    await fc.assert(
      fc.asyncProperty(filters<Message>(fc.oneof(byMicroseconds, byTime)), async ({ text, passes }) => {
        assert.deepEqual(await list(text), named(passes));
      }),
      { numRuns: 200 },
    );
  });
}

/** How a time may be spelled. */
function timeCases(stored: () => readonly Message[], list: (filter: string) => Promise<string[]>): void {
  for (const offset of ['+00:00', '-00:00', '+05:30', '-11:00', '+14:00']) {
    it(`takes a time with the offset ${offset}`, async () => {
      const at = milliseconds(stored()[3]?.createTime);
      const [, sign = '', hours = '', minutes = ''] = /^(.)(\d\d):(\d\d)$/u.exec(offset) ?? [];
      const ahead = BigInt(Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000);
      const local = rfc3339(at + ahead).replace('Z', offset);
      for (const quote of ['"', '']) {
        const want = namesOf(stored().filter((item) => milliseconds(item.createTime) >= at));
        assert.deepEqual(await list(`create_time >= ${quote}${local}${quote}`), want);
      }
    });
  }

  for (const time of ['2017-01-15T01:30:15.01Z', '2017-01-15T01:30:15Z', '2017-01-15T01:30:15.123456789Z']) {
    it(`takes the time ${time}, which was before all`, async () => {
      for (const quote of ['"', '']) {
        assert.deepEqual(await list(`create_time > ${quote}${time}${quote}`), namesOf(stored()));
        assert.deepEqual(await list(`create_time<=${quote}${time}${quote}`), []);
      }
    });
  }
}

function malformedCases(wire: Wire): void {
  for (const { text, column } of malformed) {
    it(`are refused with a column: ${text}`, async () => {
      const parent = `projects/${newProject()}`;
      const error = await refused(wire.call(method.listConversations, { parent, filter: text }), invalid);
      const said = /syntax error at column (\d+)/u.exec(error.message);
      assert.ok(said, error.message);
      const at = Number(said[1]);
      assert.ok(at >= 1 && at <= text.length + 1, error.message);
      if (column !== undefined) assert.equal(at, column, error.message);
    });
  }

  for (const filter of meaningless) {
    it(`are refused by ListConversations: ${filter}`, async () => {
      await refused(
        wire.call(method.listConversations, { parent: `projects/${newProject()}`, filter }),
        invalid,
      );
    });
  }

  for (const filter of untimely) {
    it(`are refused by ListMessages: ${filter}`, async () => {
      const { name: parent } = await createConversation(wire, `projects/${newProject()}`);
      await refused(wire.call(method.listMessages, { parent, filter }), invalid);
    });
  }

  it('are refused before the conversation is looked for', async () => {
    const parent = `projects/${newProject()}/conversations/absent`;
    await refused(wire.call(method.listMessages, { parent, filter: 'nope = 1' }), invalid);
  });

  for (const { name, text: filter } of huge) {
    it(`are refused or applied when they are ${name}, and the next call is answered`, async () => {
      const parent = `projects/${newProject()}`;
      const { name: done } = await createConversation(wire, parent);
      await completeConversation(wire, done);
      const list = wire.call(method.listConversations, { parent, filter });
      const outcome = await Promise.allSettled([list]);
      if (outcome[0].status === 'rejected') await refused(list, invalid);
      else assert.deepEqual(namesOf(outcome[0].value.conversations), [done]);
      const again = await wire.call(method.listConversations, { parent, filter: completed });
      assert.deepEqual(namesOf(again.conversations), [done]);
    });
  }

  it('are refused whatever they are, or mean something', async () => {
    const parent = `projects/${newProject()}`;
    const word = fc.constantFrom(
      'lifecycle_state',
      '=',
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      '-',
      '"',
      ':',
      '.',
      'x',
      '💬',
    );
    const text = fc.oneof(
      fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' ')),
      fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join('')),
      fc.string({ minLength: 1, unit: 'grapheme' }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (filter) => {
        const list = wire.call(method.listConversations, { parent, filter });
        const [outcome] = await Promise.allSettled([list]);
        if (outcome.status === 'rejected') await refused(list, invalid);
        else assert.deepEqual(outcome.value.conversations, []);
      }),
      { numRuns: 150 },
    );
  });
}

function pageCases(wire: Wire): void {
  it('hold what passes the filter, and nothing else', async () => {
    const parent = `projects/${newProject()}`;
    const { name: conversationProfile } = await createProfile(wire, parent);
    const made: string[] = [];
    for (let index = 0; index < 9; index += 1) {
      made.unshift((await createConversation(wire, parent, { conversationProfile })).name);
    }
    const completed = made.filter((_, index) => index % 2 === 0);
    for (const name of completed) await completeConversation(wire, name);
    for (const pageSize of [1, 2, 5, 6]) {
      const listed: string[] = [];
      let pageToken = '';
      do {
        const request = { parent, pageSize, pageToken, filter: 'lifecycle_state = COMPLETED' };
        const page = await wire.call(method.listConversations, request);
        listed.push(...namesOf(page.conversations));
        pageToken = page.nextPageToken;
        assert.ok(listed.length <= completed.length, 'the walk ends');
      } while (pageToken !== '');
      assert.deepEqual(listed, completed);
    }
  });

  it('of messages go on below the bound of their filter', async () => {
    const { conversation: parent, participant } = await createTalk(wire, `projects/${newProject()}`);
    const [first] = await ingest(wire, parent, messages(participant, 1));
    for (let batch = 1; batch <= 4; batch += 1)
      await ingest(wire, parent, messages(participant, 3, batch * 10));
    const filter = `create_time_epoch_microseconds > ${microseconds(first?.createTime)}`;
    const listed: string[] = [];
    let pageToken = '';
    do {
      const page = await wire.call(method.listMessages, { parent, filter, pageSize: 2, pageToken });
      listed.push(...namesOf(page.messages));
      pageToken = page.nextPageToken;
      assert.ok(listed.length <= 12, 'the walk ends');
    } while (pageToken !== '');
    assert.deepEqual(listed, namesOf(await listMessages(wire, parent)).slice(0, 12));
  });

  it('are bound to their filter', async () => {
    const { conversation: parent, participant } = await createTalk(wire, `projects/${newProject()}`);
    await ingest(wire, parent, messages(participant, 3));
    const all = 'create_time_epoch_microseconds > 0';
    for (const [filter, others] of [
      [all, ['', 'create_time_epoch_microseconds > 1', 'create_time > "2017-01-15T01:30:15.01Z"']],
      ['', [all]],
    ] as const) {
      const { nextPageToken: pageToken } = await wire.call(method.listMessages, {
        parent,
        filter,
        pageSize: 1,
      });
      assert.notEqual(pageToken, '');
      for (const other of others) {
        await refused(wire.call(method.listMessages, { parent, filter: other, pageToken }), tokenInvalid);
      }
      const { messages: rest } = await wire.call(method.listMessages, { parent, filter, pageToken });
      assert.equal(rest.length, 2);
    }
  });
}

function pollingCases(wire: Wire): void {
  it('shows what many writers write at once, each message once and in order', async () => {
    const talk = await createTalk(wire, `projects/${newProject()}`);
    let writing = 4;
    const writers = Array.from({ length: writing }, async (_, writer) => {
      try {
        return await write(scene.wires[writer % 2] ?? wire, talk, writer);
      } finally {
        writing -= 1;
      }
    });
    const polled = (async () => {
      const seen: string[] = [];
      let last = 0n;
      for (let rest = 2; rest > 0; ) {
        // One more poll after the last writer has its answer.
        if (writing === 0) rest -= 1;
        const news = await poll(wire, talk.conversation, last);
        last = news.length === 0 ? last : microseconds(news[0]?.createTime);
        seen.push(...namesOf(news).toReversed());
      }
      return seen;
    })();
    const written = (await Promise.all(writers)).flat();
    const seen = await polled;
    assert.equal(new Set(seen).size, seen.length, 'nothing is seen twice');
    assert.deepEqual(seen.toSorted(), written.toSorted(), 'nothing is missed');
    assert.deepEqual(seen, namesOf(await listMessages(wire, talk.conversation)).toReversed());
  });
}

/** Writes batches of different sizes and answers the names of their messages. */
async function write(wire: Wire, { conversation, participant }: Talk, writer: number): Promise<string[]> {
  const names: string[] = [];
  for (let batch = 0; batch < 25; batch += 1) {
    const size = 1 + ((batch + writer) % 5);
    const from = writer * 100_000 + batch * 10;
    names.push(...namesOf(await ingest(wire, conversation, messages(participant, size, from))));
  }
  return names;
}

/** What came after the newest message that a poller knows, newest first. */
async function poll(wire: Wire, parent: string, last: bigint): Promise<readonly Message[]> {
  const filter = `create_time_epoch_microseconds > ${last}`;
  const page = await wire.call(method.listMessages, { parent, filter, pageSize: 1000 });
  assert.equal(page.nextPageToken, '', 'one page holds all news');
  return page.messages;
}

function microseconds(time: Message['createTime']): bigint {
  assert.equal(nanos(time) % 1000n, 0n);
  return nanos(time) / 1000n;
}

function milliseconds(time: Message['createTime']): bigint {
  return nanos(time) / 1_000_000n;
}

function rfc3339(at: bigint): string {
  return new Date(Number(at)).toISOString();
}
