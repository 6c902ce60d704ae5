import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { EntitySpan } from '@parleykit/nlu';
import { type AgentIntent, readIntents } from './agent-intent.ts';
import { intent, parameter } from './harbour-hotel.test.fixture.ts';
import { contextParameters, fillParameters, firstMissing, type ParameterSources } from './parameters.ts';

type ParameterInit = ReturnType<typeof parameter>;

function read(...parameters: ParameterInit[]): AgentIntent {
  const [first] = readIntents([intent('Test', [], { parameters })]);
  assert.ok(first);
  return first;
}

/** Values as they would be found one after another in a text. */
function spans(
  ...found: readonly (readonly [entityType: string, value: string | number, alias?: string])[]
): EntitySpan[] {
  return found.map(([entityType, value, alias], index) => ({
    entityType,
    value,
    text: `said ${value}`,
    start: index * 10,
    end: index * 10 + 5,
    ...(alias !== undefined && { alias }),
  }));
}

function fill(
  of: AgentIntent,
  sources: Partial<ParameterSources> = {},
  contexts: Readonly<Record<string, JsonObject>> = {},
): Readonly<Record<string, JsonValue>> {
  return fillParameters(of, { spans: [], context: (id) => contexts[id], language: 'en', ...sources }).values;
}

describe('fillParameters()', () => {
  const route = read(parameter('from', '@city'), parameter('to', '@city'));

  it('gives values of one type to its parameters in order', () => {
    assert.deepEqual(fill(route, { spans: spans(['@city', 'Oslo'], ['@city', 'Rome']) }), {
      from: 'Oslo',
      to: 'Rome',
    });
  });

  it('gives a value to the parameter in whose place it stands', () => {
    assert.deepEqual(fill(route, { spans: spans(['@city', 'Rome', 'to'], ['@city', 'Oslo']) }), {
      from: 'Oslo',
      to: 'Rome',
    });
  });

  it('leaves empty what is not said', () => {
    assert.deepEqual(fill(route, { spans: spans(['@city', 'Rome', 'to']) }), { from: '', to: 'Rome' });
    assert.deepEqual(fill(read(parameter('tags', '@tag', { isList: true }))), { tags: [] });
  });

  it('gives all values of a type to a list', () => {
    const order = read(parameter('drinks', '@drink', { isList: true }), parameter('count', '@sys.number'));
    const said = spans(['@drink', 'tea', 'drinks'], ['@sys.number', 2], ['@drink', 'milk']);
    assert.deepEqual(fill(order, { spans: said }), { drinks: ['tea', 'milk'], count: 2 });
    const one = fillParameters(order, {
      spans: spans(['@drink', 'tea']),
      context: () => undefined,
      language: 'en',
    });
    assert.deepEqual(one.originals['drinks'], ['said tea']);
  });

  it('takes constants, originals, fields and contexts for values', () => {
    const of = read(
      parameter('date', '@sys.date'),
      { displayName: 'words', value: '$date.original', entityTypeDisplayName: '@sys.date' },
      { displayName: 'kind', value: 'booking', entityTypeDisplayName: '' },
      { displayName: 'who', value: '#guest.name', entityTypeDisplayName: '@sys.any' },
      { displayName: 'street', value: '$place.street', entityTypeDisplayName: '@sys.location' },
    );
    const place: EntitySpan = {
      entityType: '@sys.location',
      text: 'at the quay',
      value: { street: 'Quay 1' },
      start: 50,
      end: 60,
    };
    const values = fill(
      of,
      { spans: [...spans(['@sys.date', '2026-05-08']), place] },
      { guest: { name: 'Ada' } },
    );
    assert.deepEqual(values, {
      date: '2026-05-08',
      words: 'said 2026-05-08',
      kind: 'booking',
      who: 'Ada',
      street: 'Quay 1',
    });
  });

  it('takes the default for what comes to nothing', () => {
    const of = read(
      parameter('size', '@size', { defaultValue: 'small' }),
      parameter('city', '@city', { defaultValue: '#trip.city' }),
      { displayName: 'typo', value: '$newnamr', entityTypeDisplayName: '@size' },
    );
    assert.deepEqual(fill(of, {}, { trip: { city: 'Oslo' } }), { size: 'small', city: 'Oslo', typo: '' });
    assert.deepEqual(fill(of, { spans: spans(['@size', 'large']) }), { size: 'large', city: '', typo: '' });
  });

  it('takes a parameter without a value for its own name, and a type without its sign', () => {
    const of = read({ displayName: 'city', value: '', entityTypeDisplayName: 'city' });
    assert.deepEqual(fill(of, { spans: spans(['@city', 'Oslo']) }), { city: 'Oslo' });
  });

  it('keeps what was told before, unless it is told anew', () => {
    const collected = { values: { from: 'Oslo', to: '' }, originals: { from: 'oslo', to: '' } };
    const [from, to] = route.parameters;
    const said = spans(['@city', 'Rome']);
    assert.deepEqual(fill(route, { spans: said, collected, asked: to }), { from: 'Oslo', to: 'Rome' });
    assert.deepEqual(fill(route, { spans: said, collected, asked: from }), { from: 'Rome', to: '' });
    assert.deepEqual(fill(route, { collected, asked: to }), { from: 'Oslo', to: '' });
  });
});

describe('firstMissing()', () => {
  it('goes by the order in which required parameters are declared', () => {
    const of = read(
      parameter('note', '@sys.any'),
      parameter('b', '@sys.number', { mandatory: true }),
      parameter('a', '@sys.date', { mandatory: true }),
    );
    const missing = (values: Record<string, JsonValue>) => firstMissing(of, { values, originals: {} })?.name;
    assert.equal(missing({}), 'b');
    assert.equal(missing({ b: 0 }), 'a');
    assert.equal(missing({ b: 0, a: 'x' }), undefined);
  });
});

describe('contextParameters()', () => {
  it('has each parameter and what was said for it', () => {
    assert.deepEqual(contextParameters({ values: { a: 1, b: '' }, originals: { a: 'one' } }), {
      a: 1,
      'a.original': 'one',
      b: '',
      'b.original': '',
    });
  });
});
