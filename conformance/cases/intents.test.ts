import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anyIs, anyUnpack, EmptySchema, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  BatchUpdateIntentsResponseSchema,
  Intents,
  IntentView,
  Intent_TrainingPhrase_Type as PhraseType,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { createIntent, getIntent, type IntentInit, newAgent, phrases, textsOf } from './agent-scene.ts';
import { finished, namesOf, openScene, refused } from './scene.ts';

const scene = openScene();
const { listIntents, updateIntent, deleteIntent, batchUpdateIntents, batchDeleteIntents } = Intents.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const nameTaken = { code: Code.FAILED_PRECONDITION, reason: 'DISPLAY_NAME_TAKEN' };

/** An intent that says something in most places where it may. */
function rich(agent: string): IntentInit {
  return {
    displayName: 'order a pizza 🍕',
    webhookState: 2,
    priority: 750_000,
    mlDisabled: true,
    liveAgentHandoff: true,
    endInteraction: true,
    inputContextNames: [`${agent}/sessions/-/contexts/hungry`],
    events: ['ORDER'],
    trainingPhrases: [
      {
        type: 1,
        parts: [{ text: 'a ' }, { text: 'big', entityType: '@size', alias: 'size', userDefined: true }],
      },
      ...phrases('pizza please'),
    ],
    action: 'order.pizza',
    outputContexts: [{ name: `${agent}/sessions/-/contexts/ordered`, lifespanCount: 5 }],
    resetContexts: true,
    parameters: [
      {
        displayName: 'size',
        value: '$size',
        defaultValue: 'small',
        entityTypeDisplayName: '@size',
        mandatory: true,
        prompts: ['Which size?', 'How big?'],
        isList: true,
      },
    ],
    messages: [
      { message: { case: 'text', value: { text: ['Coming', 'On its way'] } } },
      { message: { case: 'payload', value: { a: [1, null, 'x'] } } },
      { message: { case: 'quickReplies', value: { title: 't', quickReplies: ['yes'] } }, platform: 1 },
    ],
    defaultResponsePlatforms: [1, 8],
  };
}

for (const wire of scene.wires) {
  describe(`CreateIntent over ${wire.name}`, () => createCases(wire));
  describe(`what CreateIntent refuses over ${wire.name}`, () => refusalCases(wire));
  describe(`UpdateIntent over ${wire.name}`, () => updateCases(wire));
  describe(`languages of intents over ${wire.name}`, () => languageCases(wire));
  describe(`follow-up intents over ${wire.name}`, () => followupCases(wire));
  describe(`ListIntents over ${wire.name}`, () => listCases(wire));
  describe(`BatchUpdateIntents over ${wire.name}`, () => batchCases(wire));
  describe(`BatchDeleteIntents over ${wire.name}`, () => batchDeleteCases(wire));
}

