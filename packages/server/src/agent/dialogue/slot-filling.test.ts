import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AgentModel } from '../training/agent-model.ts';
import { trainAgent } from '../training/train-agent.ts';
import {
  agentOf,
  context,
  contextOf,
  entityType,
  intent,
  lifespansOf,
  parameter,
  resultOf,
  SESSION,
  Talk,
} from './harbour-hotel.test.fixture.ts';

const table = intent(
  'Book a table',
  [
    'book a table',
    'I want to reserve a table',
    'a table for [two](@sys.number:guests) [tomorrow](@sys.date:day)',
  ],
  {
    action: 'table.book',
    parameters: [
      parameter('day', '@sys.date', { mandatory: true, prompts: ['For which day?'] }),
      parameter('guests', '@sys.number', {
        mandatory: true,
        prompts: ['On $day.original: how many of you?'],
      }),
      parameter('seat', '@seat'),
      parameter('name', '@sys.any', { mandatory: true, prompts: ['Under what name?'] }),
    ],
    outputContexts: [{ name: context('table'), lifespanCount: 5 }],
    says: [['A table for $guests on $day.original, under $name.']],
  },
);

const intents = [
  table,
  intent('Hours', ['when do you open', 'what are your opening hours', 'until when are you open on Sunday'], {
    says: [['We are open from 6 to 11.']],
  }),
  intent('Cancel', ['cancel my reservation', 'I have to cancel the table'], { says: [['It is cancelled.']] }),
  intent('Colour', ['paint it', 'paint it [red](@colour:colour)'], {
    parameters: [parameter('colour', '@colour', { mandatory: true })],
    says: [['Painted $colour.']],
  }),
  intent('Lost', [], { isFallback: true, says: [['Pardon?']] }),
];
const entityTypes = [
  entityType('seat', { window: ['window'], bar: ['bar', 'counter'] }),
  entityType('colour', { red: ['red'], blue: ['blue'] }),
];

