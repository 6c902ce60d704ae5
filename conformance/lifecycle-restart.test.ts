import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Administration, Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  type AnalyzeContentResponse,
  type Conversation,
  type ConversationEvent,
  Conversations,
  ConversationEvent_Type as EventType,
  SuggestionFeature_Type as Feature,
  Conversation_ContextReference_ContextContent_ContentFormat as Format,
  type Message,
  Conversation_ContextReference_UpdateMode as Mode,
  type Participant,
  Participants,
  Participant_Role as Role,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { AgentWebhook, type HeldQuestion } from './agent-webhook.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  failure,
  getConversation,
  ingest,
  listMessages,
  message,
  nanos,
  type Refusal,
  refused,
  say,
  saying,
  type TurnInit,
} from './cases/scene.ts';
import { EventSink, readEvent } from './event-sink.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { GrpcWire, RestWire, type Wire } from './wires.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const { END_USER, HUMAN_AGENT, AUTOMATED_AGENT } = Role;
const { CONVERSATION_STARTED, CONVERSATION_FINISHED, HUMAN_INTERVENTION_NEEDED, NEW_MESSAGE } = EventType;
const { analyzeContent, listParticipants, updateParticipant } = Participants.method;
const { ingestContextReferences } = Conversations.method;

const AGENT = 'IN_PROGRESS VIRTUAL_AGENT_STAGE';
const ASSIST = 'IN_PROGRESS HUMAN_ASSIST_STAGE';
const AGENT_OVER = 'COMPLETED VIRTUAL_AGENT_STAGE';
const ASSIST_OVER = 'COMPLETED HUMAN_ASSIST_STAGE';
const PURGED = 'PURGED';
type Place = typeof AGENT | typeof ASSIST | typeof AGENT_OVER | typeof ASSIST_OVER | typeof PURGED;

/** What a caller sees come of it. Where nothing is said of something, nothing of it happens. */
interface Outcome {
  /** Where the conversation is then, when it is elsewhere. */
  readonly to?: Place;
  /** Why the call is refused. */
  readonly refuses?: Refusal;
  /** By whom there are more messages, the oldest first. */
  readonly adds?: readonly Role[];
  /** Who has joined. */
  readonly joins?: readonly Role[];
  /** What is known of it beside what was said. */
  readonly learns?: readonly string[];
  /** What is told beside the messages. */
  readonly tells?: readonly EventType[];
}