function createCases(wire: Wire): void {
  it('keeps all that it is told, on both wires', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, rich(agent));
    assert.match(made.name.slice(agent.length), /^\/intents\/[0-9a-f-]{36}$/u);
    const want = rich(agent);
    assert.deepEqual(
      {
        ...want,
        trainingPhrases: textsOf(made),
        parameters: made.parameters.map(({ displayName, prompts }) => [displayName, ...prompts]),
        messages: made.messages.map(({ message }) => message.case),
        outputContexts: made.outputContexts.map(({ name, lifespanCount }) => [name, lifespanCount]),
      },
      {
        ...want,
        trainingPhrases: ['a big', 'pizza please'],
        parameters: [['size', 'Which size?', 'How big?']],
        messages: ['text', 'payload', 'quickReplies'],
        outputContexts: [[`${agent}/sessions/-/contexts/ordered`, 5]],
      },
    );
    for (const [key, value] of Object.entries(want)) {
      if (typeof value !== 'object') assert.equal(made[key as keyof typeof made], value, key);
    }
    assert.deepEqual(
      [made.events, made.defaultResponsePlatforms, made.mlEnabled],
      [['ORDER'], [1, 8], false],
    );
    assert.equal(new Set(made.trainingPhrases.map(({ name }) => name)).size, 2);
    assert.notEqual(made.parameters[0]?.name, '');
    for (const reader of scene.wires) assert.deepEqual(await getIntent(reader, made.name), made);
  });

  it('answers training phrases in the full view alone, and the usual priority', async () => {
    const agent = await newAgent(wire);
    const intent = { displayName: 'hello', trainingPhrases: phrases('hello') };
    const made = await wire.call(Intents.method.createIntent, { parent: agent, intent });
    assert.deepEqual([made.trainingPhrases, made.priority, made.mlEnabled], [[], 500_000, true]);
    const short = await wire.call(Intents.method.getIntent, { name: made.name });
    assert.deepEqual(short, made);
    assert.deepEqual(textsOf(await getIntent(wire, made.name)), ['hello']);
  });

  it('takes phrases without a type for examples, and contexts of any session, whose ids become small letters', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, {
      displayName: 'hello',
      trainingPhrases: [{ parts: [{ text: 'hello' }] }],
      inputContextNames: [`${agent}/sessions/*/contexts/Hungry-1`],
      outputContexts: [{ name: `${agent.replace('/agent', '/locations/us/agent')}/sessions/s/contexts/A_B` }],
    });
    assert.equal(made.trainingPhrases[0]?.type, PhraseType.EXAMPLE);
    assert.deepEqual(made.inputContextNames, [`${agent}/sessions/-/contexts/hungry-1`]);
    assert.deepEqual(namesOf(made.outputContexts), [`${agent}/sessions/-/contexts/a_b`]);
  });

  it('names things in the form of the caller', async () => {
    const agent = await newAgent(wire);
    const { name } = await createIntent(wire, agent, rich(agent));
    const other = name.replace('/agent', '/locations/global/agent');
    const got = await getIntent(wire, other);
    assert.equal(got.name, other);
    for (const each of [...got.inputContextNames, ...namesOf(got.outputContexts)]) {
      assert.ok(each.startsWith(`${agent.replace('/agent', '/locations/global/agent')}/sessions/-/`), each);
    }
  });

  it('gives parameters names where theirs are no names, or those of others', async () => {
    const agent = await newAgent(wire);
    const own = ['__proto__', 'constructor', 'mine', 'mine', '', 'a/b'];
    const parameters = own.map((name, index) => ({ name, displayName: `p${index}`, prompts: [`${index}?`] }));
    const made = await createIntent(wire, agent, { displayName: 'x', parameters });
    const got = await getIntent(wire, made.name);
    assert.deepEqual(got, made);
    assert.deepEqual(
      got.parameters.map(({ prompts }) => prompts),
      own.map((_, index) => [`${index}?`]),
    );
    const names = got.parameters.map(({ name }) => name);
    assert.equal(new Set(names).size, own.length);
    assert.deepEqual(names.slice(1, 3), ['constructor', 'mine']);
  });

  it('gives a display name to one of racing calls alone', async () => {
    const agent = await newAgent(wire);
    const calls = Array.from({ length: 8 }, () => createIntent(wire, agent, { displayName: 'one' }));
    const ends = await Promise.allSettled(calls);
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
    await refused(createIntent(wire, agent, { displayName: 'one' }), nameTaken);
    assert.equal((await wire.call(listIntents, { parent: agent })).intents.length, 1);
  });

  it('needs an agent', async () => {
    const agent = `projects/${newProject()}/agent`;
    await refused(createIntent(wire, agent, { displayName: 'one' }), notFound);
  });
}

