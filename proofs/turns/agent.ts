import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentWebhook, answerJson, type Question } from '../../conformance/agent-webhook.ts';
import type { Random } from '../../conformance/fuzz/random.ts';
import type { Offer } from './model.ts';

/** What is to become of a turn. Each stands in the text, so that the agent knows it from nothing else. */
export type Wish = 'quick' | 'slow' | 'silent' | 'failing' | 'hand-off';

/** Longer than several other turns take. */
const SLOW_MS_MAX = 120;

const FAILURES: readonly ((response: ServerResponse) => unknown)[] = [
  (response) => response.destroy(),
  (response) => response.writeHead(200).end('no JSON'),
  (response) => response.writeHead(500).end(),
];

/** Attempts of a failing turn that fail. */
const FAILURES_MAX = 2;

/** A webhook that answers as the texts say, and knows what it has answered: each attempt something else. */
export class WishingAgent implements AsyncDisposable {
  readonly #webhook: AgentWebhook;
  readonly #random: Random;
  readonly #onAsked: () => void;
  readonly #asked = new Map<string, { count: number; readonly id: unknown }>();
  readonly #otherIds: string[] = [];

  static async open(random: Random, onAsked: () => void): Promise<WishingAgent> {
    return new WishingAgent(await AgentWebhook.open(), random, onAsked);
  }

  private constructor(webhook: AgentWebhook, random: Random, onAsked: () => void) {
    this.#webhook = webhook;
    this.#random = random;
    this.#onAsked = onAsked;
  }

  get url(): string {
    return this.#webhook.url;
  }

  /** What it was asked otherwise than promised, a line each. */
  get findings(): readonly string[] {
    const { mostOpenOfOneSession: open } = this.#webhook;
    const atOnce = open > 1 ? [`the agent was asked about ${open} turns of a conversation at once`] : [];
    return [...atOnce, ...this.#otherIds];
  }

  /** Takes a text that will be said; answers what the agent will have said to it, as it does. */
  expect(text: string): readonly Offer[] {
    const offers: Offer[] = [];
    this.#webhook.on(text, async (response, question) => {
      const attempt = this.#note(question);
      this.#onAsked();
      if (text.endsWith(' slow')) await sleep(this.#random.below(SLOW_MS_MAX));
      if (response.destroyed) return;
      if (text.endsWith(' failing') && attempt <= this.#random.between(1, FAILURES_MAX)) {
        this.#random.pick(FAILURES)(response);
        return;
      }
      const handsOff = text.endsWith(' hand-off');
      const offer = { text: text.endsWith(' silent') ? '' : `${text}: answer ${attempt}`, handsOff };
      offers.push(offer);
      answerJson(response, { fulfillmentText: offer.text, liveAgentHandoff: handsOff });
    });
    return offers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#webhook[Symbol.asyncDispose]();
  }

  /** Answers which attempt it is. However often a turn is asked about, it has one id. */
  #note({ text, body }: Question): number {
    const { responseId: id } = body;
    const known = this.#asked.get(text);
    if (known === undefined) {
      this.#asked.set(text, { count: 1, id });
      return 1;
    }
    if (known.id !== id) this.#otherIds.push(`the agent was asked about "${text}" as ${known.id} and ${id}`);
    return ++known.count;
  }
}

/** A text that no other turn has. */
export function wishText(talk: string, number: number, wish: Wish): string {
  return `${talk} ${number} ${wish}`;
}
