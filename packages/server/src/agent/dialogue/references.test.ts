import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isEmpty, parameterIn, resolveJson, resolveText, resolveValue, type Scope } from './references.ts';

const scope: Scope = {
  values: {
    city: 'Oslo',
    'geo-city': 'Rome',
    guests: 3,
    empty: '',
    list: ['tea', 'milk', 'jam'],
    none: [],
    amount: { amount: 5, currency: 'EUR' },
    person: { name: 'Ada' },
  },
  originals: { city: 'oslo', guests: 'three', amount: 'five euros', list: ['Tea', 'Milk', 'Jam'] },
  context: (id) =>
    ({ booking: { date: '2026-05-08', 'date.original': 'tomorrow', who: { name: 'Bo' } } })[id],
  language: 'en',
};

describe('resolveText()', () => {
  const resolved: readonly [template: string, text: string][] = [
    ['nothing to resolve', 'nothing to resolve'],
    ['to $city', 'to Oslo'],
    ['to $city.', 'to Oslo.'],
    ['to $city.Have a nice day', 'to Oslo.Have a nice day'],
    ['to $city.original', 'to oslo'],
    ['$city-$geo-city', 'Oslo-Rome'],
    ['$city-wide', 'Oslo-wide'],
    ['for $guests people', 'for 3 people'],
    ["$person.name's room", "Ada's room"],
    ['$list', 'tea, milk, and jam'],
    ['$amount.amount $amount.currency', '5 EUR'],
    ['that is $amount', 'that is five euros'],
    ['on #booking.date', 'on 2026-05-08'],
    ['on #BOOKING.date.original!', 'on tomorrow!'],
    ['#booking.who.name', 'Bo'],
    ['it costs $5.00, room #1', 'it costs $5.00, room #1'],
    ['$ and # and $$ and #.', '$ and # and $$ and #.'],
  ];
  for (const [template, text] of resolved) {
    it(`makes ${JSON.stringify(text)} of ${JSON.stringify(template)}`, () => {
      assert.deepEqual(resolveText(template, scope), { text, unresolved: false });
    });
  }

  const unresolved: readonly [template: string, text: string][] = [
    ['to $nowhere!', 'to !'],
    ['to $empty', 'to '],
    ['have $none', 'have '],
    ['on #booking.time', 'on '],
    ['on #other.date', 'on '],
    ['$person.age', ''],
    ['$constructor #booking.toString', ' '],
  ];
  for (const [template, text] of unresolved) {
    it(`finds nothing for ${JSON.stringify(template)}`, () => {
      assert.deepEqual(resolveText(template, scope), { text, unresolved: true });
    });
  }

  it('takes any text', () => {
    const piece = fc.constantFrom(
      '$',
      '#',
      '.',
      '-',
      '_',
      'city',
      'booking',
      'date',
      'original',
      ' ',
      '😀',
      '$city',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        assert.equal(typeof resolveText(pieces.join(''), scope).text, 'string');
      }),
    );
  });

  it('takes a long row of hyphens in no time', () => {
    const template = `$${'a-'.repeat(5_000)}`;
    assert.equal(resolveText(template, scope).unresolved, true);
  });
});

describe('resolveValue()', () => {
  it('keeps the form of what a reference alone comes to', () => {
    assert.equal(resolveValue('$guests', scope), 3);
    assert.deepEqual(resolveValue(' $amount ', scope), { amount: 5, currency: 'EUR' });
    assert.equal(resolveValue('$guests.original', scope), 'three');
    assert.deepEqual(resolveValue('#booking.who', scope), { name: 'Bo' });
  });

  it('makes a text of more', () => {
    assert.equal(resolveValue('$guests in $city', scope), '3 in Oslo');
    assert.equal(resolveValue('always', scope), 'always');
  });

  it('is nothing for what is not there', () => {
    for (const expression of ['', '$newnamr', '$empty', '#gone.x']) {
      assert.equal(resolveValue(expression, scope), undefined);
    }
  });
});

describe('resolveJson()', () => {
  it('resolves the strings at any depth, and nothing else', () => {
    const payload = { to: '$city', list: [1, true, null, { on: '#booking.date' }], gone: '$x' };
    assert.deepEqual(resolveJson(payload, scope), {
      to: 'Oslo',
      list: [1, true, null, { on: '2026-05-08' }],
      gone: '',
    });
    assert.equal(payload.to, '$city');
  });
});

describe('parameterIn()', () => {
  const expressions: readonly [expression: string, name: string | undefined][] = [
    ['$city', 'city'],
    ['$geo-city.original', 'geo-city'],
    ['$address.street', 'address'],
    ['constant', undefined],
    ['#booking.date', undefined],
    ['in $city', undefined],
  ];
  for (const [expression, name] of expressions) {
    it(`is ${name} of ${expression}`, () => assert.equal(parameterIn(expression), name));
  }
});

describe('isEmpty()', () => {
  it('tells nothing from something', () => {
    for (const value of [undefined, null, '', [], ['']]) assert.equal(isEmpty(value), true);
    for (const value of [0, false, 'x', ['x'], {}]) assert.equal(isEmpty(value), false);
  });
});
