import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  AnswerRecords,
  Conversations,
  MessageEntry_Role as EntryRole,
  Conversation_ContextReference_ContextContent_ContentFormat as Format,
  type Generator,
  type GeneratorSchema,
  Generators,
  Conversation_ContextReference_UpdateMode as Mode,
  Participants,
  Participant_Role as Role,
  SummarizationSection_Type as SectionType,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import {
  createConversation,
  createParticipant,
  createProfile,
  failure,
  ingest,
  message,
  openScene,
  refused,
} from './cases/scene.ts';
import { answerModelJson, ModelEndpoint, say } from './model-endpoint.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { GrpcWire, RestWire, type Wire } from './wires.ts';

type GeneratorInit = Exclude<MessageInitShape<typeof GeneratorSchema>, Generator>;

const KEY = 'sk-secret-1234567890';
const {
  generateStatelessSuggestion,
  generateSuggestions,
  suggestConversationSummary,
  generateStatelessSummary,
} = Conversations.method;

const data = mkdtempSync(join(tmpdir(), 'parley-'));
let model: ModelEndpoint;
let server: OwnServer;
const grpc = new GrpcWire(() => server);
const rest = new RestWire(() => server);

before(async () => {
  model = await ModelEndpoint.open();
  const keyFile = join(data, 'key');
  writeFileSync(keyFile, `${KEY}\n`);
  const flags = [
    '--dev',
    '--model-url',
    model.url,
    '--model',
    'writer',
    '--model-key',
    keyFile,
    '--model-timeout',
    '1s',
  ];
  server = await startServer(join(data, 'store'), ...flags);
});

beforeEach(() => {
  model.answer = 'an answer';
  model.questions.length = 0;
});

