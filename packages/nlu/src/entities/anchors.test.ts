import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Anchors, type PhrasePart } from './anchors.ts';

/** "remind me to [task@sys.any:call mom]" */
function phrase(text: string): PhrasePart[] {
  return text.split(/(\[[^\]]+\])/u).flatMap((part): PhrasePart[] => {
    const annotated = /^\[([^@]*)(@[^:]+):(.*)\]$/u.exec(part);
    if (annotated !== null)
      return [{ text: annotated[3] ?? '', entityType: annotated[2] ?? '', alias: annotated[1] ?? '' }];
    return part === '' ? [] : [{ text: part }];
  });
}

function find(
  phrases: string[],
  text: string,
  recognized: [entityType: string, text: string][] = [],
): unknown[] {
  const spans = recognized.map(([entityType, said]) => ({
    entityType,
    start: text.indexOf(said),
    end: text.indexOf(said) + said.length,
  }));
  return new Anchors(phrases.map(phrase))
    .find(text, spans, new Set(['@sys.any', '@city']))
    .map(({ alias, value }) => [alias, value]);
}

describe('Anchors.find()', () => {
  const remind = [
    'remind me to [task@sys.any:call mom]',
    'remind me to [task@sys.any:eat] at [t@sys.time:7]',
  ];
  it('finds what stands after the words of a phrase', () => {
    assert.deepEqual(find(remind, 'please remind me to buy milk')[0], ['task', 'buy milk']);
  });

  it('finds what stands between the words of a phrase', () => {
    assert.deepEqual(find(['call it [n@sys.any:x] from now on'], 'call it big blue from now on')[0], [
      'n',
      'big blue',
    ]);
  });

  it('ends before what is recognised', () => {
    assert.deepEqual(find(remind, 'remind me to buy milk tomorrow', [['@sys.date', 'tomorrow']])[0], [
      'task',
      'buy milk',
    ]);
    assert.deepEqual(find(remind, 'remind me to buy milk at 9', [['@sys.time', '9']])[0], [
      'task',
      'buy milk',
    ]);
  });

  it('finds what stands at the beginning by what follows', () => {
    assert.deepEqual(find(['[n@sys.any:Bob] is my name'], 'Priya K. is my name')[0], ['n', 'Priya K']);
    assert.deepEqual(find(['[n@sys.any:Bob] is my name'], 'Priya was here'), []);
  });

  it('takes a whole text where a phrase is nothing but a value, and no word tells more', () => {
    const phrases = ['[n@sys.any:Bob]', 'I am [n@sys.any:Bob]'];
    assert.deepEqual(find(phrases, 'Priya K.'), [['n', 'Priya K']]);
    assert.deepEqual(find(phrases, 'I am Priya'), [['n', 'Priya']]);
  });

  it('takes the left of one phrase and the right of another', () => {
    const phrases = ['translate [n@sys.any:cat]', 'how do you say [n@sys.any:dog] in French'];
    assert.deepEqual(find(phrases, 'please translate blue sky in French'), [['n', 'blue sky']]);
  });

  it('finds nothing where no word of a phrase is', () => {
    assert.deepEqual(find(remind, 'good morning'), []);
  });

  it('takes @sys.ignore for plain text', () => {
    assert.deepEqual(find(['go [x@sys.ignore:to] [c@city:Oslo]'], 'go to Bergen')[0], ['c', 'Bergen']);
  });

  it('learns from a hundred thousand phrases', () => {
    const phrases = Array.from({ length: 100_000 }, (_, at) => [
      { text: `take ${at % 9_973} to ` },
      { text: 'Oslo', entityType: '@city', alias: 'to' },
      { text: ` by ${at}` },
    ]);
    const [found] = new Anchors(phrases).find('bring it to Bergen', [], new Set(['@city']));
    assert.deepEqual([found?.alias, found?.value], ['to', 'Bergen']);
  });

  it('learns from a phrase of a million characters', () => {
    const phrase = [{ text: 'go '.repeat(333_333) }, { text: 'home', entityType: '@city' }];
    const [found] = new Anchors([phrase]).find('go north', [], new Set(['@city']));
    assert.equal(found?.value, 'north');
  });

  it('finds one value for each of many parameters', () => {
    const phrases = Array.from({ length: 500 }, (_, at) => `to [a${at}@sys.any:x]`);
    assert.equal(find(phrases, 'to '.repeat(300)).length, 500);
  });
});

describe('Anchors.name()', () => {
  const anchors = new Anchors([phrase('fly from [from@city:Oslo] to [to@city:Rome]')]);
  const name = (text: string, ...values: string[]): unknown[] =>
    anchors
      .name(
        text,
        values.map((value) => ({
          entityType: '@city',
          start: text.indexOf(value),
          end: text.indexOf(value) + value.length,
        })),
      )
      .map(({ alias }) => alias);

  it('tells values of one type apart by their places', () => {
    assert.deepEqual(name('fly to Paris from Oslo', 'Paris', 'Oslo'), ['to', 'from']);
  });

  it('gives each name once, and none without a word beside it', () => {
    assert.deepEqual(name('from Paris or from Oslo', 'Paris', 'Oslo'), ['from', undefined]);
    assert.deepEqual(name('Paris', 'Paris'), [undefined]);
  });
});
