import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type AnalyzeContentResponse,
  AnalyzeContentResponseSchema,
  type AutomatedAgentReply,
  type Conversation,
  ConversationProfileSchema,
  ConversationSchema,
  type ConversationEvent_Type as EventType,
  MessageSchema,
  ParticipantSchema,
  type QueryParameters,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import {
  type AgentAnswer,
  AgentError,
  type AgentQuery,
  type AutomatedAgent,
  isHandoff,
  sessionOf,
  textOf,
} from '../agent/automated-agent.ts';
import { readSessionName } from '../agent/session/session-names.ts';
import { agentFailed } from '../agent-errors.ts';
import type { Clock } from '../clock.ts';
import type { HandoffSignal } from '../config.ts';
import { type Happening, move, placeOf, type Step, step } from '../conversation/lifecycle.ts';
import { encodeMessageBodies } from '../conversation/transcript.ts';
import { TurnQueue } from '../conversation/turn-queue.ts';
import { notFound } from '../errors.ts';
import { createId } from '../ids.ts';
import { MESSAGE_BYTES_MAX, REQUEST_ID_LIFE } from '../limits.ts';
import type { Notifications, Telling } from '../notification/notifications.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import {
  type Change,
  ConflictError,
  type NewMessage,
  type ResourceWrite,
  type Store,
  type StoredMessage,
} from '../storage/store.ts';
import { idOf } from '../suggestion/context.ts';
import {
  keptSuggestions,
  pendingSuggestions,
  type SuggestionResults,
} from '../suggestion/kept-suggestions.ts';
import { type Occasion, type Suggestions, wantsSuggestions } from '../suggestion/suggestions.ts';
import { CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { decide } from './decide.ts';
import { checkQueryParams } from './query-params.ts';
import { ResourceCollection } from './resource-collection.ts';
import { refused, WritableConversations } from './writable-conversations.ts';

/** What a participant says or sends. */
export interface Turn {
  readonly speaker: ResourceName;
  readonly input: AgentQuery['input'];
  /** When it was said, as the participant sees it. */
  readonly sendTime?: Timestamp | undefined;
  /** Where given, the same participant's same request has one effect, and one answer. */
  readonly requestId?: string;
  readonly queryParams?: QueryParameters | undefined;
  /** Which articles may be suggested to it, instead of what their participant has for that. */
  readonly metadataFilters?: Readonly<Record<string, string>> | undefined;
  /** Throws where a text is longer than an agent takes. */
  readonly checkForAgent: (text: string) => void;
}

/** What came of it. */
export interface TurnResult {
  readonly conversation: ResourceName;
  /** What was said, as it is stored; undefined for what was not said. */
  readonly message: StoredMessage | undefined;
  /** Everything else of the answer. */
  readonly response: AnalyzeContentResponse;
}

/** The same before anybody was helped. */
interface Taken extends TurnResult {
  /** What is to be helped with, in the assist stage. */
  readonly occasion?: Omit<Occasion, 'message'> | undefined;
}

/** How turns are taken. */
export interface TurnParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly agent: AutomatedAgent;
  readonly suggestions: Suggestions;
  readonly handoffOn: HandoffSignal;
  readonly notifications: Notifications;
}

/** Lists are read on another thread, which costs as much as half a turn: so many conversations need none. */
const AGENTS_KNOWN = 10_000;

/** Stands in a kept answer where what was said is to be filled in again. */
const EMPTY_MESSAGE = toBinary(
  AnalyzeContentResponseSchema,
  create(AnalyzeContentResponseSchema, { message: {} }),
);

/** Turns of participants: stored, answered by the agent in its stage, and helped with in the assist stage. */
export class Turns {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #agent: AutomatedAgent;
  readonly #suggestions: Suggestions;
  readonly #handoffOn: HandoffSignal;
  readonly #notifications: Notifications;
  readonly #queue = new TurnQueue();
  /** By the conversation's key: the participant as whom the agent spoke last, for the latest conversations. */
  readonly #agents = new Map<string, string>();
  readonly #conversations: ResourceCollection;
  readonly #participants: ResourceCollection;
  readonly #writable: WritableConversations;

