import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AutomatedAgentReply } from '@parleykit/proto/v2beta1';
import type { AgentModel } from '../training/agent-model.ts';
import { trainAgent } from '../training/train-agent.ts';
import { toAgentReply } from './agent-reply.ts';
import { harbourHotel, Talk } from './harbour-hotel.test.fixture.ts';

/**
 * Whole conversations, word by word: "> " is said to the agent, "! " an event that is sent to it. What it answers is
 * indented, and below it which intent that is and what else it says.
 */
const transcripts: Readonly<Record<string, string>> = {
  'a booking, by slot filling and a yes': `
! WELCOME
  Welcome to the Harbour Hotel!
  How can I help?
  [Welcome 1.00]
> could I book a suite?
  For which day?
  [Book a room 0.99, room=suite]
> the day after tomorrow
  For how many people?
  [Book a room 1.00, date=2026-03-07T12:00:00+00:00 room=suite]
> two adults
  A suite room for 2 on day after tomorrow: shall I book it?
  [Book a room 1.00, date=2026-03-07T12:00:00+00:00 guests=2 room=suite]
> yes please
  Booked: a suite room on day after tomorrow.
  [Book a room - yes 1.00]
> yes please
  Sorry, I did not get that.
  [Fallback 1.00]
`,
  'a booking that comes to nothing': `
> book a twin room for 3 people on Sunday
  A double room for 3 on Sunday: shall I book it?
  [Book a room 1.00, date=2026-03-08T12:00:00+00:00 guests=3 room=double]
> rather not
  All right, no room then.
  [Book a room - no 1.00]
`,
  'questions in between': `
> I need a room
  For which day?
  [Book a room 1.00, room=double]
> is there parking?
  There is a car park behind the house.
  [Parking 1.00]
> on May 8th
  For how many people?
  [Book a room 1.00, date=2026-05-08T12:00:00+01:00 room=double]
> what time is breakfast
  Breakfast is from 7 to 10.
  [Breakfast 1.00]
> never mind
  [Book a room 1.00, date=2026-05-08T12:00:00+01:00 room=double]
`,
  'a person, after two misunderstandings': `
> my name is Grace Hopper
  Nice to meet you, Grace Hopper.
  [Name 0.98, name=Grace Hopper]
> tell me a joke
  Sorry, I did not get that.
  [Fallback 1.00]
> blargh
  Sorry, I did not get that.
  [Fallback 1.00]
> let me talk to a person
  One moment, I will fetch somebody.
  (liveAgentHandoff)
  (endInteraction)
  [Person 0.99]
`,
};

function written(reply: AutomatedAgentReply): string[] {
  const { responseMessages, response, matchConfidence } = reply;
  const { intent, parameters = {} } = response.value?.queryResult ?? {};
  const values = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`);
  return [
    ...responseMessages.map(({ message }) =>
      message.case === 'text' ? `  ${message.value.text.join(' | ')}` : `  (${message.case})`,
    ),
    `  [${[`${intent?.displayName} ${matchConfidence.toFixed(2)}`, values.join(' ')].filter(Boolean).join(', ')}]`,
  ];
}

describe('a conversation with an agent', () => {
  let model: AgentModel;
  before(async () => {
    ({ model } = await trainAgent(harbourHotel));
  });

  for (const [name, transcript] of Object.entries(transcripts)) {
    it(`is, word by word, ${name}`, async () => {
      const talk = new Talk(model, { seed: name });
      const lines: string[] = [];
      for (const line of transcript.trim().split('\n')) {
        const [sign, content] = [line.slice(0, 2), line.slice(2)];
        if (sign === '  ') continue;
        const result = await (sign === '! ' ? talk.send(content) : talk.say(content));
        lines.push(line, ...written(toAgentReply(result)));
      }
      assert.equal(`\n${lines.join('\n')}\n`, transcript);
    });
  }
});
