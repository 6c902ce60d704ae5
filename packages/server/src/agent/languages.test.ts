import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AgentSchema } from '@parleykit/proto/v2beta1';
import { chooseLanguage } from './languages.ts';

describe('chooseLanguage()', () => {
  const agent = create(AgentSchema, {
    defaultLanguageCode: 'de',
    supportedLanguageCodes: ['en', 'pt-BR', 'zh-CN'],
  });
  const cases: readonly [requested: string, chosen: string][] = [
    ['de', 'de'],
    ['en', 'en'],
    ['en-US', 'en'],
    ['EN-us', 'en'],
    ['pt-br', 'pt-BR'],
    ['zh_CN', 'zh-CN'],
    ['pt', 'de'],
    ['fr-CA', 'de'],
    ['', 'de'],
    ['not a language', 'de'],
  ];
  for (const [requested, chosen] of cases) {
    it(`answers ${JSON.stringify(requested)} in ${chosen}`, () => {
      assert.equal(chooseLanguage(agent, requested), chosen);
    });
  }
});
