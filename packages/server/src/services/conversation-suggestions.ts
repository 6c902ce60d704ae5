import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type Conversation,
  type ConversationProfile,
  ConversationSchema,
  type Conversations,
  SuggestionFeature_Type as FeatureType,
  type GenerateStatelessSuggestionRequest,
  GenerateStatelessSuggestionResponseSchema,
  type GenerateStatelessSummaryRequest,
  GenerateStatelessSummaryResponseSchema,
  type GenerateSuggestionsRequest,
  GenerateSuggestionsResponseSchema,
  type Generator,
  type GeneratorSuggestion,
  GeneratorSuggestionSchema,
  type IngestContextReferencesRequest,
  IngestContextReferencesResponseSchema,
  type Message,
  Participant_Role as Role,
  type SuggestConversationSummaryRequest,
  SuggestConversationSummaryResponseSchema,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { conversationEmpty, generatorsAbsent } from '../assist-errors.ts';
import { type Clock, toTimestamp } from '../clock.ts';
import { refusalOf } from '../conversation/lifecycle.ts';
import { fieldInvalid, fieldsRequired } from '../errors.ts';
import { checkContextReferences, ingest } from '../generation/context-references.ts';
import { type Generation, isTriggered } from '../generation/generation.ts';
import { checkGenerator } from '../generation/generator-check.ts';
import type { Summarizer, Summary, SummaryForm } from '../generation/summarizer.ts';
import { type ConversationTurn, speakerOf } from '../generation/transcript.ts';
import { CONTEXT_SIZE_DEFAULT, CONTEXT_SIZE_MAX } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { filterContext, type Said } from '../suggestion/context.ts';
import { CONVERSATIONS } from './collections.ts';
import { readContextSize, readTranscript, toTurns } from './conversation-context.ts';
import { decide } from './decide.ts';
import { generatorsOf, type ProfileGenerators, suggestionConfigsOf } from './profile-generators.ts';
import { ResourceCollection } from './resource-collection.ts';
import { refused } from './writable-conversations.ts';

/**
 * Keeps answers that were suggested in a conversation, and answers the name of a record for each, in their order.
 */
export type RecordAnswers = (
  conversation: ResourceName,
  answers: readonly GeneratorSuggestion[],
  /** The start of the conversation that they are about. */
  began: Timestamp | undefined,
) => Promise<readonly string[]>;

