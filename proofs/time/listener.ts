import type { ConversationEvent_Type as EventType } from '@parleykit/proto/v2beta1';
import { EventSink, type Push, readEvent } from '../../conformance/event-sink.ts';

interface Heard {
  /** Told again, an event has the id that it had. */
  readonly ids: Set<string>;
  readonly publishTime: string;
}

/** A webhook that hears of lives, and keeps of each event no more than that it was told. */
export class LifeListener implements AsyncDisposable {
  readonly #sink = new EventSink();
  readonly #heard = new Map<string, Heard>();
  #pushes = 0;

  /** Answers the URL for `--events`. */
  async open(): Promise<string> {
    this.#sink.answer = (push, response) => {
      this.#keep(push);
      response.writeHead(204).end();
      // What was read is not needed any more.
      this.#sink.taken.length = 0;
    };
    return `http://127.0.0.1:${await this.#sink.open()}/`;
  }

  /** All that came, repetitions included. */
  get pushes(): number {
    return this.#pushes;
  }

  /** How many events of a type were told, each counted once. */
  count(type: EventType): number {
    let count = 0;
    for (const key of this.#heard.keys()) if (key.startsWith(`${type} `)) count++;
    return count;
  }

  /** What was told of a conversation; undefined where nothing of that type was. */
  heard(
    type: EventType,
    conversation: string,
  ): { readonly events: number; readonly publishTime: string } | undefined {
    const found = this.#heard.get(`${type} ${conversation}`);
    return found && { events: found.ids.size, publishTime: found.publishTime };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }

  #keep(push: Push): void {
    this.#pushes++;
    const { type, conversation } = readEvent(push);
    const { messageId, publishTime } = push.message;
    const key = `${type} ${conversation}`;
    const known = this.#heard.get(key);
    if (known === undefined) this.#heard.set(key, { ids: new Set([messageId]), publishTime });
    else known.ids.add(messageId);
  }
}
