import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '@parleykit/client';
import fc from 'fast-check';
import { formatMessage } from './message-lines.ts';
import { neutralise, oneLine, widthOf, wrap } from './terminal-text.ts';

describe('oneLine()', () => {
  it('leaves no control character and no more than 300 others', () => {
    assert.equal(oneLine('a\n\u001b[31mb\u2028c'), 'a [31mb c');
    assert.equal(oneLine('x'.repeat(400)), `${'x'.repeat(300)}...`);
  });
});

describe('neutralise()', () => {
  const cases = [
    { text: 'two\nlines\r\nof\ttext', want: 'two lines of text' },
    { text: '\u001b[2Jgone\u0007', want: '\u241b[2Jgone\u2407' },
    { text: 'del\u007f c1\u009b', want: 'del\u2421 c1\ufffd' },
    { text: 'turned \u202egnirts\u2066', want: 'turned \ufffdgnirts\ufffd' },
    { text: 'Grüße 👩‍👩‍👧 日本', want: 'Grüße 👩‍👩‍👧 日本' },
  ];
  for (const { text, want } of cases) {
    it(`makes ${JSON.stringify(want)}`, () => assert.equal(neutralise(text), want));
  }
});

describe('wrap()', () => {
  const cases = [
    { text: 'one two three', columns: 8, want: ['one two', 'three'] },
    { text: 'unbreakable', columns: 4, want: ['unbr', 'eaka', 'ble'] },
    { text: '日本語の文', columns: 5, want: ['日本', '語の', '文'] },
    { text: '', columns: 5, want: [''] },
  ];
  for (const { text, columns, want } of cases) {
    it(`breaks ${JSON.stringify(text)} at ${columns}`, () => assert.deepEqual(wrap(text, columns), want));
  }

  it('fills no line beyond its width, and loses nothing but spaces', () => {
    const property = fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 2, max: 30 }),
      (raw, columns) => {
        const text = neutralise(raw);
        const lines = wrap(text, columns);
        for (const line of lines) assert.ok(widthOf(line) <= columns, line);
        assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
      },
    );
    fc.assert(property);
  });
});

describe('formatMessage()', () => {
  const message: Message = {
    name: 'projects/p/conversations/c/messages/m',
    content: 'Where is my order? It has been\ntwo weeks now.',
    responseMessages: [],
    languageCode: '',
    participant: '',
    participantRole: 'END_USER',
    createTime: '2026-01-02T03:04:05.678901Z',
    sendTime: '2020-05-13T13:14:57.000001Z',
  };
  const cases = [
    {
      columns: undefined,
      want: ['2020-05-13 13:14:57Z  CUSTOMER 1    Where is my order? It has been two weeks now.'],
    },
    {
      columns: 70,
      want: [
        '2020-05-13 13:14:57Z  CUSTOMER 1    Where is my order? It has been',
        '                                    two weeks now.',
      ],
    },
    {
      columns: 20,
      want: [
        '2020-05-13',
        '13:14:57Z',
        'CUSTOMER 1',
        '  Where is my',
        '  order? It has',
        '  been two weeks',
        '  now.',
      ],
    },
  ];
  for (const { columns, want } of cases) {
    it(`fits ${columns ?? 'no'} columns`, () =>
      assert.equal(formatMessage(message, '1', columns), `${want.join('\n')}\n`));
  }

  it('takes the time of storing where there is no other, and does without a user', () => {
    const { sendTime: _sendTime, ...stored } = message;
    assert.match(formatMessage(stored, '', undefined), /^2026-01-02 03:04:05Z {2}CUSTOMER {6}Where/);
  });
});