/** Also where what would be due is no longer: its time passes. */
const NOTHING: Outcome = {};
const OVER: Outcome = { refuses: { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' } };
const NO_AGENT: Outcome = { refuses: { code: Code.FAILED_PRECONDITION, reason: 'NO_AGENT_LISTENS' } };
const GONE_REFUSAL = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const GONE: Outcome = { refuses: GONE_REFUSAL };

/** Each cell of the life of a conversation, as the documentation of the service has it. */
const table = {
  [AGENT]: {
    USER_SPEAKS: { adds: [END_USER, AUTOMATED_AGENT] },
    OTHER_SPEAKS: { adds: [HUMAN_AGENT] },
    USER_SENDS_EVENT: { adds: [AUTOMATED_AGENT] },
    OTHER_SENDS_EVENT: NO_AGENT,
    MESSAGES_ARRIVE: { adds: [END_USER, HUMAN_AGENT] },
    PARTICIPANT_CHANGES: { joins: [HUMAN_AGENT] },
    REFERENCES_ARRIVE: { learns: ['order'] },
    AGENT_REPLIES: { adds: [END_USER, AUTOMATED_AGENT] },
    AGENT_HANDS_OFF: { to: ASSIST, adds: [END_USER, AUTOMATED_AGENT], tells: [HUMAN_INTERVENTION_NEEDED] },
    COMPLETE_IS_CALLED: { to: AGENT_OVER, tells: [CONVERSATION_FINISHED] },
    DAY_IS_OVER: { to: AGENT_OVER, tells: [CONVERSATION_FINISHED] },
    RETENTION_IS_OVER: NOTHING,
  },
  [ASSIST]: {
    USER_SPEAKS: { adds: [END_USER] },
    OTHER_SPEAKS: { adds: [HUMAN_AGENT] },
    USER_SENDS_EVENT: NO_AGENT,
    OTHER_SENDS_EVENT: NO_AGENT,
    MESSAGES_ARRIVE: { adds: [END_USER, HUMAN_AGENT] },
    PARTICIPANT_CHANGES: { joins: [HUMAN_AGENT] },
    REFERENCES_ARRIVE: { learns: ['order'] },
    AGENT_REPLIES: NO_AGENT,
    AGENT_HANDS_OFF: NO_AGENT,
    COMPLETE_IS_CALLED: { to: ASSIST_OVER, tells: [CONVERSATION_FINISHED] },
    DAY_IS_OVER: { to: ASSIST_OVER, tells: [CONVERSATION_FINISHED] },
    RETENTION_IS_OVER: NOTHING,
  },
  [AGENT_OVER]: {
    USER_SPEAKS: OVER,
    OTHER_SPEAKS: OVER,
    USER_SENDS_EVENT: OVER,
    OTHER_SENDS_EVENT: OVER,
    MESSAGES_ARRIVE: OVER,
    PARTICIPANT_CHANGES: OVER,
    REFERENCES_ARRIVE: OVER,
    AGENT_REPLIES: OVER,
    AGENT_HANDS_OFF: OVER,
    COMPLETE_IS_CALLED: { tells: [CONVERSATION_FINISHED] },
    DAY_IS_OVER: NOTHING,
    RETENTION_IS_OVER: { to: PURGED },
  },
  [ASSIST_OVER]: {
    USER_SPEAKS: OVER,
    OTHER_SPEAKS: OVER,
    USER_SENDS_EVENT: OVER,
    OTHER_SENDS_EVENT: OVER,
    MESSAGES_ARRIVE: OVER,
    PARTICIPANT_CHANGES: OVER,
    REFERENCES_ARRIVE: OVER,
    AGENT_REPLIES: OVER,
    AGENT_HANDS_OFF: OVER,
    COMPLETE_IS_CALLED: { tells: [CONVERSATION_FINISHED] },
    DAY_IS_OVER: NOTHING,
    RETENTION_IS_OVER: { to: PURGED },
  },
  [PURGED]: {
    USER_SPEAKS: GONE,
    OTHER_SPEAKS: GONE,
    USER_SENDS_EVENT: GONE,
    OTHER_SENDS_EVENT: GONE,
    MESSAGES_ARRIVE: GONE,
    PARTICIPANT_CHANGES: GONE,
    REFERENCES_ARRIVE: GONE,
    AGENT_REPLIES: GONE,
    AGENT_HANDS_OFF: GONE,
    COMPLETE_IS_CALLED: GONE,
    DAY_IS_OVER: NOTHING,
    RETENTION_IS_OVER: NOTHING,
  },
} as const satisfies Record<Place, Record<string, Outcome>>;
type Happening = keyof (typeof table)[Place];
const places = Object.keys(table) as Place[];
const happeningsOf = (place: Place): Happening[] => Object.keys(table[place]) as Happening[];

/** Who has spoken in a conversation that is brought to a place, and what was told of its life. */
const beginnings: Record<Place, { readonly spoke: readonly Role[]; readonly told: readonly EventType[] }> = {
  [AGENT]: { spoke: [END_USER, AUTOMATED_AGENT], told: [CONVERSATION_STARTED] },
  [ASSIST]: {
    spoke: [END_USER, AUTOMATED_AGENT, END_USER, AUTOMATED_AGENT],
    told: [CONVERSATION_STARTED, HUMAN_INTERVENTION_NEEDED],
  },
  [AGENT_OVER]: {
    spoke: [END_USER, AUTOMATED_AGENT],
    told: [CONVERSATION_STARTED, CONVERSATION_FINISHED],
  },
  [ASSIST_OVER]: {
    spoke: [END_USER, AUTOMATED_AGENT, END_USER, AUTOMATED_AGENT],
    told: [CONVERSATION_STARTED, HUMAN_INTERVENTION_NEEDED, CONVERSATION_FINISHED],
  },
  [PURGED]: {
    spoke: [END_USER, AUTOMATED_AGENT, END_USER, AUTOMATED_AGENT],
    told: [CONVERSATION_STARTED, HUMAN_INTERVENTION_NEEDED, CONVERSATION_FINISHED],
  },
};

const FEATURES = { featureConfigs: [{ suggestionFeature: { type: Feature.FAQ } }] };
const HAND_OVER = 'a human, please';
const HANDS_OFF = { fulfillmentText: 'One moment', liveAgentHandoff: true };

/** A conversation in a project, and so with a clock, of its own. */
interface Talk {
  readonly project: string;
  readonly conversation: string;
  readonly user: string;
  readonly human: string;
}

/** All that can be seen of a conversation that is there; messages the oldest first. */
interface Seen {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
  readonly participants: readonly Participant[];
}

type SentTurn = TurnInit & { readonly participant: string };
type Input = 'TEXT' | 'EVENT';

/** A turn that is under way for as long as the agent is held. */
interface Asked {
  readonly call: Promise<AnalyzeContentResponse>;
  readonly held: HeldQuestion;
}

/** What the server is killed in, and what else becomes of the conversation before or after that. */
interface Interruption {
  readonly input: Input;
  readonly handsOff?: boolean;
  readonly completed?: 'BEFORE' | 'AFTER';
}

/** What something happens to. */
interface Scene {
  readonly talk: Talk;
  readonly place: Place;
  readonly want: Outcome;
  readonly before: Seen | undefined;
  readonly turn: SentTurn;
  readonly call: Asked['call'] | undefined;
}

/** Makes a call once more, and asserts that it is answered as before. */
type Again = (wire: Wire) => Promise<void>;

/** Where tests that run at once wait for each other. */
class Meeting<Name extends string> {
  readonly #acts: Readonly<Record<Name, () => Promise<void>>>;
  #going = 0;
  #waiting: Name[] = [];
  #next = Promise.withResolvers<void>();

  /** By name what is done while all wait. */
  constructor(acts: Readonly<Record<Name, () => Promise<void>>>) {
    this.#acts = acts;
  }

  /** Runs a test for which the others wait until it is over. */
  async attend(test: () => Promise<void>): Promise<void> {
    this.#going += 1;
    try {
      await test();
    } finally {
      this.#going -= 1;
      this.#proceed();
    }
  }

  /** Resolves once all wait for the same, and it is done. */
  until(name: Name): Promise<void> {
    const { promise } = this.#next;
    this.#waiting.push(name);
    this.#proceed();
    return promise;
  }

  #proceed(): void {
    const [name] = this.#waiting;
    if (name === undefined || this.#waiting.length < this.#going) return;
    const { resolve, reject } = this.#next;
    const isOne = this.#waiting.every((each) => each === name);
    this.#waiting = [];
    this.#next = Promise.withResolvers();
    if (isOne) this.#acts[name]().then(resolve, reject);
    else reject(new Error('tests wait for different things'));
  }
}

/**
 * One server has all conversations, each of which stands for one cell. It is killed when all have been brought to their
 * places, and once more when all that is to happen has happened.
 */
describe('a restart at every step of the table', { concurrency: 1000 }, () => {
  let folder: string;
  let webhook: AgentWebhook;
  let sink: EventSink;
  let port: number;
  let server: OwnServer;
  let grpc: GrpcWire;
  let rest: RestWire;

  async function start(): Promise<void> {
    const events = `http://127.0.0.1:${port}/`;
    server = await startServer(folder, '--dev', '--agent-webhook', webhook.url, '--events', events);
    grpc = new GrpcWire(() => server);
    rest = new RestWire(() => server);
  }

  async function stop(): Promise<void> {
    await server.stop('SIGKILL');
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
  }

  async function allTold(): Promise<void> {
    for (let metrics = ''; !/^parley_events_waiting 0$/mu.test(metrics); ) {
      metrics = await (await fetch(`${server.url}/metrics`)).text();
    }
  }

  const meeting = new Meeting({
    // Messages that are gone, by a purge or with all of a project, before they are told are not told.
    ALL_HAVE_SPOKEN: allTold,
    ALL_ARE_THERE: allTold,
    // What is told from now on finds nobody.
    IT_IS_KILLED: async () => {
      await sink.close();
      await stop();
      await start();
    },
    // An agent is given a few seconds for its answer: who keeps it waiting has the server for himself.
    OTHERS_ARE_DONE: async () => {},
    IT_IS_KILLED_AGAIN: async () => {
      await stop();
      await sink.open(port);
      await start();
    },
    ALL_IS_TOLD: allTold,
  });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-lifecycle-'));
    webhook = await AgentWebhook.open();
    webhook.on(HAND_OVER, HANDS_OFF);
    sink = new EventSink();
    port = await sink.open();
    await start();
  });

  after(async () => {
    await stop();
    await sink.close();
    await webhook[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has a cell for each place and each happening', async () => {
    const { href } = new URL('../packages/server/src/conversation/lifecycle.ts', import.meta.url);
    const known = await import(href);
    assert.deepEqual(new Set(places), new Set(known.places));
    for (const place of places) assert.deepEqual(new Set(happeningsOf(place)), new Set(known.happenings));
  });

  for (const place of places) {
    for (const happening of happeningsOf(place)) {
      it(`${place} by ${happening}`, () => meeting.attend(() => passCell(place, happening)));
    }
  }

  // Unlike an event, which is for the agent alone, a text is then heard by those who are there.
  it(`${ASSIST} by AGENT_REPLIES, to what was said: it is heard, and the reply is not`, () =>
    meeting.attend(() => passCell(ASSIST, 'AGENT_REPLIES', { adds: [END_USER] }, 'TEXT')));

  it(`${PURGED} by AGENT_REPLIES, while another conversation has the name: it is not heard there`, () =>
    meeting.attend(async () => {
      const talk = await bring(AGENT, undefined, 'mine');
      const old = await getConversation(grpc, talk.conversation);
      await meeting.until('ALL_ARE_THERE');
      await meeting.until('IT_IS_KILLED');
      await meeting.until('OTHERS_ARE_DONE');
      const { call, held } = await askAgent(turnOf(talk, 'asked-about-the-old-one', 'TEXT'), false);
      await completeConversation(grpc, talk.conversation);
      await advance(talk, 30 * DAY);
      const { conversationProfile } = old;
      const parent = `projects/${talk.project}`;
      const conversation = await createConversation(grpc, parent, { conversationProfile }, 'mine');
      held.release();
      await refused(call, GONE_REFUSAL);
      const nothingSaid = { conversation, messages: [], participants: [] };
      assert.deepEqual(await see(grpc, talk), nothingSaid);
      await meeting.until('IT_IS_KILLED_AGAIN');
      assert.deepEqual(await see(rest, talk), nothingSaid);
      await meeting.until('ALL_IS_TOLD');
    }));

  for (const [what, interruption] of [
    ['a text', { input: 'TEXT' }],
    ['an event', { input: 'EVENT' }],
    ['a text that leads to a human', { input: 'TEXT', handsOff: true }],
    ['a text, and the conversation completed before', { input: 'TEXT', completed: 'BEFORE' }],
    ['a text, and the conversation completed after', { input: 'TEXT', completed: 'AFTER' }],
  ] satisfies [string, Interruption][]) {
    it(`${AGENT}, killed while the agent is asked about ${what}`, () =>
      meeting.attend(() => passInterruption(`interrupted-${what.replaceAll(' ', '-')}`, interruption)));
  }

  /** `want` and `input` are told where there is more than one way into a cell. */
  async function passCell(
    place: Place,
    happening: Happening,
    want: Outcome = table[place][happening],
    input: Input = inputOf(place, happening),
  ): Promise<void> {
    const handsOff = happening === 'AGENT_HANDS_OFF';
    const isAgents = handsOff || happening === 'AGENT_REPLIES';
    const talk = isAgents
      ? await bringBeforeHandOff(place)
      : await bring(place, retentionOf(place, happening));
    await meeting.until('ALL_ARE_THERE');
    const brought = await see(grpc, talk);
    await meeting.until('IT_IS_KILLED');
    assert.deepEqual(await see(grpc, talk), brought);

    const turn = turnOf(talk, `${place}-by-${happening}-${input}`.replaceAll(' ', '-'), input, happening);
    if (isAgents) await meeting.until('OTHERS_ARE_DONE');
    // What an agent is asked ends with the server. So it is asked by this one, and the conversation goes on to its place.
    const asked = isAgents ? await askAgent(turn, handsOff) : undefined;
    if (isAgents) await moveOn(talk, place);
    const before = await see(grpc, talk);
    assert.equal(placeOf(before), place);
    assert.deepEqual(rolesOf(before?.messages), before && beginnings[place].spoke);
    asked?.held.release();
    const { answer, again } = await happen(happening, { talk, place, want, before, turn, call: asked?.call });
    const seen = await see(grpc, talk);
    assertOutcome(seen, before, place, want);
    if (answer !== undefined) assertAnswer(answer, seen, place, want);
    if (!isAgents) await meeting.until('OTHERS_ARE_DONE');

    await meeting.until('IT_IS_KILLED_AGAIN');
    assert.deepEqual(await see(rest, talk), seen);
    await again?.(rest);
    const questions = isAgents || want.adds?.includes(AUTOMATED_AGENT) ? 1 : 0;
    assert.equal(webhook.questionsAbout(cueOf(turn)).length, questions, 'nobody is asked once more');
    assert.deepEqual(await see(grpc, talk), seen);

    await meeting.until('ALL_IS_TOLD');
    assertTold(talk, place, want, seen ?? before);
  }

  /** Has it happen. A turn that is under way already is `call`. */
  async function happen(
    happening: Happening,
    { talk, place, want, before, turn, call }: Scene,
  ): Promise<{ readonly answer?: AnalyzeContentResponse | undefined; readonly again?: Again }> {
    switch (happening) {
      case 'MESSAGES_ARRIVE': {
        const batch = [message(talk.user, 0, 'one'), message(talk.human, 1, 'two')];
        const arrive = (wire: Wire) => answerTo(ingest(wire, talk.conversation, batch), want);
        const stored = await arrive(grpc);
        return { again: async (wire) => assert.deepEqual(await arrive(wire), stored) };
      }
      case 'PARTICIPANT_CHANGES': {
        await answerTo(createParticipant(grpc, talk.conversation, HUMAN_AGENT), want);
        const participant = { name: talk.user, obfuscatedExternalUserId: 'Ada' };
        const updateMask = { paths: ['obfuscated_external_user_id'] };
        await answerTo(grpc.call(updateParticipant, { participant, updateMask }), want);
        const changed = (await see(grpc, talk))?.participants.find(({ name }) => name === talk.user);
        assert.equal(changed?.obfuscatedExternalUserId, before && (want.refuses ? '' : 'Ada'));
        return {};
      }
      case 'REFERENCES_ARRIVE': {
        const contextContents = [{ content: '4711', contentFormat: Format.PLAIN_TEXT }];
        const contextReferences = { order: { updateMode: Mode.OVERWRITE, contextContents } };
        // The method knows no name without a location.
        const conversation = talk.conversation.replace('/conversations/', '/locations/global/conversations/');
        await answerTo(grpc.call(ingestContextReferences, { conversation, contextReferences }), want);
        return {};
      }
      case 'COMPLETE_IS_CALLED': {
        const completed = await answerTo(completeConversation(grpc, talk.conversation), want);
        assert.deepEqual(completed, (await see(grpc, talk))?.conversation);
        return {};
      }
      case 'DAY_IS_OVER': {
        await advance(talk, DAY - HOUR);
        assert.deepEqual(await see(grpc, talk), before, 'not yet');
        await advance(talk, HOUR);
        if (!isInProgress(place)) return {};
        const { startTime, endTime } = (await see(grpc, talk))?.conversation ?? assert.fail('it is there');
        assert.equal(nanos(endTime) - nanos(startTime), BigInt(DAY) * 1_000_000_000n);
        return {};
      }
      case 'RETENTION_IS_OVER':
        await advance(talk, (retentionOf(place, happening) ?? 30 * DAY) - HOUR);
        assert.deepEqual(await see(grpc, talk), before, 'not yet');
        await advance(talk, HOUR);
        return {};
      default: {
        const answer = await answerTo(call ?? grpc.call(analyzeContent, turn), want);
        return {
          answer,
          again: async (wire) =>
            assert.deepEqual(await answerTo(wire.call(analyzeContent, turn), want), answer),
        };
      }
    }
  }

  async function passInterruption(
    cue: string,
    { input, handsOff = false, completed }: Interruption,
  ): Promise<void> {
    const place = completed ? AGENT_OVER : AGENT;
    const agents = handsOff ? table[AGENT].AGENT_HANDS_OFF : table[AGENT].AGENT_REPLIES;
    const want = completed ? OVER : input === 'EVENT' ? table[AGENT].USER_SENDS_EVENT : agents;
    const talk = await bring(AGENT);
    await meeting.until('ALL_ARE_THERE');
    const turn = turnOf(talk, cue, input);
    const { call, held } = await askAgent(turn, handsOff);
    if (completed === 'BEFORE') await completeConversation(grpc, talk.conversation);
    const brought = await see(grpc, talk);
    await meeting.until('IT_IS_KILLED');
    assert.equal((await failure(call)).code, Code.UNAVAILABLE);
    held.release();
    assert.deepEqual(await see(grpc, talk), brought);
    assert.equal(webhook.questionsAbout(cue).length, 1, 'it is not asked by a server that nobody asks');

    if (completed === 'AFTER') await completeConversation(grpc, talk.conversation);
    const before = await see(grpc, talk);
    assert.equal(placeOf(before), place);
    assert.deepEqual(rolesOf(before?.messages), beginnings[place].spoke);
    const answer = await answerTo(grpc.call(analyzeContent, turn), want);
    const seen = await see(grpc, talk);
    assertOutcome(seen, before, place, want);
    if (answer !== undefined) assertAnswer(answer, seen, place, want);
    const ids = webhook.questionsAbout(cue).map(({ headers }) => headers['idempotency-key']);
    assert.equal(ids.length, completed ? 1 : 2, 'it is asked once by each server that is asked');
    assert.equal(new Set(ids).size, 1, 'it is asked under one id');
    assert.notEqual(ids[0], undefined);
    await meeting.until('OTHERS_ARE_DONE');
    await meeting.until('IT_IS_KILLED_AGAIN');
    assert.deepEqual(await see(rest, talk), seen);
    assert.deepEqual(await answerTo(rest.call(analyzeContent, turn), want), answer);
    assert.equal(webhook.questionsAbout(cue).length, ids.length);
    assert.deepEqual(await see(grpc, talk), seen);

    await meeting.until('ALL_IS_TOLD');
    assertTold(talk, place, want, seen);
  }

  /**
   * Brings a conversation to a place, or to where it is purged later. It is kept for 30 days after its end, or for so many
   * seconds.
   */
  async function begin(place: Place, retention?: number, id = ''): Promise<Talk> {
    const project = newProject();
    const parent = `projects/${project}`;
    const { name: conversationProfile } = await createProfile(grpc, parent, {
      automatedAgentConfig: { agent: `${parent}/locations/global/agent/environments/-` },
      humanAgentAssistantConfig: { humanAgentSuggestionConfig: FEATURES, endUserSuggestionConfig: FEATURES },
      notificationConfig: { topic: `${parent}/topics/life` },
      newMessageEventNotificationConfig: { topic: `${parent}/topics/news` },
    });
    if (retention !== undefined) {
      const kept = { case: 'duration', value: { seconds: BigInt(retention) } } as const;
      const retentionPolicy = { name: `${conversationProfile}/retentionPolicy`, kept };
      await grpc.call(Administration.method.updateRetentionPolicy, { retentionPolicy });
    }
    const { name: conversation } = await createConversation(grpc, parent, { conversationProfile }, id);
    const { name: user } = await createParticipant(grpc, conversation);
    const { name: human } = await createParticipant(grpc, conversation, HUMAN_AGENT);
    const talk = { project, conversation, user, human };
    await say(grpc, user, 'hello');
    if (wasHandedOff(place)) await say(grpc, user, HAND_OVER);
    if (!isInProgress(place)) await completeConversation(grpc, conversation);
    return talk;
  }

  async function bring(place: Place, retention?: number, id = ''): Promise<Talk> {
    const talk = await begin(place, retention, id);
    await meeting.until('ALL_HAVE_SPOKEN');
    if (place === PURGED) await advance(talk, HOUR);
    return talk;
  }

  /**
   * A conversation in which the agent can be asked, and which `moveOn` then brings to the place. Turns wait for each other,
   * so that no hand-off comes while the agent is asked: only a snapshot can be restored in which it was.
   */
  async function bringBeforeHandOff(place: Place): Promise<Talk> {
    const talk = await begin(AGENT);
    const parent = `projects/${talk.project}`;
    const { createSnapshot, restoreSnapshot } = Development.method;
    if (wasHandedOff(place)) {
      await grpc.call(createSnapshot, { parent, snapshotId: 'before' });
      await say(grpc, talk.user, HAND_OVER);
    }
    await meeting.until('ALL_HAVE_SPOKEN');
    if (wasHandedOff(place)) {
      await grpc.call(createSnapshot, { parent, snapshotId: 'after' });
      await grpc.call(restoreSnapshot, { name: `${parent}/snapshots/before` });
    }
    return talk;
  }

  async function moveOn(talk: Talk, place: Place): Promise<void> {
    if (wasHandedOff(place)) {
      const name = `projects/${talk.project}/snapshots/after`;
      await grpc.call(Development.method.restoreSnapshot, { name });
    }
    if (!isInProgress(place)) await completeConversation(grpc, talk.conversation);
    if (place === PURGED) await advance(talk, 30 * DAY);
  }

  /** Takes a turn about which the agent is asked, and has it wait for its answer. */
  async function askAgent(turn: SentTurn, handsOff: boolean): Promise<Asked> {
    const held = webhook.hold(cueOf(turn), handsOff ? HANDS_OFF : undefined);
    const call = grpc.call(analyzeContent, turn);
    // It ends first only where it is refused; what becomes of it later is asked for later.
    await Promise.race([held.asked, call]);
    call.catch(() => {});
    return { call, held };
  }

  async function advance({ project }: Talk, seconds: number): Promise<void> {
    const request = { name: `projects/${project}/clock`, duration: { seconds: BigInt(seconds) } };
    await grpc.call(Development.method.advanceClock, request);
  }

  /** What there is, by all that lists and gets it. */
  async function see(wire: Wire, { project, conversation: name }: Talk): Promise<Seen | undefined> {
    const parent = `projects/${project}`;
    const { conversations } = await wire.call(Conversations.method.listConversations, { parent });
    const participantsOf = () => wire.call(listParticipants, { parent: name });
    if (conversations.length === 0) {
      for (const read of [getConversation, listMessages, participantsOf]) {
        await refused(read(wire, name), GONE_REFUSAL);
      }
      return undefined;
    }
    const [conversation, messages, { participants }] = await Promise.all([
      getConversation(wire, name),
      listMessages(wire, name),
      participantsOf(),
    ]);
    assert.deepEqual(conversations, [conversation]);
    return { conversation, messages: messages.toReversed(), participants };
  }

  /** What was told of a conversation. What was told twice, as it may be where a server is killed, has one id. */
  function toldOf({ conversation }: Talk): ConversationEvent[] {
    const pushes = sink.taken.filter((push) => push.message.orderingKey === conversation);
    return [...new Map(pushes.map((push) => [push.message.messageId, readEvent(push)])).values()];
  }

  function assertTold(talk: Talk, place: Place, want: Outcome, seen: Seen | undefined): void {
    const told = toldOf(talk);
    const life = told.map(({ type }) => type).filter((type) => type !== NEW_MESSAGE);
    assert.deepEqual(life, [...beginnings[place].told, ...(want.tells ?? [])]);
    const news = told.flatMap(({ payload }) => (payload.case === 'newMessagePayload' ? [payload.value] : []));
    if (seen !== undefined) assert.deepEqual(news, seen.messages);
    assert.deepEqual(rolesOf(news), [...beginnings[place].spoke, ...(want.adds ?? [])]);
  }
});

/** What a call is answered, where it is not to be refused. */
async function answerTo<T>(call: Promise<T>, { refuses }: Outcome): Promise<T | undefined> {
  if (refuses === undefined) return call;
  await refused(call, refuses);
  return undefined;
}

/** That all is as it was before, but for what is wanted. */
function assertOutcome(seen: Seen | undefined, before: Seen | undefined, place: Place, want: Outcome): void {
  const to = want.to ?? place;
  assert.equal(placeOf(seen), to);
  if (before === undefined || seen === undefined) return;
  const { length } = before.messages;
  assert.deepEqual(seen.messages.slice(0, length), before.messages);
  assert.deepEqual(rolesOf(seen.messages.slice(length)), want.adds ?? []);
  const roles = [...(rolesOf(before.participants) ?? []), ...(want.joins ?? [])];
  assert.deepEqual(rolesOf(seen.participants), roles);
  const { lifecycleState, conversationStage, endTime, ingestedContextReferences } = seen.conversation;
  assert.deepEqual(Object.keys(ingestedContextReferences), want.learns ?? []);
  assert.deepEqual(seen.conversation, {
    ...before.conversation,
    lifecycleState,
    conversationStage,
    ingestedContextReferences,
    ...(isInProgress(place) && !isInProgress(to) && { endTime }),
  });
  assert.equal(endTime === undefined, isInProgress(to));
}

/** That a turn is answered by what is stored of it. */
function assertAnswer(
  answer: AnalyzeContentResponse,
  seen: Seen | undefined,
  place: Place,
  { adds = [] }: Outcome,
): void {
  const stored = seen?.messages.slice(-adds.length) ?? [];
  const said = stored.find(({ participantRole }) => participantRole !== AUTOMATED_AGENT);
  const replied = stored.find(({ participantRole }) => participantRole === AUTOMATED_AGENT);
  assert.deepEqual(answer.message, said);
  assert.equal(answer.replyText, replied?.content ?? '');
  assert.deepEqual(answer.automatedAgentReply?.responseMessages, replied?.responseMessages);
  const helped = place === ASSIST ? 1 : 0;
  assert.equal(answer.humanAgentSuggestionResults.length, helped);
  assert.equal(answer.endUserSuggestionResults.length, helped);
}

function placeOf(seen: Seen | undefined): string {
  if (seen === undefined) return PURGED;
  const { lifecycleState, conversationStage } = seen.conversation;
  return `${State[lifecycleState]} ${Stage[conversationStage]}`;
}

function isInProgress(place: Place): boolean {
  return place === AGENT || place === ASSIST;
}

function wasHandedOff(place: Place): boolean {
  return beginnings[place].told.includes(HUMAN_INTERVENTION_NEEDED);
}

/** Of messages, or of participants. */
function rolesOf(
  each: readonly ({ participantRole: Role } | { role: Role })[] | undefined,
): Role[] | undefined {
  return each?.map((one) => ('role' in one ? one.role : one.participantRole));
}

/**
 * Where a conversation is gone before a day is over, the timer of the day could be left; where it is in progress for longer
 * than it is to be kept after its end, that of its purge could be there too early.
 */
function retentionOf(place: Place, happening: Happening): number | undefined {
  if (place === PURGED) return HOUR;
  return happening === 'RETENTION_IS_OVER' && isInProgress(place) ? 2 * HOUR : undefined;
}

function inputOf(place: Place, happening: Happening): Input {
  const isAgents = happening === 'AGENT_REPLIES' || happening === 'AGENT_HANDS_OFF';
  return happening.endsWith('SENDS_EVENT') || (isAgents && place === ASSIST) ? 'EVENT' : 'TEXT';
}

function turnOf({ user, human }: Talk, cue: string, input: Input, happening = ''): SentTurn {
  return {
    participant: happening.startsWith('OTHER') ? human : user,
    requestId: 'same',
    ...(input === 'TEXT'
      ? saying(cue)
      : { input: { case: 'eventInput', value: { name: cue, languageCode: 'en-US' } } }),
  };
}

/** What the agent is asked about. */
function cueOf({ input }: SentTurn): string {
  if (input?.case === 'textInput') return input.value.text ?? '';
  return (input?.case === 'eventInput' && input.value.name) || '';
}
