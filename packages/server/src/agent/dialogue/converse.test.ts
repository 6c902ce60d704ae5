import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AgentSessionSchema } from '@parleykit/proto/stored';
import {
  AgentSchema,
  EntityTypeSchema,
  EntityType_AutoExpansionMode as Expansion,
  IntentSchema,
  EntityType_Kind as Kind,
  Agent_MatchMode as MatchMode,
  SessionEntityType_EntityOverrideMode as Mode,
} from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { AgentError } from '../automated-agent.ts';
import type { AgentDefinition } from '../training/agent-definition.ts';
import { type AgentModel, loadAgentModel } from '../training/agent-model.ts';
import { trainAgent } from '../training/train-agent.ts';
import type { DialogueResult } from './dialogue-query.ts';
import {
  agentOf,
  context,
  contextOf,
  entityType,
  harbourHotel,
  intent,
  lifespansOf,
  parameter,
  resultOf,
  SESSION,
  Talk,
} from './harbour-hotel.test.fixture.ts';

const MINUTE = 60_000;

async function talkTo(...definition: Parameters<typeof agentOf>): Promise<Talk> {
  return new Talk(await modelOf(agentOf(...definition)));
}

async function modelOf(definition: AgentDefinition): Promise<AgentModel> {
  return (await trainAgent(definition)).model;
}

function intentOf(result: DialogueResult): string {
  return resultOf(result).intent?.displayName ?? '';
}

/** What is said, turn by turn, and which intents are found. */
async function intentsOf(talk: Talk, ...texts: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) found.push(intentOf(await talk.say(text)));
  return found;
}

