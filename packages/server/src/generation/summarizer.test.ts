import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { GeneratorSchema, SummarizationSection_Type as Type } from '@parleykit/proto/v2beta1';
import { LanguageModel } from './language-model.ts';
import { Summarizer } from './summarizer.ts';
import type { ConversationTurn } from './transcript.ts';

const TURNS: readonly ConversationTurn[] = [
  { speaker: 'customer', text: 'My lamp is broken. I want a new lamp.' },
  { speaker: 'agent', text: 'I will send a new one. It has been sent today.' },
];

const { signal } = new AbortController();

function summarize(...types: Type[]) {
  const generator = create(GeneratorSchema, {
    context: {
      case: 'summarizationContext',
      value: { summarizationSections: types.map((type) => ({ type })) },
    },
  });
  return new Summarizer(new LanguageModel(undefined)).summarize(TURNS, { generator }, signal);
}

describe('Summarizer without a model', () => {
  for (const [type, want] of [
    [Type.SITUATION, 'My lamp is broken. I want a new lamp.'],
    [Type.SITUATION_CONCISE, 'I want a new lamp.'],
    [Type.ACTION, 'I will send a new one.'],
    [Type.RESOLUTION, 'It has been sent today.'],
  ] as const) {
    it(`fills ${Type[type]}`, async () => {
      const { sections, text, baselineModelVersion } = await summarize(type);
      const section = Type[type].toLowerCase();
      assert.deepEqual(sections, [{ section, summary: want }]);
      assert.deepEqual([text, baselineModelVersion], [`${section}: ${want}`, 'extractive-1']);
    });
  }

  it('leaves out what is no part of a conversation', async () => {
    const { sections } = await summarize(Type.ENTITIES, Type.RESOLUTION, Type.REASON_FOR_CANCELLATION);
    assert.deepEqual(
      sections.map(({ section }) => section),
      ['resolution'],
    );
    await assert.rejects(summarize(Type.ENTITIES), { reason: 'GENERATION_NOT_CONFIGURED' });
  });

  it('has the usual sections for a generator of none, and says where there is nothing', async () => {
    const summarizer = new Summarizer(new LanguageModel(undefined));
    const { sections } = await summarizer.summarize(TURNS.slice(0, 1), {}, signal);
    assert.deepEqual(sections, [
      { section: 'situation', summary: 'My lamp is broken. I want a new lamp.' },
      { section: 'action', summary: 'N/A' },
      { section: 'resolution', summary: 'N/A' },
    ]);
    const types = (await summarize(Type.TYPE_UNSPECIFIED)).sections.map(({ section }) => section);
    assert.deepEqual(types, ['situation', 'action', 'resolution']);
  });
});
