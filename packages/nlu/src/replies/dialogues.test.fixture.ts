import type { Dialogue, Turn } from './dialogue.ts';

/** What a conversation is about: how it begins, what the agent asks, what comes back, and how it ends. */
const TOPICS = [
  {
    begins: ['My parcel has not arrived', 'where is my parcel', 'the parcel is late again'],
    asks: 'Which address was the parcel sent to?',
    answers: ['to the office', 'to my house', 'it was sent to a neighbour'],
    ends: 'The courier brings it tomorrow morning.',
  },
  {
    begins: ['I forgot my password', 'my password does not work', 'please reset the password'],
    asks: 'Shall I send you a link to choose a new password?',
    answers: ['yes please send it', 'sure, a link is fine', 'yes'],
    ends: 'You find the link in your mailbox.',
  },
  {
    begins: ['I want my money back', 'can I get a refund', 'refund me for these shoes'],
    asks: 'Do you still have the receipt?',
    answers: ['I have the receipt here', 'no receipt, sorry', 'yes I kept the receipt'],
    ends: 'The refund is on its way to your bank.',
  },
  {
    begins: ['Do you have a table tonight', 'a table for us please', 'I would like to book a table'],
    asks: 'For how many guests is the table?',
    answers: ['there are two of us', 'five guests', 'me and my wife'],
    ends: 'Your table is booked, see you tonight.',
  },
] as const;

/** So many conversations of two replies each, about one topic after the other. */
export function sampleDialogues(count: number): Dialogue[] {
  return Array.from({ length: count }, (_, index) => {
    const { begins, asks, answers, ends } = TOPICS[index % TOPICS.length] as (typeof TOPICS)[number];
    const variant = Math.floor(index / TOPICS.length);
    return {
      turns: [
        customer(begins[variant % 3] as string),
        agent(asks),
        customer(answers[Math.floor(variant / 3) % 3] as string),
        agent(ends),
      ],
    };
  });
}

export function customer(text: string): Turn {
  return { speaker: 'customer', text };
}

export function agent(text: string): Turn {
  return { speaker: 'agent', text };
}
