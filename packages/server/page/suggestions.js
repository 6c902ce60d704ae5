import { encodeName } from './address.js';
import { ApiError, call } from './api.js';

/**
 * What is suggested to a human agent: asked for, read, and told back what became of it. The only place that knows in which
 * form it comes.
 *
 * @typedef {object} Suggestion
 * @property {string} record The name of its answer record.
 * @property {string} heading Its title or its question; empty where it has none.
 * @property {string} text
 * @property {string} reply What the human agent could say; empty where it is no such thing.
 * @property {string[]} links Addresses that a browser may open.
 *
 * @typedef {object} Group The suggestions of one feature.
 * @property {string} title
 * @property {boolean} isShort Whether each is a few words.
 * @property {Suggestion[]} suggestions
 *
 * @typedef {object} Summary
 * @property {string} record The name of its answer record.
 * @property {{ heading: string, text: string }[]} sections
 * @property {string} by The model that wrote it.
 * @property {string} latestMessage The last message that is in it.
 * @property {number} count How many messages are.
 *
 * @typedef {{ suggestionFeature?: { type?: string }, suggestionTriggerEvent?: string, suggestionTriggerSettings?: { onlyEndUser?: boolean } }} FeatureConfig
 * @typedef {{ featureConfigs?: FeatureConfig[], generators?: string[] }} Config
 *
 * @typedef {Record<string, any>} Result A SuggestionResult: one field of it is set, or none.
 */

/** What is asked for of each feature, and the field of a result that has the answer. @type {Readonly<Record<string, readonly [string, string]>>} */
const methods = {
  ARTICLE_SUGGESTION: ['suggestArticles', 'suggestArticlesResponse'],
  FAQ: ['suggestFaqAnswers', 'suggestFaqAnswersResponse'],
  SMART_REPLY: ['suggestSmartReplies', 'suggestSmartRepliesResponse'],
  KNOWLEDGE_ASSIST: ['suggestKnowledgeAssist', 'suggestKnowledgeAssistResponse'],
};

/** Features that never come with a message. */
const ASKED_FOR = ['CONVERSATION_SUMMARIZATION', 'KNOWLEDGE_SEARCH'];

/** Features that heed `onlyEndUser`, as documented. */
const HEED_SPEAKER = ['ARTICLE_SUGGESTION', 'FAQ'];

/**
 * Whether a profile has something suggested to what is said.
 *
 * @param {Config} config
 */
export function wantsSuggestions({ featureConfigs = [], generators = [] }) {
  const types = featureConfigs.map(({ suggestionFeature }) => suggestionFeature?.type ?? '');
  return generators.length > 0 || types.some((type) => !ASKED_FOR.includes(type));
}

/**
 * The features of a profile that can be asked for, in its order, and that are for what somebody of this role has said.
 *
 * @param {Config} config
 * @param {string | undefined} role
 */
export function featuresFor({ featureConfigs = [] }, role) {
  return featureConfigs.flatMap((config) => {
    const { suggestionFeature: { type = '' } = {}, suggestionTriggerEvent: event } = config;
    if (methods[type] === undefined) return [];
    if (HEED_SPEAKER.includes(type) && config.suggestionTriggerSettings?.onlyEndUser && role !== 'END_USER')
      return [];
    if (type !== 'KNOWLEDGE_ASSIST' || event === 'END_OF_UTTERANCE') return [type];
    return role === (event === 'AGENT_MESSAGE' ? 'HUMAN_AGENT' : 'END_USER') ? [type] : [];
  });
}

/**
 * Asks for what a profile has for a message, as AnalyzeContent answers it: features in its order, what generators say
 * last. What goes wrong with one is its error.
 *
 * @param {string} conversation
 * @param {{ agent: string, config: Config, message: import('./transcript.js').Message }} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Result[]>}
 */
export async function suggest(conversation, { agent, config, message }, signal) {
  const latestMessage = message.name;
  const role = message.participantRole;
  /** @type {Promise<Result>[]} */
  const asked = featuresFor(config, role).map(async (type) => {
    const [method = '', field = ''] = methods[type] ?? [];
    const path = `${encodeName(agent)}/suggestions:${method}`;
    return { [field]: await call('POST', path, { body: { latestMessage }, signal }) };
  });
  if ((config.generators ?? []).length > 0) {
    const triggerEvents = ['END_OF_UTTERANCE', role === 'END_USER' ? 'CUSTOMER_MESSAGE' : 'AGENT_MESSAGE'];
    const path = `${encodeName(conversation)}/suggestions:generate`;
    const generated = call('POST', path, { body: { latestMessage, triggerEvents }, signal });
    asked.push(generated.then((generateSuggestionsResponse) => ({ generateSuggestionsResponse })));
  }
  return Promise.all(
    asked.map((each) =>
      each.catch((error) => {
        if (error instanceof ApiError) return { error };
        throw error;
      }),
    ),
  );
}

/**
 * What results suggest, by feature, without what is empty; and what went wrong, each thing once.
 *
 * @param {readonly Result[]} results
 * @returns {{ groups: Group[], errors: string[] }}
 */
export function readResults(results) {
  const groups = results.map(readGroup).filter(({ suggestions }) => suggestions.length > 0);
  const errors = results.flatMap(({ error }) => (error === undefined ? [] : [String(error.message)]));
  return { groups, errors: [...new Set(errors)] };
}

/**
 * @param {Result} result
 * @returns {Group}
 */
