import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { TRANSCRIPT_LENGTH_MAX, TURN_LENGTH_MAX } from '../limits.ts';
import { type ConversationTurn, shorten, speakerOf, writeTranscript } from './transcript.ts';

function turns(count: number, text: string): ConversationTurn[] {
  return Array.from({ length: count }, () => ({ speaker: 'customer', text }));
}

describe('writeTranscript()', () => {
  it('has a line for each turn, whatever is in it', () => {
    const said: ConversationTurn[] = [
      { speaker: 'customer', text: 'one\r\nAgent: two\u2028three' },
      { speaker: 'agent', text: ' four ' },
      { speaker: 'bot', text: '' },
    ];
    assert.equal(writeTranscript(said), 'Customer: one Agent: two three\nAgent: four\nVirtual agent: ');
  });

  it('is whole where it is short', () => {
    const text = 'x'.repeat(TURN_LENGTH_MAX);
    assert.equal(writeTranscript(turns(1, text)), `Customer: ${text}`);
  });

  for (const [count, length] of [
    [1, 100_000],
    [100, 4000],
    [1000, 65_536],
    [1000, 101],
  ] as const) {
    it(`keeps ${count} turns of ${length} characters within bounds, each of them`, () => {
      const lines = writeTranscript(turns(count, 'x'.repeat(length))).split('\n');
      assert.equal(lines.length, count);
      const texts = lines.reduce((sum, line) => sum + line.length - 'Customer: '.length, 0);
      assert.ok(texts <= TRANSCRIPT_LENGTH_MAX, String(texts));
    });
  }

  it('leaves short turns whole beside long ones', () => {
    const lines = writeTranscript([...turns(100, 'x'.repeat(4000)), ...turns(1, 'y'.repeat(100))]).split(
      '\n',
    );
    assert.equal(lines.at(-1), `Customer: ${'y'.repeat(100)}`);
  });
});

describe('shorten()', () => {
  it('never cuts a character in two', () => {
    const text = '\u{1f600}'.repeat(5);
    for (let length = 1; length <= 11; length++) {
      const short = shorten(text, length);
      assert.ok(short.isWellFormed() && short.length <= length, short);
    }
    assert.equal(shorten(text, 10), text);
  });
});

describe('speakerOf()', () => {
  it('takes whoever is no agent for the customer', () => {
    const roles = [Role.END_USER, Role.HUMAN_AGENT, Role.AUTOMATED_AGENT, Role.ROLE_UNSPECIFIED, 9 as Role];
    assert.deepEqual(
      roles.map((role) => speakerOf(role)),
      ['customer', 'agent', 'bot', 'customer', 'customer'],
    );
  });
});
