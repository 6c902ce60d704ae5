import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTranscript, type TranscriptError, type TranscriptFault } from './transcript.ts';

const [END_USER, HUMAN_AGENT, AUTOMATED_AGENT] = ['END_USER', 'HUMAN_AGENT', 'AUTOMATED_AGENT'] as const;

function transcriptOf(entries: readonly unknown[], rest: Record<string, unknown> = {}): string {
  return JSON.stringify({ conversation_id: 'call-1', ...rest, entries });
}

function sendTimes(json: string): bigint[] {
  return parseTranscript(json).entries.map((entry) => entry.sendTimeNs);
}

const hello = { start_timestamp_usec: 1_700_000_000_000_000, text: 'Hello', role: 'CUSTOMER', user_id: 1 };

describe('parseTranscript()', () => {
  it('reads id, speakers, texts and times', () => {
    const agent = { start_timestamp_usec: 1_700_000_000_000_001, text: 'Hi', role: 'AGENT', user_id: 'a-2' };
    assert.deepEqual(parseTranscript(transcriptOf([hello, agent])), {
      id: 'call-1',
      replacedId: undefined,
      entries: [
        { role: END_USER, userId: '1', text: 'Hello', sendTimeNs: 1_700_000_000_000_000_000n },
        { role: HUMAN_AGENT, userId: 'a-2', text: 'Hi', sendTimeNs: 1_700_000_000_000_001_000n },
      ],
      derivedTimes: 0,
      movedTimes: 0,
      notKept: new Map(),
    });
  });

  const spellings = [
    ['AGENT', HUMAN_AGENT],
    ['HUMAN_AGENT', HUMAN_AGENT],
    ['human_agent', HUMAN_AGENT],
    ['AUTOMATED_AGENT', AUTOMATED_AGENT],
    ['Automated_Agent', AUTOMATED_AGENT],
    ['CUSTOMER', END_USER],
    ['customer', END_USER],
    ['END_USER', END_USER],
  ] as const;
  for (const [role, want] of spellings) {
    it(`reads the role ${role}`, () => {
      assert.equal(parseTranscript(transcriptOf([{ ...hello, role }])).entries[0]?.role, want);
    });
  }

  it('keeps every digit of numbers beyond 2^53', () => {
    const json = `{"entries": [{"role": "AGENT", "text": "x", "user_id": 9007199254740993,
      "start_timestamp_usec": 9007199254740993}]}`;
    const [entry] = parseTranscript(json).entries;
    assert.equal(entry?.userId, '9007199254740993');
    assert.equal(entry?.sendTimeNs, 9_007_199_254_740_993_000n);
  });

  it('reads times that are strings, and whole numbers with an exponent', () => {
    const json = `{"entries": [{"role": "AGENT", "text": "x", "start_timestamp_usec": "1700000000000000"},
      {"role": "AGENT", "text": "y", "start_timestamp_usec": 1.7e15},
      {"role": "AGENT", "text": "z", "start_timestamp_usec": -1}]}`;
    assert.deepEqual(sendTimes(json), [1_700_000_000_000_000_000n, 1_700_000_000_000_000_001n, -1_000n]);
  });

  it('counts foreign keys, those of entries apart from those of the conversation', () => {
    const entries = [
      { ...hello, label: 1 },
      { ...hello, label: 2, note: null },
    ];
    const { notKept } = parseTranscript(transcriptOf(entries, { conversation_info: {}, label: 3 }));
    const want = { conversation_info: 1, label: 1, 'entries[].label': 2, 'entries[].note': 1 };
    assert.deepEqual(Object.fromEntries(notKept), want);
  });

  it('replaces a lone surrogate, which UTF-8 cannot carry', () => {
    assert.equal(
      parseTranscript(transcriptOf([{ ...hello, text: 'a\ud800b' }])).entries[0]?.text,
      'a\ufffdb',
    );
  });

  for (const user_id of [undefined, null, '']) {
    it(`takes user_id ${JSON.stringify(user_id)} for none`, () => {
      assert.equal(parseTranscript(transcriptOf([{ ...hello, user_id }])).entries[0]?.userId, undefined);
    });
  }
});

