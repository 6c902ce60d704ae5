import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type SummaryTurn, summarize } from './conversation-summary.ts';

/** Turns by lines such as `C: text`: a customer, an agent or a bot. */
function turns(...lines: readonly string[]): SummaryTurn[] {
  const speakers = { C: 'customer', A: 'agent', B: 'bot' } as const;
  return lines.map((line) => ({ speaker: speakers[line.charAt(0) as 'C' | 'A' | 'B'], text: line.slice(3) }));
}

describe('summarize()', () => {
  for (const { name, lines, want } of [
    {
      name: 'a complaint that is settled',
      lines: [
        'C: Hi there',
        'B: Hello, how can I help you today?',
        'C: My card was declined in a shop and I need it for my journey tomorrow.',
        'A: Sorry to hear that. What are its last four digits?',
        'C: 1234',
        'A: Thank you. I see that it was blocked after a payment abroad.',
        'A: I will unblock it for you now.',
        'C: great',
        'A: Your card is now active again.',
        'C: Thanks a lot!',
        'A: You’re welcome, have a nice day!',
      ],
      want: {
        situation: 'My card was declined in a shop and I need it for my journey tomorrow.',
        action: 'I see that it was blocked after a payment abroad. I will unblock it for you now.',
        resolution: 'Your card is now active again.',
      },
    },
    {
      name: 'one in German',
      lines: [
        'C: Guten Tag',
        'C: mein Paket ist nicht angekommen und ich brauche es dringend',
        'A: Können Sie mir die Nummer der Bestellung nennen?',
        'C: 4711',
        'A: Ich habe beim Zusteller nachgefragt.',
        'A: Das Paket wurde erneut verschickt, Sie erhalten es morgen.',
        'C: Vielen Dank!',
      ],
      want: {
        situation: 'mein Paket ist nicht angekommen und ich brauche es dringend',
        action: 'Ich habe beim Zusteller nachgefragt.',
        resolution: 'Das Paket wurde erneut verschickt, Sie erhalten es morgen.',
      },
    },
    {
      name: 'one in Chinese',
      lines: [
        'C: 你好,我的卡丢了,怎么办?',
        'A: 我来帮您冻结这张卡。',
        'A: 已经冻结,新卡三天内寄出。',
        'C: 谢谢',
      ],
      want: {
        situation: '你好,我的卡丢了,怎么办?',
        action: '我来帮您冻结这张卡。',
        resolution: '已经冻结,新卡三天内寄出。',
      },
    },
    {
      name: 'one step that is also the result',
      lines: ['C: I want to book a table for two', 'A: Where?', 'A: Your table is booked for seven.'],
      want: {
        situation: 'I want to book a table for two',
        action: 'Your table is booked for seven.',
        resolution: 'Your table is booked for seven.',
      },
    },
    {
      name: 'a customer alone',
      lines: ['C: Hello', 'C: I want my money back for the broken lamp.', 'C: Hello?'],
      want: { situation: 'I want my money back for the broken lamp.', action: '', resolution: '' },
    },
    {
      name: 'an agent alone',
      lines: ['A: Good morning', 'A: I have checked your order.', 'A: It has been sent to your new address.'],
      want: {
        situation: '',
        action: 'I have checked your order.',
        resolution: 'It has been sent to your new address.',
      },
    },
    {
      name: 'an agent who only asks',
      lines: ['C: My phone is broken', 'A: Which phone do you have?'],
      want: { situation: 'My phone is broken', action: '', resolution: '' },
    },
    {
      name: 'two sentences without full stops',
      lines: ['C: i lost my bag on the bus 12\ni need the address of your lost property office'],
      want: {
        situation: 'i lost my bag on the bus 12. i need the address of your lost property office',
        action: '',
        resolution: '',
      },
    },
    {
      name: 'small talk',
      lines: ['C: hi', 'A: hello', 'C: bye'],
      want: { situation: '', action: '', resolution: '' },
    },
    { name: 'nothing', lines: [], want: { situation: '', action: '', resolution: '' } },
  ]) {
    it(`finds what matters of ${name}`, () => assert.deepEqual(summarize(turns(...lines)), want));
  }

  it('keeps to the number of sentences asked for', () => {
    const { situation } = summarize(turns('C: My phone is broken. I need a new phone.'), { sentencesMax: 1 });
    assert.equal(situation, 'I need a new phone.');
  });

  it('takes only the beginning of long messages, and stays short', () => {
    const text = 'My parcel did not arrive and I want a refund now. '.repeat(1300).slice(0, 65_536);
    const long = Array.from({ length: 1000 }, (_, index): SummaryTurn => {
      return { speaker: index % 2 === 0 ? 'customer' : 'agent', text: `${index} ${text}` };
    });
    const summary = summarize(long);
    for (const section of Object.values(summary)) assert.ok(section.length < 1000, section);
    const beginnings = long.map((turn) => ({ ...turn, text: turn.text.slice(0, 2000) }));
    assert.deepEqual(summarize(beginnings), summary);
  });

  it('takes any turns, says the same each time, and nothing that was not said', () => {
    const turn = fc.record({
      speaker: fc.constantFrom('customer' as const, 'agent' as const, 'bot' as const),
      text: fc.oneof(fc.string({ unit: 'binary' }), fc.lorem({ mode: 'sentences', maxCount: 3 })),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 20 }), (said) => {
        const summary = summarize(said);
        assert.deepEqual(summarize(structuredClone(said)), summary);
        if (!said.some(({ speaker }) => speaker === 'customer')) assert.equal(summary.situation, '');
        if (!said.some(({ speaker }) => speaker !== 'customer')) assert.equal(summary.action, '');
      }),
    );
  });
});
