import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type ConversationProfile,
  type ConversationProfileSchema,
  Conversation_ConversationStage as Stage,
} from '@parleykit/proto/v2beta1';
import { AgentWebhook } from './agent-webhook.ts';
import {
  createConversation,
  createParticipant,
  createProfile,
  getConversation,
  listMessages,
  type Talk,
} from './cases/scene.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { GrpcWire, RestWire, type Wire } from './wires.ts';

/** A webhook and a server that asks it, from the first case of a suite to its last. */
export interface AgentScene {
  readonly grpc: GrpcWire;
  readonly rest: RestWire;
  readonly wires: readonly [GrpcWire, RestWire];
  readonly webhook: AgentWebhook;
  readonly server: OwnServer;
}

export function openAgentScene(...flags: readonly string[]): AgentScene {
  let opened: { webhook: AgentWebhook; server: OwnServer } | undefined;
  const found = (): { webhook: AgentWebhook; server: OwnServer } => {
    assert.ok(opened, 'the server is up');
    return opened;
  };
  const data = mkdtempSync(join(tmpdir(), 'parley-'));
  const grpc = new GrpcWire(() => found().server);
  const rest = new RestWire(() => found().server);
  before(async () => {
    const webhook = await AgentWebhook.open();
    opened = { webhook, server: await startServer(data, '--agent-webhook', webhook.url, ...flags) };
  });
  after(async () => {
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
    await opened?.server.stop();
    await opened?.webhook[Symbol.asyncDispose]();
    rmSync(data, { recursive: true, force: true });
  });
  return {
    grpc,
    rest,
    wires: [grpc, rest],
    get webhook() {
      return found().webhook;
    },
    get server() {
      return found().server;
    },
  };
}

/** A conversation that an automated agent begins, and its end user. */
export async function createAgentTalk(
  wire: Wire,
  profile: Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile> = {},
  stage = Stage.CONVERSATION_STAGE_UNSPECIFIED,
): Promise<Talk> {
  const project = newProject();
  const { name: conversationProfile } = await createProfile(wire, `projects/${project}`, {
    automatedAgentConfig: { agent: `projects/${project}/locations/global/agent/environments/-` },
    ...profile,
  });
  const { name: conversation } = await createConversation(wire, `projects/${project}`, {
    conversationProfile,
    conversationStage: stage,
  });
  const { name: participant } = await createParticipant(wire, conversation);
  return { conversation, participant };
}

/** The contents of all messages, oldest first. */
export async function transcript(wire: Wire, conversation: string): Promise<string[]> {
  const messages = await listMessages(wire, conversation);
  return messages.map(({ content }) => content).toReversed();
}

export async function stageOf(wire: Wire, conversation: string): Promise<Stage> {
  return (await getConversation(wire, conversation)).conversationStage;
}
