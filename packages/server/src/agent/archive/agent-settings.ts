import { create, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { SmallTalkSchema, type StoredAgent, StoredAgentSchema } from '@parleykit/proto/stored';
import {
  AgentSchema,
  Agent_ApiVersion as ApiVersion,
  Fulfillment_Feature_Type as FeatureType,
  type Fulfillment,
  FulfillmentSchema,
  Agent_MatchMode as MatchMode,
} from '@parleykit/proto/v2beta1';
import { withoutCredentials } from './credentials.ts';
import type { Findings } from './findings.ts';
import { LANGUAGES_MAX, type Languages } from './intents.ts';
import { JsonNode } from './json-node.ts';
import { leftoverOf, withLeftover } from './leftover.ts';
import { toPlainText } from './plain-text.ts';

/** What Dialogflow takes where an agent says nothing. */
const THRESHOLD = 0.3;

/** What package.json says in every export that is known. */
export const PACKAGE = { version: '1.0.0' } as const;

const MATCH_MODES: Readonly<Record<string, MatchMode>> = {
  'use.after': MatchMode.HYBRID,
  'use.instead': MatchMode.ML_ONLY,
};

const API_VERSIONS: Readonly<Record<string, ApiVersion>> = {
  v1: ApiVersion.V1,
  v2: ApiVersion.V2,
  v2beta1: ApiVersion.V2_BETA_1,
};

/** The files of an export that are about the agent as a whole. */
export interface AgentFiles {
  /** agent.json, if it is there. */
  readonly settings: JsonNode | undefined;
  /** Small talk by language. */
  readonly smallTalk: ReadonlyMap<string, JsonNode>;
  readonly others: ReadonlyMap<string, JsonNode>;
}

/** Reads what the agent is as a whole. Without agent.json it speaks `language`. */
export function readAgent(files: AgentFiles, language: string, findings: Findings): StoredAgent {
  const found = files.settings?.object() ?? {};
  const file = files.settings?.file ?? 'agent.json';
  const kept = withoutCredentials(found, file, findings);
  const settings = new JsonNode(kept, file, findings);
  const agent = create(AgentSchema, {
    displayName: settings.at('displayName').text(),
    defaultLanguageCode: settings.at('language').language(language),
    supportedLanguageCodes: readLanguages(settings.at('supportedLanguages')),
    timeZone: settings.at('defaultTimezone').text(),
    description: settings.at('description').text(),
    enableLogging: !settings.at('disableInteractionLogs').flag(),
    matchMode: lookUp(MATCH_MODES, settings.at('customClassifierMode')) ?? MatchMode.UNSPECIFIED,
    classificationThreshold: readThreshold(settings.at('mlMinConfidence'), findings),
    apiVersion: lookUp(API_VERSIONS, settings.at('onePlatformApiVersion')) ?? ApiVersion.UNSPECIFIED,
  });
  const fulfillment = readFulfillment(settings.at('webhook'));
  const stored = create(StoredAgentSchema, {
    agent,
    ...(fulfillment && { fulfillment }),
    knowledgeBaseNames: settings.at('enabledKnowledgeBaseNames').texts(),
    knowledgeConfidenceAdjustment: settings.at('knowledgeServiceConfidenceAdjustment').number(),
    analyzeSentiment: settings.at('analyzeQueryTextSentiment').flag(),
    correctSpelling: settings.at('enableSpellCorrection').flag(),
  });
  if (files.settings !== undefined) {
    // What the language was taken for is written: from other files it might be taken for another.
    const said = settings.at('language').text() !== '';
    if (!said) findings.warn(`${file} says no language: it is taken for ${language}`);
    const leftover = leftoverOf(writeSettings(stored), said ? kept : { ...kept, language });
    if (leftover !== undefined) stored.leftover = leftover;
  }
  for (const [tag, list] of files.smallTalk) stored.smallTalk[tag] = readSmallTalk(list, findings);
  for (const [name, node] of files.others) {
    stored.otherFiles[name] = fromJson(ValueSchema, node.value ?? null);
    findings.rest('answers to small talk', node.at('customResponses').items().length);
  }
  noteAgent(settings, agent.timeZone, findings);
  return stored;
}

/** The languages of an agent, the default first. */
export function languagesOf({ agent }: StoredAgent): Languages {
  const { defaultLanguageCode: first = '', supportedLanguageCodes: others = [] } = agent ?? {};
  return [first, ...new Set(others.filter((tag) => tag !== first))];
}

/** The files of an export that are about the agent as a whole, by their names. Credentials that it was given do not leave. */
export function writeAgent(stored: StoredAgent, findings: Findings): Map<string, JsonValue> {
  const settings = withLeftover<JsonObject>(writeSettings(stored), stored.leftover);
  const files = new Map<string, JsonValue>([
    ['agent.json', withoutCredentials(settings, 'agent.json', findings)],
    ['package.json', { ...PACKAGE }],
  ]);
  for (const [tag, { reactions, leftover }] of Object.entries(stored.smallTalk)) {
    const written = reactions.map(writeReaction);
    files.set(`customSmalltalkResponses_${tag}.json`, withLeftover<JsonValue>(written, leftover));
  }
  for (const [name, value] of Object.entries(stored.otherFiles)) files.set(name, toJson(ValueSchema, value));
  return files;
}

function readLanguages(node: JsonNode): string[] {
  const items = node.items();
  if (items.length > LANGUAGES_MAX) node.refuse(`has more than ${LANGUAGES_MAX} languages`);
  return items.slice(0, LANGUAGES_MAX).map((item) => item.language('en'));
}

function readThreshold(node: JsonNode, findings: Findings): number {
  const threshold = node.number(THRESHOLD);
  if (threshold >= 0 && threshold <= 1) return Math.fround(threshold);
  findings.warn(`mlMinConfidence is ${threshold}, which is not between 0 and 1: ${THRESHOLD} is taken`);
  return Math.fround(THRESHOLD);
}

function readFulfillment(webhook: JsonNode): Fulfillment | undefined {
  if (!webhook.present) return undefined;
  const headers = webhook
    .at('headers')
    .entries()
    .filter(([name]) => name !== '')
    .map(([name, value]) => [name, value.text()]);
  return create(FulfillmentSchema, {
    fulfillment: {
      case: 'genericWebService',
      value: {
        uri: webhook.at('url').text(),
        requestHeaders: Object.fromEntries(headers),
        isCloudFunction: webhook.at('cloudFunctionsEnabled').flag(),
      },
    },
    enabled: webhook.at('available').flag(),
    features: webhook.at('useForDomains').flag() ? [{ type: FeatureType.SMALLTALK }] : [],
  });
}

function writeSettings(stored: StoredAgent): JsonObject {
  const agent = stored.agent ?? create(AgentSchema);
  const mode = nameIn(MATCH_MODES, agent.matchMode);
  const version = nameIn(API_VERSIONS, agent.apiVersion);
  return {
    description: agent.description,
    language: agent.defaultLanguageCode,
    shortDescription: '',
    examples: '',
    linkToDocs: '',
    displayName: agent.displayName,
    disableInteractionLogs: !agent.enableLogging,
    disableStackdriverLogs: false,
    defaultTimezone: agent.timeZone,
    ...(stored.fulfillment && { webhook: writeFulfillment(stored.fulfillment) }),
    isPrivate: true,
    ...(mode !== undefined && { customClassifierMode: mode }),
    mlMinConfidence: shortest(agent.classificationThreshold),
    supportedLanguages: agent.supportedLanguageCodes,
    enableOnePlatformApi: true,
    ...(version !== undefined && { onePlatformApiVersion: version }),
    analyzeQueryTextSentiment: stored.analyzeSentiment,
    enabledKnowledgeBaseNames: stored.knowledgeBaseNames,
    knowledgeServiceConfidenceAdjustment: stored.knowledgeConfidenceAdjustment,
    dialogBuilderMode: false,
    baseActionPackagesUrl: '',
    enableSpellCorrection: stored.correctSpelling,
  };
}

function writeFulfillment({ fulfillment, enabled, features }: Fulfillment): JsonObject {
  const { uri = '', username = '', requestHeaders = {}, isCloudFunction = false } = fulfillment.value ?? {};
  return {
    url: uri,
    username,
    headers: requestHeaders,
    available: enabled,
    useForDomains: features.some(({ type }) => type === FeatureType.SMALLTALK),
    cloudFunctionsEnabled: isCloudFunction,
    cloudFunctionsInitialized: false,
  };
}

function readSmallTalk(list: JsonNode, findings: Findings) {
  const items = list.items();
  const smallTalk = create(SmallTalkSchema, {
    reactions: items.map((item) => ({
      action: item.at('action').text(),
      answers: item.at('customAnswers').texts(),
    })),
  });
  findings.rest('answers to small talk', smallTalk.reactions.flatMap(({ answers }) => answers).length);
  const found = items.map(({ value }) => value ?? null);
  const leftover = leftoverOf(smallTalk.reactions.map(writeReaction), found);
  if (leftover !== undefined) smallTalk.leftover = leftover;
  return smallTalk;
}

function writeReaction({ action, answers }: { action: string; answers: string[] }): JsonObject {
  return { action, customAnswers: answers };
}

/** Notes what is stored of the agent and not acted on. */
function noteAgent(settings: JsonNode, timeZone: string, findings: Findings): void {
  const assistant = settings.at('googleAssistant');
  if (assistant.at('googleAssistantCompatible').flag()) findings.rest('Google Assistant');
  const { startIntents, endIntentIds } = assistant.object() ?? {};
  findings.rest('start intents of Google Assistant', Array.isArray(startIntents) ? startIntents.length : 0);
  findings.rest('end intents of Google Assistant', Array.isArray(endIntentIds) ? endIntentIds.length : 0);
  const linking = assistant.at('oAuthLinking');
  if (linking.at('required').flag()) findings.rest('account linking of Google Assistant');
  findings.rest('knowledge bases', settings.at('enabledKnowledgeBaseNames').items().length);
  if (settings.at('analyzeQueryTextSentiment').flag()) findings.rest('sentiment analysis');
  if (settings.at('enableSpellCorrection').flag()) findings.rest('spelling correction');
  if (settings.at('webhook').at('useForDomains').flag()) findings.rest('the webhook for small talk');
  const mode = settings.at('customClassifierMode').text();
  if (mode !== '' && !Object.hasOwn(MATCH_MODES, mode)) findings.rest(`match mode ${toPlainText(mode, 40)}`);
  if (timeZone !== '' && !isTimeZone(timeZone)) {
    findings.warn(`the time zone ${toPlainText(timeZone, 60)} is not known`);
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function lookUp<Value>(values: Readonly<Record<string, Value>>, node: JsonNode): Value | undefined {
  const name = node.text();
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function nameIn<Value>(values: Readonly<Record<string, Value>>, wanted: Value): string | undefined {
  return Object.entries(values).find(([, value]) => value === wanted)?.[0];
}

/** The shortest number that is this one in 32 bits: 0.3 for what 0.3 is stored as. */
function shortest(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(float.toPrecision(digits));
    if (Math.fround(rounded) === float) return rounded;
  }
  return float;
}