function refusalCases(wire: Wire): void {
  const context = (agent: string, id: string) => `${agent}/sessions/-/contexts/${id}`;
  const required = 'FIELD_REQUIRED';
  const bad: {
    name: string;
    intent: (agent: string) => IntentInit;
    reason?: string;
    field: string;
  }[] = [
    { name: 'no display name', intent: () => ({}), reason: required, field: 'display_name' },
    {
      name: 'a blank display name',
      intent: () => ({ displayName: ' ' }),
      reason: required,
      field: 'display_name',
    },
    {
      name: 'a context that is no name',
      intent: () => ({ inputContextNames: ['hungry'] }),
      reason: 'RESOURCE_NAME_INVALID',
      field: 'input_context_names[0]',
    },
    {
      name: 'a context of another agent',
      intent: () => ({ inputContextNames: [context('projects/other/agent', 'a')] }),
      field: 'input_context_names[0]',
    },
    {
      name: 'a context with a space in its id',
      intent: (agent) => ({ outputContexts: [{ name: context(agent, 'a b') }] }),
      field: 'output_contexts[0].name',
    },
    {
      name: 'a context with an id of 251 characters',
      intent: (agent) => ({ inputContextNames: [context(agent, 'a'.repeat(251))] }),
      field: 'input_context_names[0]',
    },
    {
      name: 'six input contexts',
      intent: (agent) => ({ inputContextNames: [...'abcdef'].map((id) => context(agent, id)) }),
      field: 'input_context_names',
    },
    {
      name: 'a negative lifespan',
      intent: (agent) => ({ outputContexts: [{ name: context(agent, 'a'), lifespanCount: -1 }] }),
      field: 'output_contexts[0].lifespan_count',
    },
    { name: 'an event of 151 characters', intent: () => ({ events: ['E'.repeat(151)] }), field: 'events[0]' },
    { name: 'an event without a name', intent: () => ({ events: ['A', ''] }), field: 'events[1]' },
    { name: 'whitespace in an action', intent: () => ({ action: 'a b' }), field: 'action' },
    {
      name: 'a phrase without text',
      intent: () => ({ trainingPhrases: phrases('a', '') }),
      reason: required,
      field: 'training_phrases[1].parts[0].text',
    },
    {
      name: 'a phrase of 769 characters',
      intent: () => ({ trainingPhrases: phrases('x'.repeat(769)) }),
      field: 'training_phrases[0]',
    },
    {
      name: 'an annotation without an alias',
      intent: () => ({ trainingPhrases: [{ type: 1, parts: [{ text: 'a', entityType: '@b' }] }] }),
      reason: required,
      field: 'training_phrases[0].parts[0].alias',
    },
    {
      name: 'an entity type without an @',
      intent: () => ({ parameters: [{ displayName: 'a', entityTypeDisplayName: 'b' }] }),
      field: 'parameters[0].entity_type_display_name',
    },
    {
      name: 'a required parameter without an entity type',
      intent: () => ({ parameters: [{ displayName: 'a', mandatory: true }] }),
      reason: required,
      field: 'parameters[0].entity_type_display_name',
    },
    {
      name: 'two parameters of one name',
      intent: () => ({ parameters: [{ displayName: 'a' }, { displayName: 'a' }] }),
      field: 'parameters[1].display_name',
    },
    {
      name: 'twenty-one parameters',
      intent: () => ({ parameters: Array.from({ length: 21 }, (_, i) => ({ displayName: `p${i}` })) }),
      field: 'parameters',
    },
    {
      name: 'a parent that is no intent',
      intent: (agent) => ({ parentFollowupIntentName: agent }),
      reason: 'RESOURCE_NAME_INVALID',
      field: 'parent_followup_intent_name',
    },
    {
      name: 'a parent of another agent',
      intent: () => ({ parentFollowupIntentName: 'projects/other/agent/intents/x' }),
      field: 'parent_followup_intent_name',
    },
  ];
  for (const { name, intent, reason = 'FIELD_INVALID', field } of bad) {
    it(`refuses ${name}`, async () => {
      const agent = await newAgent(wire);
      const displayName = reason === required && field === 'display_name' ? {} : { displayName: 'x' };
      await refused(createIntent(wire, agent, { ...displayName, ...intent(agent) }), {
        code: Code.INVALID_ARGUMENT,
        reason,
        fields: [`intent.${field}`],
      });
      assert.deepEqual((await wire.call(listIntents, { parent: agent })).intents, []);
    });
  }

  it('refuses a parent that does not exist', async () => {
    const agent = await newAgent(wire);
    const parentFollowupIntentName = `${agent}/intents/absent`;
    await refused(createIntent(wire, agent, { displayName: 'x', parentFollowupIntentName }), notFound);
  });
}

