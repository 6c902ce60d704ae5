import { Participant_Role } from '@parleykit/proto/v2beta1';
import { GrpcLoad, inFlight } from './load.ts';
import { type Row, toCase } from './measure.ts';
import {
  AGENT_PROFILE,
  BATCH_PATH,
  Batches,
  createConversation,
  createParticipant,
  encodeList,
  encodeTurn,
  LIST_PATH,
  readScripts,
  type Script,
  TURN_PATH,
} from './requests.ts';
import { type Subject, startSubject } from './subject.ts';
import { startBareStore, tellStore } from './subjects.ts';

const BATCH = 300;
const BATCHES_IN_FLIGHT = 16;
const CONVERSATIONS_IN_FLIGHT = 32;
const CREATIONS_IN_FLIGHT = 128;
/** Each in a conversation of its own: those of one wait for each other. */
const TURNS_IN_FLIGHT = 128;
const PAGE = 100;
/** What the demo agent is told: its phrases, variations of them, and what it does not know. */
const QUESTIONS = [
  'when are you open',
  'are you open on Sunday morning',
  'what does shipping cost',
  'how much do you take for a delivery to Spain',
  'can I give the lamp back',
  'hello there',
  'do you like the sea',
  'where is order 5512',
];
/** The compiler has made up its mind by then. */
const WARM_UP = { messages: 90_000, conversations: 5000, creations: 15_000, pages: 15_000 };

/** Talks to a server, or to one that does nothing, as an import does. */
export class Importer {
  readonly #load: GrpcLoad;
  readonly #profile: string | undefined;
  readonly #batches = new Batches();
  readonly #talks: { readonly name: string; readonly participants: readonly string[] }[] = [];
  readonly #speakers: string[] = [];
  readonly #askers: string[] = [];
  #next = 0;

  /** With the profile of the demo, or another one. */
  constructor(load: GrpcLoad, profile?: string) {
    this.#load = load;
    this.#profile = profile;
  }

