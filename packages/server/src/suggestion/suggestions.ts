import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type Conversation,
  type ConversationProfile,
  type HumanAgentAssistantConfig_SuggestionFeatureConfig as FeatureConfig,
  SuggestionFeature_Type as FeatureType,
  type GenerateSuggestionsResponse_GeneratorSuggestionAnswerSchema as GeneratedSchema,
  type Participant,
  ParticipantSchema,
  Participant_Role as Role,
  type HumanAgentAssistantConfig_SuggestionConfig as SuggestionConfig,
  type SuggestionResult,
  SuggestionResultSchema,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { featureUnimplemented, suggestionTooSlow } from '../assist-errors.ts';
import type { Clock } from '../clock.ts';
import { internal, ServiceError, serverStopping, storeUnavailable } from '../errors.ts';
import { createId } from '../ids.ts';
import { CONTEXT_SIZE_DEFAULT } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ResourceName } from '../resource-names.ts';
import { decodeNamed } from '../storage/named-message.ts';
import { ConflictError, QueueFullError, type Store, StoreFailedError } from '../storage/store.ts';
import { type Answer, answersOf } from './answer-records.ts';
import { filterContext, readContext, type Said } from './context.ts';
import type { AnswersMade, FeatureQuery, SuggestionFeature } from './feature.ts';
import { type Addressee, Filing, type Side, type Tell } from './filing.ts';
import { readKept, type SuggestionResults } from './kept-suggestions.ts';
import { isSmallTalk } from './small-talk.ts';

/** A message that was said, and is stored. */
export interface Occasion {
  readonly conversation: ResourceName;
  readonly profile: ConversationProfile;
  readonly speaker: ResourceName;
  readonly role: Role;
  /** What the conversation knows beside its messages. */
  readonly references: Conversation['ingestedContextReferences'];
  /** Which articles count; where there are none, those of the participant who is helped. */
  readonly metadataFilters?: Readonly<Record<string, string>> | undefined;
  /** The id of the message. */
  readonly message: string;
  /** Where what is suggested is kept, for who asks the same again. */
  readonly kept?: string | undefined;
}

/** Whether a profile asks for anything. */
export function wantsSuggestions({ humanAgentAssistantConfig: config }: ConversationProfile): boolean {
  return [config?.humanAgentSuggestionConfig, config?.endUserSuggestionConfig].some(
    (side) => side !== undefined && side.featureConfigs.length + side.generators.length > 0,
  );
}

/** What somebody asks for on their own. */
export interface Wish {
  readonly participant: ResourceName;
  readonly profile: ConversationProfile;
  readonly config: FeatureConfig;
  /** Names the last message that counts; the newest where it is empty. */
  readonly latestMessage: string;
  /** How many messages count; the feature's own number where it is 0. */
  readonly contextSize: number;
  readonly metadataFilters: Readonly<Record<string, string>>;
  readonly typed?: string | undefined;
  readonly previousQuery?: string | undefined;
}

export interface SuggestionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly features: ReadonlyMap<FeatureType, SuggestionFeature>;
  /** What generators suggest that one of the events is for; none where none is. */
  readonly generate: (
    asked: {
      readonly conversation: ResourceName;
      readonly names: readonly string[];
      readonly said: readonly Said[];
      readonly events: readonly TriggerEvent[];
      readonly references: Conversation['ingestedContextReferences'];
    },
    signal: AbortSignal,
  ) => Promise<readonly MessageInitShape<typeof GeneratedSchema>[]>;
  readonly tell: Tell;
}

/** How long a feature may take, in milliseconds: one that works here, and one that asks others. */
const TIME_MAX_MS = 1_000;
const SLOW_TIME_MAX_MS = 10_000;

/** What is asked for by methods of their own, and never comes with a message. */
const ASKED_FOR: ReadonlySet<FeatureType> = new Set([
  FeatureType.CONVERSATION_SUMMARIZATION,
  FeatureType.KNOWLEDGE_SEARCH,
]);

/** Those that heed `suggestion_trigger_settings`, as documented. */
const HEEDS_TRIGGERS: ReadonlySet<FeatureType> = new Set([
  FeatureType.ARTICLE_SUGGESTION,
  FeatureType.FAQ,
  FeatureType.DIALOGFLOW_ASSIST,
]);

/** What a store may throw that is in trouble, or has it too busy. */
const STORE_ERRORS = [ConflictError, QueueFullError, StoreFailedError];

/** What all features are asked about. */
interface Asking {
  readonly occasion: Occasion;
  readonly context: Promise<readonly Said[]>;
}

