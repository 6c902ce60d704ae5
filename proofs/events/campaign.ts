import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conversations, NotificationConfig_MessageFormat as Format } from '@parleykit/proto/v2beta1';
import {
  createConversation,
  createParticipant,
  createProfile,
  ingest,
  listMessages,
  message,
} from '../../conformance/cases/scene.ts';
import { Random } from '../../conformance/fuzz/random.ts';
import { type OwnServer, startServer } from '../../conformance/target.ts';
import { GrpcWire } from '../../conformance/wires.ts';
import { check } from './check.ts';
import { Receiver, untilAllIsTold } from './receiver.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** How many kills. */
  readonly runs: number;
  /** Breaks the server first. */
  readonly sabotage?: boolean;
  readonly onRun?: (run: number) => void;
}

export interface Report {
  readonly kills: number;
  /** Kills that came while a push was without an answer. */
  readonly killsUnderWay: number;
  readonly conversations: number;
  readonly messages: number;
  /** Events that were acknowledged, and how many of these had been before. */
  readonly told: number;
  readonly toldAgain: number;
  /** Pushes that were refused or left without an answer. */
  readonly refused: number;
  readonly findings: readonly string[];
}

const PARENT = 'projects/p';
const TOPIC = 'projects/p/topics/t';

/** Conversations that are talked in at once; each is ended some day, and another one takes its place. */
const TALKS = 6;

const SABOTAGE = new URL('./sabotage-lost-calls.ts', import.meta.url).href;

/** Pushes until the next kill. */
const PUSHES_MAX = 500;

interface Talk {
  readonly id: string;
  readonly name: string;
  /** Undefined until one is known to have been made. */
  participant: string | undefined;
  said: number;
  acknowledgedEnds: number;
  ends: number;
}