/** The methods of google.cloud.dialogflow.v2beta1.Conversations that suggest something from what was said. */
export class ConversationSuggestionsService implements ServiceHandlers<typeof Conversations> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #generation: Generation;
  readonly #summarizer: Summarizer;
  readonly #recordAnswers: RecordAnswers;
  readonly #conversations: ResourceCollection;
  readonly #generators: ProfileGenerators;

  constructor(parts: {
    store: Store;
    clock: Clock;
    generation: Generation;
    generators: ProfileGenerators;
    summarizer: Summarizer;
    recordAnswers: RecordAnswers;
  }) {
    const { store, clock, generation, generators, summarizer, recordAnswers } = parts;
    this.#store = store;
    this.#clock = clock;
    this.#generation = generation;
    this.#summarizer = summarizer;
    this.#recordAnswers = recordAnswers;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#generators = generators;
  }

  /** Adds to what a conversation in progress knows beside its messages. */
  async ingestContextReferences(request: IngestContextReferencesRequest, call: CallContext) {
    const { resource: name } = call;
    checkContextReferences(request.contextReferences);
    return decide(call, async () => {
      const { body, version, state } = await this.#conversations.load(name);
      const refusal = refusalOf(state, 'REFERENCES_ARRIVE');
      if (refusal !== undefined) throw refused(refusal, name);
      const conversation = decodeNamed(ConversationSchema, '', body);
      const ingestedContextReferences = ingest(
        conversation.ingestedContextReferences,
        request.contextReferences,
        toTimestamp(this.#clock.now(name.project)),
      );
      conversation.ingestedContextReferences = ingestedContextReferences;
      await this.#store.commit({
        partition: name.key,
        expect: [{ name: name.key, version }],
        put: [{ name: name.key, state, body: withoutName(ConversationSchema, conversation) }],
      });
      return create(IngestContextReferencesResponseSchema, { ingestedContextReferences });
    });
  }

  /** A summary of a conversation, in progress or completed. */
  async suggestConversationSummary(request: SuggestConversationSummaryRequest, call: CallContext) {
    const { resource: name } = call;
    const size = readContextSize('context_size', request.contextSize);
    const conversation = await this.#load(name);
    const profile = conversation.initialConversationProfile;
    const { said, latestMessage } = await this.#read(name, { latest: request.latestMessage, size });
    const turns = toTurns(filterContext(said, summaryConfigOf(profile)?.contextFilterSettings));
    const form = await this.#summaryForm(profile, name.project);
    const references = conversation.ingestedContextReferences;
    const summary = await this.#summarizer.summarize(turns, { ...form, references }, call.signal);
    const [answerRecord = ''] = await this.#recordAnswers(
      name,
      [toSuggestion(summary)],
      conversation.startTime,
    );
    return create(SuggestConversationSummaryResponseSchema, {
      summary: {
        ...toMessage(summary),
        sortedTextSections: summary.sections.map(({ section, summary: text }) => ({
          section,
          summary: text,
        })),
        answerRecord,
      },
      latestMessage,
      contextSize: said.length,
    });
  }

  /** A summary of messages that are stored nowhere. */
  async generateStatelessSummary(request: GenerateStatelessSummaryRequest, call: CallContext) {
    const { statelessConversation, conversationProfile, latestMessage: latest } = request;
    const size = readContextSize('max_context_size', request.maxContextSize);
    const said = upTo(inOrder(statelessConversation?.messages ?? []), latest);
    const messages = said.slice(-size);
    const turns = messages.map(({ participantRole, content }, index): ConversationTurn => {
      if (participantRole === Role.ROLE_UNSPECIFIED || Role[participantRole] === undefined) {
        const at = said.length - messages.length + index;
        throw fieldInvalid(`stateless_conversation.messages[${at}].participant_role`, 'is not a known role');
      }
      return { speaker: speakerOf(participantRole), text: content };
    });
    const form = await this.#summaryForm(conversationProfile, call.resource.project);
    const summary = await this.#summarizer.summarize(turns, form, call.signal);
    return create(GenerateStatelessSummaryResponseSchema, {
      summary: toMessage(summary),
      latestMessage: messages.at(-1)?.name ?? '',
      contextSize: messages.length,
    });
  }

  /** What a generator, stored or not, suggests for messages that are stored nowhere. */
  async generateStatelessSuggestion(request: GenerateStatelessSuggestionRequest, call: CallContext) {
    const { generatorResource, contextReferences: references, conversationContext, triggerEvents } = request;
    checkContextReferences(references);
    checkEvents(triggerEvents);
    let generator: Generator;
    if (generatorResource.case === 'generator') {
      generator = generatorResource.value;
      checkGenerator(generator);
    } else if (generatorResource.case === 'generatorName') {
      const name = parseResourceName('generator_name', generatorResource.value, 'generators/*');
      generator = await this.#generators.load(name, call.resource.project);
    } else throw fieldsRequired(['generator_resource']);
    const entries = conversationContext?.messageEntries ?? [];
    if (entries.length > CONTEXT_SIZE_MAX) {
      throw fieldInvalid(
        'conversation_context.message_entries',
        `holds ${entries.length}; at most ${CONTEXT_SIZE_MAX} are allowed`,
      );
    }
    // An instruction can be about references alone; summaries and advice are about a conversation.
    if (entries.length === 0 && generator.context.case !== 'freeFormContext') {
      throw fieldsRequired(['conversation_context.message_entries']);
    }
    const turns = entries.map(({ role, text }) => ({ speaker: speakerOf(role), text }));
    const generatorSuggestion = isTriggered(generator, triggerEvents)
      ? await this.#generation.suggest(generator, { turns, references }, call.signal)
      : create(GeneratorSuggestionSchema);
    return create(GenerateStatelessSuggestionResponseSchema, { generatorSuggestion });
  }

  /** What the generators of a conversation's profile suggest. One that fails is the failure of the call. */
  async generateSuggestions(request: GenerateSuggestionsRequest, call: CallContext) {
    const { resource: name } = call;
    checkEvents(request.triggerEvents);
    const conversation = await this.#load(name);
    const names = generatorsOf(conversation.initialConversationProfile);
    if (names.length === 0) throw generatorsAbsent(name.toString());
    const { said, latestMessage } = await this.#read(name, {
      latest: request.latestMessage,
      size: CONTEXT_SIZE_DEFAULT,
    });
    const context = { turns: toTurns(said), references: conversation.ingestedContextReferences };
    const asked = { project: name.project, events: request.triggerEvents, context };
    const answers = await this.#generators.suggest(names, asked, call.signal);
    const response = create(GenerateSuggestionsResponseSchema, {
      generatorSuggestionAnswers: answers,
      latestMessage,
    });
    const suggestions = response.generatorSuggestionAnswers.flatMap((each) => each.generatorSuggestion ?? []);
    const records = await this.#recordAnswers(name, suggestions, conversation.startTime);
    for (const [index, answer] of response.generatorSuggestionAnswers.entries()) {
      answer.answerRecord = records[index] ?? '';
    }
    return response;
  }

  async #load(name: ResourceName): Promise<Conversation> {
    return decodeNamed(ConversationSchema, name.toString(), (await this.#conversations.load(name)).body);
  }

  async #read(
    name: ResourceName,
    range: { readonly latest: string; readonly size: number },
  ): Promise<{ readonly said: readonly Said[]; readonly latestMessage: string }> {
    const said = await readTranscript(this.#store, name, range);
    const last = said.at(-1);
    if (last === undefined) throw conversationEmpty(name.toString());
    return { said, latestMessage: name.child('messages', last.id).toString() };
  }

  /** What a profile wants summaries to be: by its first generator of summaries, else by the feature's sections. */
  async #summaryForm(profile: ConversationProfile | undefined, project: string): Promise<SummaryForm> {
    for (const name of generatorsOf(profile)) {
      const generator = await this.#generators.load(name, project);
      if (generator.context.case === 'summarizationContext') return { generator };
    }
    return { sections: summaryConfigOf(profile)?.sections?.sectionTypes };
  }
}

