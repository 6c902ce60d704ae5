import { setTimeout as sleep } from 'node:timers/promises';
import { toJsonString } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import {
  type AnalyzeContentResponse,
  AnalyzeContentResponseSchema,
  type Conversation,
  Conversations,
  Participants,
  Participant_Role as Role,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
  type StreamingAnalyzeContentResponse,
  StreamingAnalyzeContentResponseSchema,
} from '@parleykit/proto/v2beta1';
import type { Random } from '../../conformance/fuzz/random.ts';
import { type Client, type GrpcClient, LostError, RefusedError } from '../crash/client.ts';
import { type Wish, type WishingAgent, wishText } from './agent.ts';
import type { Turn } from './model.ts';
import { micros, OwnTalk, type OwnTurn, type World } from './world.ts';

export const PARENT = 'projects/p';

const REPLY_LIFE = 24 * 3600 * 1_000_000;
const LOOK_PAUSE_MS = 8;

/** A server from its start to its kill, and who calls it. */
export interface Life {
  readonly world: World;
  readonly agent: WishingAgent;
  readonly grpc: GrpcClient;
  readonly rest: Client;
  /** When it is aborted nobody begins anything new. */
  readonly signal: AbortSignal;
}

/** Where one conversation is held at a time, over all starts of the server. */
export interface Place {
  talk?: OwnTalk | undefined;
  /** The name of a conversation of which nobody knows whether it was made. */
  begun?: string | undefined;
}

/** Takes turns in one conversation after the other until the server is gone or the life is to end. */
export async function talkUntilLost(life: Life, place: Place, random: Random): Promise<void> {
  await untilLost(async () => {
    await settle(life, place);
    while (!life.signal.aborted) await takeStep(life, place, random);
  });
}

/** Looks at conversations, one after the other. */
export async function lookUntilLost(life: Life, random: Random): Promise<void> {
  await untilLost(async () => {
    while (!life.signal.aborted) {
      const talks = life.world.talks.filter(({ isGone }) => !isGone);
      // The latest ones change most.
      if (talks.length > 0) await lookAt(life, random.pick(random.chance(0.7) ? talks.slice(-10) : talks));
      await sleep(LOOK_PAUSE_MS);
    }
  });
}

async function untilLost(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
  }
}

/** Notes how a conversation is now. */
export async function lookAt({ world, grpc }: Life, talk: OwnTalk): Promise<void> {
  const from = world.moment();
  const { reached } = world;
  const found = await find(grpc, talk.name);
  const seen = { from, until: world.moment(), reached, clock: world.latest };
  if (found === undefined) {
    talk.sightings.push({ ...seen, state: 'GONE' });
    return;
  }
  talk.sightings.push({
    ...seen,
    state: found.lifecycleState === State.COMPLETED ? 'COMPLETED' : 'IN_PROGRESS',
    handedOff: found.conversationStage === Stage.HUMAN_ASSIST_STAGE,
    end: found.endTime && micros(found.endTime),
  });
}

