import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anyIs, anyUnpack, EmptySchema, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  BatchUpdateEntityTypesResponseSchema,
  EntityTypes,
  EntityType_Kind as Kind,
  SessionEntityType_EntityOverrideMode as Mode,
  SessionEntityTypes,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { createEntityType, type EntityTypeInit, newAgent } from './agent-scene.ts';
import { finished, namesOf, openScene, refused } from './scene.ts';

const scene = openScene();
const {
  getEntityType,
  listEntityTypes,
  updateEntityType,
  deleteEntityType,
  batchUpdateEntityTypes,
  batchDeleteEntityTypes,
  batchCreateEntities,
  batchUpdateEntities,
  batchDeleteEntities,
} = EntityTypes.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const nameTaken = { code: Code.FAILED_PRECONDITION, reason: 'DISPLAY_NAME_TAKEN' };

for (const wire of scene.wires) {
  describe(`CreateEntityType over ${wire.name}`, () => createCases(wire));
  describe(`UpdateEntityType over ${wire.name}`, () => updateCases(wire));
  describe(`lists and removals of entity types over ${wire.name}`, () => listCases(wire));
  describe(`batches of entity types over ${wire.name}`, () => typeBatchCases(wire));
  describe(`batches of entities over ${wire.name}`, () => entityBatchCases(wire));
  describe(`session entity types over ${wire.name}`, () => sessionCases(wire));
}

/** What an operation comes to; it must go well. */
async function outcomeOf(wire: Wire, begun: Operation) {
  assert.ok(begun.metadata !== undefined && anyIs(begun.metadata, StructSchema));
  const { result } = await finished(wire, begun.name);
  assert.equal(result.case, 'response');
  return result.value;
}

