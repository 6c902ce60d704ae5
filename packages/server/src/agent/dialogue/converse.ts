import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { Code, type Status, StatusSchema } from '@parleykit/proto/rpc';
import {
  type AgentSession,
  type AgentSession_SessionEntities,
  AgentSessionSchema,
} from '@parleykit/proto/stored';
import {
  type Context,
  DetectIntentResponseSchema,
  type EventInput,
  type Intent,
  IntentSchema,
  type QueryResult,
  QueryResultSchema,
  type SessionEntityType,
  WebhookRequestSchema,
  type WebhookResponse,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import { AGENT_TEXT_LENGTH_MAX, EVENT_NAME_LENGTH_MAX } from '../../limits.ts';
import { AgentError } from '../automated-agent.ts';
import { agentResourceName, contextIdOf, isContextId, sessionIdOf } from '../context-names.ts';
import type { AgentModel } from '../training/agent-model.ts';
import { WebhookError } from '../webhook.ts';
import { ActiveContexts, SYSTEM_COUNTERS } from './active-contexts.ts';
import type { AgentIntent, IntentParameter } from './agent-intent.ts';
import { type Chooser, createChooser } from './chooser.ts';
import type { DialoguePorts, DialogueQuery, DialogueResult } from './dialogue-query.ts';
import { matchEvent, matchFallback, matchText } from './matching.ts';
import { firstText, ofPlatform, sayMessages, sayText, textMessage, type Wording } from './messages.ts';
import { contextParameters, fillParameters, firstMissing, type ParameterValues } from './parameters.ts';
import { Reading } from './reading.ts';
import { resolveJson, type Scope } from './references.ts';
import { addSessionEntities } from './session-entities.ts';
import { endPending, findPending, readAnswer, setPending } from './slot-filling.ts';
import { knownTimeZone } from './time-zones.ts';

/** How many events a webhook may trigger after one another. */
const FOLLOWUPS_MAX = 3;
/** The event by which telephony says that nothing was said. */
const NO_INPUT_EVENT = 'actions_intent_no_input';
const NOTHING: ParameterValues = { values: {}, originals: {} };

/** What a query means. */
interface Decision {
  readonly intent: AgentIntent | undefined;
  readonly confidence: number;
  readonly filled: ParameterValues;
  /** The text, or the name of the event. */
  readonly queryText: string;
  readonly event?: string;
  /** That the intent waits for values no longer. */
  readonly cancelled?: boolean;
  readonly nothingSaid?: boolean;
}

/** A session that had no query yet. */
export function newSession(): AgentSession {
  return create(AgentSessionSchema);
}

/**
 * Takes one query of a session as Dialogflow ES does: finds the intent and the values of its parameters, asks for those
 * that are missing, sets contexts, calls the webhook, and says what is to be said. Nothing that is given is changed; the
 * same model, session, query and answers of the webhook come to the same result. What is wrong with the agent takes no
 * part. Throws an AgentError for a text or an event's name that is too long, and what the webhook's port throws beside a
 * WebhookError.
 */
export async function converse(
  model: AgentModel,
  session: AgentSession,
  query: DialogueQuery,
  ports: DialoguePorts = {},
): Promise<DialogueResult> {
  const { input } = query;
  const exchange = new Exchange(model, session, query, ports);
  if (input.case === 'text') {
    requireLength('a text', input.text, AGENT_TEXT_LENGTH_MAX);
    return exchange.answer(await exchange.decideOnText(input.text));
  }
  requireLength("an event's name", input.name, EVENT_NAME_LENGTH_MAX);
  return exchange.answer(exchange.decideOnEvent(input.name, input.parameters));
}

function requireLength(what: string, text: string, max: number): void {
  if (text.length <= max || [...text].length <= max) return;
  throw new AgentError(`${what} of more than ${max} characters is not taken`);
}

/** One query, from what was said to what is answered. */
class Exchange {
  readonly #model: AgentModel;
  readonly #session: AgentSession;
  readonly #query: DialogueQuery;
  readonly #ports: DialoguePorts;
  readonly #contexts: ActiveContexts;
  readonly #choose: Chooser;
  readonly #diagnostics: JsonObject = {};
  /** What contexts held at the beginning, and what came with events: also what is gone by now is referred to. */
  readonly #known = new Map<string, JsonObject>();
  #entities: readonly AgentSession_SessionEntities[];
  #webhookStatus: Status | undefined;

  constructor(model: AgentModel, session: AgentSession, query: DialogueQuery, ports: DialoguePorts) {
    const { queryParams } = query;
    this.#model = model;
    this.#session = session;
    this.#query = query;
    this.#ports = ports;
    this.#contexts = new ActiveContexts(session, query.nowMs);
    this.#entities = session.entityTypes;
    this.#choose = createChooser(`${query.seed} ${session.queries}`);
    this.#ignore('knowledge_bases_ignored', queryParams?.knowledgeBaseNames ?? []);
    this.#takeEntities(queryParams?.sessionEntityTypes ?? []);
    if (queryParams?.resetContexts === true) this.#contexts.clear();
    this.#takeContexts(queryParams?.contexts ?? [], (id, lifespan, parameters) =>
      this.#contexts.activate(id, lifespan, parameters),
    );
    for (const id of this.#contexts.ids) this.#known.set(id, this.#contexts.parametersOf(id) ?? {});
  }

  async decideOnText(text: string): Promise<Decision> {
    const model = this.#model;
    const contexts = this.#contexts;
    const reading = new Reading({
      text,
      model,
      recognizer: await model.recognizerOf(this.#entities),
      nowMs: this.#query.nowMs,
      timeZone: knownTimeZone(this.#query.queryParams?.timeZone, model.agent.timeZone),
    });
    const match = await matchText(model, reading, contexts);
    const pending = findPending(model, contexts);
    if (pending !== undefined) {
      const { intent, collected, missing } = pending;
      const step = await readAnswer(pending, reading, match);
      if (step.kind === 'cancelled') {
        return { intent, confidence: 1, filled: collected, queryText: text, cancelled: true };
      }
      if (step.kind === 'filled') {
        const filled = this.#fill(intent, { spans: step.spans, collected, asked: missing });
        return { intent, confidence: 1, filled, queryText: text };
      }
    }
    const nothingSaid = text.trim() === '';
    if (match === undefined) {
      const intent = matchFallback(model, contexts);
      const filled = intent === undefined ? NOTHING : this.#fill(intent, { spans: [] });
      return { intent, confidence: intent === undefined ? 0 : 1, filled, queryText: text, nothingSaid };
    }
    const { intent, confidence } = match;
    const spans = await reading.spans(intent.entityTypes, { places: intent });
    return { intent, confidence, filled: this.#fill(intent, { spans }), queryText: text };
  }

  decideOnEvent(name: string, parameters: JsonObject | undefined): Decision {
    this.#known.set(name.toLowerCase(), { ...this.#known.get(name.toLowerCase()), ...parameters });
    const intent = matchEvent(this.#model, name, this.#contexts);
    const filled = intent === undefined ? NOTHING : this.#fill(intent, { spans: [] });
    const nothingSaid = name.toLowerCase() === NO_INPUT_EVENT;
    return {
      intent,
      confidence: intent === undefined ? 0 : 1,
      filled,
      queryText: name,
      event: name,
      nothingSaid,
    };
  }

  async answer(decision: Decision): Promise<DialogueResult> {
    let final = decision;
    let result = this.#settle(final);
    for (let followups = 0; ; followups++) {
      const response = await this.#fulfil(result, final);
      if (response === undefined) break;
      const { followupEventInput: followup } = response;
      this.#takeResponse(response);
      const next = followup && this.#followUp(followup, followups);
      if (next === undefined) {
        if (followup === undefined) useResponse(result, response);
        this.#conclude(result);
        break;
      }
      final = next;
      result = this.#settle(final);
    }
    return {
      response: create(DetectIntentResponseSchema, {
        responseId: this.#query.responseId,
        queryResult: result,
        ...(this.#webhookStatus && { webhookStatus: this.#webhookStatus }),
      }),
      session: create(AgentSessionSchema, {
        queries: this.#session.queries + 1,
        contexts: this.#contexts.save(),
        entityTypes: [...this.#entities],
      }),
      event: final.intent === undefined ? undefined : final.event,
    };
  }

  #fill(
    intent: AgentIntent,
    sources: Pick<Parameters<typeof fillParameters>[1], 'spans' | 'collected' | 'asked'>,
  ): ParameterValues {
    const language = this.#model.languageCode;
    return fillParameters(intent, { ...sources, context: this.#lookUp, language });
  }

  /** Sets the contexts that a decision leaves, and says what the agent says by itself. */
  #settle(decision: Decision): QueryResult {
    const { intent: matched, confidence, filled, queryText, cancelled = false } = decision;
    const missing = matched && !cancelled ? firstMissing(matched, filled) : undefined;
    const isDone = missing === undefined && !cancelled;
    const parameters = contextParameters(filled);
    if (matched !== undefined) {
      const { intent } = matched;
      if (isDone && intent.resetContexts) this.#contexts.clear();
      if (missing === undefined) endPending(matched, this.#contexts);
      else setPending({ intent: matched, missing }, parameters, this.#contexts);
      if (isDone) this.#setOutputContexts(matched, filled);
    }
    this.#count(decision, parameters);

    const wording: Wording = { scope: this.#scopeOf(filled), choose: this.#choose };
    const messages = this.#say(matched, { missing, cancelled }, wording);
    const result = create(QueryResultSchema, {
      queryText,
      languageCode: this.#model.languageCode,
      action: matched?.intent.action ?? '',
      parameters: filled.values as JsonObject,
      allRequiredParamsPresent: isDone,
      cancelsSlotFilling: cancelled,
      fulfillmentText: firstText(messages),
      fulfillmentMessages: ofPlatform(messages, this.#query.queryParams),
      ...(matched && { intent: matchedIntent(matched.intent, this.#query.session, isDone) }),
      intentDetectionConfidence: confidence,
    });
    this.#conclude(result);
    return result;
  }

  #say(
    matched: AgentIntent | undefined,
    { missing, cancelled }: { missing: IntentParameter | undefined; cancelled: boolean },
    wording: Wording,
  ) {
    if (matched === undefined || cancelled) return [];
    if (missing === undefined) return sayMessages(matched.intent.messages, wording);
    const prompt = sayText(missing.prompts, wording);
    return [textMessage(prompt === '' ? `What is the ${missing.name}?` : prompt)];
  }

  #setOutputContexts({ outputContexts }: AgentIntent, filled: ParameterValues): void {
    const own = contextParameters(filled);
    const scope = this.#scopeOf(filled);
    for (const { id, lifespan, parameters = {} } of outputContexts) {
      // What earlier intents told stays in a context that is set again.
      const before = this.#contexts.parametersOf(id) ?? {};
      this.#contexts.set(id, lifespan, { ...before, ...resolveJson(parameters, scope), ...own });
    }
  }

  /** https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#context */
  #count({ intent, event, nothingSaid = false }: Decision, parameters: JsonObject): void {
    const held = this.#known.get(SYSTEM_COUNTERS) ?? {};
    const next = (name: string, isAnother: boolean) =>
      isAnother ? Math.max(0, Number(held[name]) || 0) + 1 : 0;
    const isMatched = intent !== undefined && !intent.intent.isFallback;
    this.#contexts.set(SYSTEM_COUNTERS, 1, {
      'no-input': next('no-input', nothingSaid),
      'no-match': next('no-match', !isMatched && !nothingSaid && event === undefined),
      ...parameters,
    });
  }

  #scopeOf({ values, originals }: ParameterValues): Scope {
    return { values, originals, context: this.#lookUp, language: this.#model.languageCode };
  }

  readonly #lookUp = (id: string): JsonObject | undefined =>
    this.#contexts.parametersOf(id) ?? this.#known.get(id);

  /** What the webhook answers to a result; nothing where it is not asked or does not answer. */
  async #fulfil(result: QueryResult, { intent, cancelled }: Decision): Promise<WebhookResponse | undefined> {
    const { webhook } = this.#ports;
    const state = intent?.intent.webhookState ?? WebhookState.UNSPECIFIED;
    const isAsked =
      state === WebhookState.ENABLED_FOR_SLOT_FILLING ||
      (state === WebhookState.ENABLED && result.allRequiredParamsPresent && cancelled !== true);
    if (webhook === undefined || !isAsked) return undefined;
    const { session, responseId, queryParams, source = '' } = this.#query;
    const request = create(WebhookRequestSchema, {
      session,
      responseId,
      queryResult: result,
      originalDetectIntentRequest: { source, payload: queryParams?.payload ?? {} },
    });
    const began = performance.now();
    try {
      const response = await webhook(request, queryParams?.webhookHeaders ?? {});
      this.#webhookStatus = create(StatusSchema, { message: 'Webhook execution successful' });
      return response;
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      const { code, message } = error;
      this.#webhookStatus = create(StatusSchema, {
        code,
        message: `Webhook call failed. Error: ${Code[code]}: ${message}`,
      });
      return undefined;
    } finally {
      this.#diagnostics['webhook_latency_ms'] = Math.round(performance.now() - began);
      this.#conclude(result);
    }
  }

  /** Takes from a webhook's answer what is kept for the session. */
  #takeResponse({ outputContexts, sessionEntityTypes }: WebhookResponse): void {
    this.#takeEntities(sessionEntityTypes);
    this.#takeContexts(outputContexts, (id, lifespan, parameters) => {
      if (id !== SYSTEM_COUNTERS) this.#contexts.set(id, lifespan, parameters);
    });
  }

  /** What comes of the event that a webhook triggers. */
  #followUp({ name, parameters }: EventInput, followups: number): Decision | undefined {
    const decision =
      followups < FOLLOWUPS_MAX && name.length <= EVENT_NAME_LENGTH_MAX
        ? this.decideOnEvent(name, parameters)
        : undefined;
    if (decision?.intent !== undefined) return decision;
    this.#diagnostics['followup_event_ignored'] =
      decision === undefined
        ? `${name.slice(0, EVENT_NAME_LENGTH_MAX)}: more than ${FOLLOWUPS_MAX} events after one another, or a longer name than events have`
        : `${name}: no intent is triggered by it here`;
    return undefined;
  }

  /** Contexts of other sessions, and with ids that contexts cannot have, are left out. */
  #takeContexts(
    contexts: readonly Context[],
    take: (id: string, lifespan: number, parameters: JsonObject) => void,
  ): void {
    const own = sessionIdOf(this.#query.session);
    const ignored: string[] = [];
    for (const { name, lifespanCount, parameters = {} } of contexts) {
      const id = contextIdOf(name);
      const session = sessionIdOf(name) ?? '-';
      if (isContextId(id) && (session === own || session === '-')) take(id, lifespanCount, parameters);
      else ignored.push(name);
    }
    this.#ignore('contexts_ignored', ignored);
  }

  /** Entities of types that the agent does not have are left out. */
  #takeEntities(entityTypes: readonly SessionEntityType[]): void {
    const isKnown = ({ name }: SessionEntityType) =>
      this.#model.hasEntityType(name.slice(name.lastIndexOf('/') + 1));
    this.#entities = addSessionEntities(this.#entities, entityTypes.filter(isKnown));
    this.#ignore(
      'session_entity_types_ignored',
      entityTypes.filter((entityType) => !isKnown(entityType)).map(({ name }) => name),
    );
  }

  #ignore(what: string, names: readonly string[]): void {
    const before = this.#diagnostics[what];
    if (names.length > 0) this.#diagnostics[what] = [...(Array.isArray(before) ? before : []), ...names];
  }

  /** Puts into a result what holds at the end of the query. */
  #conclude(result: QueryResult): void {
    result.outputContexts = this.#contexts.toMessages(this.#query.session);
    const diagnostics: Record<string, JsonValue> = {
      ...this.#diagnostics,
      ...(result.intent?.endInteraction === true && { end_conversation: true }),
    };
    if (Object.keys(diagnostics).length > 0) result.diagnosticInfo = diagnostics;
  }
}