async function find(client: Client, name: string): Promise<Conversation | undefined> {
  try {
    return await client.call(Conversations.method.getConversation, { name });
  } catch (error) {
    if (error instanceof RefusedError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

/** A conversation whose making had no answer is there or not; where it is not, another one takes its place. */
export async function settle({ world, grpc }: Life, place: Place): Promise<void> {
  if (place.begun === undefined) return;
  const found = await find(grpc, place.begun);
  place.begun = undefined;
  if (found !== undefined) place.talk = addTalk(world, found);
}

function addTalk(world: World, { name, startTime }: Conversation): OwnTalk {
  const talk = new OwnTalk(name, micros(startTime));
  world.talks.push(talk);
  return talk;
}

async function takeStep(life: Life, place: Place, random: Random): Promise<void> {
  const { world } = life;
  if (place.talk?.isGone) place.talk = undefined;
  if (place.talk === undefined) {
    const conversationId = world.newId();
    place.begun = `${PARENT}/conversations/${conversationId}`;
    const conversation = { conversationProfile: world.profile };
    const request = { parent: PARENT, conversationId, conversation };
    place.talk = addTalk(world, await life.grpc.call(Conversations.method.createConversation, request));
    place.begun = undefined;
  }
  const { talk } = place;
  const roles = talk.isHandedOff ? (['END_USER', 'HUMAN_AGENT'] as const) : (['END_USER'] as const);
  const spoken = await Promise.allSettled(roles.map((role) => speak(life, talk, role, random)));
  const failed = spoken.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  const dice = random.below(100);
  if (dice < 4) await complete(life, talk);
  // Some are left as they are, for time to end them.
  if (talk.isOver || dice < 7) place.talk = undefined;
}

async function complete({ grpc, world }: Life, talk: OwnTalk): Promise<void> {
  talk.calls.most++;
  try {
    await grpc.call(Conversations.method.completeConversation, { name: talk.name });
    talk.calls.least++;
    talk.isOver = true;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    world.find(`the end of ${talk.name} was refused: ${error.message}`);
  }
}

async function speak(life: Life, talk: OwnTalk, role: Turn['role'], random: Random): Promise<void> {
  const { world } = life;
  if (talk.isOver) return;
  const open = talk.open.get(role);
  talk.open.delete(role);
  if (open !== undefined && open.requestId !== '' && random.chance(0.85)) {
    await world.gate.pass(() => send(life, open, random));
    return;
  }
  if (random.chance(0.15)) await repeatAnswered(life, random);
  const participant = await participantOf(life, talk, role);
  if (participant === undefined) return;
  const turn = newTurn(life, { talk, role, participant }, random);
  // With its twin it is a repetition already.
  if (turn.requestId !== '' && random.chance(0.06)) await world.gate.pass(() => sendTwice(life, turn));
  else await send(life, turn, random);
}

async function participantOf(
  { grpc, world }: Life,
  talk: OwnTalk,
  role: Turn['role'],
): Promise<string | undefined> {
  const known = talk.participants.get(role);
  if (known !== undefined) return known;
  const request = { parent: talk.name, participant: { role: Role[role] } };
  try {
    const { name } = await grpc.call(Participants.method.createParticipant, request);
    talk.participants.set(role, name);
    return name;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (error.reason !== 'CONVERSATION_COMPLETED')
      world.find(`${talk.name} lets nobody in: ${error.message}`);
    talk.isOver = true;
    return undefined;
  }
}

function newTurn(
  { world, agent }: Life,
  { talk, role, participant }: Pick<OwnTurn, 'talk' | 'role' | 'participant'>,
  random: Random,
): OwnTurn {
  const number = talk.turns.filter((turn) => turn.role === role).length + 1;
  const text = wishText(`${talk.name.split('/').at(-1)} ${role}`, number, drawWish(random));
  const turn: OwnTurn = {
    text,
    role,
    talk,
    participant,
    // Others may have the same in the conversation, and in other conversations.
    requestId: random.chance(0.1) ? '' : `request-${number}`,
    sent: world.moment(),
    sentAt: world.earliest,
    sends: 0,
    answers: [],
    offers: agent.expect(text),
    refused: false,
  };
  talk.turns.push(turn);
  return turn;
}

function drawWish(random: Random): Wish {
  const dice = random.below(100);
  if (dice < 12) return 'hand-off';
  if (dice < 30) return 'slow';
  if (dice < 42) return 'failing';
  return dice < 48 ? 'silent' : 'quick';
}

/** Sends what was answered once more: it may be of a conversation that is over. */
async function repeatAnswered(life: Life, random: Random): Promise<void> {
  const { world } = life;
  if (world.answered.length === 0) return;
  // The latest ones more often: the others expire.
  const turns = random.chance(0.5) ? world.answered.slice(-50) : world.answered;
  const turn = random.pick(turns);
  if (!turn.talk.isGone) await world.gate.pass(() => repeat(life, turn, random));
}

/** The same request again must have the same answer, unless that has expired; then the conversation is over. */
export async function repeat(life: Life, turn: OwnTurn, random: Random): Promise<void> {
  const { world } = life;
  try {
    await ask(life, turn, random.pick(['grpc', 'rest']));
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const isExpected = error.reason === 'CONVERSATION_COMPLETED' || error.code === Code.NOT_FOUND;
    if (!isExpected || isKept(world, turn)) {
      world.find(`${turn.talk.name}: "${turn.text}" was answered, and then refused: ${error.message}`);
    }
  }
}

/** Whether its answer is kept, if there is one. */
function isKept(world: World, { sentAt }: OwnTurn): boolean {
  return world.latest < sentAt + REPLY_LIFE;
}

/** Sends a turn, which stays open where nobody knows what came of it, and often where the agent failed. */
async function send(life: Life, turn: OwnTurn, random: Random): Promise<void> {
  turn.talk.open.set(turn.role, turn);
  const wire = turn.requestId === '' ? 'stream' : random.pick(['grpc', 'rest'] as const);
  try {
    await ask(life, turn, wire);
    turn.talk.open.delete(turn.role);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    noteRefusal(life, turn, error);
    const mayGoOn = error.reason === 'AUTOMATED_AGENT_FAILED' && turn.requestId !== '' && random.chance(0.6);
    if (!mayGoOn) turn.talk.open.delete(turn.role);
  }
}

/** Sends a turn over both wires at once: they are one. */
async function sendTwice(life: Life, turn: OwnTurn): Promise<void> {
  turn.talk.open.set(turn.role, turn);
  const both = await Promise.allSettled([ask(life, turn, 'grpc'), ask(life, turn, 'rest')]);
  const reasons = both.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const lost = reasons.find((reason) => !(reason instanceof RefusedError));
  if (lost !== undefined) throw lost;
  turn.talk.open.delete(turn.role);
  // One may have been refused by the agent before the other was answered.
  const [refusal] = reasons;
  if (turn.answered === undefined && refusal instanceof RefusedError) noteRefusal(life, turn, refusal);
}

function noteRefusal({ world }: Life, turn: OwnTurn, error: RefusedError): void {
  if (error.reason === 'CONVERSATION_COMPLETED') {
    turn.talk.isOver = true;
    // An earlier attempt may have been stored, and its answer have expired.
    turn.refused = turn.sends === 1 || isKept(world, turn);
    return;
  }
  if (error.reason !== 'AUTOMATED_AGENT_FAILED' || !turn.text.endsWith(' failing')) {
    world.find(`${turn.talk.name}: "${turn.text}" was refused: ${error.message}`);
  }
  turn.refused = true;
}

async function ask(life: Life, turn: OwnTurn, wire: 'grpc' | 'rest' | 'stream'): Promise<void> {
  const { world, grpc } = life;
  const { participant, requestId, text, offers } = turn;
  const isRepeated = turn.sends > 0;
  const before = { offers: offers.length, answers: turn.answers.length };
  if (isRepeated) world.tally.repeated++;
  if (turn.answered !== undefined) world.tally.repeatedAfterAnswer++;
  turn.sends++;
  turn.refused = false;
  try {
    if (wire === 'stream') {
      const response = await grpc.converse(Participants.method.streamingAnalyzeContent, [
        { participant, config: { case: 'textConfig', value: { languageCode: 'en' } } },
        { input: { case: 'inputText', value: text } },
      ]);
      noteAnswer(
        world,
        turn,
        response,
        toJsonString(StreamingAnalyzeContentResponseSchema, response, { registry }),
      );
    } else {
      const response = await life[wire].call(Participants.method.analyzeContent, {
        participant,
        requestId,
        input: { case: 'textInput', value: { text, languageCode: 'en' } },
      });
      // Nobody had an answer yet, and the agent was not asked for it: it was kept.
      const isFirst = before.answers === 0 && turn.answers.length === 0;
      const isKept = response.automatedAgentReply !== undefined && offers.length === before.offers;
      if (isRepeated && isFirst && isKept) world.tally.kept++;
      noteAnswer(world, turn, response, toJsonString(AnalyzeContentResponseSchema, response, { registry }));
    }
  } catch (error) {
    if (error instanceof LostError) world.tally.lost++;
    throw error;
  }
}

function noteAnswer(
  world: World,
  turn: OwnTurn,
  response: AnalyzeContentResponse | StreamingAnalyzeContentResponse,
  whole: string,
): void {
  const { message, replyText: reply, automatedAgentReply } = response;
  const byAgent = automatedAgentReply !== undefined;
  const handsOff =
    automatedAgentReply?.responseMessages.some(({ message: said }) => said.case === 'liveAgentHandoff') ===
    true;
  turn.answers.push({ whole, said: message?.name ?? '', reply, byAgent, handsOff });
  if (turn.answered === undefined) {
    turn.answered = world.moment();
    if (turn.requestId !== '') world.answered.push(turn);
    if (handsOff) turn.talk.isHandedOff = true;
  }
  world.note('answered');
}