describe('slot filling', () => {
  let model: AgentModel;
  before(async () => {
    ({ model } = await trainAgent(agentOf(intents, entityTypes)));
  });

  /** What the agent says, turn by turn. */
  async function said(talk: Talk, ...texts: string[]): Promise<string[]> {
    const replies: string[] = [];
    for (const text of texts) replies.push(resultOf(await talk.say(text)).fulfillmentText);
    return replies;
  }

  it('asks for what is missing in the order of declaration, and answers when all is there', async () => {
    assert.deepEqual(await said(new Talk(model), 'book a table', 'tomorrow', 'four', 'Ada Lovelace'), [
      'For which day?',
      'On tomorrow: how many of you?',
      'Under what name?',
      'A table for 4 on tomorrow, under Ada Lovelace.',
    ]);
  });

  it('shows what is there, and where it is', async () => {
    const talk = new Talk(model);
    await talk.say('book a table');
    const result = await talk.say('tomorrow');
    const { parameters, allRequiredParamsPresent, intent: matched, action } = resultOf(result);
    assert.deepEqual(parameters, { day: '2026-03-06T12:00:00+00:00', guests: '', seat: '', name: '' });
    assert.equal(allRequiredParamsPresent, false);
    assert.equal(matched?.displayName, 'Book a table');
    assert.equal(action, 'table.book');
    assert.deepEqual(lifespansOf(result), {
      'book-a-table-id_id_dialog_context': 2,
      bookatable_dialog_context: 2,
      bookatable_dialog_params_guests: 1,
    });
    assert.deepEqual(contextOf(result, 'book-a-table-id_id_dialog_context'), {
      day: '2026-03-06T12:00:00+00:00',
      'day.original': 'tomorrow',
      guests: '',
      'guests.original': '',
      seat: '',
      'seat.original': '',
      name: '',
      'name.original': '',
    });
    await talk.say('4');
    const last = await talk.say('Ada');
    assert.deepEqual(lifespansOf(last), { table: 5 });
    assert.equal(contextOf(last, 'table')?.['guests'], 4);
  });

  it('takes more than it asked for, and what is said first at once', async () => {
    assert.deepEqual(await said(new Talk(model), 'a table for 3 on Friday', 'Bo'), [
      'Under what name?',
      'A table for 3 on Friday, under Bo.',
    ]);
    assert.deepEqual(await said(new Talk(model), 'book a table', '5 people on Friday at the bar', 'Bo'), [
      'For which day?',
      'Under what name?',
      'A table for 5 on Friday, under Bo.',
    ]);
  });

  it('asks again where it gets no answer', async () => {
    assert.deepEqual(await said(new Talk(model), 'book a table', 'hm', 'well', 'on Friday'), [
      'For which day?',
      'For which day?',
      'For which day?',
      'On Friday: how many of you?',
    ]);
  });

  it('asks by the name of a parameter without prompts', async () => {
    assert.deepEqual(await said(new Talk(model), 'paint it', 'blue'), [
      'What is the colour?',
      'Painted blue.',
    ]);
  });

  it('lets other intents win, and goes on afterwards', async () => {
    assert.deepEqual(await said(new Talk(model), 'book a table', 'when do you open?', 'on Friday'), [
      'For which day?',
      'We are open from 6 to 11.',
      'On Friday: how many of you?',
    ]);
  });

  it('forgets what it waits for after two other turns', async () => {
    assert.deepEqual(
      await said(new Talk(model), 'book a table', 'when do you open?', 'when do you open?', 'on Friday'),
      ['For which day?', 'We are open from 6 to 11.', 'We are open from 6 to 11.', 'Pardon?'],
    );
  });

  it('takes a value for a value, whatever else it is a part of', async () => {
    const talk = new Talk(model);
    assert.deepEqual(await said(talk, 'book a table', 'until when are you open on Sunday', 'Sunday'), [
      'For which day?',
      'We are open from 6 to 11.',
      'On Sunday: how many of you?',
    ]);
  });

  it('takes any words for a value that may be anything, but for those of another intent', async () => {
    assert.deepEqual(
      await said(new Talk(model), 'a table for 2 tomorrow', 'what are your opening hours', 'Ada'),
      ['Under what name?', 'We are open from 6 to 11.', 'Pardon?'],
    );
    assert.deepEqual(
      await said(new Talk(model), 'a table for 2 tomorrow', 'the people from the opening party'),
      ['Under what name?', 'A table for 2 on tomorrow, under the people from the opening party.'],
    );
  });

  for (const text of [
    'cancel',
    'Stop!',
    'never mind',
    'forget it, please',
    'abbrechen',
    'olvidalo',
    '取消',
  ]) {
    it(`is cancelled by ${JSON.stringify(text)}`, async () => {
      const talk = new Talk(model);
      await talk.say('book a table');
      await talk.say('tomorrow');
      const result = await talk.say(text);
      const {
        cancelsSlotFilling,
        allRequiredParamsPresent,
        fulfillmentText,
        intent: matched,
      } = resultOf(result);
      assert.deepEqual([cancelsSlotFilling, allRequiredParamsPresent, fulfillmentText], [true, false, '']);
      assert.equal(matched?.displayName, 'Book a table');
      assert.deepEqual(lifespansOf(result), {});
      assert.equal(resultOf(await talk.say('4')).fulfillmentText, 'Pardon?');
    });
  }

  it('is not cancelled by the words of another intent, nor where nothing is asked', async () => {
    const talk = new Talk(model);
    await talk.say('book a table');
    assert.equal(resultOf(await talk.say('I have to cancel the table')).fulfillmentText, 'It is cancelled.');
    const nothing = resultOf(await new Talk(model).say('stop'));
    assert.equal(nothing.cancelsSlotFilling, false);
  });

  it('ends when its context is removed, or all are', async () => {
    const gone = { name: `${SESSION}/contexts/book-a-table-id_id_dialog_context`, lifespanCount: 0 };
    for (const params of [{ contexts: [gone] }, { resetContexts: true }]) {
      const talk = new Talk(model);
      await talk.say('book a table');
      assert.equal(resultOf(await talk.say('on Friday', { params })).fulfillmentText, 'Pardon?');
    }
  });

  it('changes what was told when it is told anew', async () => {
    const talk = new Talk(model);
    await said(talk, 'book a table', 'tomorrow at the window');
    const result = resultOf(await talk.say('3, and rather at the bar'));
    assert.deepEqual([result.parameters?.['seat'], result.parameters?.['guests']], ['bar', 3]);
  });

  it('goes on with an agent that has been trained without the intent', async () => {
    const talk = new Talk(model);
    await talk.say('book a table');
    const { model: other } = await trainAgent(agentOf(intents.slice(1), entityTypes));
    const next = new Talk(other);
    next.session = talk.session;
    assert.equal(resultOf(await next.say('tomorrow')).fulfillmentText, 'Pardon?');
  });
});
