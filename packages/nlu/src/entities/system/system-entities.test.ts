import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isOpenSystemType,
  loadSystemReader,
  systemEntitySupport,
  systemEntityTypes,
  unsupportedSystemEntityTypes,
} from './system-entities.ts';

describe('systemEntitySupport()', () => {
  const cases: [entityType: string, language: string, support: string][] = [
    ['@sys.number', 'pt-BR', 'recognized'],
    ['@sys.number', 'pl', 'partial'],
    ['@sys.date', 'ru', 'recognized'],
    ['@sys.date-time', 'ko', 'partial'],
    ['@sys.person', 'en-US', 'recognized'],
    ['@sys.person', 'de', 'by-place'],
    ['@sys.color', 'th', 'by-place'],
    ['@sys.geo-country', 'th', 'recognized'],
    ['@sys.any', 'en', 'by-place'],
    ['@sys.location', 'de', 'partial'],
    ['@sys.airport', 'en', 'none'],
    ['@city', 'en', 'none'],
  ];
  for (const [entityType, language, support] of cases) {
    it(`says ${support} of ${entityType} in ${language}`, () => {
      assert.equal(systemEntitySupport(entityType, language), support);
    });
  }

  it('knows each type as supported or not, never both', () => {
    for (const entityType of unsupportedSystemEntityTypes)
      assert.equal(systemEntitySupport(entityType, 'en'), 'none');
  });

  it('takes values by place wherever it says so', () => {
    for (const language of ['en', 'de', 'th']) {
      for (const entityType of systemEntityTypes) {
        if (systemEntitySupport(entityType, language) === 'by-place') assert.ok(isOpenSystemType(entityType));
      }
    }
  });
});

describe('loadSystemReader()', () => {
  it('loads what finds a type once for each language', async () => {
    const [one, again, other] = await Promise.all(
      ['en', 'en', 'de'].map((language) => loadSystemReader('@sys.color', language)),
    );
    assert.equal(one, again);
    assert.notEqual(one, other);
  });

  it('loads every type in any language', async () => {
    for (const entityType of systemEntityTypes) {
      for (const language of ['en', 'th', 'not a language']) {
        assert.ok('find' in (await loadSystemReader(entityType, language)));
      }
    }
  });
});
