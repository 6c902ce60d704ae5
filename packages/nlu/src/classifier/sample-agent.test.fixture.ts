import type { TrainingSet } from './examples.ts';

const OBJECTS = ['table', 'room', 'flight', 'car', 'ticket', 'boat'];

/** An agent of a few intents whose phrases differ from one another as people's do. */
export const sampleAgent: TrainingSet = {
  intents: [
    {
      name: 'book',
      phrases: OBJECTS.flatMap((it) => [
        `book a ${it}`,
        `i want to reserve a ${it}`,
        `get me a ${it} for two`,
      ]),
    },
    {
      name: 'cancel',
      phrases: OBJECTS.flatMap((it) => [
        `cancel my ${it}`,
        `i no longer need the ${it}`,
        `call off the ${it}`,
      ]),
    },
    {
      name: 'weather',
      phrases: [
        'what is the weather',
        'will it rain today',
        'is it sunny outside',
        'how cold is it',
        'weather for tomorrow',
      ],
    },
    {
      name: 'hours',
      phrases: ['when do you open', 'opening hours', 'are you open on sunday', 'when do you close'],
    },
    { name: 'event-only', phrases: [] },
  ],
};

/** What somebody says to it who has not read its phrases, and what they mean. */
export const sampleQuestions: readonly [text: string, intent: string][] = [
  ['please book a table for tonight', 'book'],
  ['could you reserve a car', 'book'],
  ['cancel the flight please', 'cancel'],
  ['i dont need my ticket any longer', 'cancel'],
  ['whats the weather like', 'weather'],
  ['is it going to rain', 'weather'],
  ['when are you open', 'hours'],
  ['do you close on sunday', 'hours'],
];