/** What a result says of its intent. That it ends or hands over counts when all its values are there. */
function matchedIntent(intent: Intent, session: string, isDone: boolean): Intent {
  const { name, displayName, isFallback, endInteraction, liveAgentHandoff } = intent;
  return create(IntentSchema, {
    name: agentResourceName(session, name),
    displayName,
    isFallback,
    endInteraction: endInteraction && isDone,
    liveAgentHandoff: liveAgentHandoff && isDone,
  });
}

/** Puts into a result what the webhook says; where it says nothing, the agent's own words stay. */
function useResponse(result: QueryResult, response: WebhookResponse): void {
  const { fulfillmentText, fulfillmentMessages, source, payload, endInteraction, liveAgentHandoff } =
    response;
  if (fulfillmentMessages.length > 0 || fulfillmentText !== '') {
    result.fulfillmentText = fulfillmentText === '' ? firstText(fulfillmentMessages) : fulfillmentText;
    result.fulfillmentMessages =
      fulfillmentMessages.length > 0 ? fulfillmentMessages : [textMessage(fulfillmentText)];
  }
  result.webhookSource = source;
  if (payload !== undefined) result.webhookPayload = payload;
  if (result.intent === undefined) return;
  result.intent.endInteraction ||= endInteraction;
  result.intent.liveAgentHandoff ||= liveAgentHandoff;
}
