import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { featuresFor, readResults, wantsSuggestions } from './suggestions.js';

const record = 'projects/p/answerRecords/r';

/** @param {string} type @param {object} [more] */
function feature(type, more = {}) {
  return { suggestionFeature: { type }, ...more };
}

/** @param {import('./suggestions.js').Result[]} results */
function only(...results) {
  const { groups, errors } = readResults(results);
  assert.deepEqual(errors, []);
  assert.equal(groups.length, 1);
  return groups[0];
}

describe('readResults()', () => {
  it('reads replies and answers, which can be said as they are', () => {
    const replies = { smartReplyAnswers: [{ reply: 'Hello!', confidence: 0.5, answerRecord: record }] };
    const text = { record, text: 'Hello!', reply: 'Hello!', links: [] };
    assert.deepEqual(only({ suggestSmartRepliesResponse: replies }), {
      title: 'Smart replies',
      isShort: true,
      suggestions: [{ ...text, heading: '' }],
    });
    const faqAnswers = [{ question: 'Who?', answer: 'Hello!', source: 's', answerRecord: record }];
    assert.deepEqual(only({ suggestFaqAnswersResponse: { faqAnswers } })?.suggestions, [
      { ...text, heading: 'Who?' },
    ]);
  });

  it('reads articles with what is in them, and says where they are', () => {
    const uri = 'https://example.com/lamps';
    const articleAnswers = [
      { title: 'Lamps', uri, snippets: ['They hang.', 'They shine.'], answerRecord: record },
      { title: 'Chairs', uri: 'gs://bucket/chairs', answerRecord: record },
    ];
    assert.deepEqual(only({ suggestArticlesResponse: { articleAnswers } })?.suggestions, [
      {
        record,
        heading: 'Lamps',
        text: 'They hang. … They shine.',
        reply: `They hang. … They shine.\n${uri}`,
        links: [uri],
      },
      { record, heading: 'Chairs', text: '', reply: 'Chairs', links: [] },
    ]);
  });

  for (const uri of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '/page/main.js',
    '',
    'no',
  ]) {
    it(`links no ${JSON.stringify(uri)}`, () => {
      const articleAnswers = [{ title: 'Bait', uri, answerRecord: record }];
      assert.deepEqual(only({ suggestArticlesResponse: { articleAnswers } })?.suggestions[0]?.links, []);
    });
  }

  it('reads the answer to what may be asked, with its sources, and a question without one', () => {
    const suggestedQuery = { queryText: 'Where is it?' };
    const snippets = [
      { uri: 'http://a.example/' },
      { uri: 'ftp://a.example/' },
      { uri: 'http://a.example/' },
    ];
    const suggestedQueryAnswer = { answerText: 'Here.', generativeSource: { snippets } };
    /** @param {object} answer */
    const read = (answer) =>
      only({
        suggestKnowledgeAssistResponse: {
          knowledgeAssistAnswer: { suggestedQuery, answerRecord: record, ...answer },
        },
      })?.suggestions[0];
    const heading = 'Where is it?';
    const links = ['http://a.example/'];
    assert.deepEqual(read({ suggestedQueryAnswer }), {
      record,
      heading,
      text: 'Here.',
      reply: 'Here.',
      links,
    });
    assert.deepEqual(read({}), { record, heading, text: '', reply: '', links: [] });
  });

  it('reads what generators write: what can be said, and what is for the human agent alone', () => {
    /** @param {object} generatorSuggestion */
    const read = (generatorSuggestion) =>
      only({
        generateSuggestionsResponse: {
          generatorSuggestionAnswers: [{ generatorSuggestion, answerRecord: record }],
        },
      })?.suggestions.map(({ heading, text, reply }) => [heading, text, reply]);
    assert.deepEqual(read({ freeFormSuggestion: { response: 'Hi' } }), [['', 'Hi', 'Hi']]);
    const summarySections = [{ section: 'mood', summary: 'calm' }];
    assert.deepEqual(read({ summarySuggestion: { summarySections } }), [['mood', 'calm', '']]);
    const agentActionSuggestions = [{ agentAction: 'Apologize' }];
    const sampleResponses = [{ responseText: 'I am sorry.' }];
    assert.deepEqual(read({ agentCoachingSuggestion: { agentActionSuggestions, sampleResponses } }), [
      ['To do', 'Apologize', ''],
      ['To say', 'I am sorry.', 'I am sorry.'],
    ]);
  });

  it('keeps the order, leaves out what is empty, and has each error once', () => {
    const error = { code: 9, message: 'no reply model' };
    const results = [
      { suggestFaqAnswersResponse: { faqAnswers: [{ question: 'q', answer: 'a' }] } },
      {},
      { error },
      { suggestKnowledgeAssistResponse: {} },
      { suggestArticlesResponse: {} },
      { generateSuggestionsResponse: {} },
      { suggestSmartRepliesResponse: { smartReplyAnswers: [{ reply: 'r' }] } },
      { error },
    ];
    const { groups, errors } = readResults(results);
    assert.deepEqual(
      groups.map(({ title }) => title),
      ['FAQ answers', 'Smart replies'],
    );
    assert.deepEqual(errors, ['no reply model']);
  });
});

