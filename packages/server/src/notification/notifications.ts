import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { OutboxEventSchema } from '@parleykit/proto/stored';
import {
  ConversationEventSchema,
  type ConversationProfile,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  NotificationConfig_MessageFormat as Format,
  type NotificationConfig,
  type SuggestionResult,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../clock.ts';
import { createId } from '../ids.ts';
import type { Log } from '../log.ts';
import { ResourceName, readResourceName } from '../resource-names.ts';
import type { NewEvent, Store } from '../storage/store.ts';
import { WireWriter } from '../wire-writer.ts';
import { RecentMap } from './recent-map.ts';

export interface NotificationsOptions {
  /** Whether there is anybody to tell. */
  readonly enabled: boolean;
  /** Whether messages that were said elsewhere are news. */
  readonly batches: boolean;
}

/** What is told of a step in a conversation's life: with the commit of the step, and once that is done. */
export interface Telling {
  readonly emit: readonly NewEvent[];
  /** To be called after the commit. */
  done(): void;
}

/** Conversations of which is kept in memory what their profiles say of notifications. */
const REMEMBERED_MAX = 10_000;

const NOTHING: readonly NewEvent[] = [];

/**
 * What is told to others, as far as a conversation's profile, as it was at its start, names a topic for it. What this
 * answers goes into the commit of what happens: so nothing happens untold, and nothing is told that did not happen.
 */
export class Notifications {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: NotificationsOptions;
  /**
   * The encoded news of messages but for their id; undefined where the profile names no topic for them. A
   * conversation's profile never changes.
   */
  readonly #news = new RecentMap<string, Uint8Array | undefined>(REMEMBERED_MAX);

  constructor(store: Store, clock: Clock, log: Log, options: NotificationsOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
  }

  /**
   * Of a step in the life of a conversation, by its canonical name, at a time in microseconds. It is handed to the
   * domain, which knows of nobody who is told.
   */
  readonly lifecycle = (
    type: EventType,
    conversation: string,
    profile: ConversationProfile | undefined,
    now: number,
  ): Telling => {
    const config = profile?.notificationConfig;
    const emit =
      this.#options.enabled && hasTopic(config)
        ? [{ data: withId(this.#newId(), encode(type, conversation, config, now)) }]
        : NOTHING;
    return {
      emit,
      done: () => {
        // The conversation may have the name of one that is gone.
        if (type === EventType.CONVERSATION_STARTED) this.#remember(conversation, profile);
        if (profile?.loggingConfig?.enableStackdriverLogging === true) {
          const name = nameInEvents(conversation);
          this.#log.info('conversation event', { conversation: name, type: EventType[type] });
        }
      },
    };
  };

  /**
   * Of messages that are said in a conversation, by its canonical name: one for each of the lists that are appended,
   * in their order.
   */
  messages(conversation: string, lists: number): readonly NewEvent[] | Promise<readonly NewEvent[]> {
    if (!this.#options.enabled) return NOTHING;
    if (this.#news.has(conversation)) return this.#newsOf(this.#news.get(conversation), lists);
    return this.#lookUp(conversation).then((news) => this.#newsOf(news, lists));
  }

  /** As `messages`, of one list of messages that were said elsewhere. */
  batch(conversation: string): readonly NewEvent[] | Promise<readonly NewEvent[]> {
    return this.#options.batches ? this.messages(conversation, 1) : NOTHING;
  }

  /**
   * Of what was suggested in a conversation, by its canonical name: one event for each of the groups of results, as far
   * as the profile names a topic.
   */
  suggestions(
    conversation: string,
    profile: ConversationProfile | undefined,
    told: { readonly participant: string; readonly groups: readonly (readonly SuggestionResult[])[] },
    now: number,
  ): readonly NewEvent[] {
    const config = profile?.humanAgentAssistantConfig?.notificationConfig;
    if (!this.#options.enabled || !hasTopic(config)) return NOTHING;
    return told.groups.map((suggestionResults) => {
      const outbox = create(OutboxEventSchema, {
        id: this.#newId(),
        topic: config.topic,
        format: config.messageFormat === Format.JSON ? Format.JSON : Format.PROTO,
        publishTime: toTimestamp(now),
        assistantEvent: {
          conversation: nameInEvents(conversation),
          participant: told.participant === '' ? '' : nameInEvents(told.participant),
          suggestionResults: [...suggestionResults],
        },
      });
      return { data: toBinary(OutboxEventSchema, outbox), quotes: true };
    });
  }

  /** Forgets what it knows of conversations: to be called where they are replaced by others of the same names. */
  forget(): void {
    this.#news.clear();
  }

  #newsOf(news: Uint8Array | undefined, lists: number): readonly NewEvent[] {
    if (news === undefined) return NOTHING;
    return Array.from({ length: lists }, (_, list) => ({ data: withId(this.#newId(), news), list }));
  }

  #newId(): string {
    return createId(this.#clock.now());
  }

  /** One that is not there is not remembered: it may come. */
  async #lookUp(conversation: string): Promise<Uint8Array | undefined> {
    const stored = await this.#store.get(conversation);
    if (stored === undefined) return undefined;
    return this.#remember(
      conversation,
      fromBinary(ConversationSchema, stored.body).initialConversationProfile,
    );
  }

  #remember(conversation: string, profile: ConversationProfile | undefined): Uint8Array | undefined {
    if (!this.#options.enabled) return undefined;
    const config = profile?.newMessageEventNotificationConfig;
    const news = hasTopic(config) ? encode(EventType.NEW_MESSAGE, conversation, config) : undefined;
    this.#news.set(conversation, news);
    return news;
  }
}

function hasTopic(config: NotificationConfig | undefined): config is NotificationConfig {
  return config !== undefined && config.topic !== '';
}

/** A conversation, or what is in one, as events name it: without its location, as documented. */
export function nameInEvents(conversation: string): string {
  const name = readResourceName(conversation);
  return name === undefined ? conversation : new ResourceName(name.project, '', name.path).toString();
}

const { topic: TOPIC, format: FORMAT, publishTime: PUBLISH_TIME, event: EVENT } = OutboxEventSchema.field;
const { conversation: CONVERSATION, type: TYPE } = ConversationEventSchema.field;

/**
 * An OutboxEvent without its id. That of messages is without its time, too: it comes from the commit. Written by hand,
 * since each creation of a conversation writes one or two.
 */
function encode(
  type: EventType,
  conversation: string,
  { topic, messageFormat }: NotificationConfig,
  publishTime?: number,
): Uint8Array {
  const writer = new WireWriter();
  writer.string(TOPIC.number, topic);
  // Callers may send any number; what is none of the formats is the default.
  writer.number(FORMAT.number, messageFormat === Format.JSON ? Format.JSON : Format.PROTO);
  if (publishTime !== undefined) writer.timestamp(PUBLISH_TIME.number, publishTime);
  writer.nested(EVENT.number, () => {
    writer.string(CONVERSATION.number, nameInEvents(conversation));
    writer.number(TYPE.number, type);
  });
  return writer.finish();
}

const ID_TAG = (OutboxEventSchema.field.id.number << 3) | 2;

/** Puts its id before an encoded event. */
function withId(id: string, event: Uint8Array): Uint8Array {
  // On its own, since it is handed to another thread.
  const bytes = Buffer.allocUnsafeSlow(2 + id.length + event.byteLength);
  bytes[0] = ID_TAG;
  bytes[1] = id.length;
  bytes.write(id, 2, 'latin1');
  bytes.set(event, 2 + id.length);
  return bytes;
}