function createCases(wire: Wire): void {
  const kinds: { name: string; entityType: EntityTypeInit }[] = [
    {
      name: 'a map',
      entityType: {
        kind: Kind.MAP,
        autoExpansionMode: 1,
        enableFuzzyExtraction: true,
        entities: [{ value: 'Zürich', synonyms: ['Zürich', 'Zuerich', 'ZRH'] }],
      },
    },
    {
      name: 'a list',
      entityType: { kind: Kind.LIST, entities: [{ value: '@a:b c', synonyms: ['@a:b c'] }] },
    },
    { name: 'expressions', entityType: { kind: Kind.REGEXP, entities: [{ value: '(?i)[a-z]{2}\\d+' }] } },
    { name: 'nothing yet', entityType: { kind: Kind.MAP, entities: [] } },
  ];
  for (const { name, entityType } of kinds) {
    it(`keeps ${name}`, async () => {
      const agent = await newAgent(wire);
      const made = await createEntityType(wire, agent, { displayName: 'place', ...entityType });
      assert.match(made.name.slice(agent.length), /^\/entityTypes\/[0-9a-f-]{36}$/u);
      assert.deepEqual([made.displayName, made.kind], ['place', entityType.kind]);
      assert.deepEqual(
        made.entities.map(({ value, synonyms }) => [value, synonyms]),
        (entityType.entities ?? []).map(({ value, synonyms = [] }) => [value, synonyms]),
      );
      assert.deepEqual(
        [made.autoExpansionMode, made.enableFuzzyExtraction],
        [entityType.autoExpansionMode ?? 0, entityType.enableFuzzyExtraction ?? false],
      );
      for (const reader of scene.wires) {
        assert.deepEqual(await reader.call(getEntityType, { name: made.name }), made);
      }
    });
  }

  const bad: { name: string; entityType: EntityTypeInit; reason?: string; field: string }[] = [
    {
      name: 'no display name',
      entityType: { displayName: '' },
      reason: 'FIELD_REQUIRED',
      field: 'display_name',
    },
    { name: 'a display name with a space', entityType: { displayName: 'a b' }, field: 'display_name' },
    {
      name: 'the name of a system entity type',
      entityType: { displayName: 'sys.date' },
      field: 'display_name',
    },
    { name: 'no kind', entityType: { kind: Kind.UNSPECIFIED }, reason: 'FIELD_REQUIRED', field: 'kind' },
    { name: 'a kind that nobody knows', entityType: { kind: 9 as number as Kind }, field: 'kind' },
    {
      name: 'an entity without a value',
      entityType: { entities: [{ synonyms: ['a'] }] },
      reason: 'FIELD_REQUIRED',
      field: 'entities[0].value',
    },
    {
      name: 'an entity of a map without synonyms',
      entityType: { entities: [{ value: 'a' }] },
      reason: 'FIELD_REQUIRED',
      field: 'entities[0].synonyms',
    },
    {
      name: 'a value that is there twice',
      entityType: {
        entities: [
          { value: 'a', synonyms: ['a'] },
          { value: 'a', synonyms: ['b'] },
        ],
      },
      field: 'entities[1].value',
    },
    {
      name: 'an empty synonym',
      entityType: { entities: [{ value: 'a', synonyms: ['a', ''] }] },
      field: 'entities[0].synonyms[1]',
    },
    {
      name: 'a list whose entity has another synonym',
      entityType: { kind: Kind.LIST, entities: [{ value: 'a', synonyms: ['b'] }] },
      field: 'entities[0].synonyms',
    },
    {
      name: 'a list whose entity has two synonyms',
      entityType: { kind: Kind.LIST, entities: [{ value: 'a', synonyms: ['a', 'b'] }] },
      field: 'entities[0].synonyms',
    },
    {
      name: 'what is no regular expression',
      entityType: { kind: Kind.REGEXP, entities: [{ value: 'a(' }] },
      field: 'entities[0].value',
    },
    {
      name: '201 synonyms',
      entityType: { entities: [{ value: 'a', synonyms: Array.from({ length: 201 }, (_, i) => `s${i}`) }] },
      field: 'entities[0].synonyms',
    },
  ];
  for (const { name, entityType, reason = 'FIELD_INVALID', field } of bad) {
    it(`refuses ${name}`, async () => {
      const agent = await newAgent(wire);
      await refused(createEntityType(wire, agent, entityType), {
        code: Code.INVALID_ARGUMENT,
        reason,
        fields: [`entity_type.${field}`],
      });
      assert.deepEqual((await wire.call(listEntityTypes, { parent: agent })).entityTypes, []);
    });
  }

  it('refuses a display name that is taken, and an agent that is not there', async () => {
    const agent = await newAgent(wire);
    await createEntityType(wire, agent);
    await refused(createEntityType(wire, agent), nameTaken);
    await refused(createEntityType(wire, `projects/${newProject()}/agent`), notFound);
  });
}

