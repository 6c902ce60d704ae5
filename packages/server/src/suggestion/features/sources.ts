import type { JsonObject } from '@bufbuild/protobuf';
import {
  type HumanAgentAssistantConfig_SuggestionFeatureConfig as FeatureConfig,
  SuggestionFeature_Type as FeatureType,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { featureMisconfigured } from '../../assist-errors.ts';
import type { Knowledge } from '../../knowledge/knowledge.ts';
import { readResourceName } from '../../resource-names.ts';
import type { Said } from '../context.ts';
import { isSmallTalk } from '../small-talk.ts';

/**
 * The knowledge bases, or documents, that a feature's config names, by their canonical names. Throws where none is; those of
 * another project are none.
 */
export async function sourcesOf(
  config: FeatureConfig,
  knowledge: Knowledge,
  project: string,
): Promise<readonly string[]> {
  const type = FeatureType[config.suggestionFeature?.type ?? 0] ?? '';
  const source = config.queryConfig?.querySource;
  const names =
    source?.case === 'knowledgeBaseQuerySource'
      ? source.value.knowledgeBases
      : source?.case === 'documentQuerySource'
        ? source.value.documents
        : [];
  if (names.length === 0) throw featureMisconfigured(type, 'its query_config names no knowledge base');
  return Promise.all(
    names.map(async (text) => {
      const name = readResourceName(text);
      if (name?.project === project && (await knowledge.hasSource(name.key))) return name.key;
      throw featureMisconfigured(type, `there is no ${JSON.stringify(text)} in the project`);
    }),
  );
}

/** The last things that an end user said, oldest first: what others look for answers to. Else the last thing at all. */
export async function lastRequests(said: readonly Said[], count: number): Promise<string> {
  const requests: string[] = [];
  for (const { role, text } of said.toReversed()) {
    if (requests.length === count) break;
    if (role === Role.END_USER && !(await isSmallTalk(text))) requests.unshift(text);
  }
  return requests.length > 0 ? requests.join('\n') : (said.at(-1)?.text ?? '');
}

/** A document's metadata where the API has a Struct for it. */
export function toStruct(metadata: Readonly<Record<string, string>>): JsonObject {
  return { ...metadata };
}
