import type { StateFilter, TimeFilter } from './list-filters.ts';
import type { ComparisonPlan, FilterPlan, Room } from './plan.ts';

/** A page token that somebody was given, and for which list it is good. */
export interface OpenPage {
  readonly operation: string;
  readonly conversation: string;
  readonly located: boolean;
  readonly filter: TimeFilter | undefined;
  readonly token: string;
}

export interface OpenConversationPage {
  readonly operation: string;
  readonly located: boolean;
  readonly filter: StateFilter | undefined;
  readonly token: string;
}

const PAGES_KEPT = 64;
const TIMES_KEPT = 400;

/** What the clients of a run know together of what the server has told them. Decisions are resolved by it. */
export class World {
  readonly #participants = new Map<string, string[]>();
  readonly #conversations = new Set<string>();
  readonly #times = new Map<string, number[]>();
  readonly #pages: OpenPage[] = [];

  /** Those that somebody has asked for or been given. */
  get conversations(): readonly string[] {
    return [...this.#conversations];
  }

  addConversation(id: string): void {
    this.#conversations.add(id);
  }

  addParticipant(conversation: string, id: string): void {
    const known = this.#participants.get(conversation);
    if (known === undefined) this.#participants.set(conversation, [id]);
    else known.push(id);
  }

  /** One of the first participants of a room; undefined where none is known yet. */
  participant(room: Room, number: number): string | undefined {
    const known = this.#participants.get(room);
    return known?.[number % Math.min(known.length, 3)];
  }

  addTime(conversation: string, createTime: number): void {
    const times = this.#times.get(conversation) ?? [];
    this.#times.set(conversation, times);
    if (times.at(-1) === createTime) return;
    times.push(createTime);
    if (times.length > TIMES_KEPT) times.splice(0, TIMES_KEPT / 2);
  }

  addPage(page: OpenPage): void {
    this.#pages.push(page);
    if (this.#pages.length > PAGES_KEPT) this.#pages.shift();
  }

  /** The page token at a place from 0 to 1 among those given lately. */
  page(which: number): OpenPage | undefined {
    return this.#pages[Math.floor(which * this.#pages.length)];
  }

  /** The filter that a plan means in a room, as far as it is known by now. */
  resolve(plan: FilterPlan, room: Room): TimeFilter {
    switch (plan.kind) {
      case 'not':
        return { kind: 'not', operand: this.resolve(plan.operand, room) };
      case 'and':
      case 'or':
        return { kind: plan.kind, operands: plan.operands.map((operand) => this.resolve(operand, room)) };
      default:
        return this.#resolveComparison(plan, room);
    }
  }

  #resolveComparison(plan: ComparisonPlan, room: Room): TimeFilter {
    const { kind, comparator, at, offset, quoted } = plan;
    const times = this.#times.get(room) ?? [];
    const time = times[Math.floor(at * (times.length - 1))] ?? Date.now() * 1000;
    if (kind === 'milliseconds') return { kind, comparator, value: Math.floor(time / 1000) + offset };
    return { kind, comparator, value: time + offset, quoted };
  }
}

/** All clients of a run come here before a race; none goes on before the last has come. */
export class Rendezvous {
  readonly #clients: number;
  #waiting: (() => void)[] = [];

  constructor(clients: number) {
    this.#clients = clients;
  }

  meet(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.#clients) return;
      const all = this.#waiting;
      this.#waiting = [];
      for (const go of all) go();
    });
  }
}
