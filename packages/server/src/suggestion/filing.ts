import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type ConversationProfile,
  type Participant,
  type Participant_Role as Role,
  type HumanAgentAssistantConfig_SuggestionConfig as SuggestionConfig,
  type SuggestionResult,
  SuggestionSchema,
} from '@parleykit/proto/v2beta1';
import { type Clock, toMicroseconds } from '../clock.ts';
import { notFound } from '../errors.ts';
import { createId } from '../ids.ts';
import type { ResourceName } from '../resource-names.ts';
import { withoutName } from '../storage/named-message.ts';
import {
  type Change,
  ConflictError,
  type NewEvent,
  type ResourceWrite,
  type Store,
} from '../storage/store.ts';
import { type Answer, answersOf, fileAnswers } from './answer-records.ts';
import { Kept, keepSuggestions, type SuggestionResults } from './kept-suggestions.ts';
import { compile } from './suggestion-message.ts';

/** For whom is suggested. */
export interface Addressee {
  readonly name: ResourceName;
  readonly participant: Participant;
}

/** What is suggested to one side of the conversation. */
export interface Side {
  readonly config: SuggestionConfig | undefined;
  readonly addressee: Addressee | undefined;
  readonly made: readonly { readonly result: SuggestionResult; readonly isTold: boolean }[];
}

/** What is told to others of results, by groups: the events of a commit. */
export type Tell = (
  conversation: string,
  profile: ConversationProfile | undefined,
  told: { readonly participant: string; readonly groups: readonly (readonly SuggestionResult[])[] },
  now: number,
) => readonly NewEvent[];

/** Files what was suggested: records, what others are told of, and what is kept, in one commit. */
export class Filing {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #tell: Tell;

  constructor({ store, clock, tell }: { store: Store; clock: Clock; tell: Tell }) {
    this.#store = store;
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Gives records to answers of a conversation that somebody else has found. Where that took a while, `began` is the start
   * of the conversation that was asked about.
   */
  async record(conversation: ResourceName, answers: readonly Answer[], began?: Timestamp): Promise<void> {
    if (began !== undefined) {
      const stored = await this.#store.get(conversation.key);
      if (stored?.ordering !== toMicroseconds(began)) {
        throw notFound('Conversation', conversation.toString());
      }
    }
    await this.#commit(conversation, (now) => ({ put: fileAnswers(conversation, answers, now) }));
  }

  /** Stores the records of all answers, what is told of them and, where it is kept, all of it: in one commit. */
  async file(
    {
      conversation,
      profile,
      speaker,
      role,
      kept,
    }: {
      readonly conversation: ResourceName;
      readonly profile: ConversationProfile;
      /** Who was helped with a message. */
      readonly speaker: ResourceName;
      readonly role: Role;
      readonly kept?: string | undefined;
    },
    sides: readonly Side[],
  ): Promise<SuggestionResults> {
    const [humanAgent = [], endUser = []] = sides.map(({ made }) => made.map(({ result }) => result));
    const answers = [...humanAgent, ...endUser].flatMap((result) => answersOf(result));
    await this.#commit(conversation, (now) => {
      const put = fileAnswers(conversation, answers, now);
      const emit: NewEvent[] = [];
      for (const { config, addressee, made } of sides) {
        const told = made.filter(({ isTold }) => isTold).map(({ result }) => result);
        put.push(...listed(told, addressee, now));
        const groups = config === undefined ? [] : groupsOf(told, config);
        const participant = addressee?.name.key ?? '';
        emit.push(...this.#tell(conversation.key, profile, { participant, groups }, now));
      }
      // Who spoke is of this conversation, and of no later one that has its name: to find answers may take a while.
      const expect = [{ name: speaker.key, state: role }];
      if (kept === undefined) return { put, emit, expect };
      put.push(keepSuggestions(kept, { humanAgent, endUser }));
      return { put, emit, expect: [{ name: kept, state: Kept.PENDING }, ...expect] };
    });
    return { humanAgent, endUser };
  }

  /** In a conversation that is there, whatever its state. */
  async #commit(
    conversation: ResourceName,
    change: (now: number) => Pick<Change, 'put' | 'emit' | 'expect'>,
  ): Promise<void> {
    for (;;) {
      const { put = [], emit = [], expect = [] } = change(this.#clock.now(conversation.project));
      if (put.length === 0 && emit.length === 0) return;
      const state = await this.#store.getState(conversation.key);
      if (state === undefined) throw notFound('Conversation', conversation.toString());
      const isThere = { name: conversation.key, state };
      try {
        await this.#store.commit({ partition: conversation.key, expect: [isThere, ...expect], put, emit });
        return;
      } catch (error) {
        // It was completed meanwhile.
        if (!(error instanceof ConflictError) || error.resource !== conversation.key) throw error;
      }
    }
  }
}

/** The events in which results are told. */
function groupsOf(
  results: readonly SuggestionResult[],
  { groupSuggestionResponses, skipEmptyEventBasedSuggestion }: SuggestionConfig,
): readonly (readonly SuggestionResult[])[] {
  const told = skipEmptyEventBasedSuggestion ? results.filter((result) => !isEmpty(result)) : results;
  if (told.length === 0) return [];
  return groupSuggestionResponses ? [told] : told.map((result) => [result]);
}

function isEmpty(result: SuggestionResult): boolean {
  return result.suggestionResponse.case !== 'error' && answersOf(result).length === 0;
}

/** The row that ListSuggestions shows of them, where there are articles or answers. */
function listed(
  results: readonly SuggestionResult[],
  addressee: Addressee | undefined,
  now: number,
): ResourceWrite[] {
  if (addressee === undefined) return [];
  const suggestion = compile(
    results.map(({ suggestionResponse }) => suggestionResponse),
    now,
  );
  if (suggestion.articles.length + suggestion.faqAnswers.length === 0) return [];
  const { key } = addressee.name.child('suggestions', createId(now));
  return [{ name: key, ordering: now, body: withoutName(SuggestionSchema, suggestion) }];
}