function updateCases(wire: Wire): void {
  it('changes what the mask names alone, whatever else the request says', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, rich(agent));
    const changed = await wire.call(updateIntent, {
      intent: { name: made.name, displayName: 'new', action: 'not masked', events: [''] },
      updateMask: { paths: ['display_name', 'end_interaction'] },
      intentView: IntentView.FULL,
    });
    assert.deepEqual(changed, { ...made, displayName: 'new', endInteraction: false });
    assert.deepEqual(await getIntent(wire, made.name), changed);
  });

  it('replaces all without a mask, training phrases included', async () => {
    const agent = await newAgent(wire);
    const { name } = await createIntent(wire, agent, rich(agent));
    const changed = await wire.call(updateIntent, { intent: { name, displayName: 'bare' } });
    assert.deepEqual(await getIntent(wire, name), changed);
    assert.deepEqual(
      [changed.action, changed.parameters, changed.messages, changed.inputContextNames, changed.priority],
      ['', [], [], [], 500_000],
    );
  });

  it('leaves what is sent back as it came', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, rich(agent));
    const again = await wire.call(updateIntent, { intent: made, intentView: IntentView.FULL });
    assert.deepEqual(again, made);
  });

  it('keeps the names of phrases and parameters that stay', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, rich(agent));
    const changed = await wire.call(updateIntent, {
      intent: {
        name: made.name,
        trainingPhrases: phrases('another', 'pizza please'),
        parameters: [{ displayName: 'more' }, { displayName: 'size' }],
      },
      updateMask: { paths: ['training_phrases', 'parameters'] },
      intentView: IntentView.FULL,
    });
    assert.equal(changed.trainingPhrases[1]?.name, made.trainingPhrases[1]?.name);
    assert.equal(changed.parameters[1]?.name, made.parameters[0]?.name);
    assert.notEqual(changed.parameters[0]?.name, '');
  });

  it('refuses the display name of another, a path that leads nowhere, and what is not there', async () => {
    const agent = await newAgent(wire);
    await createIntent(wire, agent, { displayName: 'one' });
    const { name } = await createIntent(wire, agent, { displayName: 'two' });
    await refused(wire.call(updateIntent, { intent: { name, displayName: 'one' } }), nameTaken);
    const updateMask = { paths: ['nope'] };
    await refused(wire.call(updateIntent, { intent: { name, displayName: 'x' }, updateMask }), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_INVALID',
      fields: ['update_mask'],
    });
    const absent = { name: `${agent}/intents/absent`, displayName: 'x' };
    await refused(wire.call(updateIntent, { intent: absent }), notFound);
    assert.equal((await getIntent(wire, name)).displayName, 'two');
  });

  it('loses none of the updates that race', async () => {
    const agent = await newAgent(wire);
    const made = await Promise.all(
      [...'abcdefgh'].map((displayName) => createIntent(wire, agent, { displayName })),
    );
    await Promise.all(
      made.map(({ name, displayName }) =>
        wire.call(updateIntent, {
          intent: { name, action: `act.${displayName}` },
          updateMask: { paths: ['action'] },
        }),
      ),
    );
    const { intents } = await wire.call(listIntents, { parent: agent });
    assert.deepEqual(
      intents.map(({ displayName, action }) => [displayName, action]).toSorted(),
      [...'abcdefgh'].map((each) => [each, `act.${each}`]),
    );
  });
}

