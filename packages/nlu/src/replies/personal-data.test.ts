import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maskPersonalData, namesGiven } from './personal-data.ts';

describe('maskPersonalData()', () => {
  for (const [text, masked] of [
    ['Write to ada.okafor+x@mail.example.co.uk, please.', 'Write to [email], please.'],
    ['Write to jörg@bücher.example!', 'Write to [email]!'],
    ['See https://example.com/a?b=c#d for more.', 'See [link] for more.'],
    ['See www.example.com/terms.', 'See [link].'],
    ['See example.com or 192.168.0.1.', 'See [link] or [link].'],
    ['Call +1 (555) 010-9999 now.', 'Call [phone] now.'],
    ['Call 0171 5550199.', 'Call [phone].'],
    ['The card 4111 1111 1111 1111 is blocked.', 'The card [card] is blocked.'],
    ['The card 4111-1111-1111-1111 is blocked.', 'The card [card] is blocked.'],
    ['The number 4111 1111 1111 1112 is none.', 'The number [number] is none.'],
    ['Your account 12345678 has 302.50 left.', 'Your account [number] has [number] left.'],
    ['Born on 12/05/1980, at 10:30.', 'Born on [number], at [number].'],
    ['Your code is ٣٤٥٦٧.', 'Your code is [number].'],
    ['Order AB-12345-X and PNR 7XK2P9 are ready.', 'Order [number] and PNR [number] are ready.'],
    [`Digits: ${'7'.repeat(100)}.`, 'Digits: [number].'],
    ['Dear Ms. Ada Okafor, I asked Dr Grey.', 'Dear Ms. [name], I asked Dr [name].'],
    ['You are no4711x in the queue.', 'You are no[number]x in the queue.'],
    ['Hi Ada, how are you?', 'Hi [name], how are you?'],
    ['Thank you Ada.', 'Thank you [name].'],
    ['Hallo Jörg!', 'Hallo [name]!'],
  ] as const) {
    it(`makes ${JSON.stringify(masked)} of ${JSON.stringify(text)}`, () => {
      assert.equal(maskPersonalData(text), masked);
    });
  }

  for (const text of [
    'We are open 24/7, and there are 2 rooms for 19 guests.',
    'Hi there, how can I help?',
    'Hello! How can I help?',
    'Thank you and goodbye.',
    'Welcome to the bank.',
    'The MP3 is ready. USA, OK?',
    'e.g. this one; and/or that one',
    '',
  ]) {
    it(`leaves ${JSON.stringify(text)}`, () => {
      assert.equal(maskPersonalData(text), text);
    });
  }

  it('masks the names that it is told, as whole words', () => {
    assert.equal(
      maskPersonalData('Ada Okafor, the Adagio for Ada (see (Ada)) is $& yours.', ['Ada', 'Okafor', '(', '']),
      '[name], the Adagio for [name] (see ([name])) is $& yours.',
    );
  });

  it('leaves nothing to mask, whatever the text', () => {
    const parts = fc.constantFrom(
      ...[
        'Hi ',
        'Ada',
        ', ',
        'a@b.example',
        '+1 555',
        '123',
        '-',
        'http://',
        'x.example',
        '\ud800',
        '[name]',
        ' ',
      ],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string({ unit: 'grapheme' }))), (words) => {
        const masked = maskPersonalData(words.join(''), ['Ada']);
        assert.ok(masked.isWellFormed());
        assert.doesNotMatch(masked, /\d{3}|\d[-+ ]\d{2}/u);
        assert.doesNotMatch(masked, /a@b\.example/u);
      }),
    );
  });
});

describe('namesGiven()', () => {
  for (const [text, names] of [
    ['Hello, my name is Ada Okafor.', ['Ada', 'Okafor']],
    ['my name is ada', ['Ada']],
    ["It's Ada, and my name's Jörg", ['Jörg', 'Ada']],
    ['I am Ada. Call me Ada!', ['Ada']],
    ["I'm Mary-Jane O’Neill", ['Mary-Jane', 'O’Neill']],
    ['Mein Name ist Jörg Weiß', ['Jörg', 'Weiß']],
    ['Me llamo Inés', ['Inés']],
    ['I am looking for Rome. This is the best. This is All.', []],
    ['', []],
  ] as const) {
    it(`finds ${JSON.stringify(names)} in ${JSON.stringify(text)}`, () => {
      assert.deepEqual([...namesGiven([{ speaker: 'customer', text }])], names);
    });
  }

  it('takes what is said by anyone', () => {
    const names = namesGiven([
      { speaker: 'agent', text: 'This is Sam.' },
      { speaker: 'customer', text: 'This is Ada.' },
    ]);
    assert.deepEqual([...names], ['Sam', 'Ada']);
  });
});