describe('wantsSuggestions()', () => {
  for (const [config, want] of /** @type {const} */ ([
    [{}, false],
    [{ featureConfigs: [feature('CONVERSATION_SUMMARIZATION'), feature('KNOWLEDGE_SEARCH')] }, false],
    [{ featureConfigs: [feature('CONVERSATION_SUMMARIZATION'), feature('FAQ')] }, true],
    [{ generators: ['projects/p/generators/g'] }, true],
  ])) {
    it(`is ${want} for ${JSON.stringify(config)}`, () => {
      assert.equal(
        wantsSuggestions(/** @type {import('./suggestions.js').Config} */ (/** @type {unknown} */ (config))),
        want,
      );
    });
  }
});

describe('featuresFor()', () => {
  const types = ['SMART_REPLY', 'FAQ', 'KNOWLEDGE_ASSIST', 'ARTICLE_SUGGESTION'];

  it('has those that can be asked for, in the order of the profile', () => {
    const all = [...types, 'DIALOGFLOW_ASSIST', 'CONVERSATION_SUMMARIZATION', 'KNOWLEDGE_SEARCH'];
    assert.deepEqual(featuresFor({ featureConfigs: all.map((type) => feature(type)) }, 'END_USER'), types);
    assert.deepEqual(featuresFor({}, 'END_USER'), []);
  });

  it('leaves out those that are for what others say', () => {
    const suggestionTriggerSettings = { onlyEndUser: true };
    const featureConfigs = types.map((type) => feature(type, { suggestionTriggerSettings }));
    assert.deepEqual(featuresFor({ featureConfigs }, 'END_USER'), types);
    assert.deepEqual(featuresFor({ featureConfigs }, 'HUMAN_AGENT'), ['SMART_REPLY']);
  });

  for (const [suggestionTriggerEvent, roles] of /** @type {const} */ ([
    [undefined, ['END_USER']],
    ['CUSTOMER_MESSAGE', ['END_USER']],
    ['AGENT_MESSAGE', ['HUMAN_AGENT']],
    ['END_OF_UTTERANCE', ['END_USER', 'HUMAN_AGENT']],
  ])) {
    it(`looks for knowledge by ${suggestionTriggerEvent ?? 'no event'} when ${roles.join(' or ')} speaks`, () => {
      const featureConfigs = [
        feature('KNOWLEDGE_ASSIST', suggestionTriggerEvent && { suggestionTriggerEvent }),
      ];
      const asked = ['END_USER', 'HUMAN_AGENT'].filter(
        (role) => featuresFor({ featureConfigs }, role).length > 0,
      );
      assert.deepEqual(asked, roles);
    });
  }
});
