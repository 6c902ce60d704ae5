import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type DescMessage, type DescMethodUnary, type MessageShape, toJson } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import {
  Agents,
  AnswerRecords,
  Contexts,
  type ConversationProfileSchema,
  ConversationProfiles,
  Conversations,
  EntityTypes,
  SuggestionFeature_Type as Feature,
  Intents,
  Participant_Role,
  Participants,
} from '@parleykit/proto/v2beta1';
import { createBase, createDocument } from '../cases/knowledge-scene.ts';
import { say as speak } from '../cases/scene.ts';
import { CallError, type GrpcWire, type RestWire, type Wire } from '../wires.ts';
import { Corpus } from './corpus.ts';
import { REGION } from './names.ts';

/** A list of everything in one place. */
type ListMethod = DescMethodUnary<DescMessage, DescMessage>;

interface Page {
  readonly nextPageToken: string;
}

/** Makes what the inputs of an epoch are about: projects of its own, with a conversation in each kind of state. */
export async function openEpoch(wire: Wire, epoch: number, seed: number): Promise<Corpus> {
  const projects = [0, 1].map((number) => `fuzz-${seed}-${epoch}-${number}`);
  const corpus = new Corpus(projects);
  for (const project of projects) {
    await openTalks(wire, corpus, `projects/${project}`);
  }
  await openTalks(wire, corpus, `projects/${projects[0]}/locations/${REGION}`);
  for (const project of projects) {
    const parent = `projects/${project}`;
    await openAgent(wire, corpus, parent);
    const { answerRecords } = await wire.call(AnswerRecords.method.listAnswerRecords, { parent });
    corpus.names.push(...answerRecords.map(({ name }) => name));
  }
  return corpus;
}

/** An agent with something in it, and a session with it. */
async function openAgent(wire: Wire, corpus: Corpus, parent: string): Promise<void> {
  await wire.call(Agents.method.setAgent, {
    agent: { parent, displayName: 'an agent', defaultLanguageCode: 'en', timeZone: 'Etc/UTC' },
  });
  const agent = `${parent}/agent`;
  const intent = await wire.call(Intents.method.createIntent, {
    parent: agent,
    intent: { displayName: 'an intent', trainingPhrases: [{ parts: [{ text: 'hello' }] }] },
  });
  const entityType = await wire.call(EntityTypes.method.createEntityType, {
    parent: agent,
    entityType: { displayName: 'fruit', kind: 1, entities: [{ value: 'pear', synonyms: ['pear'] }] },
  });
  const session = `${agent}/sessions/s`;
  const context = await wire.call(Contexts.method.createContext, {
    parent: session,
    context: { name: `${session}/contexts/c`, lifespanCount: 5 },
  });
  const draft = `${agent}/environments/-`;
  corpus.names.push(agent, draft, intent.name, entityType.name, session, context.name);
}

async function openTalks(wire: Wire, corpus: Corpus, parent: string): Promise<void> {
  const agent = `${parent.replace(/\/locations\/.*/u, '')}/agent/environments/-`;
  const inits: MessageInitShape<typeof ConversationProfileSchema>[] = [
    { displayName: 'people only', humanAgentAssistantConfig: await openAssistance(wire, corpus, parent) },
    { displayName: 'an agent first', automatedAgentConfig: { agent } },
  ];
  for (const init of inits) {
    const { name: profile } = await wire.call(ConversationProfiles.method.createConversationProfile, {
      parent,
      conversationProfile: init,
    });
    corpus.profiles.push(profile);
    for (const _ of [1, 2, 3]) {
      const { name } = await wire.call(Conversations.method.createConversation, {
        parent,
        conversation: { conversationProfile: profile },
      });
      const participants: string[] = [];
      for (const role of [Participant_Role.END_USER, Participant_Role.HUMAN_AGENT]) {
        const made = await wire.call(Participants.method.createParticipant, {
          parent: name,
          participant: { role },
        });
        participants.push(made.name);
      }
      const [customer] = participants;
      if (init.humanAgentAssistantConfig && customer) await speak(wire, customer, 'Where are you?');
      corpus.addTalk({ name, profile, participants, messages: [] });
    }
  }
}

