import { GrpcLoad } from './load.ts';
import { type Case, type Row, toCase } from './measure.ts';
import { createTellingProfile } from './requests.ts';
import { Importer } from './storing.ts';
import { type Subject, startSubject } from './subject.ts';
import { startParley } from './subjects.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9/';

interface Cases {
  readonly batches: Case;
  readonly creations: Case;
}

/** What calls cost while others are told of them, against what they cost while nobody is. */
export async function eventRows(
  parley: Subject,
  stack: AsyncDisposableStack,
  messages: number,
): Promise<Row[]> {
  const receiver = stack.use(await startSubject('receiver', './floors/receiver.ts'));
  const there = `http://127.0.0.1:${receiver.port}/`;
  const off = await casesOf(parley, stack, 'off', messages);
  const noTopic = await casesOf(await startParley(stack, '--events', there), stack, 'no topic', messages);
  const away = await casesOf(await startParley(stack, '--events', AWAY), stack, 'away', messages, true);
  const told = await casesOf(await startParley(stack, '--events', there), stack, 'told', messages, true);
  return [
    row(
      'ingest, batches of 300, a message; profile without a topic / events off',
      noTopic.batches,
      off.batches,
      1.05,
    ),
    row('the same; the receiver is away / events off', away.batches, off.batches, 1.1),
    row('the same; each message told to a webhook / events off', told.batches, off.batches, 40),
    row('CreateConversation; profile without a topic / events off', noTopic.creations, off.creations, 1.05),
    row('the same; the receiver is away / events off', away.creations, off.creations, 1.25),
    row('the same; told to a webhook / events off', told.creations, off.creations, 5),
  ];
}

function row(what: string, measured: Case, floor: Case, goal: number): Row {
  return { what, measured, floor: [floor], goal, delayMatters: true };
}

async function casesOf(
  subject: Subject,
  stack: AsyncDisposableStack,
  title: string,
  messages: number,
  telling = false,
): Promise<Cases> {
  const load = stack.use(await GrpcLoad.open(subject.port));
  const importer = new Importer(load, telling ? await createTellingProfile(load) : undefined);
  const settled = async (): Promise<void> => {
    if (title === 'told') while ((await waitingAt(subject)) > 0);
  };
  return {
    batches: toCase(`batches, ${title}`, subject, {
      units: messages,
      run: async (count) => {
        await importer.batches(count);
        await settled();
      },
    }),
    creations: toCase(`creations, ${title}`, subject, {
      units: Math.ceil(messages / 5),
      run: async (count) => {
        await importer.create(count);
        await settled();
      },
    }),
  };
}

async function waitingAt({ port }: Subject): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^parley_events_waiting (\d+)$/mu.exec(text)?.[1]);
}