function updateCases(wire: Wire): void {
  it('changes what the mask names alone, and all without one', async () => {
    const agent = await newAgent(wire);
    const made = await createEntityType(wire, agent);
    const { name } = made;
    const masked = await wire.call(updateEntityType, {
      entityType: { name, displayName: 'obst', kind: Kind.REGEXP },
      updateMask: { paths: ['display_name'] },
    });
    assert.deepEqual(masked, { ...made, displayName: 'obst' });
    const bare = await wire.call(updateEntityType, {
      entityType: { name, displayName: 'x', kind: Kind.LIST },
    });
    assert.deepEqual([bare.displayName, bare.kind, bare.entities], ['x', Kind.LIST, []]);
    assert.deepEqual(await wire.call(getEntityType, { name }), bare);
  });

  it('keeps the entities of other languages', async () => {
    const agent = await newAgent(wire);
    const { name } = await createEntityType(wire, agent);
    const german = [{ value: 'apple', synonyms: ['Apfel'] }];
    await wire.call(updateEntityType, {
      entityType: { name, entities: german },
      updateMask: { paths: ['entities'] },
      languageCode: 'de',
    });
    const values = async (languageCode: string) =>
      (await wire.call(getEntityType, { name, languageCode })).entities.map(({ synonyms }) => synonyms);
    assert.deepEqual(await values('de'), [['Apfel']]);
    assert.deepEqual(await values('en'), [['apple', 'boskoop'], ['pear']]);
    await refused(wire.call(getEntityType, { name, languageCode: 'fr' }), {
      code: Code.INVALID_ARGUMENT,
      reason: 'LANGUAGE_UNKNOWN',
      fields: ['language_code'],
    });
  });

  it('refuses what is not there, a name that is taken and a rule that is broken', async () => {
    const agent = await newAgent(wire);
    await createEntityType(wire, agent, { displayName: 'one' });
    const { name } = await createEntityType(wire, agent, { displayName: 'two' });
    const update = (entityType: EntityTypeInit, ...paths: string[]) =>
      wire.call(updateEntityType, { entityType, updateMask: { paths } });
    await refused(update({ name, displayName: 'one' }, 'display_name'), nameTaken);
    await refused(update({ name: `${agent}/entityTypes/absent` }, 'display_name', 'kind'), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_REQUIRED',
      fields: ['entity_type.display_name', 'entity_type.kind'],
    });
    await refused(update({ name: `${agent}/entityTypes/absent` }, 'entities'), notFound);
    await refused(update({ name, kind: Kind.LIST }, 'kind'), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_INVALID',
      fields: ['entity_type.entities[0].synonyms'],
    });
  });
}

function listCases(wire: Wire): void {
  it('are whole, a page at a time, and lack what was removed', async () => {
    const agent = await newAgent(wire);
    const made: string[] = [];
    for (const displayName of 'abcde') made.push((await createEntityType(wire, agent, { displayName })).name);
    const first = await wire.call(listEntityTypes, { parent: agent, pageSize: 3 });
    const pageToken = first.nextPageToken;
    const second = await wire.call(listEntityTypes, { parent: agent, pageSize: 3, pageToken });
    assert.equal(second.nextPageToken, '');
    const found = [...namesOf(first.entityTypes), ...namesOf(second.entityTypes)];
    assert.deepEqual(found.toSorted(), made.toSorted());
    const [name = ''] = made;
    await wire.call(deleteEntityType, { name });
    await refused(wire.call(deleteEntityType, { name }), notFound);
    const left = await wire.call(listEntityTypes, { parent: agent });
    assert.deepEqual(namesOf(left.entityTypes).toSorted(), made.slice(1).toSorted());
  });
}

function typeBatchCases(wire: Wire): void {
  it('update those with a name, make the others, and remove', async () => {
    const agent = await newAgent(wire);
    const old = await createEntityType(wire, agent);
    const begun = await wire.call(batchUpdateEntityTypes, {
      parent: agent,
      entityTypeBatch: {
        case: 'entityTypeBatchInline',
        value: {
          entityTypes: [
            { displayName: 'new', kind: Kind.LIST, entities: [{ value: 'a', synonyms: ['a'] }] },
            { ...old, displayName: 'renamed' },
          ],
        },
      },
    });
    const response = await outcomeOf(wire, begun);
    const { entityTypes } = anyUnpack(response, BatchUpdateEntityTypesResponseSchema) ?? assert.fail();
    assert.deepEqual(
      entityTypes.map(({ displayName }) => displayName),
      ['new', 'renamed'],
    );
    for (const each of entityTypes) {
      assert.deepEqual(await wire.call(getEntityType, { name: each.name }), each);
    }
    const entityTypeNames = namesOf(entityTypes);
    const deleted = await wire.call(batchDeleteEntityTypes, { parent: agent, entityTypeNames });
    assert.ok(anyIs(await outcomeOf(wire, deleted), EmptySchema));
    assert.deepEqual((await wire.call(listEntityTypes, { parent: agent })).entityTypes, []);
  });

  it('do nothing where something is wrong, and say so at once', async () => {
    const agent = await newAgent(wire);
    const { name } = await createEntityType(wire, agent);
    const remove = (...entityTypeNames: string[]) =>
      wire.call(batchDeleteEntityTypes, { parent: agent, entityTypeNames });
    const invalid = { code: Code.INVALID_ARGUMENT, fields: ['entity_type_names[1]'] };
    await refused(remove(name, `${agent}/entityTypes/absent`), notFound);
    await refused(remove(name, 'nonsense'), { ...invalid, reason: 'RESOURCE_NAME_INVALID' });
    await refused(remove(name, 'projects/other/agent/entityTypes/x'), {
      ...invalid,
      reason: 'FIELD_INVALID',
    });
    await refused(
      wire.call(batchUpdateEntityTypes, {
        parent: agent,
        entityTypeBatch: { case: 'entityTypeBatchUri', value: 'gs://bucket/object' },
      }),
      { code: Code.UNIMPLEMENTED, reason: 'CLOUD_STORAGE_UNSUPPORTED' },
    );
    assert.deepEqual(namesOf((await wire.call(listEntityTypes, { parent: agent })).entityTypes), [name]);
  });
}

