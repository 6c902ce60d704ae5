import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Suggestion, type SuggestionResult, SuggestionSchema } from '@parleykit/proto/v2beta1';
import { toTimestamp } from '../clock.ts';

/** Articles and answers as the older methods have them: in one message. `now` in microseconds. */
export function compile(
  responses: readonly SuggestionResult['suggestionResponse'][],
  now: number,
): Suggestion {
  const suggestion: MessageInitShape<typeof SuggestionSchema> = { createTime: toTimestamp(now) };
  for (const response of responses) {
    if (response.case === 'suggestArticlesResponse') {
      suggestion.articles = response.value.articleAnswers.map(({ $typeName: _, ...answer }) => answer);
    } else if (response.case === 'suggestFaqAnswersResponse') {
      suggestion.faqAnswers = response.value.faqAnswers.map(({ $typeName: _, ...answer }) => answer);
    } else continue;
    suggestion.latestMessage = response.value.latestMessage;
  }
  return create(SuggestionSchema, suggestion);
}
