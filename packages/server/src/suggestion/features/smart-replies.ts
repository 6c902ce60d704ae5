import { SuggestionFeature_Type as FeatureType, Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { featureMisconfigured } from '../../assist-errors.ts';
import type { Knowledge } from '../../knowledge/knowledge.ts';
import type { ReplyModels } from '../../reply/reply-models.ts';
import { readResourceName } from '../../resource-names.ts';
import { type Answers, type FeatureQuery, resultLimit, type SuggestionFeature } from '../feature.ts';

const TYPE = FeatureType[FeatureType.SMART_REPLY];

/** What human agents have said in such a place; of a document's replies alone where the profile names one. */
export class SmartReplyFeature implements SuggestionFeature {
  readonly response = 'suggestSmartRepliesResponse';
  readonly context = { size: 20, max: 50 };
  readonly isSlow = false;
  readonly #replies: ReplyModels;
  readonly #knowledge: Knowledge;

  constructor(replies: ReplyModels, knowledge: Knowledge) {
    this.#replies = replies;
    this.#knowledge = knowledge;
  }

  async suggest({ conversation, config, said, typed }: FeatureQuery): Promise<Answers> {
    const turns = said.map(({ role, text }) => ({
      speaker: role === Role.END_USER ? ('customer' as const) : ('agent' as const),
      text,
    }));
    const allowed = await this.#allowed(config.queryConfig?.querySource, conversation.project);
    const found = await this.#replies.suggest(conversation.parent, turns, {
      limit: resultLimit(config),
      confidenceMin: config.queryConfig?.confidenceThreshold ?? 0,
      ...(allowed && { allowed }),
      ...(typed && { typed }),
    });
    if (found === undefined) throw featureMisconfigured(TYPE, 'the project has no reply model: train one');
    return { case: this.response, value: { smartReplyAnswers: found.map((each) => ({ ...each })) } };
  }

  async #allowed(
    source: NonNullable<FeatureQuery['config']['queryConfig']>['querySource'] | undefined,
    project: string,
  ): Promise<readonly string[] | undefined> {
    if (source?.case !== 'documentQuerySource') return undefined;
    const lists = await Promise.all(
      source.value.documents.map(async (text) => {
        const name = readResourceName(text);
        const list = name?.project === project ? await this.#knowledge.allowedReplies(name.key) : undefined;
        if (list !== undefined) return list;
        throw featureMisconfigured(TYPE, `there is no ${JSON.stringify(text)} in the project`);
      }),
    );
    return lists.flat();
  }
}