/**
 * Writes to a server whose events go to a receiver that refuses some, is slow with others and is away at times; kills
 * the server while events are on their way, and starts it again. In the end all that happened must have been told.
 */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const data = mkdtempSync(join(tmpdir(), 'parley-events-'));
  try {
    await using campaign = new Campaign(data, options);
    return await campaign.run();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

class Campaign implements AsyncDisposable {
  readonly #data: string;
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #receiver: Receiver;
  readonly #talks: Talk[] = [];
  readonly #over: Talk[] = [];
  #profile = '';
  #url = '';
  #server: OwnServer | undefined;
  #killsUnderWay = 0;
  #onPush = (): void => {};
  #made = 0;

  constructor(data: string, options: CampaignOptions) {
    this.#data = data;
    this.#options = options;
    this.#random = new Random(options.seed, 0);
    this.#receiver = new Receiver(this.#random, () => this.#onPush());
  }

  async run(): Promise<Report> {
    this.#url = await this.#receiver.open();
    await this.#start();
    for (let run = 1; run <= this.#options.runs; run++) {
      const control = new AbortController();
      const writing = this.#write(control.signal);
      await this.#killed();
      control.abort();
      await writing;
      await this.#start();
      this.#options.onRun?.(run);
    }
    return this.#finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop('SIGKILL');
    await this.#receiver[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const before = process.env['NODE_OPTIONS'];
    if (this.#options.sabotage === true) process.env['NODE_OPTIONS'] = `--import ${SABOTAGE}`;
    try {
      this.#server = await startServer(this.#data, '--events', this.#url);
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  }

  /** Resolves when the server was killed, after some more pushes. */
  async #killed(): Promise<void> {
    const at = this.#receiver.pushes + this.#random.between(1, PUSHES_MAX);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onPush = () => {
      if (this.#receiver.pushes >= at) resolve();
    };
    await promise;
    this.#onPush = () => {};
    if (this.#receiver.underWay > 0) this.#killsUnderWay++;
    await this.#server?.stop('SIGKILL');
  }

  /** Talks in several conversations until the server is gone. */
  async #write(signal: AbortSignal): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    using wire = new GrpcWire(() => server);
    await Promise.all(
      Array.from({ length: TALKS }, async (_, place) => {
        try {
          while (!signal.aborted) await this.#step(wire, place);
        } catch {
          // The server was killed, and nobody knows what became of this call.
        }
      }),
    );
  }

  async #step(wire: GrpcWire, place: number): Promise<void> {
    let talk = this.#talks[place];
    if (talk === undefined) {
      talk = this.#newTalk();
      this.#talks[place] = talk;
      await this.#begin(wire, talk);
    }
    if (talk.participant === undefined) {
      // The call that made the conversation may have come to nothing.
      const isThere = await wire.call(Conversations.method.getConversation, { name: talk.name }).then(
        () => true,
        () => false,
      );
      if (!isThere) await this.#begin(wire, talk);
      talk.participant = (await createParticipant(wire, talk.name)).name;
    }
    if (talk.said > 150 || this.#random.chance(0.02)) {
      talk.ends++;
      await wire.call(Conversations.method.completeConversation, { name: talk.name });
      talk.acknowledgedEnds++;
      if (this.#random.chance(0.3)) return;
      this.#talks.splice(place, 1, this.#newTalk());
      this.#over.push(talk);
      return;
    }
    if (talk.ends > 0) {
      // It may be over: then nothing can be said in it.
      this.#talks.splice(place, 1, this.#newTalk());
      this.#over.push(talk);
      return;
    }
    const { participant, id } = talk;
    const from = talk.said;
    const count = this.#random.between(1, 12);
    talk.said += count;
    const lines = Array.from({ length: count }, (_, index) =>
      message(participant, from + index, `${id} ${from + index}`),
    );
    await ingest(wire, talk.name, lines);
  }

  #newTalk(): Talk {
    const id = `talk-${this.#made++}`;
    const name = `${PARENT}/conversations/${id}`;
    return { id, name, participant: undefined, said: 0, acknowledgedEnds: 0, ends: 0 };
  }

  async #begin(wire: GrpcWire, talk: Talk): Promise<void> {
    if (this.#profile === '') {
      const config = { topic: TOPIC, messageFormat: Format.PROTO };
      const profile = await createProfile(wire, PARENT, {
        notificationConfig: config,
        newMessageEventNotificationConfig: config,
      });
      this.#profile = profile.name;
    }
    await createConversation(wire, PARENT, { conversationProfile: this.#profile }, talk.id);
  }

  /** Waits until nothing waits any more, and holds what was told against what is there. */
  async #finish(): Promise<Report> {
    const server = this.#server;
    if (server === undefined) throw new Error('no server');
    const left = await untilAllIsTold(server);
    using wire = new GrpcWire(() => server);
    const { told: all, refused } = this.#receiver;
    const byConversation = Map.groupBy(all, ({ conversation }) => conversation);
    const findings: string[] = left === 0 ? [] : [`${left} events are not told`];
    let conversations = 0;
    let messages = 0;
    for (const talk of [...this.#over, ...this.#talks].filter((each) => each !== undefined)) {
      const transcript = await listMessages(wire, talk.name).then(
        (list) => list.map(({ content }) => content).toReversed(),
        () => undefined,
      );
      const told = byConversation.get(talk.name) ?? [];
      byConversation.delete(talk.name);
      if (transcript === undefined) {
        if (told.length > 0) findings.push(`${talk.name} is not there, and was told`);
        continue;
      }
      conversations++;
      messages += transcript.length;
      const ended = { least: talk.acknowledgedEnds, most: talk.ends };
      findings.push(...check({ name: talk.name, transcript, ended }, told));
    }
    for (const name of byConversation.keys()) findings.push(`${name} was told, and nobody made it`);
    const ids = new Set(all.map(({ id }) => id));
    return {
      kills: this.#options.runs,
      killsUnderWay: this.#killsUnderWay,
      conversations,
      messages,
      told: ids.size,
      toldAgain: all.length - ids.size,
      refused,
      findings,
    };
  }
}
