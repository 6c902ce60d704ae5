import { fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { ConversationEventSchema, ConversationEvent_Type as EventType } from '@parleykit/proto/v2beta1';
import type { OutgoingEvent } from './outgoing-event.ts';
import { DeliveryError, type Sink } from './sink.ts';

/** What a sink does with a call; answers nothing where it takes the events. */
export type Script = (events: readonly OutgoingEvent[]) => Promise<void> | void;

/** A sink that does what a test says, and keeps what it took. */
export class ScriptedSink implements Sink {
  readonly target = 'a script';
  readonly batch: number;
  /** Does nothing but take, unless it is set. */
  script: Script = () => {};
  calls = 0;
  underWay = 0;
  /** The most calls that were under way together. */
  mostUnderWay = 0;
  readonly taken: OutgoingEvent[] = [];

  constructor(batch = 1) {
    this.batch = batch;
  }

  async send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void> {
    this.calls++;
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new Error('given up'));
    signal.addEventListener('abort', onAbort);
    try {
      await Promise.race([this.script(events), promise]);
      this.taken.push(...events);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.underWay--;
    }
  }

  close(): void {}
}

/** What an event says, in a few words: what happened, or what was said. */
export function wordsOf({ data }: Pick<OutgoingEvent, 'data'>): string {
  const bytes = Buffer.from(data);
  const event =
    bytes[0] === 0x7b
      ? fromJsonString(ConversationEventSchema, bytes.toString(), { registry })
      : fromBinary(ConversationEventSchema, bytes);
  return event.payload.case === 'newMessagePayload'
    ? event.payload.value.content
    : (EventType[event.type] ?? '');
}

export function refused(): never {
  throw new DeliveryError('refused', { scope: 'event', forGood: true });
}

export function failed(): never {
  throw new DeliveryError('failed', { scope: 'event' });
}

export function down(): never {
  throw new DeliveryError('down', { scope: 'sink' });
}
