import { create } from '@bufbuild/protobuf';
import {
  type AutomatedAgentReply,
  AutomatedAgentReplySchema,
  DetectIntentResponseSchema,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
  type WebhookRequest,
  WebhookRequestSchema,
  type WebhookResponse,
} from '@parleykit/proto/v2beta1';
import type { HttpPoster } from '../outbound/http-poster.ts';
import { type AgentAnswer, AgentError, type AgentQuery, type AutomatedAgent } from './automated-agent.ts';
import { responseIdOf } from './response-ids.ts';
import { textResponse, toResponseMessages, toSignals } from './response-messages.ts';
import { Webhook, WebhookError } from './webhook.ts';

/** How many events in a row an answer may lead to. */
const FOLLOW_UPS_MAX = 3;

/**
 * An agent that is a webhook: it is sent what Dialogflow ES sends to webhooks, a WebhookRequest in JSON, and answers a
 * WebhookResponse. https://cloud.google.com/dialogflow/es/docs/fulfillment-webhook
 */
export class WebhookAgent implements AutomatedAgent {
  readonly #webhook: Webhook;

  /** `secret` signs the calls. */
  constructor(url: URL, poster: HttpPoster, secret?: Uint8Array) {
    this.#webhook = new Webhook({ url, secret }, poster);
  }

  async reply(query: AgentQuery, signal: AbortSignal): Promise<AgentAnswer> {
    let asked = query;
    for (let followUps = 0; ; followUps++) {
      const responseId = responseIdOf(asked.turnId);
      const response = await this.#ask(asked, responseId, signal);
      const event = response.followupEventInput;
      if (event === undefined || event.name === '') {
        return { reply: toReply(response, asked, responseId) };
      }
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
    try {
      const headers = query.queryParams?.webhookHeaders ?? {};
      return await this.#webhook.call(toRequest(query, responseId), { signal, headers });
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      throw new AgentError(error.message, { transient: error.transient, cause: error });
    }
  }
}

function toRequest(
  { session, input, queryParams, conversation }: AgentQuery,
  responseId: string,
): WebhookRequest {
  const event = input.case === 'event' ? input.name : undefined;
  const own = { conversation, ...(event !== undefined && { event }) };
  return create(WebhookRequestSchema, {
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
}

function toReply(
  { fulfillmentText, fulfillmentMessages, payload, outputContexts, ...response }: WebhookResponse,
  { input }: AgentQuery,
  responseId: string,
): AutomatedAgentReply {
  const said = toResponseMessages(fulfillmentMessages);
  const words = said.length === 0 && fulfillmentText !== '' ? [textResponse(fulfillmentText)] : [];
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
    responseMessages: [...words, ...said, ...toSignals(response)],
    ...(input.case === 'event' && { match: { case: 'event', value: input.name } }),
    automatedAgentReplyType: ReplyType.FINAL,
  });
}
