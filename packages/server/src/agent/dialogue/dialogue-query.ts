import type { AgentSession } from '@parleykit/proto/stored';
import type {
  DetectIntentResponse,
  QueryParameters,
  WebhookRequest,
  WebhookResponse,
} from '@parleykit/proto/v2beta1';
import type { AgentQuery } from '../automated-agent.ts';

/** What is said or sent to an agent, by whom and when. */
export interface DialogueQuery {
  /** The session's name, in the form of the caller: names of contexts begin with it. */
  readonly session: string;
  readonly responseId: string;
  readonly input: AgentQuery['input'];
  readonly queryParams?: QueryParameters | undefined;
  readonly nowMs: number;
  /** Which of several variants are said: the same for the same seed and the same session. */
  readonly seed: string;
  /** Told to the webhook as `original_detect_intent_request.source`. */
  readonly source?: string;
}

/** All that a conversation needs of the world. */
export interface DialoguePorts {
  /**
   * Calls the agent's webhook, with the headers that the query adds. Throws a WebhookError where it does not answer as
   * it must. Absent: the agent has none.
   */
  readonly webhook?: (
    request: WebhookRequest,
    headers: Readonly<Record<string, string>>,
  ) => Promise<WebhookResponse>;
}

/** What came of a query. */
export interface DialogueResult {
  readonly response: DetectIntentResponse;
  /** What is to be kept for the session's next query. */
  readonly session: AgentSession;
  /** The event that triggered the intent, where it was one. */
  readonly event: string | undefined;
}
