import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { annotateText, phraseTemplate } from './annotation.ts';

describe('phraseTemplate()', () => {
  it('puts types in the place of values', () => {
    const phrase = [
      { text: 'a table ' },
      { text: 'on', entityType: '@sys.ignore' },
      { text: ' ' },
      { text: 'Friday', entityType: '@sys.date', alias: 'day' },
    ];
    assert.equal(phraseTemplate(phrase), 'a table on @sys.date');
  });
});

describe('annotateText()', () => {
  it('puts types in the place of spans, in whatever order they come', () => {
    const spans = [
      { entityType: '@sys.date', start: 14, end: 20 },
      { entityType: '@sys.number', start: 12, end: 13 },
    ];
    assert.equal(annotateText('a table for 2 Friday', spans), 'a table for @sys.number @sys.date');
  });

  it('leaves a text without spans as it is', () => {
    assert.equal(annotateText('hello', []), 'hello');
  });
});