function languageCases(wire: Wire): void {
  it('have phrases, prompts and messages of their own, and share all else', async () => {
    const agent = await newAgent(wire);
    const made = await createIntent(wire, agent, rich(agent));
    const inGerman = await getIntent(wire, made.name, 'de');
    assert.deepEqual([inGerman.trainingPhrases, inGerman.messages], [[], []]);
    assert.deepEqual(inGerman.parameters[0]?.prompts, []);
    assert.equal(inGerman.action, made.action);
    await wire.call(updateIntent, {
      intent: {
        name: made.name,
        trainingPhrases: phrases('eine Pizza'),
        parameters: [{ ...inGerman.parameters[0], prompts: ['Wie gross?'] }],
        action: 'bestellen',
      },
      updateMask: { paths: ['training_phrases', 'parameters', 'action'] },
      languageCode: 'de-CH',
    });
    const [german, english] = [
      await getIntent(wire, made.name, 'de'),
      await getIntent(wire, made.name, 'en'),
    ];
    assert.deepEqual(textsOf(german), ['eine Pizza']);
    assert.deepEqual(german.parameters[0]?.prompts, ['Wie gross?']);
    assert.deepEqual(english, { ...made, action: 'bestellen' });
  });

  it('are refused where the agent does not have them', async () => {
    const agent = await newAgent(wire);
    const { name } = await createIntent(wire, agent, { displayName: 'a' });
    const unknown = {
      code: Code.INVALID_ARGUMENT,
      reason: 'LANGUAGE_UNKNOWN',
      fields: ['language_code'],
    };
    const languageCode = 'fr';
    const intent = { name, displayName: 'c' };
    await refused(getIntent(wire, name, languageCode), unknown);
    await refused(createIntent(wire, agent, { displayName: 'b' }, languageCode), unknown);
    await refused(wire.call(listIntents, { parent: agent, languageCode }), unknown);
    await refused(wire.call(updateIntent, { intent, languageCode }), unknown);
  });
}

function followupCases(wire: Wire): void {
  it('know their parents and roots, and are known by them', async () => {
    const agent = await newAgent(wire);
    const root = await createIntent(wire, agent, { displayName: 'root' });
    const child = await createIntent(wire, agent, {
      displayName: 'child',
      parentFollowupIntentName: root.name.replace('/agent', '/locations/us/agent'),
    });
    const leaf = await createIntent(wire, agent, {
      displayName: 'leaf',
      parentFollowupIntentName: child.name,
    });
    assert.deepEqual([leaf.parentFollowupIntentName, leaf.rootFollowupIntentName], [child.name, root.name]);
    const info = (name: string, parent: string) => ({
      followupIntentName: name,
      parentFollowupIntentName: parent,
    });
    const infoOf = async (name: string) =>
      (await getIntent(wire, name)).followupIntentInfo.map((each) =>
        info(each.followupIntentName, each.parentFollowupIntentName),
      );
    assert.deepEqual(await infoOf(root.name), [info(child.name, root.name), info(leaf.name, child.name)]);
    assert.deepEqual(await infoOf(child.name), [info(leaf.name, child.name)]);
    await refused(
      wire.call(updateIntent, {
        intent: { name: root.name, parentFollowupIntentName: leaf.name },
        updateMask: { paths: ['parent_followup_intent_name'] },
      }),
      {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['intent.parent_followup_intent_name'],
      },
    );
  });

  it('go with the intent on which they follow up', async () => {
    const agent = await newAgent(wire);
    const root = await createIntent(wire, agent, { displayName: 'root' });
    const child = await createIntent(wire, agent, {
      displayName: 'child',
      parentFollowupIntentName: root.name,
    });
    await createIntent(wire, agent, { displayName: 'leaf', parentFollowupIntentName: child.name });
    const other = await createIntent(wire, agent, { displayName: 'other' });
    await wire.call(deleteIntent, { name: child.name });
    const { intents } = await wire.call(listIntents, { parent: agent });
    assert.deepEqual(namesOf(intents).toSorted(), [root.name, other.name].toSorted());
    await refused(wire.call(deleteIntent, { name: child.name }), notFound);
    assert.deepEqual((await getIntent(wire, root.name)).followupIntentInfo, []);
  });
}