describe('parseTranscript() on ids', () => {
  for (const id of ['abc', 'A-_9', `a${'b'.repeat(63)}`]) {
    it(`keeps ${id.slice(0, 8)} (${id.length} characters)`, () => {
      const parsed = parseTranscript(transcriptOf([hello], { conversation_id: id }));
      assert.deepEqual([parsed.id, parsed.replacedId], [id, undefined]);
    });
  }

  for (const id of ['ab', '1abc', 'a.bc', 'gespräch', `a${'b'.repeat(64)}`, 4711]) {
    it(`replaces ${String(id).slice(0, 8)} (${String(id).length} characters) by a hash of it`, () => {
      const parsed = parseTranscript(transcriptOf([hello], { conversation_id: id }));
      assert.match(parsed.id, /^t-[0-9a-f]{32}$/);
      assert.equal(parsed.replacedId, String(id));
      const withOtherEntries = transcriptOf([{ ...hello, text: 'Bye' }], { conversation_id: id });
      assert.equal(parseTranscript(withOtherEntries).id, parsed.id);
    });
  }

  it('gives different illegal ids different hashes', () => {
    const ids = ['1', '2', 'a.b', 'a:b'].map(
      (id) => parseTranscript(transcriptOf([hello], { conversation_id: id })).id,
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  it('makes the id of its entries where there is none, whatever else stands beside them', () => {
    const idOf = (entries: unknown[], rest = {}) =>
      parseTranscript(transcriptOf(entries, { conversation_id: undefined, ...rest })).id;
    assert.match(idOf([hello]), /^t-[0-9a-f]{32}$/);
    assert.equal(idOf([{ ...hello, label: 1 }], { conversation_info: {} }), idOf([hello]));
    for (const change of [{ text: 'Bye' }, { role: 'AGENT' }, { user_id: 2 }, { start_timestamp_usec: 1 }]) {
      assert.notEqual(idOf([{ ...hello, ...change }]), idOf([hello]));
    }
  });
});

describe('parseTranscript() on times', () => {
  const said = (text: string, time?: number, role = 'AGENT') => ({ text, role, start_timestamp_usec: time });

  const cases = [
    {
      name: 'puts an entry without a time a microsecond after the one before',
      entries: [said('a', 100), said('b'), said('c'), said('d', 500), said('e')],
      want: [100_000n, 101_000n, 102_000n, 500_000n, 501_000n],
    },
    {
      name: 'lets entries at the start lead up to the first time',
      entries: [said('a'), said('b'), said('c', 100)],
      want: [98_000n, 99_000n, 100_000n],
    },
    {
      name: 'keeps the entries of one speaker in one microsecond apart, in file order',
      entries: [said('a', 100), said('b', 100), said('c', 100), said('d', 101)],
      want: [100_000n, 100_001n, 100_002n, 101_000n],
    },
    {
      name: 'counts each speaker by itself',
      entries: [said('a', 100), said('b', 100, 'CUSTOMER'), said('c', 100), said('d', 100, 'CUSTOMER')],
      want: [100_000n, 100_000n, 100_001n, 100_001n],
    },
    {
      name: 'keeps apart a derived time and a real one that fall together',
      entries: [said('a', 100), said('b'), said('c', 101)],
      want: [100_000n, 101_000n, 101_001n],
    },
  ];
  for (const { name, entries, want } of cases) {
    it(name, () => assert.deepEqual(sendTimes(transcriptOf(entries)), want));
  }

  it('keeps more than a thousand entries of one microsecond apart from each other and from the next', () => {
    const burst = Array.from({ length: 1_500 }, (_, index) => said(String(index), 100));
    const times = sendTimes(transcriptOf([...burst, said('next', 101)]));
    assert.equal(new Set(times).size, 1_501);
    assert.equal(times[999], 100_999n);
    assert.equal(times[1_499], 101_499n);
    assert.equal(parseTranscript(transcriptOf([...burst, said('next', 101)])).movedTimes, 500);
  });

  it('derives the same times again where there is none at all, in order and counted', () => {
    const json = transcriptOf([said('a'), said('b'), said('c')]);
    const [first = 0n, ...rest] = sendTimes(json);
    assert.deepEqual(rest, [first + 1_000n, first + 2_000n]);
    assert.deepEqual(sendTimes(json), [first, ...rest]);
    assert.equal(new Date(Number(first / 1_000_000n)).getUTCFullYear(), 2000);
    assert.equal(parseTranscript(json).derivedTimes, 3);
  });

  it('derives the same times for a transcript that has grown', () => {
    const [first] = sendTimes(transcriptOf([said('a')]));
    assert.equal(sendTimes(transcriptOf([said('a'), said('b')]))[0], first);
  });
});

describe('parseTranscript() on what it refuses', () => {
  const entry = (change: Record<string, unknown>) => transcriptOf([hello, { ...hello, ...change }]);
  const cases: { json: string; fault: TranscriptFault; message: RegExp }[] = [
    { json: '{"entries": [', fault: 'not-json', message: /^not JSON: / },
    { json: '', fault: 'not-json', message: /^not JSON: / },
    { json: `{"x": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`, fault: 'not-json', message: /nested/ },
    { json: '[]', fault: 'not-an-object', message: /^not a JSON object$/ },
    { json: 'null', fault: 'not-an-object', message: /^not a JSON object$/ },
    { json: '{}', fault: 'no-entries', message: /^no entries$/ },
    { json: '{"entries": []}', fault: 'no-entries', message: /^no entries$/ },
    { json: '{"entries": {}}', fault: 'no-entries', message: /^no entries$/ },
    { json: transcriptOf([hello], { conversation_id: {} }), fault: 'bad-id', message: /conversation_id/ },
    { json: transcriptOf([hello, 'Hi']), fault: 'bad-entry', message: /^entry 2: not a JSON object$/ },
    { json: entry({ text: undefined }), fault: 'bad-entry', message: /^entry 2: no text$/ },
    { json: entry({ text: '' }), fault: 'bad-entry', message: /^entry 2: empty text$/ },
    { json: entry({ text: 5 }), fault: 'bad-entry', message: /^entry 2: text is not a string$/ },
    { json: entry({ role: undefined }), fault: 'bad-entry', message: /^entry 2: no role$/ },
    { json: entry({ role: 'BOSS' }), fault: 'bad-entry', message: /^entry 2: unknown role "BOSS"$/ },
    { json: entry({ role: 3 }), fault: 'bad-entry', message: /^entry 2: unknown role 3$/ },
    { json: entry({ user_id: {} }), fault: 'bad-entry', message: /^entry 2: user_id is neither/ },
    { json: entry({ user_id: 'u'.repeat(257) }), fault: 'bad-entry', message: /^entry 2: user_id is longer/ },
    {
      json: entry({ start_timestamp_usec: 'noon' }),
      fault: 'bad-time',
      message: /^entry 2: .* whole number$/,
    },
    { json: entry({ start_timestamp_usec: 0.5 }), fault: 'bad-time', message: /^entry 2: .* whole number$/ },
    {
      json: entry({ start_timestamp_usec: 1e18 }),
      fault: 'bad-time',
      message: /^entry 2: .* years 1 to 9999$/,
    },
  ];
  for (const { json, fault, message } of cases) {
    it(`refuses ${json.length > 90 ? `${json.slice(0, 90)}...` : json || 'an empty text'}`, () => {
      assert.throws(
        () => parseTranscript(json),
        (error: TranscriptError) => error.fault === fault && message.test(error.message),
      );
    });
  }
});