  async #begin(withAgent = false) {
    const name = await createConversation(this.#load, withAgent ? AGENT_PROFILE : this.#profile);
    const roles = [Participant_Role.HUMAN_AGENT, Participant_Role.END_USER];
    const participants = await Promise.all(roles.map((role) => createParticipant(this.#load, name, role)));
    return { name, participants };
  }

  /** Batches of one size, into as many conversations as there are batches in flight. Counts messages. */
  async batches(messages: number): Promise<void> {
    while (this.#talks.length < BATCHES_IN_FLIGHT) this.#talks.push(await this.#begin());
    const script = Array.from(
      { length: BATCH },
      (_, index) => `some words that somebody says, number ${index}`,
    );
    const call = async (index: number): Promise<void> => {
      const { name, participants } = this.#talks[index % BATCHES_IN_FLIGHT] ?? (await this.#begin());
      await this.#load.check({
        path: BATCH_PATH,
        message: this.#batches.encode(name, participants, script),
        status: 0,
      });
    };
    await inFlight(Math.ceil(messages / BATCH), call, BATCHES_IN_FLIGHT);
  }

  /** Whole conversations, each with its participants and one batch. */
  async conversations(
    scripts: readonly Script[],
    count: number,
    atOnce = CONVERSATIONS_IN_FLIGHT,
  ): Promise<void> {
    const call = async (): Promise<void> => {
      const script = scripts[this.#next++ % scripts.length] ?? [];
      const { name, participants } = await this.#begin();
      await this.#load.check({
        path: BATCH_PATH,
        message: this.#batches.encode(name, participants, script),
        status: 0,
      });
    };
    await inFlight(count, call, atOnce);
  }

  create(count: number): Promise<void> {
    return inFlight(
      count,
      async () => void (await createConversation(this.#load, this.#profile)),
      CREATIONS_IN_FLIGHT,
    );
  }

  /** Turns in the assist stage. */
  async turns(count: number): Promise<void> {
    while (this.#speakers.length < TURNS_IN_FLIGHT) {
      const { participants } = await this.#begin();
      this.#speakers.push(participants[1] ?? '');
    }
    const call = (index: number): Promise<void> => {
      const speaker = this.#speakers[index % TURNS_IN_FLIGHT] ?? '';
      const message = encodeTurn(speaker, `some words that somebody says, number ${index}`);
      return this.#load.check({ path: TURN_PATH, message, status: 0 });
    };
    await inFlight(count, call, TURNS_IN_FLIGHT);
  }

  /** Turns that the demo agent answers. */
  async agentTurns(count: number): Promise<void> {
    while (this.#askers.length < TURNS_IN_FLIGHT) {
      const { participants } = await this.#begin(true);
      this.#askers.push(participants[1] ?? '');
    }
    await inFlight(count, (index) => this.agentTurn(index), TURNS_IN_FLIGHT);
  }

  /** One of them, in one of the conversations that `agentTurns` has begun. */
  agentTurn(index: number): Promise<void> {
    const question = QUESTIONS[index % QUESTIONS.length] ?? '';
    const message = encodeTurn(this.#askers[index % TURNS_IN_FLIGHT] ?? '', question);
    return this.#load.check({ path: TURN_PATH, message, status: 0 });
  }

  async list(count: number): Promise<void> {
    const requests = this.#talks.map(({ name }) => encodeList(name, PAGE));
    await inFlight(count, (index) => {
      const message = requests[index % requests.length] ?? new Uint8Array();
      return this.#load.check({ path: LIST_PATH, message, status: 0 });
    });
  }

  /** A page of messages as the server answers it. */
  async page(): Promise<Buffer> {
    return this.#load.call(LIST_PATH, encodeList(this.#talks[0]?.name ?? '', PAGE));
  }
}

/** Writing and listing, against handlers that do nothing and the store alone. */
export async function storingRows(
  parley: Subject,
  stack: AsyncDisposableStack,
  { messages, data }: { readonly messages: number; readonly data: string | undefined },
): Promise<Row[]> {
  const store = await startBareStore(stack);
  const own = new Importer(stack.use(await GrpcLoad.open(parley.port)));
  await own.batches(BATCH * BATCHES_IN_FLIGHT);
  const page = (await own.page()).toString('base64');
  const emptyGrpc = stack.use(await startSubject('empty grpc-js', './floors/empty-grpc.ts', '', page));
  const empty = new Importer(stack.use(await GrpcLoad.open(emptyGrpc.port)));
  await empty.batches(BATCH * BATCHES_IN_FLIGHT);

  const scripts = readScripts(data);
  const average = scripts.reduce((sum, { length }) => sum + length, 0) / scripts.length;
  const creations = Math.ceil(messages / 5);
  const pages = Math.ceil(messages / 8);
  const perMessage = (subject: Subject, of: Importer) => ({
    batches: toCase(`batches, ${subject.name}`, subject, {
      units: messages,
      run: (count) => of.batches(count),
    }),
    // Its unit is a message, too: as many as the conversations have.
    star: toCase(`conversations, ${subject.name}`, subject, {
      units: messages,
      warmUp: WARM_UP.conversations * average,
      run: (count) => of.conversations(scripts, Math.ceil(count / average)),
    }),
    create: toCase(`creations, ${subject.name}`, subject, {
      units: creations,
      run: (count) => of.create(count),
    }),
    turns: toCase(`turns, ${subject.name}`, subject, {
      units: creations,
      warmUp: WARM_UP.creations,
      run: (count) => of.turns(count),
    }),
    agentTurns: toCase(`turns with an agent, ${subject.name}`, subject, {
      units: creations,
      warmUp: WARM_UP.creations,
      run: (count) => of.agentTurns(count),
    }),
    list: toCase(`pages, ${subject.name}`, subject, {
      units: pages,
      warmUp: WARM_UP.pages,
      run: (count) => of.list(count),
    }),
  });
  const [measured, floor] = [perMessage(parley, own), perMessage(emptyGrpc, empty)];
  const bare = (
    title: string,
    units: number,
    work: string,
    parameters: (count: number) => Record<string, number>,
  ) =>
    toCase(`${title}, bare store`, store, {
      units,
      warmUp: units * 3,
      run: async (count) => void (await tellStore(store, work, parameters(count))),
    });
  const pageRead = bare('pages', pages * 4, 'pages', (count) => ({
    count,
    size: PAGE,
    of: BATCHES_IN_FLIGHT,
  }));
  return [
    {
      what: 'ingest, batches of 300, a message / (empty handler + bare store)',
      measured: measured.batches,
      delayMatters: true,
      floor: [
        floor.batches,
        bare('batches', messages, 'batches', (count) => ({
          count: Math.ceil(count / BATCH),
          size: BATCH,
          flight: BATCHES_IN_FLIGHT,
        })),
      ],
      goal: 1.4,
    },
    {
      what: `ingest, ${data === undefined ? 'conversations of the sizes of STAR' : 'STAR'}, a message / (empty handler + bare store)`,
      measured: measured.star,
      delayMatters: true,
      floor: [
        floor.star,
        bare('conversations', messages, 'star', (count) => ({
          count: Math.ceil(count / average),
          size: Math.round(average),
          flight: CONVERSATIONS_IN_FLIGHT,
        })),
      ],
      goal: 1.4,
    },
    {
      what: 'CreateConversation, 128 in flight / (empty handler + bare store)',
      measured: measured.create,
      floor: [
        floor.create,
        bare('creations', creations, 'create', (count) => ({ count, flight: CREATIONS_IN_FLIGHT })),
      ],
      goal: 1.8,
    },
    {
      what: 'AnalyzeContent in the assist stage, 128 in flight / empty handler',
      measured: measured.turns,
      floor: [floor.turns],
      goal: 2.5,
    },
    {
      what: 'AnalyzeContent in the agent stage, 128 in flight / empty handler',
      measured: measured.agentTurns,
      floor: [floor.agentTurns],
      goal: 3,
    },
    {
      what: 'ListMessages, page of 100 / (empty handler with ready bytes + bare page read)',
      measured: measured.list,
      floor: [floor.list, pageRead],
      goal: 1.4,
    },
    {
      what: 'a page read by the store / sum(length) by SQLite',
      measured: pageRead,
      floor: [bare('sums', pages * 4, 'sums', (count) => ({ count, size: PAGE, of: BATCHES_IN_FLIGHT }))],
      goal: 4,
    },
  ];
}