function listCases(wire: Wire): void {
  it('answers pages in order of creation, each intent once', async () => {
    const agent = await newAgent(wire);
    const made: string[] = [];
    for (const displayName of 'abcde') made.push((await createIntent(wire, agent, { displayName })).name);
    const found: string[] = [];
    let pageToken = '';
    for (let pages = 1; ; pages += 1) {
      const page = await wire.call(listIntents, { parent: agent, pageSize: 2, pageToken });
      found.push(...namesOf(page.intents));
      pageToken = page.nextPageToken;
      if (pageToken === '') {
        assert.equal(pages, 3);
        break;
      }
    }
    assert.deepEqual(found.toSorted(), made.toSorted());
    assert.deepEqual(found, found.toSorted());
  });

  it('refuses a token of another list, and a negative size', async () => {
    const agent = await newAgent(wire);
    for (const displayName of 'ab') await createIntent(wire, agent, { displayName });
    const { nextPageToken: pageToken } = await wire.call(listIntents, { parent: agent, pageSize: 1 });
    assert.notEqual(pageToken, '');
    const invalid = {
      code: Code.INVALID_ARGUMENT,
      reason: 'PAGE_TOKEN_INVALID',
      fields: ['page_token'],
    };
    await refused(wire.call(listIntents, { parent: agent, languageCode: 'de', pageToken }), invalid);
    const other = await newAgent(wire);
    await refused(wire.call(listIntents, { parent: other, pageToken }), invalid);
    await refused(wire.call(listIntents, { parent: agent, pageSize: -1 }), {
      code: Code.INVALID_ARGUMENT,
      reason: 'PAGE_SIZE_NEGATIVE',
      fields: ['page_size'],
    });
  });

  it('answers training phrases in the full view, of the language that is asked for', async () => {
    const agent = await newAgent(wire);
    await createIntent(wire, agent, { displayName: 'a', trainingPhrases: phrases('hallo') }, 'de');
    const texts = async (languageCode: string, intentView: IntentView) => {
      const { intents } = await wire.call(listIntents, { parent: agent, languageCode, intentView });
      return intents.flatMap(textsOf);
    };
    assert.deepEqual(await texts('de', IntentView.FULL), ['hallo']);
    assert.deepEqual(await texts('de', IntentView.UNSPECIFIED), []);
    assert.deepEqual(await texts('', IntentView.FULL), []);
  });

  it('never makes a page larger than clients take', async () => {
    const agent = await newAgent(wire);
    const many = phrases(...Array.from({ length: 2000 }, (_, i) => `${i} ${'x'.repeat(700)}`));
    for (const displayName of 'abc') await createIntent(wire, agent, { displayName, trainingPhrases: many });
    const request = { parent: agent, intentView: IntentView.FULL };
    const page = await wire.call(listIntents, request);
    assert.ok(page.intents.length < 3 && page.nextPageToken !== '');
    const { intents } = await wire.call(listIntents, { ...request, pageToken: page.nextPageToken });
    assert.equal(page.intents.length + intents.length, 3);
  });
}

/** What an operation comes to; it must go well. */
async function outcomeOf(wire: Wire, begun: Operation) {
  assert.ok(begun.metadata !== undefined && anyIs(begun.metadata, StructSchema));
  const { result } = await finished(wire, begun.name);
  assert.equal(result.case, 'response');
  return result.value;
}

