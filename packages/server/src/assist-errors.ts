/** Of the catalogue in errors.ts, what is about the assist stage: suggestions, and what they are made from. */
import { Code } from '@parleykit/proto/rpc';
import { DESCRIPTION_LENGTH_MAX, quote, ServiceError, shorten } from './errors.ts';

//** What a profile does not ask for, nobody is helped with. */
export function featureNotConfigured(feature: string, side: string, conversation: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'FEATURE_NOT_CONFIGURED',
    `the profile of Conversation ${quote(conversation)} has no feature config of type ${feature} for ${side}`,
    { metadata: { feature, resourceName: conversation } },
  );
}

export function featureUnimplemented(feature: string): ServiceError {
  return new ServiceError(
    Code.UNIMPLEMENTED,
    'FEATURE_UNIMPLEMENTED',
    `${feature} is not implemented by this server`,
    { metadata: { feature } },
  );
}

/** A feature is configured in a way in which it cannot have anything to say. */
export function featureMisconfigured(feature: string, description: string): ServiceError {
  return new ServiceError(Code.FAILED_PRECONDITION, 'FEATURE_MISCONFIGURED', `${feature}: ${description}`, {
    metadata: { feature },
  });
}

/** As documented of SearchKnowledge: nothing found is an error. */
export function knowledgeSilent(query: string): ServiceError {
  return new ServiceError(Code.NOT_FOUND, 'ANSWER_NOT_FOUND', `no document answers ${quote(query)}`);
}

export function suggestionTooSlow(feature: string, limitMs: number): ServiceError {
  return new ServiceError(
    Code.DEADLINE_EXCEEDED,
    'SUGGESTION_TOO_SLOW',
    `${feature} had nothing to say within ${limitMs} ms`,
    { metadata: { feature } },
  );
}

/** There is nothing to suggest anything from. */
export function conversationEmpty(name: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'CONVERSATION_EMPTY',
    `Conversation ${quote(name)} has no messages yet`,
    { metadata: { resourceName: name } },
  );
}

export function generatorsAbsent(conversation: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'GENERATORS_ABSENT',
    `Conversation ${quote(conversation)} was created with a profile that names no generators`,
    { metadata: { resourceName: conversation } },
  );
}

export function generationNotConfigured(): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'GENERATION_NOT_CONFIGURED',
    'this needs a model that writes texts, and the server knows none (parley serve --model-url URL --model NAME)',
  );
}

/** What failed of a call to the model, by the name that the port has for it, and with which code it is answered. */
const MODEL_FAILURES = {
  unreachable: [Code.UNAVAILABLE, 'MODEL_UNREACHABLE'],
  timeout: [Code.DEADLINE_EXCEEDED, 'MODEL_TIMEOUT'],
  'rate-limited': [Code.RESOURCE_EXHAUSTED, 'MODEL_RATE_LIMITED'],
  status: [Code.FAILED_PRECONDITION, 'MODEL_REFUSED'],
  malformed: [Code.ABORTED, 'MODEL_MALFORMED'],
  'too-large': [Code.ABORTED, 'MODEL_TOO_LARGE'],
  'cut-short': [Code.ABORTED, 'MODEL_CUT_SHORT'],
  filtered: [Code.FAILED_PRECONDITION, 'MODEL_FILTERED'],
} as const;

/**
 * The message is the port's, which never holds a key. A status of 500 and more may be another one the next time; what the
 * endpoint refuses is for who set it up to mend.
 */
export function generationFailed(
  failure: keyof typeof MODEL_FAILURES,
  message: string,
  status = 0,
): ServiceError {
  const [code, reason] = MODEL_FAILURES[failure];
  return new ServiceError(
    failure === 'status' && status >= 500 ? Code.UNAVAILABLE : code,
    reason,
    `the model failed: ${shorten(message, DESCRIPTION_LENGTH_MAX)}`,
    { metadata: { failure } },
  );
}

/** What can be found in a knowledge base has a limit, in bytes. */
export function knowledgeBaseFull(name: string, limit: number): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'KNOWLEDGE_BASE_FULL',
    `KnowledgeBase ${quote(name)} would hold more than ${limit} bytes of text`,
    { metadata: { resourceName: name } },
  );
}

export function knowledgeBaseNotEmpty(name: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'KNOWLEDGE_BASE_NOT_EMPTY',
    `KnowledgeBase ${quote(name)} holds documents: delete them before, or set force`,
    { metadata: { resourceName: name } },
  );
}

/** What is wrong with the content of a document. */
export function documentUnreadable(document: string, problem: string): ServiceError {
  return new ServiceError(
    Code.INVALID_ARGUMENT,
    'DOCUMENT_UNREADABLE',
    `the document ${quote(document)} cannot be read: ${shorten(problem, DESCRIPTION_LENGTH_MAX)}`,
    { metadata: { problem: shorten(problem, DESCRIPTION_LENGTH_MAX) } },
  );
}

/** `mayCome` says whether it is worth trying again. */
export function documentUnreachable(document: string, problem: string, mayCome: boolean): ServiceError {
  return new ServiceError(
    mayCome ? Code.UNAVAILABLE : Code.FAILED_PRECONDITION,
    'DOCUMENT_UNREACHABLE',
    `the document ${quote(document)} cannot be fetched: ${shorten(problem, DESCRIPTION_LENGTH_MAX)}`,
    { metadata: { problem: shorten(problem, DESCRIPTION_LENGTH_MAX) } },
  );
}

/** The operator has not allowed that documents are fetched. */
export function documentUrisOff(field: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'DOCUMENT_URIS_OFF',
    `${field} names a page, and this server fetches none: send raw_content, or start it with --document-uris public`,
    { metadata: { field } },
  );
}

/** Of a project that has hardly any conversations, or none that a human agent took part in. */
export function replyExamplesTooFew(
  model: string,
  { conversations, examples, least }: { conversations: number; examples: number; least: number },
): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'REPLY_EXAMPLES_TOO_FEW',
    `there is too little to train ${quote(model)} with: ${examples} replies of human agents in ${conversations} ` +
      `conversations, and it takes at least ${least}. Conversations in progress count where include_in_progress is set`,
    { metadata: { model, conversations: String(conversations), examples: String(examples) } },
  );
}

/** The log says more. */
export function replyTrainingFailed(model: string, cause: unknown): ServiceError {
  return new ServiceError(
    Code.INTERNAL,
    'REPLY_TRAINING_FAILED',
    `${quote(model)} could not be trained: the log of the server says why`,
    { metadata: { model }, cause },
  );
}