/**
 * Asks the features what they have to say, each on its own: what goes wrong with one is the error of its result, and
 * what takes too long is given up. What was suggested is filed before it is answered, so that every answer has its
 * record.
 */
export class Suggestions {
  readonly #parts: SuggestionParts;
  readonly #filing: Filing;
  /** Ends what is under way. */
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  /** By where it is kept: what is under way for a request, for who repeats that meanwhile. */
  readonly #repeatable = new Map<string, Promise<SuggestionResults>>();

  constructor(parts: SuggestionParts) {
    this.#parts = parts;
    this.#filing = new Filing(parts);
  }

  /**
   * What is suggested when a message was said. Never fails. It goes on where its caller leaves: the message stays, others
   * are told of what is suggested to it, and who repeats the request is to have it.
   */
  forMessage(occasion: Occasion): Promise<SuggestionResults> {
    const { kept } = occasion;
    const same = kept === undefined ? undefined : this.#repeatable.get(kept);
    if (same !== undefined) return same;
    const work = this.#follow(this.#suggest(occasion));
    if (kept === undefined) return work;
    this.#repeatable.set(kept, work);
    return work.finally(() => this.#repeatable.delete(kept));
  }

  async #suggest(occasion: Occasion): Promise<SuggestionResults> {
    const config = occasion.profile.humanAgentAssistantConfig;
    const asking = { occasion, context: this.#contextOf(occasion) };
    const sides = await Promise.all([
      this.#suggestTo(Role.HUMAN_AGENT, config?.humanAgentSuggestionConfig, asking),
      this.#suggestTo(Role.END_USER, config?.endUserSuggestionConfig, asking),
    ]);
    try {
      this.#stop.signal.throwIfAborted();
      return await this.#filing.file(occasion, sides);
    } catch (error) {
      const kept = error instanceof ConflictError && occasion.kept && (await this.recall(occasion.kept));
      // Somebody who asked the same was answered meanwhile.
      if (kept && kept !== 'PENDING') return kept;
      // Answers without records would lead nowhere.
      const failed = this.#failed(error);
      const [humanAgent, endUser] = sides.map(({ made }) => made.map(() => failed)) as [
        SuggestionResult[],
        SuggestionResult[],
      ];
      return { humanAgent, endUser };
    }
  }

  /** What was suggested to the same request before, by where it is kept; undefined where nothing was to be. */
  async recall(kept: string): Promise<SuggestionResults | 'PENDING' | undefined> {
    return readKept(await this.#parts.store.get(kept));
  }

  /**
   * What one feature has to say now. Answers without a message where nothing was said yet. Throws what it goes wrong
   * with.
   */
  async forParticipant(wish: Wish, signal: AbortSignal): Promise<AnswersMade> {
    const { participant, profile, config, contextSize, latestMessage } = wish;
    const conversation = participant.ancestor('conversations');
    const type = typeOf(config);
    const feature = this.#parts.features.get(type);
    if (feature === undefined) throw featureUnimplemented(FeatureType[type] ?? String(type));
    const size = contextSize === 0 ? feature.context.size : contextSize;
    const said = await readContext(this.#parts.store, conversation, { latest: latestMessage, size });
    const { metadataFilters, typed, previousQuery } = wish;
    const query = { conversation, profile, config, metadataFilters, typed, previousQuery };
    const result = await this.#ask(feature, { ...query, said }, signal);
    await this.record(conversation, answersOf(result));
    return result.suggestionResponse as AnswersMade;
  }

  /** As `Filing.record`. */
  record(conversation: ResourceName, answers: readonly Answer[], began?: Timestamp): Promise<void> {
    return this.#filing.record(conversation, answers, began);
  }

  /** Ends what is under way: nothing of it is filed. */
  async close(): Promise<void> {
    this.#stop.abort(serverStopping());
    await Promise.all(this.#underWay);
  }

  /** What was said lately, as much of it as any feature wants. */
  #contextOf({ conversation, profile, message }: Occasion): Promise<readonly Said[]> {
    const { humanAgentSuggestionConfig: one, endUserSuggestionConfig: other } =
      profile.humanAgentAssistantConfig ?? {};
    const sides = [one, other].filter((side) => side !== undefined);
    const sizes = sides.flatMap(({ featureConfigs, generators }) => [
      ...featureConfigs.map((config) => this.#sizeOf(config)),
      generators.length === 0 ? 1 : CONTEXT_SIZE_DEFAULT,
    ]);
    const size = Math.max(...sizes);
    const latest = conversation.child('messages', message).toString();
    const context = readContext(this.#parts.store, conversation, { latest, size });
    // Whoever waits for it hears of it; nobody may.
    context.catch(() => undefined);
    return context;
  }

  async #suggestTo(role: Role, config: SuggestionConfig | undefined, asking: Asking): Promise<Side> {
    if (config === undefined) return { config, addressee: undefined, made: [] };
    const addressee = this.#addressee(role, config, asking.occasion);
    const make = async (configs: readonly FeatureConfig[]): Promise<Side> => ({
      config,
      // A feature that needs to know who that is hears of a store that cannot say.
      addressee: await addressee.catch(() => undefined),
      made: await Promise.all(
        configs.map(async (each) => ({
          isTold: each.enableEventBasedSuggestion,
          result: await this.#try(each, addressee, asking),
        })),
      ),
    });
    const isLate = (each: FeatureConfig): boolean =>
      config.disableHighLatencyFeaturesSyncDelivery && this.#isSlow(each);
    // What comes later is told to others alone: what nobody is told of is not asked for.
    const late = config.featureConfigs.filter((each) => isLate(each) && each.enableEventBasedSuggestion);
    if (late.length > 0) void this.#follow(this.#fileLate(asking.occasion, make(late)));
    const [side, generated] = await Promise.all([
      make(config.featureConfigs.filter((each) => !isLate(each))),
      this.#generate(config, asking),
    ]);
    return generated === undefined
      ? side
      : { ...side, made: [...side.made, { isTold: true, result: generated }] };
  }

  /** What the generators say to a message that they are for; undefined where none is. */
  async #generate(
    { generators: names }: SuggestionConfig,
    { occasion, context }: Asking,
  ): Promise<SuggestionResult | undefined> {
    if (names.length === 0) return undefined;
    const { conversation, role, references } = occasion;
    const spoke = role === Role.END_USER ? TriggerEvent.CUSTOMER_MESSAGE : TriggerEvent.AGENT_MESSAGE;
    const events = [TriggerEvent.END_OF_UTTERANCE, spoke];
    try {
      const said = await context;
      const generatorSuggestionAnswers = await withinTime(
        'GENERATOR',
        SLOW_TIME_MAX_MS,
        (until) => this.#parts.generate({ conversation, names, said, events, references }, until),
        this.#stop.signal,
      );
      if (generatorSuggestionAnswers.length === 0) return undefined;
      const latestMessage = conversation.child('messages', occasion.message).toString();
      const value = { generatorSuggestionAnswers: [...generatorSuggestionAnswers], latestMessage };
      return create(SuggestionResultSchema, {
        suggestionResponse: { case: 'generateSuggestionsResponse', value },
      });
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #fileLate(occasion: Occasion, making: Promise<Side>): Promise<void> {
    const side = await making;
    if (this.#stop.signal.aborted) return;
    try {
      await this.#filing.file({ ...occasion, kept: undefined }, [side]);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Has the end wait for work that does not fail. */
  #follow<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }

  async #try(
    config: FeatureConfig,
    addressee: Promise<Addressee | undefined>,
    { occasion, context }: Asking,
  ): Promise<SuggestionResult> {
    const type = typeOf(config);
    if (ASKED_FOR.has(type)) return create(SuggestionResultSchema);
    const { conversation, profile, role } = occasion;
    try {
      const feature = this.#parts.features.get(type);
      if (feature === undefined) throw featureUnimplemented(FeatureType[type] ?? String(type));
      const said = (await context).slice(-this.#sizeOf(config));
      const last = said.at(-1);
      if (last === undefined || !(await this.#isTriggered(config, role, last))) return nothing(feature);
      // As documented, of articles alone.
      const metadataFilters =
        type === FeatureType.ARTICLE_SUGGESTION
          ? filtersOf(occasion.metadataFilters, (await addressee)?.participant)
          : {};
      const query = { conversation, profile, config, said, metadataFilters };
      return await this.#ask(feature, query, this.#stop.signal);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** One feature, within its time. */
  async #ask(
    feature: SuggestionFeature,
    query: FeatureQuery,
    signal: AbortSignal,
  ): Promise<SuggestionResult> {
    const said = filterContext(query.said, query.config.queryConfig?.contextFilterSettings);
    const latest = query.said.at(-1);
    const result =
      said.length === 0
        ? nothing(feature)
        : create(SuggestionResultSchema, {
            suggestionResponse: await withinTime(
              FeatureType[typeOf(query.config)] ?? '',
              feature.isSlow ? SLOW_TIME_MAX_MS : TIME_MAX_MS,
              (until) => feature.suggest({ ...query, said }, until),
              signal,
            ),
          });
    const { suggestionResponse: response } = result;
    if (latest === undefined || response.case === undefined || response.case === 'error') return result;
    response.value.latestMessage = query.conversation.child('messages', latest.id).toString();
    if ('contextSize' in response.value) response.value.contextSize = query.said.length;
    return result;
  }

  async #isTriggered(config: FeatureConfig, role: Role, last: Said): Promise<boolean> {
    const type = typeOf(config);
    if (type === FeatureType.KNOWLEDGE_ASSIST) return isTriggerEvent(config.suggestionTriggerEvent, role);
    const settings = config.suggestionTriggerSettings;
    if (settings === undefined || !HEEDS_TRIGGERS.has(type)) return true;
    if (settings.onlyEndUser && role !== Role.END_USER) return false;
    return !settings.noSmallTalk || !(await isSmallTalk(last.text));
  }

  /** The participant for whom is suggested, where it matters who that is: the first of the role. */
  async #addressee(
    role: Role,
    { featureConfigs }: SuggestionConfig,
    { conversation, speaker, role: speaks }: Occasion,
  ): Promise<Addressee | undefined> {
    const matters = featureConfigs.some(
      (config) => config.enableEventBasedSuggestion || typeOf(config) === FeatureType.ARTICLE_SUGGESTION,
    );
    if (!matters) return undefined;
    const { store } = this.#parts;
    if (role === speaks) {
      const stored = await store.get(speaker.key);
      return stored && toAddressee(speaker, stored.body);
    }
    const range = { limit: 1, bytes: 1, states: [role] };
    const { items } = await store.list(`${conversation.key}/participants`, 'id', range);
    const [first] = items;
    return first && toAddressee(conversation.child('participants', first.id), first.body);
  }

  #sizeOf(config: FeatureConfig): number {
    const context = this.#parts.features.get(typeOf(config))?.context;
    const asked = config.queryConfig?.contextSize ?? 0;
    if (context === undefined) return 0;
    return asked <= 0 ? context.size : Math.min(asked, context.max);
  }

  #isSlow(config: FeatureConfig): boolean {
    return this.#parts.features.get(typeOf(config))?.isSlow ?? false;
  }

  #failed(error: unknown): SuggestionResult {
    let told: ServiceError;
    if (error instanceof ServiceError) told = error;
    else if (STORE_ERRORS.some((each) => error instanceof each)) told = storeUnavailable(error);
    else {
      const id = createId(this.#parts.clock.now());
      this.#parts.log.error('suggestion failed', { id, error });
      told = internal(id);
    }
    return create(SuggestionResultSchema, { suggestionResponse: { case: 'error', value: told.toStatus() } });
  }
}

function typeOf({ suggestionFeature }: FeatureConfig): FeatureType {
  return suggestionFeature?.type ?? FeatureType.TYPE_UNSPECIFIED;
}

/** Which articles count: as the call says, else as the participant has it. */
export function filtersOf(
  asked: Readonly<Record<string, string>> | undefined,
  participant: Pick<Participant, 'documentsMetadataFilters'> | undefined,
): Readonly<Record<string, string>> {
  if (asked !== undefined && Object.keys(asked).length > 0) return asked;
  return participant?.documentsMetadataFilters ?? {};
}

function nothing({ response }: SuggestionFeature): SuggestionResult {
  return create(SuggestionResultSchema, {
    suggestionResponse: { case: response, value: {} } as Exclude<AnswersMade, { value: undefined }>,
  });
}

/** Knowledge is looked for when a customer speaks, unless the profile says otherwise. */
function isTriggerEvent(event: TriggerEvent, role: Role): boolean {
  switch (event) {
    case TriggerEvent.END_OF_UTTERANCE:
      return true;
    case TriggerEvent.AGENT_MESSAGE:
      return role === Role.HUMAN_AGENT;
    default:
      return role === Role.END_USER;
  }
}

function toAddressee(name: ResourceName, body: Uint8Array): Addressee {
  return { name, participant: decodeNamed(ParticipantSchema, '', body) };
}

/** Gives up what takes longer, and what nobody waits for; `what` is what it is called. */
async function withinTime<Result>(
  what: string,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  const tooLong = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = suggestionTooSlow(what, limitMs);
    reject(error);
    tooLong.abort(error);
  }, limitMs);
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([promise, work(AbortSignal.any([signal, tooLong.signal]))]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}
