import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from '../../conformance/fuzz/random.ts';
import { describeReport, runCampaign } from './campaign.ts';
import { checkStored, checkTranscripts } from './check.ts';
import { makeSamples } from './transcripts.ts';

describe('imports and exports that are killed', () => {
  it('lose and double nothing, over six kills', async (test) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    test.diagnostic(`seed ${seed}`);
    const samples = makeSamples(new Random(seed, -1), 150);
    const report = await runCampaign({ seed, runs: 6, samples, conversations: [60, 150] });
    assert.equal(report.findings.length, 0, describeReport(report));
    assert.equal(report.importsKilled + report.exportsKilled, 6);
    assert.ok(report.messages > 0);
  });
});

describe('checkTranscripts()', () => {
  const samples = makeSamples(new Random(1, 1), 3);
  const [first, second, third] = samples.map(({ id, said }) =>
    JSON.stringify({
      conversation_id: id,
      entries: said.map(({ usec, user, ...entry }) => ({
        ...entry,
        start_timestamp_usec: usec,
        user_id: user,
      })),
    }),
  );
  const changed = (change: (entries: unknown[]) => void): string => {
    const conversation = JSON.parse(second ?? '');
    change(conversation.entries);
    return JSON.stringify(conversation);
  };

  const cases: { name: string; lines: (string | undefined)[]; want: string[] }[] = [
    { name: 'finds nothing in what is equal', lines: [third, first, second], want: [] },
    { name: 'finds a lost conversation', lines: [first, third], want: ['lost'] },
    { name: 'finds a lost message', lines: [first, changed((all) => all.pop()), third], want: ['lost'] },
    {
      name: 'finds a doubled message',
      lines: [first, changed((all) => all.push(all[0])), third],
      want: ['doubled'],
    },
    { name: 'finds a doubled conversation', lines: [first, second, third, third], want: ['doubled'] },
    {
      name: 'finds messages out of order',
      lines: [first, changed((all) => all.reverse()), third],
      want: ['changed'],
    },
    {
      name: 'finds another text',
      lines: [first, changed((all) => Object.assign(all[0] as object, { text: 'x' })), third],
      want: ['changed'],
    },
    {
      name: 'finds a stranger',
      lines: [first, second, third, third?.replace('made-2', 'made-9')],
      want: ['stranger'],
    },
  ];
  for (const { name, lines, want } of cases) {
    it(name, () => {
      const kinds = checkTranscripts(samples, `${lines.join('\n')}\n`).map(({ kind }) => kind);
      assert.deepEqual(kinds, want);
    });
  }
});

describe('checkStored()', () => {
  const conversation = (change: object) =>
    JSON.stringify({
      conversation: { name: 'c', lifecycleState: 'IN_PROGRESS' },
      participants: [{ role: 'END_USER', obfuscatedExternalUserId: '1' }],
      messages: [{ participant: 'p', sendTime: '1970-01-01T00:00:00Z' }],
      ...change,
    });
  const twice = <T>(one: T) => [one, one];

  const cases = [
    { name: 'nothing in what is sound', change: {}, want: [] },
    {
      name: 'two participants alike',
      change: { participants: twice({ role: 'AGENT', obfuscatedExternalUserId: '' }) },
      want: ['doubled'],
    },
    {
      name: 'two messages alike',
      change: { messages: twice({ participant: 'p', sendTime: 't' }) },
      want: ['doubled'],
    },
    {
      name: 'a conversation completed against orders',
      change: { conversation: { name: 'c', lifecycleState: 'COMPLETED' } },
      want: ['closed'],
    },
  ];
  for (const { name, change, want } of cases) {
    it(`finds ${name}`, () => {
      const kinds = checkStored(conversation(change), { complete: false }).map(({ kind }) => kind);
      assert.deepEqual(kinds, want);
    });
  }

  it('finds a conversation that is still open', () => {
    assert.equal(checkStored(conversation({}), { complete: true })[0]?.kind, 'open');
  });
});