/** Features that help both sides, by a knowledge base with something in it. */
async function openAssistance(wire: Wire, corpus: Corpus, parent: string) {
  const { name: base } = await createBase(wire, parent);
  const { name: document } = await createDocument(wire, base);
  corpus.names.push(base, document);
  const featureConfigs = [
    Feature.FAQ,
    Feature.ARTICLE_SUGGESTION,
    Feature.SMART_REPLY,
    Feature.KNOWLEDGE_ASSIST,
    Feature.KNOWLEDGE_SEARCH,
  ].map((type) => ({
    suggestionFeature: { type },
    enableEventBasedSuggestion: true,
    queryConfig: {
      querySource: { case: 'knowledgeBaseQuerySource' as const, value: { knowledgeBases: [base] } },
    },
  }));
  return { humanAgentSuggestionConfig: { featureConfigs }, endUserSuggestionConfig: { featureConfigs } };
}

/** Conversations of an epoch whose inside is looked at; the lists that they stand in are read whole. */
const TALKS_READ_MAX = 40;

const REREADS_MAX = 5;
const REREAD_AFTER_MS = 200;

/**
 * Reads what an epoch has stored over both wires, once nothing is under way any more. Answers what cannot be read, or
 * not alike.
 */
export async function readEpoch(
  corpus: Corpus,
  wires: readonly [GrpcWire, RestWire],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const read = async (method: ListMethod, parent: string): Promise<void> => {
    const problem = await compareSettledLists(method, parent, wires);
    if (problem !== undefined) problems.push(`${method.name} of ${parent}: ${problem}`);
  };
  for (const project of corpus.projects) {
    for (const parent of [`projects/${project}`, `projects/${project}/locations/${REGION}`]) {
      await read(Conversations.method.listConversations, parent);
      await read(ConversationProfiles.method.listConversationProfiles, parent);
      await read(AnswerRecords.method.listAnswerRecords, parent);
    }
  }
  // The talks that inputs were mostly about, then others that inputs made.
  const talks = new Set([...corpus.talks.map(({ name }) => name), ...corpus.touched]);
  for (const name of [...talks].slice(0, TALKS_READ_MAX)) {
    await read(Conversations.method.listMessages, name);
    await read(Participants.method.listParticipants, name);
  }
  return problems;
}

/** Operations go on behind the answers that began them: what differs is looked at again until they are over. */
async function compareSettledLists(
  method: ListMethod,
  parent: string,
  wires: readonly [GrpcWire, RestWire],
): Promise<string | undefined> {
  let problem = await compareLists(method, parent, wires);
  for (let again = 0; problem !== undefined && again < REREADS_MAX; again++) {
    await setTimeout(REREAD_AFTER_MS);
    problem = await compareLists(method, parent, wires);
  }
  return problem;
}

async function compareLists(
  method: ListMethod,
  parent: string,
  [grpc, rest]: readonly [GrpcWire, RestWire],
): Promise<string | undefined> {
  let pageToken = '';
  do {
    const request = { parent, pageSize: 500, pageToken };
    const [left, right] = await Promise.all([page(grpc, method, request), page(rest, method, request)]);
    if (left instanceof CallError || right instanceof CallError) {
      return isNotFound(left) && isNotFound(right)
        ? undefined
        : `gRPC says ${say(left)}, REST says ${say(right)}`;
    }
    // JSON has no place for fields that nobody knows, which bytes keep.
    const [known, wanted] = [left, right].map((each) => toJson(method.output, each, { registry }));
    const difference = findDifference(known, wanted, '');
    if (difference !== undefined) return `the wires differ at ${difference}`;
    pageToken = (left as unknown as Page).nextPageToken;
  } while (pageToken !== '');
  return undefined;
}

function page(
  wire: Wire,
  method: ListMethod,
  request: Record<string, unknown>,
): Promise<MessageShape<DescMessage> | CallError> {
  return wire.call(method, request).catch((error: unknown) => {
    if (error instanceof CallError) return error;
    throw error;
  });
}

/** Where two JSON values part, and how; undefined where they are the same. A minus before zero is lost in JSON. */
function findDifference(left: unknown, right: unknown, path: string): string | undefined {
  if (left === right || (left === 0 && right === undefined)) return undefined;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return `${path}: ${inspect(left)} over gRPC, ${inspect(right)} over REST`;
  }
  const [ours, theirs] = [left, right] as Readonly<Record<string, unknown>>[];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const difference = findDifference(ours?.[key], theirs?.[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isNotFound(reply: MessageShape<DescMessage> | CallError): boolean {
  return reply instanceof CallError && reply.reason === 'RESOURCE_NOT_FOUND';
}

function say(reply: MessageShape<DescMessage> | CallError): string {
  return reply instanceof CallError ? `${reply.code} ${reply.message}` : 'OK';
}