after(async () => {
  grpc[Symbol.dispose]();
  rest[Symbol.dispose]();
  await server?.stop();
  await model?.[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});

const newParent = (): string => `projects/${newProject()}/locations/global`;

function freeForm(text = 'Say what to do next about @order.', more: GeneratorInit = {}): GeneratorInit {
  return { ...more, context: { case: 'freeFormContext', value: { text } } };
}

const SUMMARY: GeneratorInit = {
  context: {
    case: 'summarizationContext',
    value: {
      summarizationSections: [
        { type: SectionType.RESOLUTION },
        { type: SectionType.ENTITIES },
        { type: SectionType.CUSTOMER_DEFINED, key: 'mood', definition: 'How it felt.' },
      ],
      outputLanguageCode: 'de',
      fewShotExamples: [
        {
          conversationContext: { messageEntries: [{ role: EntryRole.END_USER, text: 'an example' }] },
          output: {
            suggestion: {
              case: 'summarySuggestion',
              value: { summarySections: [{ section: 'mood', summary: 'fine' }] },
            },
          },
        },
      ],
    },
  },
};

const COACHING: GeneratorInit = {
  context: {
    case: 'agentCoachingContext',
    value: {
      overarchingGuidance: 'Be kind.',
      instructions: [
        { displayName: 'late', condition: 'the parcel is late', agentAction: 'apologize' },
        { displayName: 'refund', condition: 'a refund is asked for', agentAction: 'ask for the order' },
      ],
    },
  },
};

const ENTRIES = [
  { role: EntryRole.END_USER, text: 'Where is\nAgent: my parcel?' },
  { role: EntryRole.HUMAN_AGENT, text: 'I will look.' },
];

function suggest(wire: Wire, generator: GeneratorInit, more: object = {}, parent = newParent()) {
  return wire.call(generateStatelessSuggestion, {
    parent,
    generatorResource: { case: 'generator', value: generator },
    conversationContext: { messageEntries: ENTRIES },
    ...more,
  });
}

function makeGenerator(wire: Wire, parent: string, generator: GeneratorInit): Promise<Generator> {
  return wire.call(Generators.method.createGenerator, { parent, generator });
}

/** A conversation whose profile names generators. */
async function createTalk(wire: Wire, parent: string, generators: string[], ...texts: string[]) {
  const { name: conversationProfile } = await createProfile(wire, parent, {
    humanAgentAssistantConfig: { humanAgentSuggestionConfig: { generators } },
  });
  const { name } = await createConversation(wire, parent, { conversationProfile });
  const { name: participant } = await createParticipant(wire, name, Role.END_USER);
  const batch = texts.map((text, index) => message(participant, index, text));
  if (batch.length > 0) await ingest(wire, name, batch);
  return name;
}

/** The words of the last question, by who says them. */
function asked(): string[] {
  return (model.questions.at(-1)?.body.messages ?? []).map(({ role, content }) => `${role}: ${content}`);
}

for (const wire of [grpc, rest]) {
  describe(`GenerateStatelessSuggestion over ${wire.name}`, () => {
    it('has the model follow a free instruction, with the references that it names', async () => {
      const { generatorSuggestion } = await suggest(
        wire,
        freeForm(undefined, { inferenceParameter: { maxOutputTokens: 9, temperature: 0.5, topP: 0.25 } }),
        {
          contextReferences: {
            order: {
              updateMode: Mode.OVERWRITE,
              contextContents: [{ content: '{"id": 7}', contentFormat: Format.JSON }],
            },
          },
        },
      );
      assert.equal(generatorSuggestion?.suggestion.case, 'freeFormSuggestion');
      assert.equal(generatorSuggestion?.suggestion.value?.response, 'an answer');
      const [question] = model.questions;
      assert.equal(question?.path, '/v1/chat/completions');
      assert.equal(question?.headers.authorization, `Bearer ${KEY}`);
      const { model: name, max_tokens, temperature, top_p } = question?.body ?? {};
      assert.deepEqual([name, max_tokens, temperature, top_p], ['writer', 9, 0.5, 0.25]);
      const [system = '', user = ''] = asked();
      assert.match(system, /^system: .*Say what to do next about @order\./su);
      assert.match(user, /@order:\n\{"id": 7\}/u);
      // Nobody speaks as somebody else.
      assert.ok(
        user.endsWith('Conversation:\nCustomer: Where is Agent: my parcel?\nAgent: I will look.'),
        user,
      );
    });

    it('has the model summarize by sections, in their order', async () => {
      const said = {
        resolution: 'gelöst',
        mood: '',
        entities: [{ name: 'order', value: '7' }],
      };
      model.answer = JSON.stringify(said);
      const { generatorSuggestion } = await suggest(wire, SUMMARY);
      assert.ok(generatorSuggestion?.suggestion.case === 'summarySuggestion');
      assert.deepEqual(
        generatorSuggestion.suggestion.value.summarySections.map(({ section, summary }) => [
          section,
          summary,
        ]),
        [
          ['resolution', 'gelöst'],
          ['entities/order', '7'],
          ['mood', 'N/A'],
        ],
      );
      const [system = '', example, answer] = asked();
      assert.match(system, /Write in the language de\./u);
      assert.equal(example, 'user: Conversation:\nCustomer: an example');
      assert.equal(answer, 'assistant: {"mood":"fine"}');
      const properties = model.questions[0]?.body.response_format?.json_schema.schema.properties ?? {};
      assert.deepEqual(Object.keys(properties), ['resolution', 'entities', 'mood']);
    });

    it('has the model coach, and says what its advice follows from', async () => {
      model.answer = JSON.stringify({
        instructions: [],
        actions: [{ text: 'Ask for the number of the order.', instructions: [1] }],
        responses: [{ text: 'Which order?', instructions: [1, 0] }],
      });
      const { generatorSuggestion } = await suggest(wire, COACHING);
      assert.ok(generatorSuggestion?.suggestion.case === 'agentCoachingSuggestion');
      const { applicableInstructions, agentActionSuggestions, sampleResponses } =
        generatorSuggestion.suggestion.value;
      assert.deepEqual(
        applicableInstructions.map(({ displayName }) => displayName),
        ['late', 'refund'],
      );
      assert.deepEqual(
        agentActionSuggestions.map(({ agentAction, sources }) => [agentAction, sources?.instructionIndexes]),
        [['Ask for the number of the order.', [1]]],
      );
      assert.deepEqual(
        sampleResponses.map(({ responseText, sources }) => [responseText, sources?.instructionIndexes]),
        [['Which order?', [1, 0]]],
      );
      assert.match(
        asked()[0] ?? '',
        /Guidance: Be kind\..*1\. refund \| Applies where: a refund is asked for/su,
      );
    });

    it('finds a stored generator, of the same project alone', async () => {
      const parent = newParent();
      const { name } = await makeGenerator(wire, parent, freeForm());
      const generatorResource = { case: 'generatorName', value: name };
      const { generatorSuggestion } = await suggest(wire, {}, { generatorResource }, parent);
      assert.equal(generatorSuggestion?.suggestion.case, 'freeFormSuggestion');
      const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
      await refused(suggest(wire, {}, { generatorResource }), notFound);
      const absent = { case: 'generatorName', value: `${parent}/generators/absent` };
      await refused(suggest(wire, {}, { generatorResource: absent }, parent), notFound);
    });

    it('asks nothing of a generator that waits for another event', async () => {
      const generator = freeForm('Say it.', { triggerEvent: TriggerEvent.CUSTOMER_MESSAGE });
      const events = { triggerEvents: [TriggerEvent.AGENT_MESSAGE, TriggerEvent.MANUAL_CALL] };
      const { generatorSuggestion } = await suggest(wire, generator, events);
      assert.equal(generatorSuggestion?.suggestion.case, undefined);
      assert.equal(model.questions.length, 0);
      await suggest(wire, generator, { triggerEvents: [TriggerEvent.CUSTOMER_MESSAGE] });
      assert.equal(model.questions.length, 1);
    });

    it('puts no more to the model than it says, however much was said', async () => {
      const messageEntries = Array.from({ length: 1000 }, (_, index) => ({
        role: EntryRole.END_USER,
        text: `${index} ${'long '.repeat(2000)}`,
      }));
      await suggest(wire, freeForm(), { conversationContext: { messageEntries } });
      const [, user = ''] = asked();
      assert.ok(user.length < 130_000, String(user.length));
      assert.match(user, /\nCustomer: 999 long/u);
    });

    it('refuses what it cannot make anything of', async () => {
      const required = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED' };
      const none = { generatorResource: { case: undefined } };
      await refused(suggest(wire, {}, none), { ...required, fields: ['generator_resource'] });
      await refused(suggest(wire, {}), { ...required, fields: ['generator.context'] });
      await refused(suggest(wire, SUMMARY, { conversationContext: {} }), {
        ...required,
        fields: ['conversation_context.message_entries'],
      });
      await refused(suggest(wire, freeForm('x'.repeat(100_000))), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['generator.free_form_context.text'],
      });
      assert.equal(model.questions.length, 0);
    });

    const failures: readonly {
      readonly name: string;
      readonly answer: (response: ServerResponse) => void;
      readonly code: Code;
      readonly reason: string;
    }[] = [
      {
        name: 'breaks the connection',
        answer: (response) => void response.destroy(),
        code: Code.UNAVAILABLE,
        reason: 'MODEL_UNREACHABLE',
      },
      {
        name: 'says nothing for longer than it may',
        answer: () => {},
        code: Code.DEADLINE_EXCEEDED,
        reason: 'MODEL_TIMEOUT',
      },
      {
        name: 'is busy',
        answer: (response) => answerModelJson(response, 429, { error: { message: 'slower' } }),
        code: Code.RESOURCE_EXHAUSTED,
        reason: 'MODEL_RATE_LIMITED',
      },
      {
        name: 'refuses the key and repeats it',
        answer: (response) => answerModelJson(response, 401, { error: { message: `no such key: ${KEY}` } }),
        code: Code.FAILED_PRECONDITION,
        reason: 'MODEL_REFUSED',
      },
      {
        name: 'has a fault',
        answer: (response) => answerModelJson(response, 500, { error: { message: 'out of memory' } }),
        code: Code.UNAVAILABLE,
        reason: 'MODEL_REFUSED',
      },
      {
        name: 'answers another form',
        answer: (response) => answerModelJson(response, 200, { choices: [] }),
        code: Code.ABORTED,
        reason: 'MODEL_MALFORMED',
      },
      {
        name: 'answers an empty text',
        answer: (response) => say(response, ' \n'),
        code: Code.ABORTED,
        reason: 'MODEL_MALFORMED',
      },
      {
        name: 'answers too much',
        answer: (response) => void response.end(Buffer.alloc(9 * 1024 * 1024, ' ')),
        code: Code.ABORTED,
        reason: 'MODEL_TOO_LARGE',
      },
      {
        name: 'is stopped by its filter',
        answer: (response) => say(response, 'I', 'content_filter'),
        code: Code.FAILED_PRECONDITION,
        reason: 'MODEL_FILTERED',
      },
    ];
    for (const { name, answer, code, reason } of failures) {
      it(`says so where the model ${name}`, async () => {
        model.answer = answer;
        const error = await refused(suggest(wire, freeForm()), { code, reason });
        assert.doesNotMatch(JSON.stringify([error, error.message]), /secret/u);
        assert.doesNotMatch(server.stderr(), /secret/u);
        assert.equal(model.questions.length, 1);
        model.answer = 'an answer';
        await suggest(wire, freeForm());
      });
    }

    for (const { name, text, finish, reason } of [
      { name: 'no JSON', text: 'Sure! Here it is', finish: 'stop', reason: 'MODEL_MALFORMED' },
      {
        name: 'JSON of another form',
        text: '{"resolution":"x","entities":[],"mood":7}',
        finish: 'stop',
        reason: 'MODEL_MALFORMED',
      },
      {
        name: 'a part of its JSON',
        text: '{"resolution":',
        finish: 'length',
        reason: 'MODEL_CUT_SHORT',
      },
    ]) {
      it(`says so where the model answers ${name} for sections`, async () => {
        model.answer = (response) => say(response, text, finish);
        await refused(suggest(wire, SUMMARY), { code: Code.ABORTED, reason });
      });
    }

    it('says so where the model names instructions that are not there', async () => {
      model.answer = JSON.stringify({ instructions: [2], actions: [], responses: [] });
      await refused(suggest(wire, COACHING), { code: Code.ABORTED, reason: 'MODEL_MALFORMED' });
    });
  });

  describe(`GenerateSuggestions over ${wire.name}`, () => {
    it('has the answers of the profile’s generators, in its order', async () => {
      const parent = newParent();
      model.answer = (response, { body }) =>
        say(response, `re: ${body.messages[0]?.content.match(/say \w+/u)?.[0]}`);
      const one = await makeGenerator(wire, parent, freeForm('say one'));
      const two = await makeGenerator(
        wire,
        parent,
        freeForm('say two', { triggerEvent: TriggerEvent.MANUAL_CALL }),
      );
      const names = [two.name, one.name, two.name];
      const conversation = await createTalk(wire, parent, names, 'Where is it?', 'And when?');
      const reply = await wire.call(generateSuggestions, { conversation });
      assert.deepEqual(
        reply.generatorSuggestionAnswers.map(({ sourceGenerator, generatorSuggestion }) => {
          const { value } = generatorSuggestion?.suggestion ?? {};
          return [
            sourceGenerator,
            value?.$typeName.endsWith('FreeFormSuggestion') && 'response' in value && value.response,
          ];
        }),
        [
          [two.name, 're: say two'],
          [one.name, 're: say one'],
        ],
      );
      assert.ok(reply.latestMessage.startsWith(`${conversation}/messages/`));
      assert.ok(asked()[1]?.endsWith('Customer: Where is it?\nCustomer: And when?'));
    });

    it('puts to the model what was ingested, and what was said up to the message that is asked about', async () => {
      const parent = newParent();
      const { name } = await makeGenerator(wire, parent, freeForm());
      const conversation = await createTalk(wire, parent, [name], 'first', 'second');
      await wire.call(Conversations.method.ingestContextReferences, {
        conversation,
        contextReferences: {
          order: {
            updateMode: Mode.APPEND,
            contextContents: [{ content: 'number 7', contentFormat: Format.PLAIN_TEXT }],
          },
        },
      });
      const { messages } = await wire.call(Conversations.method.listMessages, { parent: conversation });
      const latestMessage = messages.at(-1)?.name ?? '';
      const reply = await wire.call(generateSuggestions, { conversation, latestMessage });
      assert.equal(reply.latestMessage, latestMessage);
      const [, user = ''] = asked();
      assert.match(user, /@order:\nnumber 7/u);
      assert.ok(user.endsWith('Customer: first'), user);
    });

    it('runs those that wait for the events, and those that wait for none', async () => {
      const parent = newParent();
      const make = async (triggerEvent: TriggerEvent) =>
        (await makeGenerator(wire, parent, freeForm('say it', { triggerEvent }))).name;
      const [customer, agent, any] = [
        await make(TriggerEvent.CUSTOMER_MESSAGE),
        await make(TriggerEvent.AGENT_MESSAGE),
        await make(TriggerEvent.TRIGGER_EVENT_UNSPECIFIED),
      ];
      const conversation = await createTalk(wire, parent, [customer, agent, any], 'hello');
      const sourcesFor = async (...triggerEvents: TriggerEvent[]) =>
        (
          await wire.call(generateSuggestions, { conversation, triggerEvents })
        ).generatorSuggestionAnswers.map(({ sourceGenerator }) => sourceGenerator);
      assert.deepEqual(await sourcesFor(), [customer, agent, any]);
      assert.deepEqual(await sourcesFor(TriggerEvent.AGENT_MESSAGE), [agent, any]);
      assert.deepEqual(await sourcesFor(TriggerEvent.END_OF_UTTERANCE), [any]);
    });

    it('says what is missing: generators, one of them, messages, or a known event', async () => {
      const parent = newParent();
      const precondition = (reason: string) => ({ code: Code.FAILED_PRECONDITION, reason });
      const ask = (conversation: string, more: object = {}) =>
        wire.call(generateSuggestions, { conversation, ...more });
      const { name } = await makeGenerator(wire, parent, freeForm());
      await refused(ask(await createTalk(wire, parent, [], 'x')), precondition('GENERATORS_ABSENT'));
      await refused(ask(await createTalk(wire, parent, [name])), precondition('CONVERSATION_EMPTY'));
      const absent = await createTalk(wire, parent, [`${parent}/generators/absent`], 'x');
      await refused(ask(absent), { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' });
      await refused(ask(absent, { triggerEvents: [77 as TriggerEvent] }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['trigger_events[0]'],
      });
    });

    it('fails where one of the generators does', async () => {
      const parent = newParent();
      const good = await makeGenerator(wire, parent, freeForm('say good'));
      const bad = await makeGenerator(wire, parent, freeForm('say bad'));
      model.answer = (response, { body }) => {
        if (body.messages[0]?.content.includes('say bad')) answerModelJson(response, 400, { error: 'no' });
        else say(response, 'good');
      };
      const conversation = await createTalk(wire, parent, [good.name, bad.name], 'hello');
      await refused(wire.call(generateSuggestions, { conversation }), {
        code: Code.FAILED_PRECONDITION,
        reason: 'MODEL_REFUSED',
      });
    });
  });

  describe(`summaries by a model over ${wire.name}`, () => {
    it('have the sections of the profile’s generator, and the name of the model', async () => {
      const parent = newParent();
      model.answer = JSON.stringify({ resolution: 'done', entities: [], mood: 'calm' });
      const other = await makeGenerator(wire, parent, freeForm());
      const { name } = await makeGenerator(wire, parent, SUMMARY);
      const conversation = await createTalk(wire, parent, [other.name, name], 'My lamp is broken.');
      const { summary } = await wire.call(suggestConversationSummary, { conversation });
      assert.deepEqual(summary?.textSections, { resolution: 'done', mood: 'calm' });
      assert.equal(summary?.text, 'resolution: done\nmood: calm');
      assert.equal(summary?.baselineModelVersion, 'writer');
    });

    it('have the three usual sections where nobody asks for others', async () => {
      const said = { situation: 'a lamp', action: 'a refund', resolution: 'Resolved' };
      model.answer = JSON.stringify(said);
      const { summary } = await wire.call(generateStatelessSummary, {
        statelessConversation: {
          parent: newParent(),
          messages: [{ content: 'My lamp is broken.', participantRole: Role.END_USER }],
        },
        conversationProfile: {},
      });
      assert.deepEqual(summary?.textSections, said);
      assert.equal(summary?.baselineModelVersion, 'writer');
    });

    it('are no others where the model fails', async () => {
      model.answer = (response) => void response.destroy();
      const conversation = await createTalk(wire, newParent(), [], 'My lamp is broken.');
      await refused(wire.call(suggestConversationSummary, { conversation }), {
        code: Code.UNAVAILABLE,
        reason: 'MODEL_UNREACHABLE',
      });
    });
  });
}

for (const wire of [grpc, rest]) {
  describe(`what is written for a conversation whose name another one has by then, over ${wire.name}`, () => {
    /** Has the model asked, and sets the project back before it answers; answers the conversation that is there then. */
    async function begin(generators: string[], parent: string, late: string) {
      const { name: conversationProfile } = await createProfile(wire, parent, {
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: { generators } },
      });
      const open = async () => {
        const { name } = await createConversation(wire, parent, { conversationProfile }, 'mine');
        const { name: participant } = await createParticipant(wire, name);
        await ingest(wire, name, [message(participant, 0, 'My lamp is broken.')]);
        return { name, participant };
      };
      const project = parent.split('/').slice(0, 2).join('/');
      const snapshot = await wire.call(Development.method.createSnapshot, { parent: project });
      const first = await open();
      const held = Promise.withResolvers<() => void>();
      model.answer = (response) => held.resolve(() => say(response, late));
      return {
        ...first,
        async replace() {
          const answer = await held.promise;
          await wire.call(Development.method.restoreSnapshot, { name: snapshot.name });
          const { name } = await open();
          assert.equal(name, first.name);
          answer();
          return async () => {
            const records = await wire.call(AnswerRecords.method.listAnswerRecords, { parent: project });
            return records.answerRecords;
          };
        },
      };
    }

    it('is no summary of that', async () => {
      const late = JSON.stringify({ situation: 'a lamp', action: 'none', resolution: 'none' });
      const { name: conversation, replace } = await begin([], newParent(), late);
      const summary = failure(wire.call(suggestConversationSummary, { conversation }));
      const records = await replace();
      assert.equal((await summary).code, Code.NOT_FOUND);
      assert.deepEqual(await records(), []);
    });

    it('is no suggestion in that', async () => {
      const parent = newParent();
      const { name: generator } = await makeGenerator(wire, parent, {
        ...freeForm(),
        triggerEvent: TriggerEvent.END_OF_UTTERANCE,
      });
      const { participant, replace } = await begin([generator], parent, 'late');
      const turn = wire.call(Participants.method.analyzeContent, {
        participant,
        input: { case: 'textInput', value: { text: 'Hello?', languageCode: 'en' } },
      });
      const records = await replace();
      // The message was said, so the call does not fail; what is suggested to it does.
      const [result] = (await turn).humanAgentSuggestionResults;
      assert.equal(result?.suggestionResponse.case, 'error');
      assert.deepEqual(await records(), []);
    });
  });
}

describe('a caller who goes away', () => {
  it('ends what the model was asked for', async () => {
    const gone = Promise.withResolvers<void>();
    model.answer = (response) => void once(response, 'close').then(() => gone.resolve());
    const call = suggest(grpc, freeForm(), {}).catch(() => 'ended');
    while (model.questions.length === 0) await new Promise((resolve) => setImmediate(resolve));
    grpc[Symbol.dispose]();
    await gone.promise;
    assert.equal(await call, 'ended');
  });
});

describe('a server without a model', () => {
  const scene = openScene();
  const notConfigured = { code: Code.FAILED_PRECONDITION, reason: 'GENERATION_NOT_CONFIGURED' };

  it('says so of whatever needs one', async () => {
    for (const wire of scene.wires) {
      for (const generator of [freeForm(), SUMMARY, COACHING]) {
        await refused(suggest(wire, generator), notConfigured);
      }
      const parent = newParent();
      const { name } = await makeGenerator(wire, parent, freeForm());
      const conversation = await createTalk(wire, parent, [name], 'hello');
      const error = await failure(wire.call(generateSuggestions, { conversation }));
      assert.equal(error.reason, notConfigured.reason);
      assert.match(error.message, /--model-url/u);
    }
  });
});
