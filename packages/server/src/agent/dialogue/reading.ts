import type { EntityRecognizer, EntitySpan } from '@parleykit/nlu';
import type { AgentModel } from '../training/agent-model.ts';
import type { AgentIntent } from './agent-intent.ts';

/** How a text is looked at. */
export interface ReadingOptions {
  /** The intent whose phrases tell the places of values. */
  readonly places?: AgentIntent;
  /** The entity type that was asked for. */
  readonly answers?: string;
}

/** A text with the values in it, each look at it taken once. */
export class Reading {
  readonly text: string;
  /** Its words, as phrases are compared. */
  readonly words: readonly string[];
  readonly #model: AgentModel;
  readonly #recognizer: EntityRecognizer;
  readonly #nowMs: number;
  readonly #timeZone: string;
  readonly #taken = new Map<string, Promise<EntitySpan[]>>();

  constructor(parts: {
    readonly text: string;
    readonly model: AgentModel;
    readonly recognizer: EntityRecognizer;
    readonly nowMs: number;
    readonly timeZone: string;
  }) {
    this.text = parts.text;
    this.words = parts.model.wordsOf(parts.text);
    this.#model = parts.model;
    this.#recognizer = parts.recognizer;
    this.#nowMs = parts.nowMs;
    this.#timeZone = parts.timeZone;
  }

  /** The values of some entity types. */
  spans(entityTypes: readonly string[], { places, answers }: ReadingOptions = {}): Promise<EntitySpan[]> {
    if (entityTypes.length === 0) return Promise.resolve([]);
    const key = `${entityTypes.join(' ')}\n${places?.order ?? ''}\n${answers ?? ''}`;
    const before = this.#taken.get(key);
    if (before !== undefined) return before;
    const taken = this.#read(entityTypes, { places, answers });
    this.#taken.set(key, taken);
    return taken;
  }

  /** Whether a value is told by its words, and not by its place alone. */
  async isKnown({ entityType, start, end }: EntitySpan, entityTypes: readonly string[]): Promise<boolean> {
    const known = await this.spans(entityTypes);
    return known.some((span) => span.entityType === entityType && span.start === start && span.end === end);
  }

  async #read(
    entityTypes: readonly string[],
    { places, answers }: { places: AgentIntent | undefined; answers: string | undefined },
  ): Promise<EntitySpan[]> {
    const anchors = places === undefined ? undefined : this.#model.anchorsOf(places);
    const spans = await this.#recognizer.recognize({
      text: this.text,
      entityTypes,
      nowMs: this.#nowMs,
      timeZone: this.#timeZone,
      ...(anchors && { anchors }),
      ...(answers !== undefined && { answers }),
    });
    if (places === undefined) return spans;
    const values: EntitySpan[] = [];
    for (const span of spans) {
      // "can you book" is no city, although it stands before a date like one.
      const isDoubtful =
        span.entityType !== '@sys.any' &&
        span.entityType !== answers &&
        this.#model.isPlain(places, span.text);
      if (!isDoubtful || (await this.isKnown(span, entityTypes))) values.push(span);
    }
    return values;
  }
}
