import { create, type JsonObject } from '@bufbuild/protobuf';
import {
  type AgentSession,
  type AgentSession_ActiveContext,
  AgentSession_ActiveContextSchema,
} from '@parleykit/proto/stored';
import { type Context, ContextSchema } from '@parleykit/proto/v2beta1';

/** Contexts that no query uses for so long are gone. https://cloud.google.com/dialogflow/es/docs/contexts-overview */
const IDLE_MS = 20 * 60 * 1000;
/** More than agents have; a webhook that sets another one with each query gets no further. */
const CONTEXTS_MAX = 100;

export const SYSTEM_COUNTERS = '__system_counters__';

/**
 * The contexts of a session during one query. What was active before it takes part in all of it, and counts one query
 * less afterwards; what the query sets has its whole lifespan.
 */
export class ActiveContexts {
  readonly #query: number;
  readonly #nowMs: number;
  #contexts: Map<string, AgentSession_ActiveContext>;

  constructor({ queries, contexts }: AgentSession, nowMs: number) {
    this.#query = queries + 1;
    this.#nowMs = nowMs;
    const alive = contexts.filter(({ usedMs }) => nowMs - Number(usedMs) < IDLE_MS);
    this.#contexts = new Map(alive.map((context) => [context.id, context]));
  }

  has(id: string): boolean {
    return this.#contexts.has(id);
  }

  get ids(): readonly string[] {
    return [...this.#contexts.keys()];
  }

  parametersOf(id: string): JsonObject | undefined {
    return this.#contexts.get(id)?.parameters;
  }

  /** The number of the query that set a context: the higher, the more recent. */
  recencyOf(id: string): number {
    return this.#contexts.get(id)?.setBy ?? 0;
  }

  /** Sets a context as if it had been there before the query. */
  activate(id: string, lifespan: number, parameters: JsonObject): void {
    this.#put(id, lifespan, parameters, this.#query - 1);
  }

  /** Sets a context anew. A lifespan of 0 or less removes it. */
  set(id: string, lifespan: number, parameters: JsonObject): void {
    this.#put(id, lifespan, parameters, this.#query);
  }

  delete(id: string): void {
    this.#contexts.delete(id);
  }

  clear(): void {
    this.#contexts.clear();
  }

  /** What is left after the query, as the API has it: the latest first, the counters at the end. */
  toMessages(session: string): Context[] {
    const left = this.save();
    const rank = ({ id, setBy }: AgentSession_ActiveContext) => (id === SYSTEM_COUNTERS ? -1 : setBy);
    return left
      .toSorted((one, other) => rank(other) - rank(one))
      .map(({ id, lifespanCount, parameters }) =>
        create(ContextSchema, {
          name: `${session}/contexts/${id}`,
          lifespanCount,
          ...(parameters && { parameters }),
        }),
      );
  }

  /** What is left after the query. */
  save(): AgentSession_ActiveContext[] {
    const left: AgentSession_ActiveContext[] = [];
    for (const context of this.#contexts.values()) {
      const lifespanCount = context.setBy === this.#query ? context.lifespanCount : context.lifespanCount - 1;
      if (lifespanCount > 0) left.push({ ...context, lifespanCount, usedMs: BigInt(this.#nowMs) });
    }
    if (left.length <= CONTEXTS_MAX) return left;
    return left.toSorted((one, other) => other.setBy - one.setBy).slice(0, CONTEXTS_MAX);
  }

  #put(id: string, lifespanCount: number, parameters: JsonObject, setBy: number): void {
    this.#contexts.delete(id);
    if (lifespanCount <= 0) return;
    const usedMs = BigInt(this.#nowMs);
    this.#contexts.set(
      id,
      create(AgentSession_ActiveContextSchema, { id, lifespanCount, parameters, setBy, usedMs }),
    );
  }
}
