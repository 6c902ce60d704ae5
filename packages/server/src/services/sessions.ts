import { create } from '@bufbuild/protobuf';
import {
  type DetectIntentRequest,
  type DetectIntentResponse,
  type QueryInput,
  type Sessions,
  type StreamingDetectIntentRequest,
  StreamingDetectIntentResponseSchema,
} from '@parleykit/proto/v2beta1';
import { AgentError, type AgentQuery } from '../agent/automated-agent.ts';
import { agentName } from '../agent/content/agent-contents.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { SessionQuery, StoredAgents } from '../agent/serving/stored-agents.ts';
import { agentFailed } from '../agent-errors.ts';
import type { Clock } from '../clock.ts';
import { TurnQueue } from '../conversation/turn-queue.ts';
import {
  fieldInvalid,
  fieldsRequired,
  fieldUnimplemented,
  notFound,
  speechNotConfigured,
} from '../errors.ts';
import { createId } from '../ids.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Store } from '../storage/store.ts';
import { decide } from './decide.ts';
import { checkQueryParams } from './query-params.ts';
import { checkAgentText, readEvent, readText } from './turn-requests.ts';

export interface SessionsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly agents: StoredAgents;
  readonly environments: AgentEnvironments;
}

/** google.cloud.dialogflow.v2beta1.Sessions */
export class SessionsService implements ServiceHandlers<typeof Sessions> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #agents: StoredAgents;
  readonly #environments: AgentEnvironments;
  readonly #queue = new TurnQueue();

  constructor({ store, clock, agents, environments }: SessionsParts) {
    this.#store = store;
    this.#clock = clock;
    this.#agents = agents;
    this.#environments = environments;
  }

  /** Has the project's agent answer a text or an event; what the session holds is stored before it is answered. */
  async detectIntent(request: DetectIntentRequest, call: CallContext) {
    if (request.outputAudioConfig !== undefined) throw speechNotConfigured('output_audio_config');
    if (request.inputAudio.byteLength > 0) throw speechNotConfigured('input_audio');
    return this.#answer(readInput(request.queryInput), request, call);
  }

  /** The same for a stream that has no audio: one request, answered when the caller has closed its half. */
  async *streamingDetectIntent(
    first: StreamingDetectIntentRequest,
    call: CallContext,
    rest: AsyncIterable<StreamingDetectIntentRequest>,
  ) {
    if (first.outputAudioConfig !== undefined) throw speechNotConfigured('output_audio_config');
    if (first.inputAudio.byteLength > 0) throw speechNotConfigured('input_audio');
    const input = readInput(first.queryInput);
    for await (const _ of rest) {
      throw fieldInvalid('query_input', 'comes once: a stream of text or an event has one request');
    }
    const response = await this.#answer(input, first, call);
    const { responseId, queryResult, webhookStatus } = response;
    yield create(StreamingDetectIntentResponseSchema, {
      responseId,
      ...(queryResult && { queryResult }),
      ...(webhookStatus && { webhookStatus }),
    });
  }

  async #answer(
    input: AgentQuery['input'],
    { queryParams }: Pick<DetectIntentRequest, 'queryParams'>,
    call: CallContext,
  ): Promise<DetectIntentResponse> {
    const { resource: name } = call;
    const session = await this.#environments.sessionOf(name);
    if (session.id === '-') throw fieldInvalid('session', `must name a session: '-' stands for any of them`);
    checkQueryParams(queryParams, session);
    const queryId = createId(this.#clock.now(name.project));
    return this.#queue.run(session.key, call.signal, () =>
      decide(call, async () => {
        const query = { session, input, queryParams, queryId };
        const answer = await this.#ask(query, call.signal);
        await this.#store.commit({ partition: name.scope, ...answer.change });
        return answer.response;
      }),
    );
  }

  async #ask(query: SessionQuery, signal: AbortSignal) {
    const agent = agentName(query.session.name).toString();
    try {
      const answer = await this.#agents.detectIntent(query, signal);
      if (answer === undefined) throw notFound('Agent', agent);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AgentError) throw agentFailed(agent, error);
      throw error;
    }
  }
}

function readInput(queryInput: QueryInput | undefined): AgentQuery['input'] {
  const input = queryInput?.input;
  switch (input?.case) {
    case 'text': {
      const read = readText('query_input.text', input.value);
      checkAgentText('query_input.text.text', input.value.text);
      return read;
    }
    case 'event':
      return readEvent('query_input.event', input.value);
    case 'audioConfig':
      throw speechNotConfigured('query_input.audio_config');
    case 'dtmf':
      throw fieldUnimplemented('query_input.dtmf');
    default:
      throw fieldsRequired(['query_input.input']);
  }
}
