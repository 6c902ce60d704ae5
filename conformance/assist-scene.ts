import assert from 'node:assert/strict';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  type AnalyzeContentResponse,
  type AnswerRecord,
  AnswerRecords,
  Document_KnowledgeType as DocumentType,
  type FaqAnswer,
  type SuggestionFeature_Type as Feature,
  type HumanAgentAssistantConfig_SuggestionFeatureConfig as FeatureConfig,
  type HumanAgentAssistantConfig_SuggestionFeatureConfigSchema as FeatureConfigSchema,
  type HumanAgentAssistantConfig_SuggestionQueryConfig as QueryConfig,
  type HumanAgentAssistantConfig_SuggestionQueryConfigSchema as QueryConfigSchema,
  Participant_Role as Role,
  type HumanAgentAssistantConfig_SuggestionConfig as SideConfig,
  type HumanAgentAssistantConfig_SuggestionConfigSchema as SideConfigSchema,
  type SuggestionResult,
} from '@parleykit/proto/v2beta1';
import { createBase, createDocument, type DocumentInit, faq } from './cases/knowledge-scene.ts';
import { createConversation, createParticipant, createProfile } from './cases/scene.ts';
import { newProject } from './target.ts';
import type { Wire } from './wires.ts';

export type FeatureInit = Exclude<MessageInitShape<typeof FeatureConfigSchema>, FeatureConfig>;
type QueryInit = Exclude<MessageInitShape<typeof QueryConfigSchema>, QueryConfig>;
export type SideInit = Exclude<MessageInitShape<typeof SideConfigSchema>, SideConfig>;

export const HOURS = 'When is the shop open?';
export const OPEN = 'From nine to five.';

export interface Shop {
  readonly project: string;
  readonly parent: string;
  readonly base: string;
  readonly document: string;
}

/** A project that knows when its shop is open, and of so many lamps whether it sells them. */
export async function openShop(wire: Wire, lamps = 3): Promise<Shop> {
  const project = newProject();
  const parent = `projects/${project}`;
  const { name: base } = await createBase(wire, parent);
  const rows = Array.from({ length: lamps }, (_, lamp) => `Do you sell lamp number ${lamp}?,Yes: ${lamp}.`);
  const content = `question,answer\n${HOURS},${OPEN}\n${rows.join('\n')}\n`;
  const { name: document } = await createDocument(wire, base, faq(content));
  return { project, parent, base, document };
}

export function article(
  displayName: string,
  content: string,
  metadata: Record<string, string>,
): DocumentInit {
  const knowledgeTypes = [DocumentType.ARTICLE_SUGGESTION];
  return faq(content, { displayName, mimeType: 'text/plain', knowledgeTypes, metadata });
}

/** The config of a feature that looks into a knowledge base. */
export function feature(
  type: Feature,
  base: string,
  { queryConfig, ...more }: Omit<FeatureInit, 'queryConfig'> & { queryConfig?: QueryInit } = {},
): FeatureInit {
  const value = { knowledgeBases: [base] };
  return {
    suggestionFeature: { type },
    ...more,
    queryConfig: { querySource: { case: 'knowledgeBaseQuerySource', value }, ...queryConfig },
  };
}

export interface Seats {
  readonly conversation: string;
  readonly customer: string;
  readonly agent: string;
}

/** A conversation of a profile, with an end user and a human agent. */
export async function sitDown(wire: Wire, parent: string, conversationProfile: string): Promise<Seats> {
  const { name: conversation } = await createConversation(wire, parent, { conversationProfile });
  const { name: customer } = await createParticipant(wire, conversation);
  const { name: agent } = await createParticipant(wire, conversation, Role.HUMAN_AGENT);
  return { conversation, customer, agent };
}

/** The same with a profile of its own, which says how the human agent and the end user are helped. */
export async function openDesk(
  wire: Wire,
  parent: string,
  humanAgentSuggestionConfig: SideInit,
  endUserSuggestionConfig: SideInit = {},
): Promise<Seats & { readonly profile: string }> {
  const { name: profile } = await createProfile(wire, parent, {
    humanAgentAssistantConfig: { humanAgentSuggestionConfig, endUserSuggestionConfig },
  });
  return { profile, ...(await sitDown(wire, parent, profile)) };
}

/** Which response a result is, or the code of its error. */
export function kindOf({ suggestionResponse: { case: name, value } }: SuggestionResult): string {
  return name === 'error' ? String(Code[value.code]) : (name ?? 'nothing');
}

export function kindsOf(
  reply: Pick<AnalyzeContentResponse, 'humanAgentSuggestionResults'>,
): readonly string[] {
  return reply.humanAgentSuggestionResults.map(kindOf);
}

/** The answers of the first result, which is one of FAQ. */
export function answersOf({
  humanAgentSuggestionResults: [result],
}: Pick<AnalyzeContentResponse, 'humanAgentSuggestionResults'>): readonly FaqAnswer[] {
  assert.ok(result?.suggestionResponse.case === 'suggestFaqAnswersResponse', result && kindOf(result));
  return result.suggestionResponse.value.faqAnswers;
}

export function recordsOf(answers: readonly { readonly answerRecord: string }[]): string[] {
  return answers.map(({ answerRecord }) => answerRecord);
}

/** All records of a project, or of those of its conversations that the filter names. */
export async function listRecords(wire: Wire, parent: string, filter = ''): Promise<AnswerRecord[]> {
  const found: AnswerRecord[] = [];
  for (let pageToken = ''; ; ) {
    const page = await wire.call(AnswerRecords.method.listAnswerRecords, {
      parent,
      filter,
      pageSize: 100,
      pageToken,
    });
    found.push(...page.answerRecords);
    pageToken = page.nextPageToken;
    if (pageToken === '') return found;
  }
}