function entityBatchCases(wire: Wire): void {
  const valuesOf = async (name: string, languageCode = '') =>
    (await wire.call(getEntityType, { name, languageCode })).entities.map(({ value, synonyms }) =>
      [value, ...synonyms].join(' '),
    );

  it('add, change and remove the entities that they name, in one language', async () => {
    const parent = (await createEntityType(wire, await newAgent(wire))).name;
    const entities = [{ value: 'plum', synonyms: ['plum'] }];
    const empty = async (begun: Promise<Operation>) =>
      assert.ok(anyIs(await outcomeOf(wire, await begun), EmptySchema));
    await empty(wire.call(batchCreateEntities, { parent, entities }));
    assert.deepEqual(await valuesOf(parent), ['apple apple boskoop', 'pear pear', 'plum plum']);
    const changed = [
      { value: 'pear', synonyms: ['pear', 'conference'] },
      { value: 'fig', synonyms: ['fig'] },
    ];
    await empty(wire.call(batchUpdateEntities, { parent, entities: changed }));
    assert.deepEqual(await valuesOf(parent), [
      'apple apple boskoop',
      'pear pear conference',
      'plum plum',
      'fig fig',
    ]);
    await empty(wire.call(batchDeleteEntities, { parent, entityValues: ['apple', 'fig'] }));
    assert.deepEqual(await valuesOf(parent), ['pear pear conference', 'plum plum']);
    assert.deepEqual(await valuesOf(parent, 'de'), []);
    await empty(wire.call(batchCreateEntities, { parent, entities, languageCode: 'de' }));
    assert.deepEqual(await valuesOf(parent, 'de'), ['plum plum']);
  });

  it('do nothing where something is wrong, and say so at once', async () => {
    const parent = (await createEntityType(wire, await newAgent(wire))).name;
    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED' };
    const plum = { value: 'plum', synonyms: ['plum'] };
    await refused(wire.call(batchCreateEntities, { parent, entities: [plum, { value: 'fig' }] }), {
      ...invalid,
      fields: ['entities[3].synonyms'],
    });
    await refused(
      wire.call(batchCreateEntities, { parent, entities: [{ value: 'pear', synonyms: ['x'] }] }),
      {
        code: Code.ALREADY_EXISTS,
        reason: 'RESOURCE_ALREADY_EXISTS',
      },
    );
    await refused(wire.call(batchDeleteEntities, { parent, entityValues: ['pear', 'fig'] }), notFound);
    await refused(wire.call(batchCreateEntities, { parent, entities: [] }), {
      ...invalid,
      fields: ['entities'],
    });
    await refused(wire.call(batchCreateEntities, { parent: `${parent}x`, entities: [plum] }), notFound);
    assert.deepEqual(await valuesOf(parent), ['apple apple boskoop', 'pear pear']);
  });
}

