import { createHash } from 'node:crypto';
import { create, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import {
  type AutomatedAgentReply,
  AutomatedAgentReplySchema,
  DetectIntentResponseSchema,
  type Intent_Message,
  Intent_Message_Platform as Platform,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
  type ResponseMessage,
  ResponseMessageSchema,
  WebhookRequestSchema,
  type WebhookResponse,
  WebhookResponseSchema,
} from '@parleykit/proto/v2beta1';
import { type HttpPoster, OutboundError, type OutboundReply } from '../outbound/http-poster.ts';
import { AgentError, type AgentQuery, type AutomatedAgent } from './automated-agent.ts';

/** As long as Dialogflow waits for a webhook, and as much as it takes of one. */
const TIMEOUT_MS = 5_000;
const RESPONSE_BYTES_MAX = 64 * 1024;
/** How many events in a row an answer may lead to. */
const FOLLOW_UPS_MAX = 3;

/**
 * An agent that is a webhook: it is sent what Dialogflow ES sends to webhooks, a WebhookRequest in JSON, and answers a
 * WebhookResponse. https://cloud.google.com/dialogflow/es/docs/fulfillment-webhook
 */
export class WebhookAgent implements AutomatedAgent {
  readonly #url: URL;
  readonly #poster: HttpPoster;

  constructor(url: URL, poster: HttpPoster) {
    this.#url = url;
    this.#poster = poster;
  }

  async reply(query: AgentQuery, signal: AbortSignal): Promise<AutomatedAgentReply> {
    let asked = query;
    for (let followUps = 0; ; followUps++) {
      const responseId = responseIdOf(asked.turnId);
      const response = await this.#ask(asked, responseId, signal);
      const event = response.followupEventInput;
      if (event === undefined || event.name === '') return toReply(response, asked, responseId);
      if (followUps === FOLLOW_UPS_MAX) {
        throw new AgentError(`it asked for more than ${FOLLOW_UPS_MAX} events one after another`);
      }
      // All else that it says counts for nothing then.
      const { name, parameters, languageCode } = event;
      asked = {
        ...query,
        input: { case: 'event', name, parameters, languageCode: languageCode || query.input.languageCode },
        turnId: `${query.turnId} ${followUps + 1}`,
      };
    }
  }

  async #ask(query: AgentQuery, responseId: string, signal: AbortSignal): Promise<WebhookResponse> {
    const body = Buffer.from(JSON.stringify(toRequest(query, responseId)));
    const headers = { 'content-type': 'application/json', 'idempotency-key': responseId };
    let answer: OutboundReply;
    try {
      const limits = { timeoutMs: TIMEOUT_MS, responseBytesMax: RESPONSE_BYTES_MAX };
      answer = await this.#poster.post(this.#url, { body, headers, signal, ...limits });
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      throw new AgentError(error.message, { transient: mayPass(error), cause: error });
    }
    return readResponse(answer.body);
  }
}

/** Whether the same call may be answered a little later. */
function mayPass({ kind, status = 0 }: OutboundError): boolean {
  return (
    kind === 'connection' || kind === 'timeout' || (kind === 'status' && (status >= 500 || status === 429))
  );
}

/** The same for the same turn, in the form that Dialogflow's ids have. */
function responseIdOf(turnId: string): string {
  const hex = createHash('sha256').update(turnId).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

function toRequest({ session, input, queryParams, conversation }: AgentQuery, responseId: string): JsonValue {
  const event = input.case === 'event' ? input.name : undefined;
  const own = { conversation, ...(event !== undefined && { event }) };
  const request = create(WebhookRequestSchema, {
    session,
    responseId,
    queryResult: {
      queryText: input.case === 'text' ? input.text : input.name,
      languageCode: input.languageCode,
      ...(input.case === 'event' && input.parameters && { parameters: input.parameters }),
      outputContexts: queryParams?.contexts ?? [],
    },
    originalDetectIntentRequest: { source: 'parley', payload: { ...queryParams?.payload, parley: own } },
  });
  return toJson(WebhookRequestSchema, request, { registry });
}

function readResponse(body: Buffer): WebhookResponse {
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue;
    return fromJson(WebhookResponseSchema, json, { registry, ignoreUnknownFields: true });
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n');
    throw new AgentError(`its answer is not a WebhookResponse in JSON: ${line}`, { cause });
  }
}

function toReply(
  { fulfillmentText, fulfillmentMessages, payload, outputContexts, ...response }: WebhookResponse,
  { input }: AgentQuery,
  responseId: string,
): AutomatedAgentReply {
  const said = fulfillmentMessages.flatMap(toResponseMessage);
  const words: ResponseMessage[] = said.length === 0 && fulfillmentText !== '' ? [text(fulfillmentText)] : [];
  const signals: ResponseMessage[] = [
    ...(response.liveAgentHandoff ? [signalOf('liveAgentHandoff')] : []),
    ...(response.endInteraction ? [signalOf('endInteraction')] : []),
  ];
  const queryResult = {
    queryText: input.case === 'text' ? input.text : input.name,
    languageCode: input.languageCode,
    fulfillmentText,
    fulfillmentMessages,
    webhookSource: response.source,
    ...(payload && { webhookPayload: payload }),
    outputContexts,
  };
  return create(AutomatedAgentReplySchema, {
    response: {
      case: 'detectIntentResponse',
      value: create(DetectIntentResponseSchema, { responseId, queryResult }),
    },
    responseMessages: [...words, ...said, ...signals],
    ...(input.case === 'event' && { match: { case: 'event', value: input.name } }),
    automatedAgentReplyType: ReplyType.FINAL,
  });
}

/**
 * Of the kinds of messages that intents have, those that conversations know, but for what is meant for another platform.
 * One of several variants is said.
 */
function toResponseMessage({ message, platform }: Intent_Message): ResponseMessage[] {
  if (platform !== Platform.PLATFORM_UNSPECIFIED) return [];
  if (message.case === 'text') {
    const [words = ''] = message.value.text;
    return words === '' ? [] : [text(words)];
  }
  if (message.case === 'payload') return [payloadOf(message.value)];
  return [];
}

function text(words: string): ResponseMessage {
  return create(ResponseMessageSchema, { message: { case: 'text', value: { text: [words] } } });
}

function payloadOf(value: JsonObject): ResponseMessage {
  return create(ResponseMessageSchema, { message: { case: 'payload', value } });
}

function signalOf(signal: 'liveAgentHandoff' | 'endInteraction'): ResponseMessage {
  return create(ResponseMessageSchema, { message: { case: signal, value: {} } });
}
