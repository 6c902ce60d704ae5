import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import { ConversationProfileSchema, ParticipantSchema } from '@parleykit/proto/v2beta1';
import { applyFieldMask, maskCovers, maskOrAll } from './field-mask.ts';

type Init = MessageInitShape<typeof ConversationProfileSchema>;

describe('applyFieldMask()', () => {
  const stored: Init = {
    name: 'n',
    displayName: 'old',
    languageCode: 'de',
    createTime: { seconds: 1n },
    automatedAgentConfig: { agent: 'projects/p/agent', sessionTtl: { seconds: 5n } },
  };
  const sent: Init = {
    name: 'other',
    displayName: 'new',
    createTime: { seconds: 2n },
    automatedAgentConfig: { agent: 'projects/q/agent' },
    loggingConfig: { enableStackdriverLogging: true },
  };
  const table: { paths: string[]; want: Init }[] = [
    { paths: [], want: stored },
    { paths: ['display_name'], want: { ...stored, displayName: 'new' } },
    { paths: ['displayName'], want: { ...stored, displayName: 'new' } },
    { paths: ['language_code'], want: { ...stored, languageCode: '' } },
    { paths: ['name', 'create_time'], want: stored },
    {
      paths: ['automated_agent_config'],
      want: { ...stored, automatedAgentConfig: { agent: 'projects/q/agent' } },
    },
    {
      paths: ['automated_agent_config.agent'],
      want: { ...stored, automatedAgentConfig: { agent: 'projects/q/agent', sessionTtl: { seconds: 5n } } },
    },
    {
      paths: ['automated_agent_config.session_ttl.seconds'],
      want: { ...stored, automatedAgentConfig: { agent: 'projects/p/agent', sessionTtl: {} } },
    },
    {
      paths: ['logging_config.enable_stackdriver_logging'],
      want: { ...stored, loggingConfig: { enableStackdriverLogging: true } },
    },
    { paths: ['notification_config.topic'], want: stored },
    {
      paths: ['*'],
      want: { ...sent, name: 'n', createTime: { seconds: 1n } },
    },
  ];
  for (const { paths, want } of table) {
    it(`copies ${JSON.stringify(paths)} and nothing else`, () => {
      const to = create(ConversationProfileSchema, stored);
      const mask = create(FieldMaskSchema, { paths });
      applyFieldMask(ConversationProfileSchema, mask, create(ConversationProfileSchema, sent), to);
      assert.deepEqual(to, create(ConversationProfileSchema, want));
    });
  }

  it('replaces maps and lists as a whole', () => {
    const to = create(ParticipantSchema, { documentsMetadataFilters: { a: '1', b: '2' } });
    const from = create(ParticipantSchema, { documentsMetadataFilters: { c: '3' } });
    const mask = create(FieldMaskSchema, { paths: ['documents_metadata_filters'] });
    applyFieldMask(ParticipantSchema, mask, from, to);
    assert.deepEqual(to.documentsMetadataFilters, { c: '3' });
  });

  for (const path of [
    '',
    'nope',
    'display_name.x',
    'automated_agent_config.nope',
    'display_name.',
    '__proto__',
  ]) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      const empty = create(ConversationProfileSchema);
      const mask = create(FieldMaskSchema, { paths: [path] });
      assert.throws(() => applyFieldMask(ConversationProfileSchema, mask, empty, empty), {
        reason: 'FIELD_INVALID',
      });
    });
  }
});

describe('maskCovers()', () => {
  const table = [
    { paths: ['a'], path: 'a', want: true },
    { paths: ['a'], path: 'a.b', want: true },
    { paths: ['a.b'], path: 'a', want: true },
    { paths: ['*'], path: 'a', want: true },
    { paths: ['a'], path: 'ab', want: false },
    { paths: [], path: 'a', want: false },
  ];
  for (const { paths, path, want } of table) {
    it(`answers ${want} for ${path} in ${JSON.stringify(paths)}`, () => {
      assert.equal(maskCovers(create(FieldMaskSchema, { paths }), path), want);
    });
  }
});

describe('maskOrAll()', () => {
  it('means all where nothing is named, and else what is named', () => {
    const all = create(FieldMaskSchema, { paths: ['*'] });
    assert.deepEqual(maskOrAll(ParticipantSchema, undefined), all);
    assert.deepEqual(maskOrAll(ParticipantSchema, create(FieldMaskSchema)), all);
    const mask = create(FieldMaskSchema, { paths: ['role'] });
    assert.equal(maskOrAll(ParticipantSchema, mask), mask);
  });

  it('refuses a path that leads nowhere', () => {
    const mask = create(FieldMaskSchema, { paths: ['role', 'nope'] });
    assert.throws(() => maskOrAll(ParticipantSchema, mask), { reason: 'FIELD_INVALID' });
  });
});
