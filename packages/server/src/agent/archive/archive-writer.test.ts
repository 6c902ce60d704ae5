import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, equals, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredEntityTypeSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import { EntityType_Kind as Kind, Intent_TrainingPhrase_Type as PhraseType } from '@parleykit/proto/v2beta1';
import { unzipSync } from 'fflate';
import { type AgentArchive, readAgentArchive } from './archive-reader.ts';
import { writeAgentArchive } from './archive-writer.ts';
import {
  BOOK,
  BOOK_YES,
  bareIntent,
  boats,
  FALLBACK,
  phrase,
  SIZE,
  zipOf,
} from './example-export.test.fixture.ts';

function unpack(zip: Uint8Array): Record<string, JsonValue> {
  const files = Object.entries(unzipSync(zip));
  return Object.fromEntries(
    files.map(([path, bytes]) => [path, JSON.parse(new TextDecoder().decode(bytes)) as JsonValue]),
  );
}

async function rewritten(files: Record<string, JsonValue>): Promise<Record<string, JsonValue>> {
  return unpack(await writeAgentArchive((await readAgentArchive(zipOf(files))).archive));
}

/** An agent that was never in an export, as the API makes one. */
function made(): AgentArchive {
  return {
    agent: create(StoredAgentSchema, {
      agent: {
        displayName: 'made',
        defaultLanguageCode: 'en',
        supportedLanguageCodes: ['de'],
        timeZone: 'Europe/Paris',
        classificationThreshold: Math.fround(0.3),
        enableLogging: true,
      },
    }),
    intents: [
      create(StoredIntentSchema, {
        intent: {
          name: `intents/${BOOK}`,
          displayName: 'Which? "a/b"',
          priority: 500_000,
          parameters: [{ name: SIZE, displayName: 'p', entityTypeDisplayName: '@color', value: '$p' }],
          outputContexts: [{ name: 'sessions/-/contexts/c', lifespanCount: 3 }],
        },
        languages: {
          en: {
            trainingPhrases: [{ type: PhraseType.EXAMPLE, parts: [{ text: "it's <b> & more" }] }],
            messages: [{ message: { case: 'text', value: { text: ['hello'] } } }],
            prompts: { [SIZE]: { prompts: ['which?'] } },
          },
          de: { messages: [{ message: { case: 'text', value: { text: ['hallo'] } } }] },
        },
      }),
      create(StoredIntentSchema, {
        intent: {
          name: `intents/${BOOK_YES}`,
          displayName: 'Which? - yes',
          priority: 500_000,
          parentFollowupIntentName: `intents/${BOOK}`,
        },
      }),
      create(StoredIntentSchema, {
        intent: {
          name: `intents/${FALLBACK}`,
          displayName: 'Which? - yes - no',
          priority: 500_000,
          parentFollowupIntentName: `intents/${BOOK_YES}`,
        },
      }),
    ],
    entityTypes: [
      create(StoredEntityTypeSchema, {
        entityType: { name: `entityTypes/${SIZE}`, displayName: 'color', kind: Kind.LIST },
        languages: { en: { entities: [{ value: 'red', synonyms: ['red'] }] } },
      }),
    ],
  };
}

