import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type AgentAssistantRecordSchema,
  AnswerRecordSchema,
  SuggestionFeature_Type as FeatureType,
  type GeneratorSuggestion,
  type SuggestionResult,
} from '@parleykit/proto/v2beta1';
import { answeredKey } from '../conversation/retention.ts';
import { createId } from '../ids.ts';
import type { ResourceName } from '../resource-names.ts';
import { withoutName } from '../storage/named-message.ts';
import type { ResourceWrite, StoredResource } from '../storage/store.ts';

/**
 * What was suggested is kept, so that it can be told what became of it. A record lies in its conversation and goes with
 * it. Its name says nothing of the conversation; so one row beside the others of the project says where it lies.
 */

export const ANSWER_RECORDS = 'answerRecords';

/** `StoredResource.state` of what generators suggest: they are no feature. */
export const GENERATED = 1000;

/** One answer among those of a response, and how it gets the name of its record. */
export interface Answer {
  /** A SuggestionFeature.Type, or `GENERATED`. */
  readonly kind: number;
  /** What of it is kept; replies have no place in a record. */
  readonly record: MessageInitShape<typeof AgentAssistantRecordSchema>['answer'];
  name(record: string): void;
}

/**
 * Names the answers of a conversation and gives what is to be stored with them. `now` in microseconds; what is listed
 * first was suggested last.
 */
export function fileAnswers(
  conversation: ResourceName,
  answers: readonly Answer[],
  now: number,
): ResourceWrite[] {
  if (answers.length === 0) return [];
  const answered = { name: answeredKey(conversation.key), body: new Uint8Array() };
  const rows = answers.flatMap(({ kind, record, name }): ResourceWrite[] => {
    const id = createId(now);
    name('');
    const body = withoutName(
      AnswerRecordSchema,
      create(AnswerRecordSchema, {
        record: { case: 'agentAssistantRecord', value: record === undefined ? {} : { answer: record } },
      }),
    );
    name(conversation.parent.child(ANSWER_RECORDS, id).toString());
    return [
      { name: conversation.child(ANSWER_RECORDS, id).key, state: kind, ordering: now, body },
      {
        name: conversation.parent.child(ANSWER_RECORDS, id).key,
        state: kind,
        ordering: now,
        body: Buffer.from(conversation.key),
      },
    ];
  });
  return [answered, ...rows];
}

/** The key of the record that one of the project's rows is about. */
export function recordKeyOf({ id, body }: Pick<StoredResource, 'id' | 'body'>): string {
  return `${Buffer.from(body).toString()}/${ANSWER_RECORDS}/${id}`;
}

/** What generators and summaries suggest; `names` are those of their records, in their order, once they are filed. */
export function generatedAnswers(suggestions: readonly GeneratorSuggestion[]): {
  readonly answers: readonly Answer[];
  readonly names: readonly string[];
} {
  const names: string[] = suggestions.map(() => '');
  const answers = suggestions.map((value, index): Answer => {
    const isSummary = value.suggestion.case === 'summarySuggestion';
    return {
      kind: isSummary ? FeatureType.CONVERSATION_SUMMARIZATION : GENERATED,
      record: { case: 'generatorSuggestion', value },
      name: (record) => {
        names[index] = record;
      },
    };
  });
  return { answers, names };
}

/** All that a result suggests. */
export function answersOf({ suggestionResponse }: Pick<SuggestionResult, 'suggestionResponse'>): Answer[] {
  switch (suggestionResponse.case) {
    case 'suggestArticlesResponse':
      return suggestionResponse.value.articleAnswers.map((answer) => ({
        kind: FeatureType.ARTICLE_SUGGESTION,
        record: { case: 'articleSuggestionAnswer', value: answer },
        name: (record) => {
          answer.answerRecord = record;
        },
      }));
    case 'suggestFaqAnswersResponse':
      return suggestionResponse.value.faqAnswers.map((answer) => ({
        kind: FeatureType.FAQ,
        record: { case: 'faqAnswer', value: answer },
        name: (record) => {
          answer.answerRecord = record;
        },
      }));
    case 'suggestSmartRepliesResponse':
      return suggestionResponse.value.smartReplyAnswers.map((answer) => ({
        kind: FeatureType.SMART_REPLY,
        record: undefined,
        name: (record) => {
          answer.answerRecord = record;
        },
      }));
    case 'suggestKnowledgeAssistResponse': {
      const { knowledgeAssistAnswer: answer } = suggestionResponse.value;
      if (answer === undefined) return [];
      return [
        {
          kind: FeatureType.KNOWLEDGE_ASSIST,
          record: undefined,
          name: (record) => {
            answer.answerRecord = record;
          },
        },
      ];
    }
    case 'generateSuggestionsResponse':
      return suggestionResponse.value.generatorSuggestionAnswers.map((answer) => ({
        kind: GENERATED,
        record: answer.generatorSuggestion && {
          case: 'generatorSuggestion',
          value: answer.generatorSuggestion,
        },
        name: (record) => {
          answer.answerRecord = record;
        },
      }));
    default:
      return [];
  }
}