  constructor({ store, clock, agent, suggestions, handoffOn, notifications }: TurnParts) {
    this.#store = store;
    this.#clock = clock;
    this.#agent = agent;
    this.#suggestions = suggestions;
    this.#handoffOn = handoffOn;
    this.#notifications = notifications;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
    this.#writable = new WritableConversations(store, 'OTHER_SPEAKS');
  }

  /**
   * Takes a turn when all before it in the conversation are taken. What the agent says to it is stored in the same
   * commit; where it says nothing, nothing is. What is suggested comes after: nobody's next turn waits for it.
   */
  async take(turn: Turn, call: CallContext): Promise<TurnResult> {
    const taken = await this.#settle(turn, call);
    return taken.occasion === undefined ? taken : this.#help(taken, taken.occasion);
  }

  /** What is suggested, once that is known, belongs to the answer: also to one that is given again. */
  async #help(taken: Taken, occasion: Omit<Occasion, 'message'>): Promise<TurnResult> {
    const { conversation, message, response } = taken;
    if (message === undefined) return taken;
    fillIn(response, await this.#suggestions.forMessage({ ...occasion, message: idOf(message) }));
    return { conversation, message, response };
  }

  async #settle(turn: Turn, call: CallContext): Promise<Taken> {
    const conversation = turn.speaker.ancestor('conversations');
    return this.#queue.run(conversation.key, call.signal, () => {
      let asked: Promise<AgentAnswer> | undefined;
      const turnId = turn.requestId
        ? `${turn.speaker.key} ${turn.requestId}`
        : createId(this.#now(conversation));
      // However often the turn is decided on, the agent is asked once.
      const ask = (told: Conversation): Promise<AgentAnswer> => {
        asked ??= this.#ask(turn, told, { conversation, turnId, signal: call.signal });
        return asked;
      };
      return decide(call, async () => {
        try {
          return await this.#take(turn, conversation, ask);
        } catch (error) {
          // But for a session that somebody has changed meanwhile: what was said to the old one does not hold.
          if (await isAboutSession(error, asked)) asked = undefined;
          throw error;
        }
      });
    });
  }

  async #take(
    turn: Turn,
    conversation: ResourceName,
    ask: (told: Conversation) => Promise<AgentAnswer>,
  ): Promise<Taken> {
    const earlier = await this.#replay(turn, conversation);
    if (earlier !== undefined) return earlier;
    const { body, version } = await this.#conversations.load(conversation);
    const told = decodeNamed(ConversationSchema, conversation.toString(), body);
    // Whether anybody may still speak in it comes before who it is that does.
    requireStep(step(placeOf(told), 'OTHER_SPEAKS'), conversation);
    const role: Role = await this.#participants.loadState(turn.speaker);
    const { then } = requireStep(step(placeOf(told), happeningOf(turn, role)), conversation);

    const response = create(AnalyzeContentResponseSchema);
    const append: NewMessage[][] = [];
    const telling: Telling[] = [];
    const put: ResourceWrite[] = [];
    // Who speaks is of this conversation, and of no later one that has its name.
    const expect: Exclude<Change['expect'], undefined>[number][] = [{ name: turn.speaker.key, state: role }];
    let kept: Omit<Change, 'partition'> = {};
    if (turn.input.case === 'text') append.push([this.#said(turn, turn.input, role)]);
    if (then === 'ASK_AGENT') {
      if (turn.input.case === 'text') turn.checkForAgent(turn.input.text);
      const { reply, change = {} } = await ask(told);
      // That takes time. By now the conversation may be in another stage.
      expect.push({ name: conversation.key, version });
      kept = change;
      expect.push(...(change.expect ?? []));
      put.push(...(change.put ?? []));
      response.automatedAgentReply = reply;
      response.replyText = textOf(reply);
      const after = isHandoff(reply, this.#handoffOn) ? 'AGENT_HANDS_OFF' : 'AGENT_REPLIES';
      const { to, tells } = requireStep(step(placeOf(told), after), conversation);
      for (const type of tells) telling.push(this.#tell(type, conversation, told));
      if (to !== placeOf(told) && to !== 'PURGED') {
        move(told, to, this.#now(conversation));
        put.push({
          name: conversation.key,
          state: told.lifecycleState,
          body: withoutName(ConversationSchema, told),
        });
      }
      if (reply.responseMessages.length > 0) {
        const speaker = await this.#agentOf(conversation);
        if (speaker.write !== undefined) {
          put.push(speaker.write);
          expect.push({ name: speaker.write.name, absent: true });
        }
        append.push([this.#answered(speaker.id, reply, turn, agentNameOf(told))]);
      }
    }
    // That there is something to suggest is stored with the message, so that a kept answer knows what it lacks.
    const occasion = then === 'SUGGEST' ? occasionOf(turn, told, role) : undefined;
    if (occasion?.kept !== undefined) put.push(pendingSuggestions(occasion.kept));

    const news = await this.#notifications.messages(conversation.key, append.length);
    const { appended } = await this.#writable.commit(conversation, {
      ...kept,
      expect,
      put,
      append,
      // Who is told that a human is needed has been told what was said.
      emit: [...news, ...telling.flatMap(({ emit }) => emit)],
      ...(turn.requestId && { reply: this.#toReply(turn.speaker, turn.requestId, turn, response) }),
    });
    for (const { done } of telling) done();
    const message = turn.input.case === 'text' ? appended[0]?.[0] : undefined;
    return { conversation, message, response, occasion };
  }

  #tell(
    type: EventType,
    conversation: ResourceName,
    { initialConversationProfile: profile }: Conversation,
  ): Telling {
    return this.#notifications.lifecycle(type, conversation.key, profile, this.#now(conversation));
  }

  async #ask(
    { input, queryParams }: Turn,
    told: Conversation,
    { conversation, turnId, signal }: { conversation: ResourceName; turnId: string; signal: AbortSignal },
  ): Promise<AgentAnswer> {
    const profile = told.initialConversationProfile ?? create(ConversationProfileSchema);
    const agent = agentNameOf(told);
    const session = sessionOf(agent, conversation.id);
    const sessionName = readSessionName(session);
    if (sessionName !== undefined) checkQueryParams(queryParams, sessionName);
    const query: AgentQuery = {
      agent,
      session,
      conversation: conversation.key,
      profile,
      input,
      queryParams,
      turnId,
    };
    try {
      return await this.#agent.reply(query, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AgentError) throw agentFailed(agent, error);
      throw error;
    }
  }

  /** What the same request was answered before. The message is named anew, as its caller names things. */
  async #replay(turn: Turn, conversation: ResourceName): Promise<Taken | undefined> {
    const { speaker, requestId } = turn;
    if (!requestId) return undefined;
    const kept = await this.#store.getReply(conversation.key, speaker.key, requestId);
    if (kept === undefined) return undefined;
    const response = fromBinary(AnalyzeContentResponseSchema, kept.response);
    if (response.message === undefined || kept.createTime === undefined) {
      return { conversation, message: undefined, response };
    }
    response.message = undefined;
    const createTimes = [[kept.createTime, kept.createTime]] as const;
    const page = await this.#store.listMessages(conversation.key, { createTimes, limit: 1, bytes: 1 });
    const [message] = page?.items ?? [];
    if (message === undefined) throw notFound('Conversation', conversation.toString());
    const suggested = await this.#suggestions.recall(keptSuggestions(speaker, requestId));
    if (suggested !== 'PENDING') {
      if (suggested !== undefined) fillIn(response, suggested);
      return { conversation, message, response };
    }
    // A server that was stopped in between has it still to do.
    const stored = await this.#conversations.load(conversation);
    const told = decodeNamed(ConversationSchema, conversation.toString(), stored.body);
    const role: Role = await this.#participants.loadState(speaker);
    return { conversation, message, response, occasion: occasionOf(turn, told, role) };
  }

  #toReply(speaker: ResourceName, requestId: string, { input }: Turn, response: AnalyzeContentResponse) {
    const answered = toBinary(AnalyzeContentResponseSchema, response);
    return {
      participant: speaker.key,
      requestId,
      expires: this.#now(speaker) + REQUEST_ID_LIFE,
      response: input.case === 'text' ? Buffer.concat([answered, EMPTY_MESSAGE]) : answered,
    };
  }

  #said({ speaker, sendTime }: Turn, input: { text: string; languageCode: string }, role: Role): NewMessage {
    const message = create(MessageSchema, {
      content: input.text,
      languageCode: input.languageCode,
      participantRole: role,
      ...(sendTime && { sendTime }),
    });
    return newMessage(speaker.id, message);
  }

  #answered(participant: string, reply: AutomatedAgentReply, { input }: Turn, agent: string): NewMessage {
    const message = create(MessageSchema, {
      content: textOf(reply),
      languageCode: input.languageCode,
      participantRole: Role.AUTOMATED_AGENT,
      responseMessages: reply.responseMessages,
    });
    const said = newMessage(participant, message);
    if (said.body.byteLength <= MESSAGE_BYTES_MAX) return said;
    throw agentFailed(agent, new AgentError(`it says more than the ${MESSAGE_BYTES_MAX} bytes of a message`));
  }

  /** The participant as whom the agent speaks: the conversation's first one of that role, or a new one. */
  async #agentOf(
    conversation: ResourceName,
  ): Promise<{ readonly id: string; readonly write?: ResourceWrite }> {
    const last = this.#agents.get(conversation.key);
    if (last !== undefined) {
      // Nobody takes it away but the end of its conversation, after which there may be another one of the name.
      const state = await this.#store.getState(conversation.child('participants', last).key);
      if (state === Role.AUTOMATED_AGENT) return { id: last };
    }
    const found = await this.#findAgent(conversation);
    this.#agents.set(conversation.key, found.id);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > AGENTS_KNOWN && oldest !== undefined) this.#agents.delete(oldest);
    return found;
  }

  async #findAgent(
    conversation: ResourceName,
  ): Promise<{ readonly id: string; readonly write?: ResourceWrite }> {
    const range = { limit: 1, bytes: 1, states: [Role.AUTOMATED_AGENT] };
    const { items } = await this.#store.list(`${conversation.key}/participants`, 'id', range);
    const [known] = items;
    if (known !== undefined) return { id: known.id };
    const id = createId(this.#now(conversation));
    const body = withoutName(ParticipantSchema, create(ParticipantSchema, { role: Role.AUTOMATED_AGENT }));
    const { key: name } = conversation.child('participants', id);
    return { id, write: { name, state: Role.AUTOMATED_AGENT, body } };
  }

  #now({ project }: ResourceName): number {
    return this.#clock.now(project);
  }
}