/** What a profile says of the feature. */
function summaryConfigOf(profile: ConversationProfile | undefined) {
  return suggestionConfigsOf(profile)
    .flatMap(({ featureConfigs }) => featureConfigs)
    .find(({ suggestionFeature }) => suggestionFeature?.type === FeatureType.CONVERSATION_SUMMARIZATION)
    ?.queryConfig;
}

function checkEvents(events: readonly TriggerEvent[]): void {
  for (const [index, event] of events.entries()) {
    if (event === TriggerEvent.TRIGGER_EVENT_UNSPECIFIED || TriggerEvent[event] === undefined) {
      throw fieldInvalid(`trigger_events[${index}]`, 'is not a known event');
    }
  }
}

/** By the times at which they were sent, where all have one; else as they come. */
function inOrder(messages: readonly Message[]): readonly Message[] {
  if (messages.some(({ sendTime }) => sendTime === undefined)) return messages;
  const timeOf = ({ sendTime }: Message): bigint =>
    (sendTime?.seconds ?? 0n) * 1_000_000_000n + BigInt(sendTime?.nanos ?? 0);
  return messages.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0));
}

/** The messages up to and with one, which has the name that its sender gave it. */
function upTo(messages: readonly Message[], latest: string): readonly Message[] {
  if (latest === '') return messages;
  const at = messages.findLastIndex(({ name }) => name === latest);
  if (at === -1) throw fieldInvalid('latest_message', 'is not the name of one of the messages');
  return messages.slice(0, at + 1);
}

function toMessage({ text, sections, baselineModelVersion }: Summary) {
  const textSections = Object.fromEntries(sections.map(({ section, summary }) => [section, summary]));
  return { text, textSections, baselineModelVersion };
}

/** As answer records keep it. */
function toSuggestion({ sections }: Summary): GeneratorSuggestion {
  const summarySections = sections.map(({ section, summary }) => ({ section, summary }));
  return create(GeneratorSuggestionSchema, {
    suggestion: { case: 'summarySuggestion', value: { summarySections } },
  });
}