function readGroup(result) {
  const { suggestSmartRepliesResponse: replies, suggestFaqAnswersResponse: faq } = result;
  const { suggestArticlesResponse: articles, suggestKnowledgeAssistResponse: knowledge } = result;
  /** @param {string} title @param {Suggestion[]} suggestions @param {boolean} [isShort] */
  const group = (title, suggestions, isShort = false) => ({ title, isShort, suggestions });
  if (replies !== undefined) {
    const suggestions = listed(replies.smartReplyAnswers, ({ reply, answerRecord }) =>
      toSuggestion(answerRecord, { text: reply, reply }),
    );
    return group('Smart replies', suggestions, true);
  }
  if (faq !== undefined) {
    const suggestions = listed(faq.faqAnswers, ({ question, answer, answerRecord }) =>
      toSuggestion(answerRecord, { heading: question, text: answer, reply: answer }),
    );
    return group('FAQ answers', suggestions);
  }
  if (articles !== undefined) return group('Articles', listed(articles.articleAnswers, readArticle));
  if (knowledge !== undefined)
    return group('Knowledge assist', listed([knowledge.knowledgeAssistAnswer ?? []].flat(), readKnowledge));
  const { generatorSuggestionAnswers: generated } = result['generateSuggestionsResponse'] ?? {};
  return group('Generated', listed(generated, readGenerated).flat());
}

/** @param {any} answer */
function readArticle({ title, uri, snippets, answerRecord }) {
  const links = linksOf([uri]);
  const text = listed(snippets, String).join(' … ');
  const reply = [text || title, ...links].join('\n');
  return toSuggestion(answerRecord, { heading: title, text, reply, links });
}

/** @param {any} answer */
function readKnowledge({ suggestedQuery, suggestedQueryAnswer = {}, answerRecord }) {
  const { answerText = '', generativeSource, playbookSource, eventSource } = suggestedQueryAnswer;
  const { snippets } = generativeSource ?? playbookSource ?? eventSource?.snippets ?? {};
  const links = linksOf(listed(snippets, ({ uri }) => uri));
  return toSuggestion(answerRecord, {
    heading: suggestedQuery?.queryText,
    text: answerText,
    reply: answerText,
    links,
  });
}

/** @param {any} answer @returns {Suggestion[]} */
function readGenerated({ generatorSuggestion = {}, answerRecord }) {
  const { freeFormSuggestion: free, summarySuggestion: summary } = generatorSuggestion;
  const { agentActionSuggestions: actions, sampleResponses: samples } =
    generatorSuggestion.agentCoachingSuggestion ?? {};
  return [
    ...listed([free?.response ?? []].flat(), (text) => toSuggestion(answerRecord, { text, reply: text })),
    ...listed(summary?.summarySections, ({ section, summary: text }) =>
      toSuggestion(answerRecord, { heading: section, text }),
    ),
    ...listed(actions, ({ agentAction: text }) => toSuggestion(answerRecord, { heading: 'To do', text })),
    ...listed(samples, ({ responseText: text }) =>
      toSuggestion(answerRecord, { heading: 'To say', text, reply: text }),
    ),
  ];
}

/**
 * JSON leaves out what is empty: lists and texts.
 *
 * @template T
 * @param {any[] | undefined} list
 * @param {(item: any) => T} read
 */
function listed(list, read) {
  return (list ?? []).map((item) => read(item));
}

/**
 * @param {string} record
 * @param {Partial<Suggestion>} fields
 * @returns {Suggestion}
 */
function toSuggestion(record = '', { heading = '', text = '', reply = '', links = [] }) {
  return { record, heading, text, reply, links };
}

/**
 * Of addresses that documents have, those of web pages, each once.
 *
 * @param {(string | undefined)[]} uris
 */
function linksOf(uris) {
  const links = uris.flatMap((uri = '') => {
    if (!URL.canParse(uri)) return [];
    const { protocol, href } = new URL(uri);
    return ['http:', 'https:'].includes(protocol) ? [href] : [];
  });
  return [...new Set(links)];
}

/**
 * Says of a suggestion that it is shown, or that it was clicked, just now.
 *
 * @param {string} record
 * @param {'displayed' | 'clicked'} what
 */
export async function report(record, what) {
  const timeOf = { displayed: 'displayTime', clicked: 'clickTime' };
  const answerFeedback = { [what]: true, [timeOf[what]]: new Date().toISOString() };
  const updateMask = Object.keys(answerFeedback)
    .map((field) => `answerFeedback.${field}`)
    .join();
  await call('PATCH', encodeName(record), { query: { updateMask }, body: { answerFeedback } });
}

/**
 * A summary of all that was said in a conversation.
 *
 * @param {string} conversation
 * @param {AbortSignal} signal
 * @returns {Promise<Summary>}
 */
export async function summarize(conversation, signal) {
  const path = `${encodeName(conversation)}/suggestions:suggestConversationSummary`;
  const {
    summary = {},
    latestMessage = '',
    contextSize = 0,
  } = await call('POST', path, { body: {}, signal });
  const { sortedTextSections, text = '', answerRecord = '', baselineModelVersion = '' } = summary;
  const sections = listed(sortedTextSections, ({ section: heading = '', summary: said = '' }) => ({
    heading,
    text: said,
  }));
  return {
    record: answerRecord,
    sections: sections.length === 0 ? [{ heading: '', text }] : sections,
    by: baselineModelVersion,
    latestMessage,
    count: contextSize,
  };
}