/** The agent that answers in a conversation, as its profile names it; empty where none does. */
function agentNameOf({ initialConversationProfile: profile }: Conversation): string {
  return profile?.automatedAgentConfig?.agent ?? '';
}

/** Whether a conflict is one about what the agent keeps of its session. */
async function isAboutSession(error: unknown, asked: Promise<AgentAnswer> | undefined): Promise<boolean> {
  if (!(error instanceof ConflictError) || asked === undefined) return false;
  const { change } = await asked;
  return change?.expect?.some(({ name }) => name === error.resource) ?? false;
}

function happeningOf({ input }: Turn, role: Role): Happening {
  if (input.case === 'text') return role === Role.END_USER ? 'USER_SPEAKS' : 'OTHER_SPEAKS';
  return role === Role.END_USER ? 'USER_SENDS_EVENT' : 'OTHER_SENDS_EVENT';
}

/** What is to be helped with; undefined where the profile asks for no help. */
function occasionOf(
  { speaker, requestId, metadataFilters }: Turn,
  { initialConversationProfile: profile, ingestedContextReferences: references }: Conversation,
  role: Role,
): Omit<Occasion, 'message'> | undefined {
  if (profile === undefined || !wantsSuggestions(profile)) return undefined;
  const conversation = speaker.ancestor('conversations');
  const kept = requestId ? keptSuggestions(speaker, requestId) : undefined;
  return { conversation, profile, speaker, role, references, metadataFilters, kept };
}

function fillIn(response: AnalyzeContentResponse, { humanAgent, endUser }: SuggestionResults): void {
  response.humanAgentSuggestionResults = [...humanAgent];
  response.endUserSuggestionResults = [...endUser];
}

function requireStep(next: Step, conversation: ResourceName): Extract<Step, { to: unknown }> {
  if ('refuses' in next) throw refused(next.refuses, conversation);
  return next;
}

function newMessage(
  participant: string,
  message: Parameters<typeof encodeMessageBodies>[0][number],
): NewMessage {
  const [body = new Uint8Array()] = encodeMessageBodies([message]);
  return { participant, body };
}