function batchCases(wire: Wire): void {
  it('updates those with a name and makes the others', async () => {
    const agent = await newAgent(wire);
    const old = await createIntent(wire, agent, { displayName: 'old', action: 'stays' });
    const begun = await wire.call(batchUpdateIntents, {
      parent: agent,
      intentBatch: {
        case: 'intentBatchInline',
        value: {
          intents: [
            { displayName: 'new', trainingPhrases: phrases('new') },
            { name: old.name, displayName: 'renamed' },
          ],
        },
      },
      updateMask: { paths: ['display_name'] },
      intentView: IntentView.FULL,
    });
    assert.ok(begun.name.startsWith(`${agent.slice(0, -'/agent'.length)}/operations/`), begun.name);
    const response = await outcomeOf(wire, begun);
    const { intents } = anyUnpack(response, BatchUpdateIntentsResponseSchema) ?? assert.fail();
    assert.deepEqual(
      intents.map(({ displayName, action }) => [displayName, action]),
      [
        ['new', ''],
        ['renamed', 'stays'],
      ],
    );
    for (const intent of intents) assert.deepEqual(await getIntent(wire, intent.name), intent);
  });

  it('is whole or absent, and says at once what is wrong', async () => {
    const agent = await newAgent(wire);
    const batch = (...intents: IntentInit[]) =>
      wire.call(batchUpdateIntents, {
        parent: agent,
        intentBatch: { case: 'intentBatchInline', value: { intents } },
      });
    const at = 'intent_batch_inline.intents';
    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
    await refused(batch({ displayName: 'a' }, { displayName: 'b', action: 'x y' }), {
      ...invalid,
      fields: [`${at}[1].action`],
    });
    await refused(batch({ displayName: 'a' }, { displayName: 'a' }), nameTaken);
    await refused(batch({ displayName: 'a', name: `${agent}/intents/absent` }), notFound);
    await refused(batch({ displayName: 'a', name: 'projects/other/agent/intents/x' }), {
      ...invalid,
      fields: [`${at}[0].name`],
    });
    await refused(batch(), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_REQUIRED',
      fields: ['intent_batch_inline.intents'],
    });
    assert.deepEqual((await wire.call(listIntents, { parent: agent })).intents, []);
  });

  it('reads no Cloud Storage', async () => {
    const agent = await newAgent(wire);
    const call = wire.call(batchUpdateIntents, {
      parent: agent,
      intentBatch: { case: 'intentBatchUri', value: 'gs://bucket/object' },
    });
    const error = await refused(call, { code: Code.UNIMPLEMENTED, reason: 'CLOUD_STORAGE_UNSUPPORTED' });
    assert.ok(error.message.includes('intent_batch_inline'), error.message);
  });

  it('runs beside others of the same agent', async () => {
    const agent = await newAgent(wire);
    const names = [...'abcdefgh'];
    const begun = await Promise.all(
      names.map((displayName) =>
        wire.call(batchUpdateIntents, {
          parent: agent,
          intentBatch: { case: 'intentBatchInline', value: { intents: [{ displayName }] } },
        }),
      ),
    );
    for (const each of begun) await outcomeOf(wire, each);
    const { intents } = await wire.call(listIntents, { parent: agent });
    assert.deepEqual(intents.map(({ displayName }) => displayName).toSorted(), names);
  });
}

function batchDeleteCases(wire: Wire): void {
  it('removes intents by their names alone, and what follows up on them', async () => {
    const agent = await newAgent(wire);
    const root = await createIntent(wire, agent, { displayName: 'root' });
    const child = await createIntent(wire, agent, {
      displayName: 'child',
      parentFollowupIntentName: root.name,
    });
    const other = await createIntent(wire, agent, { displayName: 'other' });
    const intents = [{ name: root.name }, { name: child.name }];
    const begun = await wire.call(batchDeleteIntents, { parent: agent, intents });
    assert.ok(anyIs(await outcomeOf(wire, begun), EmptySchema));
    assert.deepEqual(namesOf((await wire.call(listIntents, { parent: agent })).intents), [other.name]);
  });

  it('removes nothing where one of them is not there', async () => {
    const agent = await newAgent(wire);
    const { name } = await createIntent(wire, agent, { displayName: 'one' });
    const intents = [{ name }, { name: `${agent}/intents/absent` }];
    await refused(wire.call(batchDeleteIntents, { parent: agent, intents }), notFound);
    await refused(wire.call(batchDeleteIntents, { parent: agent, intents: [{}] }), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_REQUIRED',
      fields: ['intents[0].name'],
    });
    assert.deepEqual(namesOf((await wire.call(listIntents, { parent: agent })).intents), [name]);
  });
}