describe('converse()', () => {
  let hotel: AgentModel;
  before(async () => {
    hotel = await modelOf(harbourHotel);
  });

  it('has no answers of knowledge bases, and says which were named', async () => {
    const knowledgeBaseNames = ['projects/p/knowledgeBases/k'];
    const { knowledgeAnswers, diagnosticInfo } = resultOf(
      await new Talk(hotel).say('is breakfast included?', { params: { knowledgeBaseNames } }),
    );
    assert.equal(knowledgeAnswers, undefined);
    assert.deepEqual(diagnosticInfo, { knowledge_bases_ignored: knowledgeBaseNames });
  });

  it('fills a result as the API describes it', async () => {
    const { response } = await new Talk(hotel).say('is breakfast included?', { params: { timeZone: 'UTC' } });
    const { queryResult, responseId, webhookStatus } = response;
    assert.equal(responseId, 'r1');
    assert.equal(webhookStatus, undefined);
    assert.equal(queryResult?.queryText, 'is breakfast included?');
    assert.equal(queryResult.languageCode, 'en');
    assert.equal(queryResult.action, 'faq.breakfast');
    assert.equal(queryResult.allRequiredParamsPresent, true);
    assert.equal(queryResult.cancelsSlotFilling, false);
    assert.equal(queryResult.intentDetectionConfidence, 1);
    assert.equal(queryResult.fulfillmentText, 'Breakfast is from 7 to 10.');
    assert.deepEqual(
      queryResult.fulfillmentMessages.map(({ message }) => message.case === 'text' && message.value.text),
      [['Breakfast is from 7 to 10.']],
    );
    assert.equal(queryResult.intent?.name, 'projects/p/agent/intents/breakfast-id');
    assert.equal(queryResult.intent.displayName, 'Breakfast');
    assert.deepEqual(queryResult.intent.trainingPhrases, []);
    assert.deepEqual(queryResult.parameters, {});
    assert.equal(queryResult.diagnosticInfo, undefined);
    assert.deepEqual(
      queryResult.outputContexts.map(({ name, lifespanCount, parameters }) => ({
        name,
        lifespanCount,
        parameters,
      })),
      [
        {
          name: `${SESSION}/contexts/__system_counters__`,
          lifespanCount: 1,
          parameters: { 'no-input': 0, 'no-match': 0 },
        },
      ],
    );
  });

  it('says of an intent that ends or hands over that it does', async () => {
    const result = resultOf(await new Talk(hotel).say('get me an agent'));
    assert.equal(result.intent?.liveAgentHandoff, true);
    assert.equal(result.intent.endInteraction, true);
    assert.deepEqual(result.diagnosticInfo, { end_conversation: true });
  });

  it('does not change what it is given', async () => {
    const talk = new Talk(hotel);
    await talk.say('I need a room');
    const { session } = talk;
    const bytes = toBinary(AgentSessionSchema, session);
    await talk.say('tomorrow');
    await talk.say('cancel');
    assert.deepEqual(toBinary(AgentSessionSchema, session), bytes);
  });

  it('counts what it does not understand, until it does', async () => {
    const talk = new Talk(hotel);
    const counts: unknown[] = [];
    for (const text of ['xyz', 'zyx', ' ', 'hello']) {
      const counters = contextOf(await talk.say(text), '__system_counters__');
      counts.push([counters?.['no-match'], counters?.['no-input']]);
    }
    assert.deepEqual(counts, [
      [1, 0],
      [2, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  it('refuses more than an agent takes', async () => {
    const talk = new Talk(hotel);
    await assert.rejects(talk.say('a'.repeat(257)), AgentError);
    await assert.rejects(talk.send('E'.repeat(151)), AgentError);
    assert.equal(intentOf(await talk.say('😀'.repeat(256))), 'Fallback');
  });

  it('is never at a loss', async () => {
    const piece = fc.constantFrom(
      'yes',
      'book a room',
      'tomorrow',
      'cancel',
      '3',
      '$date',
      '#x.y',
      '👍',
      '\u0000',
      '預約',
      ' ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(piece, { maxLength: 3 }), { maxLength: 5 }), async (turns) => {
        const talk = new Talk(hotel);
        for (const pieces of turns) {
          const result = await talk.say(pieces.join(' '));
          assert.notEqual(resultOf(result).intent, undefined);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('converse(), finding the intent', () => {
  it('learns alone where the agent is ML_ONLY: no rules by other values, nor intents that are not learned', async () => {
    const definition = agentOf([
      intent('Name', ['my name is [Ada](@sys.any:name)', 'call me [Ada](@sys.any:name)']),
      intent('Rule', ['abracadabra simsalabim'], { mlDisabled: true }),
      intent('Weather', ['what is the weather like', 'will it rain', 'is it sunny']),
      intent('Else', [], { isFallback: true }),
    ]);
    const texts = ['abracadabra simsalabim', 'will it rain', 'call me Zaphod Beeblebrox the second'];
    const hybrid = new Talk(await modelOf(definition));
    assert.deepEqual(await intentsOf(hybrid, ...texts), ['Rule', 'Weather', 'Name']);
    const agent = create(AgentSchema, { ...definition.agent, matchMode: MatchMode.ML_ONLY });
    const learner = new Talk(await modelOf({ ...definition, agent }));
    assert.deepEqual(await intentsOf(learner, ...texts.slice(0, 2)), ['Else', 'Weather']);
    const named = resultOf(await learner.say('call me Zaphod Beeblebrox the second'));
    const ruled = resultOf(await hybrid.say('call me Zaphod Beeblebrox the second'));
    // Two words beside a value that their place alone tells.
    assert.equal(ruled.intentDetectionConfidence, 2 / 3);
    assert.notEqual(named.intentDetectionConfidence, 2 / 3);
  });

  it('answers nothing where nothing matches and there is no fallback', async () => {
    const talk = await talkTo([intent('Hello', ['hello there', 'good day'])]);
    const result = resultOf(await talk.say('xyzzy'));
    assert.equal(result.intent, undefined);
    assert.equal(result.intentDetectionConfidence, 0);
    assert.equal(result.fulfillmentText, '');
    assert.deepEqual(result.fulfillmentMessages, []);
  });

  it('works with an agent of nothing, and one of intents without phrases', async () => {
    assert.equal(intentOf(await (await talkTo([])).say('hello')), '');
    const talk = await talkTo([
      intent('Silent', [], { events: ['E'] }),
      intent('Lost', [], { isFallback: true }),
    ]);
    assert.equal(intentOf(await talk.say('hello')), 'Lost');
    assert.equal(intentOf(await talk.send('E')), 'Silent');
  });

  it('takes the phrases of fallback intents for what means nothing', async () => {
    const talk = await talkTo([
      intent('Weather', ['what is the weather like', 'will it rain today', 'weather forecast please']),
      intent('Lost', ['what is the meaning of life', 'will it ever end'], { isFallback: true }),
    ]);
    assert.deepEqual(await intentsOf(talk, 'What is the meaning of life?', 'what is the weather'), [
      'Lost',
      'Weather',
    ]);
  });

  it('asks for the confidence that the agent wants', async () => {
    const intents = [
      intent('Hours', ['when do you open in the morning', 'what are your opening hours']),
      intent('Price', ['how much is a ticket', 'what does a ticket cost']),
    ];
    const definition = agentOf(intents);
    const text = 'opening times of the museum in the morning';
    const found = resultOf(await new Talk(await modelOf(definition)).say(text));
    assert.equal(found.intent?.displayName, 'Hours');
    assert.ok(found.intentDetectionConfidence >= 0.3 && found.intentDetectionConfidence < 0.97);
    const strict = { ...definition, agent: { ...definition.agent, classificationThreshold: 0.97 } };
    assert.equal(intentOf(await new Talk(await modelOf(strict)).say(text)), '');
    assert.equal(intentOf(await new Talk(await modelOf(strict)).say('how much is a ticket')), 'Price');
  });

  it('never takes an intent of negative priority, neither by words nor by an event', async () => {
    const talk = await talkTo([intent('Off', ['do it now'], { priority: -1, events: ['E'] })]);
    assert.equal(intentOf(await talk.say('do it now')), '');
    assert.equal(intentOf(await talk.send('E')), '');
  });

  it('prefers the higher priority among the same words', async () => {
    const talk = await talkTo([
      intent('Low', ['open the door'], { priority: 250_000 }),
      intent('Usual', ['open the door']),
      intent('High', ['open the door'], { priority: 750_000 }),
    ]);
    assert.deepEqual(await intentsOf(talk, 'open the door'), ['High']);
  });

  it('knows one word, a pictograph and other scripts by its phrases', async () => {
    const talk = await talkTo([
      intent('Up', ['👍', 'great']),
      intent('Down', ['👎', 'bad']),
      intent('予約', ['部屋を予約したい', '予約お願いします']),
      intent('Lost', [], { isFallback: true }),
    ]);
    assert.deepEqual(await intentsOf(talk, '👍', '👎', 'Great!', '🎉', '???', '予約お願いします'), [
      'Up',
      'Down',
      'Up',
      'Lost',
      'Lost',
      '予約',
    ]);
  });

  it('takes a phrase with other values for the phrase', async () => {
    const talk = await talkTo(
      [
        intent(
          'Fly',
          ['fly me to [Oslo](@city:city)', 'tickets to [Rome](@city:city) for [two](@sys.number:count)'],
          {
            parameters: [parameter('city', '@city'), parameter('count', '@sys.number')],
          },
        ),
        intent('Stay', ['a hotel in [Oslo](@city:city)'], { parameters: [parameter('city', '@city')] }),
        intent('City', ['[Oslo](@city:city)'], { parameters: [parameter('city', '@city')] }),
      ],
      [entityType('city', { Oslo: ['Oslo'], Rome: ['Rome'], Zanzibar: ['Zanzibar', 'Unguja'] })],
    );
    for (const [text, name, parameters] of [
      ['Fly me to Unguja', 'Fly', { city: 'Zanzibar', count: '' }],
      ['tickets to zanzibar for 12', 'Fly', { city: 'Zanzibar', count: 12 }],
      ['a hotel in Zanzibar!', 'Stay', { city: 'Zanzibar' }],
      ['unguja', 'City', { city: 'Zanzibar' }],
    ] as const) {
      const result = resultOf(await talk.say(text));
      assert.deepEqual([result.intent?.displayName, result.parameters], [name, parameters]);
      assert.equal(result.intentDetectionConfidence, 1);
    }
  });

  it('lets a phrase that is anything at all match only what nothing else does', async () => {
    const talk = await talkTo([
      intent('Hours', ['when do you open', 'what are your opening hours']),
      intent('Anything', ['[the lamp is broken](@sys.any:what)'], {
        inputContextNames: [context('complaint')],
        parameters: [parameter('what', '@sys.any')],
      }),
      intent('Lost', [], { isFallback: true }),
    ]);
    const params = { contexts: [{ name: `${SESSION}/contexts/complaint`, lifespanCount: 1 }] };
    const any = resultOf(await talk.say('my window leaks', { params }));
    assert.deepEqual([any.intent?.displayName, any.parameters], ['Anything', { what: 'my window leaks' }]);
    assert.equal(intentOf(await talk.say('what are the opening hours', { params })), 'Hours');
    assert.equal(intentOf(await talk.say('my window leaks')), 'Lost');
  });
});

describe('converse(), contexts', () => {
  const [parentA, parentB] = [intent('Order tea', ['tea please']), intent('Order milk', ['milk please'])];
  const followed = [
    intent('Order tea', ['tea please'], {
      outputContexts: [{ name: context('tea-followup'), lifespanCount: 2 }],
    }),
    intent('Order milk', ['milk please'], {
      outputContexts: [{ name: context('milk-followup'), lifespanCount: 2 }],
    }),
    intent('Tea - yes', ['yes', 'sure'], { inputContextNames: [context('tea-followup')] }),
    intent('Milk - yes', ['yes', 'sure'], { inputContextNames: [context('MILK-followup')] }),
    intent('Both - yes', ['both', 'yes both'], {
      inputContextNames: [context('tea-followup'), context('milk-followup')],
    }),
    intent('Small talk - yes', ['yes', 'okay then']),
    intent('Tea - lost', [], { isFallback: true, inputContextNames: [context('tea-followup')] }),
    intent('Lost', [], { isFallback: true }),
  ];

  it('has intents wait for all of their input contexts', async () => {
    assert.deepEqual(await intentsOf(await talkTo(followed), 'yes', 'both'), ['Small talk - yes', 'Lost']);
    assert.deepEqual(await intentsOf(await talkTo(followed), 'tea please', 'both'), [
      'Order tea',
      'Tea - lost',
    ]);
    assert.deepEqual(await intentsOf(await talkTo(followed), 'tea please', 'milk please', 'both'), [
      'Order tea',
      'Order milk',
      'Both - yes',
    ]);
  });

  it('prefers the intent of more contexts, then the one of the latest, and its fallback', async () => {
    assert.deepEqual(await intentsOf(await talkTo(followed), 'tea please', 'yes'), [
      'Order tea',
      'Tea - yes',
    ]);
    assert.deepEqual(await intentsOf(await talkTo(followed), 'tea please', 'milk please', 'yes'), [
      'Order tea',
      'Order milk',
      'Milk - yes',
    ]);
    assert.deepEqual(await intentsOf(await talkTo(followed), 'tea please', 'xyz', 'xyz', 'xyz'), [
      'Order tea',
      'Tea - lost',
      'Tea - lost',
      'Lost',
    ]);
  });

  it('gives follow-up intents that name only their parent its follow-up context', async () => {
    const yes = { parentFollowupIntentName: parentA.name };
    const talk = await talkTo([
      parentA,
      parentB,
      intent('Tea - yes', ['yes'], yes),
      intent('Self', ['myself'], { parentFollowupIntentName: 'projects/p/agent/intents/self-id' }),
      intent('Orphan', ['nobody'], { parentFollowupIntentName: 'projects/p/agent/intents/gone' }),
    ]);
    assert.deepEqual(await intentsOf(talk, 'yes', 'tea please', 'yes', 'myself', 'nobody'), [
      '',
      'Order tea',
      'Tea - yes',
      'Self',
      'Orphan',
    ]);
    assert.deepEqual(lifespansOf(await talk.say('tea please')), { 'ordertea-followup': 2 });
  });

  it('counts contexts down with each query, and forgets them after twenty minutes', async () => {
    const intents = [
      intent('Set', ['set'], { outputContexts: [{ name: context('Long'), lifespanCount: 5 }] }),
      intent('Other', ['other']),
      intent('Unset', ['unset'], { outputContexts: [{ name: context('long'), lifespanCount: 0 }] }),
    ];
    const talk = await talkTo(intents);
    const lives: unknown[] = [];
    for (const text of ['set', 'other', 'other', 'set', 'other', 'unset'])
      lives.push(lifespansOf(await talk.say(text)));
    assert.deepEqual(lives, [{ long: 5 }, { long: 4 }, { long: 3 }, { long: 5 }, { long: 4 }, {}]);
    await talk.say('set');
    assert.deepEqual(lifespansOf(await talk.say('other', { afterMs: 19 * MINUTE })), { long: 4 });
    assert.deepEqual(lifespansOf(await talk.say('other', { afterMs: 20 * MINUTE })), {});
  });

  it('puts parameters into output contexts, and keeps what earlier intents put there', async () => {
    const both = [{ name: context('trip'), lifespanCount: 5 }];
    const talk = await talkTo([
      intent('Count', ['for [two](@sys.number:count) people'], {
        parameters: [parameter('count', '@sys.number')],
        outputContexts: both,
      }),
      intent('Day', ['on [Friday](@sys.date:day)'], {
        parameters: [parameter('day', '@sys.date')],
        outputContexts: both,
      }),
    ]);
    await talk.say('for three people');
    const trip = contextOf(await talk.say('on Friday'), 'trip');
    assert.deepEqual(trip, {
      count: 3,
      'count.original': 'three',
      day: '2026-03-06T12:00:00+00:00',
      'day.original': 'Friday',
    });
  });

  it('takes the contexts of a query, and lets it clear those of the session', async () => {
    const talk = await talkTo(followed);
    const tea = { name: `${SESSION}/contexts/Tea-Followup`, lifespanCount: 1 };
    assert.equal(intentOf(await talk.say('yes', { params: { contexts: [tea] } })), 'Tea - yes');
    assert.equal(intentOf(await talk.say('yes')), 'Small talk - yes');
    await talk.say('tea please');
    assert.equal(intentOf(await talk.say('yes', { params: { resetContexts: true } })), 'Small talk - yes');
    await talk.say('tea please');
    const gone = { name: `${SESSION}/contexts/tea-followup`, lifespanCount: 0 };
    assert.equal(intentOf(await talk.say('yes', { params: { contexts: [gone] } })), 'Small talk - yes');
  });

  it('leaves out contexts of other sessions and impossible names, and says so', async () => {
    const talk = await talkTo(followed);
    const foreign = { name: 'projects/p/agent/sessions/s2/contexts/tea-followup', lifespanCount: 5 };
    const odd = { name: `${SESSION}/contexts/a b`, lifespanCount: 5 };
    const sameElsewhere = {
      name: 'projects/p/locations/global/agent/sessions/s1/contexts/mine',
      lifespanCount: 5,
    };
    const result = await talk.say('yes', { params: { contexts: [foreign, odd, sameElsewhere] } });
    assert.equal(intentOf(result), 'Small talk - yes');
    assert.deepEqual(lifespansOf(result), { mine: 4 });
    assert.deepEqual(resultOf(result).diagnosticInfo, { contexts_ignored: [foreign.name, odd.name] });
  });

  it('clears all contexts for an intent that resets them', async () => {
    const talk = await talkTo([
      ...followed,
      intent('Start over', ['start over'], {
        resetContexts: true,
        says: [['We were at #tea-followup.x something else.'], ['From the beginning.']],
        outputContexts: [{ name: context('fresh'), lifespanCount: 5 }],
      }),
    ]);
    await talk.say('tea please');
    assert.deepEqual(lifespansOf(await talk.say('start over')), { fresh: 5 });
  });
});

describe('converse(), events', () => {
  it('triggers the intent that lists the event and whose contexts are active', async () => {
    const talk = await talkTo([
      intent('Welcome', [], { events: ['WELCOME'], says: [['Hello.']] }),
      intent('Again', [], {
        events: ['WELCOME'],
        inputContextNames: [context('known')],
        says: [['Welcome back.']],
      }),
    ]);
    const first = await talk.send('WELCOME');
    assert.equal(resultOf(first).fulfillmentText, 'Hello.');
    assert.equal(resultOf(first).queryText, 'WELCOME');
    assert.equal(resultOf(first).intentDetectionConfidence, 1);
    assert.equal(first.event, 'WELCOME');
    const params = { contexts: [{ name: `${SESSION}/contexts/known`, lifespanCount: 1 }] };
    assert.equal(resultOf(await talk.send('welcome', {}, { params })).fulfillmentText, 'Welcome back.');
    const unknown = await talk.send('OTHER');
    assert.equal(resultOf(unknown).intent, undefined);
    assert.equal(unknown.event, undefined);
  });

  it('lets the intent refer to what came with the event', async () => {
    const talk = await talkTo([
      intent('Greet', [], {
        events: ['GUEST_CAME'],
        parameters: [
          { displayName: 'name', value: '#GUEST_CAME.name', entityTypeDisplayName: '@sys.any' },
          parameter('room', '@sys.number', { defaultValue: '#guest_came.room' }),
        ],
        says: [['$name is in room $room, from #GUEST_CAME.city.']],
      }),
    ]);
    const result = resultOf(await talk.send('GUEST_CAME', { name: 'Ada', room: '7', city: 'Oslo' }));
    assert.equal(result.fulfillmentText, 'Ada is in room 7, from Oslo.');
    assert.deepEqual(result.parameters, { name: 'Ada', room: '7' });
    assert.equal(resultOf(await talk.send('GUEST_CAME')).fulfillmentText, '');
  });

  it('asks for what an intent needs that an event triggered', async () => {
    const talk = await talkTo([
      intent('Rate', [], {
        events: ['RATE'],
        parameters: [parameter('stars', '@sys.number', { mandatory: true, prompts: ['How many stars?'] })],
        says: [['$stars stars, thank you.']],
      }),
    ]);
    assert.equal(resultOf(await talk.send('RATE')).fulfillmentText, 'How many stars?');
    assert.equal(resultOf(await talk.say('four')).fulfillmentText, '4 stars, thank you.');
  });
});

describe('converse(), values', () => {
  it('answers values in their forms, at the time and in the zone of the query', async () => {
    const talk = await talkTo([
      intent('All', ['[a](@sys.any:x) thing', 'note it down'], {
        parameters: [
          parameter('date', '@sys.date'),
          parameter('money', '@sys.unit-currency'),
          parameter('count', '@sys.number'),
          parameter('mail', '@sys.email'),
          parameter('long', '@sys.duration'),
        ],
      }),
    ]);
    const text = 'note it down: 3 pieces, 20 euros, tomorrow, for 2 hours, a@example.com';
    const { parameters } = resultOf(await talk.say(text, { params: { timeZone: 'Asia/Tokyo' } }));
    assert.deepEqual(parameters, {
      date: '2026-03-06T12:00:00+09:00',
      money: { amount: 20, currency: 'EUR' },
      count: 3,
      mail: 'a@example.com',
      long: { amount: 2, unit: 'h' },
    });
    // Where the query's zone is none, the agent's is taken.
    const local = resultOf(
      await talk.say('note it down: tomorrow', { params: { timeZone: 'Mars/Olympus' } }),
    );
    assert.equal(local.parameters?.['date'], '2026-03-06T12:00:00+00:00');
  });

  it('finds lists, compositions, expressions, misspelt and unlisted values', async () => {
    const talk = await talkTo(
      [
        intent(
          'Buy',
          ['buy [milk](@item:items) and [tea](@item:items)', 'buy [two red shirts](@shirt:shirt)'],
          {
            parameters: [parameter('items', '@item', { isList: true }), parameter('shirt', '@shirt')],
          },
        ),
        intent('Track', ['track [AB-123](@code:code)', 'where is [AB-123](@code:code)'], {
          parameters: [parameter('code', '@code')],
        }),
        intent(
          'Adopt',
          ['adopt a [rabbit](@animal:animal)', 'I would like a [hamster](@animal:animal) please'],
          {
            parameters: [parameter('animal', '@animal')],
          },
        ),
      ],
      [
        entityType('item', { milk: ['milk'], tea: ['tea'], bread: ['bread', 'loaf'] }),
        entityType('colour', { red: ['red', 'scarlet'], blue: ['blue'] }),
        entityType('shirt', { '@sys.number:count @colour:colour shirts': [] }, { kind: Kind.LIST }),
        entityType('code', { '[A-Z]{2}-\\d{3}': [] }, { kind: Kind.REGEXP }),
        entityType(
          'animal',
          { rabbit: ['rabbit'], hamster: ['hamster'] },
          { enableFuzzyExtraction: true, autoExpansionMode: Expansion.DEFAULT },
        ),
      ],
    );
    for (const [text, parameters] of [
      ['buy a loaf, tea and milk', { items: ['bread', 'tea', 'milk'], shirt: '' }],
      ['buy three scarlet shirts', { items: [], shirt: { count: 3, colour: 'red' } }],
      ['track ZX-987', { code: 'ZX-987' }],
      ['adopt a hamstre', { animal: 'hamster' }],
      ['I would like a tortoise please', { animal: 'tortoise' }],
    ] as const) {
      assert.deepEqual(resultOf(await talk.say(text)).parameters, parameters);
    }
  });

  it('takes no words around values for a value, but names that nobody listed', async () => {
    const talk = await talkTo([
      intent(
        'Room',
        [
          'can you get me a room in [Oslo](@sys.location:place) [tomorrow](@sys.date:day) at [5 pm](@sys.time:time)',
          'get me a room for a meeting',
          '[Park Center](@sys.location:place) [today](@sys.date:day) at [noon](@sys.time:time)',
          'a room at [Marina Heights](@sys.location:place)',
        ],
        {
          parameters: [
            parameter('place', '@sys.location', { mandatory: true }),
            parameter('day', '@sys.date', { mandatory: true }),
            parameter('time', '@sys.time', { mandatory: true }),
          ],
        },
      ),
    ]);
    const place = async (text: string) => {
      const found = resultOf(await talk.say(text)).parameters?.['place'];
      return typeof found === 'object' && found !== null
        ? Object.values(found).find((part) => part !== '')
        : found;
    };
    assert.equal(await place('can you get me a room today at 6 pm'), '');
    assert.equal(await place('Bird Island'), 'Bird Island');
    assert.equal(await place('can you get me a room at Green Hall'), 'Green Hall');
    // While something else is asked for, the place stays until another one is named.
    assert.equal(await place('a room at the blue one'), 'Green Hall');
    assert.equal(await place('rather in Rome'), 'Rome');
  });

  it("takes entities of the session, over the agent's or beside them", async () => {
    const talk = await talkTo(
      [intent('Play', ['play [chess](@game:game)'], { parameters: [parameter('game', '@game')] })],
      [entityType('game', { chess: ['chess'] })],
    );
    const entities = (mode: Mode, value: string) => ({
      sessionEntityTypes: [
        {
          name: `${SESSION}/entityTypes/game`,
          entityOverrideMode: mode,
          entities: [{ value, synonyms: [value] }],
        },
      ],
    });
    const play = async (game: string, params = {}) =>
      resultOf(await talk.say(`play ${game}`, { params })).parameters?.['game'];
    assert.equal(await play('go'), '');
    assert.equal(await play('go', entities(Mode.SUPPLEMENT, 'go')), 'go');
    assert.equal(await play('go'), 'go');
    assert.equal(await play('chess'), 'chess');
    assert.equal(await play('tag', entities(Mode.OVERRIDE, 'tag')), 'tag');
    assert.equal(await play('chess'), '');
    const unknown = { name: `${SESSION}/entityTypes/other`, entityOverrideMode: Mode.OVERRIDE };
    const result = await talk.say('play tag', { params: { sessionEntityTypes: [unknown] } });
    assert.deepEqual(resultOf(result).diagnosticInfo, { session_entity_types_ignored: [unknown.name] });
    assert.deepEqual(
      result.session.entityTypes.map(({ entityType: type }) => type),
      ['game'],
    );
  });

  it('says only what refers to something', async () => {
    const talk = await talkTo([
      intent('Call', ['I am called [Ada](@sys.given-name:name)', 'who am I'], {
        parameters: [parameter('name', '@sys.given-name')],
        messages: [
          { message: { case: 'text', value: { text: ['Hello $name!', 'Hello #guest.name!'] } } },
          { message: { case: 'payload', value: { name: '$name', list: ['#guest.name'] } } },
          {
            message: {
              case: 'card',
              value: {
                title: 'For $name',
                imageUri: 'https://example.com/#a.b?$x',
                buttons: [{ text: '$gone!' }],
              },
            },
          },
        ],
      }),
    ]);
    const known = resultOf(await talk.say('I am called Emma'));
    assert.equal(known.fulfillmentText, 'Hello Emma!');
    const [, payload, card] = known.fulfillmentMessages.map(({ message }) => message);
    assert.deepEqual(payload?.value, { name: 'Emma', list: [''] });
    assert.ok(card?.case === 'card');
    assert.equal(card.value.title, 'For Emma');
    assert.equal(card.value.imageUri, 'https://example.com/#a.b?$x');
    assert.equal(card.value.buttons[0]?.text, '!');
    assert.equal(resultOf(await talk.say('who am I')).fulfillmentText, '');
  });

  it('answers only for the platform that is asked for', async () => {
    const talk = await talkTo([
      intent('Hi', ['hi'], {
        messages: [
          { message: { case: 'text', value: { text: ['Hi.'] } } },
          { platform: 1, message: { case: 'text', value: { text: ['Hi, Facebook.'] } } },
        ],
      }),
    ]);
    assert.equal(resultOf(await talk.say('hi')).fulfillmentMessages.length, 2);
    const [only, ...others] = resultOf(
      await talk.say('hi', { params: { platform: 'FACEBOOK' } }),
    ).fulfillmentMessages;
    assert.deepEqual(others, []);
    assert.ok(only?.message.case === 'text');
    assert.deepEqual(only.message.value.text, ['Hi, Facebook.']);
  });
});

describe('converse(), with an agent that nobody checked', () => {
  const odd = fc.constantFrom(
    '',
    ' ',
    '$',
    '$a',
    '$a.b',
    '#c.d',
    '#c',
    '@a',
    '@@',
    '@sys.any',
    'a b',
    '../x',
    'é',
    '\ud800',
  );
  const intents = fc.array(
    fc.record({
      name: odd,
      displayName: odd,
      priority: fc.constantFrom(0, -1, 2_147_483_647),
      isFallback: fc.boolean(),
      mlDisabled: fc.boolean(),
      resetContexts: fc.boolean(),
      events: fc.array(odd, { maxLength: 2 }),
      inputContextNames: fc.array(odd, { maxLength: 1 }),
      outputContexts: fc.array(fc.record({ name: odd, lifespanCount: fc.constantFrom(-1, 0, 5) }), {
        maxLength: 2,
      }),
      parentFollowupIntentName: odd,
      parameters: fc.array(
        fc.record({
          displayName: odd,
          value: odd,
          defaultValue: odd,
          entityTypeDisplayName: odd,
          mandatory: fc.boolean(),
          isList: fc.boolean(),
          prompts: fc.array(odd, { maxLength: 1 }),
        }),
        { maxLength: 3 },
      ),
      trainingPhrases: fc.array(
        fc.record({
          parts: fc.array(fc.record({ text: odd, entityType: odd, alias: odd }), { maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
      messages: fc.array(
        odd.map((text) => ({ message: { case: 'text' as const, value: { text: [text] } } })),
      ),
    }),
    { maxLength: 4 },
  );
  const types = fc.array(
    fc.record({
      displayName: odd,
      kind: fc.constantFrom(Kind.UNSPECIFIED, Kind.MAP, Kind.LIST, Kind.REGEXP),
      entities: fc.array(fc.record({ value: odd, synonyms: fc.array(odd, { maxLength: 2 }) }), {
        maxLength: 2,
      }),
    }),
    { maxLength: 2 },
  );

  it('answers something, whatever the agent is', async () => {
    await fc.assert(
      fc.asyncProperty(intents, types, async (ofIntents, ofTypes) => {
        const definition = agentOf(
          ofIntents.map((fields) => create(IntentSchema, fields)),
          ofTypes.map((fields) => create(EntityTypeSchema, fields)),
        );
        const talk = new Talk(await modelOf({ ...definition, languageCode: '' }));
        for (const text of ['a b', '$a', '@sys.any', 'é', '']) {
          const { response, session } = await talk.say(text);
          assert.equal(response.queryResult?.queryText, text);
          toBinary(AgentSessionSchema, session);
        }
        await talk.send('');
      }),
      { numRuns: 25 },
    );
  });
});

describe('converse(), the same again', () => {
  const script = ['hello', 'book a suite', 'tomorrow', '2', 'yes', 'xyz', 'hello', 'I need a room', 'blah'];

  async function transcript(model: AgentModel, seed: string): Promise<string[]> {
    const talk = new Talk(model, { seed });
    const said: string[] = [];
    for (const text of script) {
      said.push(resultOf(await talk.say(text)).fulfillmentText);
      // As a server would, between two turns.
      talk.session = fromBinary(AgentSessionSchema, toBinary(AgentSessionSchema, talk.session));
    }
    return said;
  }

  it('says the same words, also when agent and session went through bytes', async () => {
    const { model, bytes } = await trainAgent(harbourHotel);
    const first = await transcript(model, 'a');
    assert.deepEqual(await transcript(model, 'a'), first);
    assert.deepEqual(await transcript(await loadAgentModel(bytes), 'a'), first);
  });

  it('varies them by the seed and within a conversation', async () => {
    const { model } = await trainAgent(harbourHotel);
    const greetings = new Set<string | undefined>();
    for (let seed = 0; seed < 20; seed++) greetings.add((await transcript(model, String(seed)))[0]);
    assert.equal(greetings.size, 2);
    const within = new Set<string>();
    const talk = new Talk(model);
    for (let turn = 0; turn < 20; turn++) within.add(resultOf(await talk.say('hello')).fulfillmentText);
    assert.equal(within.size, 2);
  });
});