function sessionCases(wire: Wire): void {
  const { createSessionEntityType, getSessionEntityType, listSessionEntityTypes } = SessionEntityTypes.method;
  const { updateSessionEntityType, deleteSessionEntityType } = SessionEntityTypes.method;
  const entities = [{ value: 'kiwi', synonyms: ['kiwi'] }];

  it('are made, read, changed and removed, and made again in the place of what was there', async () => {
    const agent = await newAgent(wire);
    await createEntityType(wire, agent);
    const parent = `${agent}/sessions/s`;
    const name = `${parent}/entityTypes/fruit`;
    const sessionEntityType = { name, entityOverrideMode: Mode.OVERRIDE, entities };
    const made = await wire.call(createSessionEntityType, { parent, sessionEntityType });
    assert.deepEqual([made.name, made.entityOverrideMode, made.entities.length], [name, Mode.OVERRIDE, 1]);
    for (const reader of scene.wires) {
      assert.deepEqual(await reader.call(getSessionEntityType, { name }), made);
    }
    const draft = `${agent}/environments/draft/users/-/sessions/s`;
    const { sessionEntityTypes } = await wire.call(listSessionEntityTypes, { parent: draft });
    assert.deepEqual(namesOf(sessionEntityTypes), [`${draft}/entityTypes/fruit`]);
    const changed = await wire.call(updateSessionEntityType, {
      sessionEntityType: { name, entityOverrideMode: Mode.SUPPLEMENT },
      updateMask: { paths: ['entity_override_mode'] },
    });
    assert.deepEqual(changed, { ...made, entityOverrideMode: Mode.SUPPLEMENT });
    await wire.call(createSessionEntityType, { parent, sessionEntityType });
    assert.deepEqual(await wire.call(getSessionEntityType, { name }), made);
    await wire.call(deleteSessionEntityType, { name });
    await refused(wire.call(deleteSessionEntityType, { name }), notFound);
    await refused(wire.call(getSessionEntityType, { name }), notFound);
    assert.deepEqual((await wire.call(listSessionEntityTypes, { parent })).sessionEntityTypes, []);
  });

  it('stand for an entity type of the agent, by its rules', async () => {
    const agent = await newAgent(wire);
    await createEntityType(wire, agent);
    const parent = `${agent}/sessions/s`;
    const create = (id: string, more = {}) =>
      wire.call(createSessionEntityType, {
        parent,
        sessionEntityType: {
          name: `${parent}/entityTypes/${id}`,
          entityOverrideMode: Mode.OVERRIDE,
          entities,
          ...more,
        },
      });
    const invalid = { code: Code.INVALID_ARGUMENT };
    const at = 'session_entity_type';
    await refused(create('absent'), notFound);
    await refused(create('fruit', { entityOverrideMode: 0 }), {
      ...invalid,
      reason: 'FIELD_REQUIRED',
      fields: [`${at}.entity_override_mode`],
    });
    await refused(create('fruit', { entities: [] }), {
      ...invalid,
      reason: 'FIELD_REQUIRED',
      fields: [`${at}.entities`],
    });
    await refused(create('fruit', { entities: [{ value: 'a' }] }), {
      ...invalid,
      reason: 'FIELD_REQUIRED',
      fields: [`${at}.entities[0].synonyms`],
    });
    await refused(create('fruit', { name: `${agent}/sessions/other/entityTypes/fruit` }), {
      ...invalid,
      reason: 'FIELD_INVALID',
      fields: [`${at}.name`],
    });
    await refused(create('fruit', { name: 'fruit' }), {
      ...invalid,
      reason: 'RESOURCE_NAME_INVALID',
      fields: [`${at}.name`],
    });
    assert.deepEqual((await wire.call(listSessionEntityTypes, { parent })).sessionEntityTypes, []);
  });
}