describe('writeAgentArchive()', () => {
  it('writes what was read, key by key, and nothing else', async () => {
    const files = boats();
    const expected = structuredClone(files);
    const main = expected['intents/Book a boat.json'] as {
      responses: { parameters: { prompts?: JsonObject[] }[]; messages: JsonObject[] }[];
    };
    for (const { parameters, messages } of main.responses) {
      // Sorted by the languages of the agent.
      for (const { prompts } of parameters) prompts?.sort((one) => (one['lang'] === 'en' ? -1 : 1));
      messages.sort((one, other) => Number(one['lang'] !== 'en') - Number(other['lang'] !== 'en'));
    }
    const [size] = main.responses[0]?.parameters ?? [];
    size?.prompts?.splice(0, 2, { lang: 'en', value: 'How large?' }, { lang: 'en', value: 'What size?' });
    assert.deepEqual(await rewritten(files), expected);
  });

  it('writes the layout of today for what lay inside', async () => {
    const files = await rewritten({
      'agent.json': { language: 'en' },
      'intents/hi.json': bareIntent('hi', { userSays: [phrase('hi')], unheardOf: [1, { a: null }] }),
      'entities/color.json': { name: 'color', entries: [{ value: 'red', synonyms: ['red'], note: 'x' }] },
    });
    assert.deepEqual(files, {
      'agent.json': { language: 'en' },
      'package.json': { version: '1.0.0' },
      'intents/hi.json': bareIntent('hi', { unheardOf: [1, { a: null }] }),
      'intents/hi_usersays_en.json': [phrase('hi')],
      'entities/color.json': { name: 'color' },
      'entities/color_entries_en.json': [{ value: 'red', synonyms: ['red'], note: 'x' }],
    });
  });

  it('writes the same bytes for the same agent, whatever the order of its intents', async () => {
    const { archive } = await readAgentArchive(zipOf(boats()));
    const [one, other] = [
      await writeAgentArchive(archive),
      await writeAgentArchive({ ...archive, intents: archive.intents.toReversed() }),
    ];
    assert.deepEqual(one, other);
    const paths = Object.keys(unzipSync(one));
    assert.deepEqual(paths, paths.toSorted());
  });

  it('writes an agent that was never in an export, so that it is read again', async () => {
    const agent = made();
    const { archive, report } = await readAgentArchive(await writeAgentArchive(agent));
    assert.deepEqual(report.warnings, []);
    for (const intent of agent.intents) {
      const again = archive.intents.find((each) => each.intent?.name === intent.intent?.name);
      assert.ok(again !== undefined && equals(StoredIntentSchema, again, intent), intent.intent?.displayName);
    }
    assert.deepEqual(
      archive.entityTypes.map((each) => toBinary(StoredEntityTypeSchema, each)),
      [toBinary(StoredEntityTypeSchema, agent.entityTypes[0] ?? assert.fail())],
    );
    assert.ok(equals(StoredAgentSchema, archive.agent, agent.agent));
  });

  it("writes the console's keys", async () => {
    const files = unpack(await writeAgentArchive(made()));
    assert.deepEqual(Object.keys(files), [
      'agent.json',
      'entities/color.json',
      'entities/color_entries_en.json',
      'intents/Which_ - yes - no.json',
      'intents/Which_ - yes.json',
      'intents/Which_ _a_b_.json',
      'intents/Which_ _a_b__usersays_en.json',
      'package.json',
    ]);
    assert.deepEqual(files['intents/Which_ - yes - no.json'], {
      id: FALLBACK,
      name: 'Which? - yes - no',
      auto: true,
      contexts: [],
      responses: [
        { resetContexts: false, action: '', affectedContexts: [], parameters: [], messages: [], speech: [] },
      ],
      priority: 500_000,
      webhookUsed: false,
      webhookForSlotFilling: false,
      fallbackIntent: false,
      events: [],
      conditionalResponses: [],
      condition: '',
      conditionalFollowupEvents: [],
      parentId: BOOK_YES,
      rootParentId: BOOK,
    });
    assert.equal((files['agent.json'] as JsonObject)['mlMinConfidence'], 0.3);
  });

  it('writes JSON that is safe inside HTML, as the console does', async () => {
    const files = unzipSync(await writeAgentArchive(made()));
    const text = new TextDecoder().decode(files['intents/Which_ _a_b__usersays_en.json']);
    assert.match(text, /"text": "it\\u0027s \\u003cb\\u003e \\u0026 more"/u);
  });

  it('gives each its own files', async () => {
    const intents = ['a?', 'a:', 'A_', 'b', 'b_usersays_en', 'x'.repeat(300)].map((displayName, index) =>
      create(StoredIntentSchema, {
        intent: { name: `intents/id-${index}`, displayName },
        languages: {
          en: { trainingPhrases: [{ type: PhraseType.EXAMPLE, parts: [{ text: displayName }] }] },
        },
      }),
    );
    const written = await writeAgentArchive({ ...made(), intents, entityTypes: [] });
    const paths = Object.keys(unzipSync(written));
    assert.equal(new Set(paths.map((path) => path.toLowerCase())).size, 2 + 2 * intents.length);
    const { archive } = await readAgentArchive(written);
    const said = archive.intents.map(({ intent, languages }) => [
      intent?.displayName,
      languages['en']?.trainingPhrases[0]?.parts[0]?.text,
    ]);
    assert.deepEqual(
      new Set(said.map(([name]) => name)),
      new Set(intents.map(({ intent }) => intent?.displayName)),
    );
    assert.ok(said.every(([name, text]) => name === text));
  });

  it('writes what was edited after it was read', async () => {
    const { archive } = await readAgentArchive(
      zipOf({
        'agent.json': { language: 'en' },
        'intents/hi.json': {
          name: 'hi',
          lastUpdate: 5,
          responses: [{ messages: [{ type: 0, speech: 'hello', note: 'x' }], action: 'old' }],
        },
      }),
    );
    const [stored] = archive.intents;
    const message = stored?.languages['en']?.messages[0]?.message;
    assert.ok(stored?.intent !== undefined && message?.case === 'text');
    message.value.text = ['good morning', 'good evening'];
    stored.intent.action = 'new';
    stored.intent.events = ['MORNING'];
    const files = unpack(await writeAgentArchive(archive));
    const written = files['intents/hi.json'] as {
      responses: { action: string; messages: JsonObject[] }[];
      events: JsonValue;
      lastUpdate: number;
    };
    assert.equal(written.lastUpdate, 5);
    assert.deepEqual(written.events, [{ name: 'MORNING' }]);
    const [response] = written.responses;
    assert.equal(response?.action, 'new');
    assert.deepEqual(response.messages[0]?.['speech'], ['good morning', 'good evening']);
  });

  it('writes a chain of follow-ups that is a circle, though nobody may store one', async () => {
    const { intents, ...rest } = made();
    const [first] = intents;
    assert.ok(first?.intent);
    first.intent.parentFollowupIntentName = `intents/${FALLBACK}`;
    const { report } = await readAgentArchive(await writeAgentArchive({ ...rest, intents }));
    assert.equal(report.warnings.length, 3);
  });
});
