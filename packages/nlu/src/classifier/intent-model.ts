import { confidenceOf } from './calibration.ts';
import { SectionReader, writeSections } from './model-file.ts';
import { NearestPhrases } from './nearest-phrases.ts';
import { classProbabilities } from './perceptron.ts';
import { QuantizedRows, SparseQuantizedRows } from './quantized-rows.ts';
import { Vocabulary, wordsOf } from './vocabulary.ts';

/** An intent that a text may mean. */
export interface ScoredIntent {
  readonly name: string;
  /** How sure it is, from 0 to 1, whatever other intents there are to choose from. */
  readonly confidence: number;
}

/** What a text may mean. */
export interface Classification {
  /** The eligible intents, the surest first. None where the text has nothing in common with any phrase. */
  readonly intents: readonly ScoredIntent[];
  /** How sure it is that the text is like the negatives, from 0 to 1. */
  readonly negative: number;
}

export interface ClassifyOptions {
  /** Names of the intents to choose from. Absent: all. Names that the model does not know are passed over. */
  readonly eligible?: Iterable<string>;
  /** How many intents to return at most. */
  readonly limit?: number;
}

/** What a model is made of. Classes are the intents in order, and one more where there were negatives. */
export interface ModelParts {
  readonly intents: readonly string[];
  /** Its first columns are those of the planes and the perceptron. */
  readonly vocabulary: Vocabulary;
  readonly planes: QuantizedRows | SparseQuantizedRows;
  readonly biases: Float32Array;
  readonly slopes: Float32Array;
  readonly offsets: Float32Array;
  /** Only of few phrases: they are the ones that planes leave too much room. */
  readonly nearest: NearestPhrases | undefined;
  readonly perceptron: QuantizedPerceptron | undefined;
}

const EMPTY = new Uint32Array();

/** What a text's nearness to a class's phrases weighs beside its margin, where there are few phrases. */
export const NEARNESS_WEIGHT = 0.85;

export interface QuantizedPerceptron {
  readonly inward: QuantizedRows;
  readonly inwardBias: Float32Array;
  /** By class, then hidden unit. */
  readonly outward: Float32Array;
  readonly outwardBias: Float32Array;
}

/** Tells which of an agent's intents a text means. It never changes: training again makes another. */
export class IntentModel {
  readonly #parts: ModelParts;
  readonly #classOf: ReadonlyMap<string, number>;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.#classOf = new Map(parts.intents.map((name, index) => [name, index]));
  }

  /** The intents that it can answer with: those that had phrases. */
  get intents(): readonly string[] {
    return this.#parts.intents;
  }

  /** Ranks the eligible intents for a text in any language, of which the first 2,000 characters count. */
  classify(
    text: string,
    { eligible, limit = Number.POSITIVE_INFINITY }: ClassifyOptions = {},
  ): Classification {
    const confidences = this.#confidences(text);
    if (confidences === undefined) return { intents: [], negative: 0 };
    const ranked: ScoredIntent[] = [];
    // Of many intents most are less sure than the last that is asked for: they are never sorted.
    let floor = Number.NEGATIVE_INFINITY;
    for (const name of eligible === undefined ? this.intents : new Set(eligible)) {
      const known = this.#classOf.get(name);
      if (known === undefined) continue;
      const confidence = confidences[known] as number;
      if (confidence <= floor) continue;
      ranked.push({ name, confidence });
      if (ranked.length !== 2 * limit) continue;
      ranked.sort(bySureness).length = limit;
      floor = (ranked[limit - 1] as ScoredIntent).confidence;
    }
    ranked.sort(bySureness);
    return { intents: ranked.slice(0, limit), negative: confidences[this.intents.length] ?? 0 };
  }

  /** The model as bytes, for loadIntentModel. */
  toBytes(): Uint8Array {
    const { intents, vocabulary, planes, biases, slopes, offsets, nearest, perceptron } = this.#parts;
    return writeSections([
      new TextEncoder().encode(JSON.stringify(intents)),
      Uint32Array.of(vocabulary.texts),
      vocabulary.keys,
      vocabulary.frequencies,
      vocabulary.floors,
      planes.bytes,
      planes.scales,
      ...(planes instanceof SparseQuantizedRows ? [planes.starts, planes.places] : [EMPTY, EMPTY]),
      biases,
      slopes,
      offsets,
      Uint32Array.of(nearest === undefined ? 0 : 1, perceptron === undefined ? 0 : 1),
      ...(nearest === undefined
        ? []
        : [
            nearest.phrases.starts,
            nearest.phrases.columns,
            nearest.phrases.values,
            nearest.phrases.classes,
            nearest.phrases.texts,
          ]),
      ...(perceptron === undefined
        ? []
        : [
            perceptron.inward.bytes,
            perceptron.inward.scales,
            perceptron.inwardBias,
            perceptron.outward,
            perceptron.outwardBias,
          ]),
    ]);
  }

  /** By class. Undefined where no feature of the text is known. */
  #confidences(text: string): Float32Array | undefined {
    const { vocabulary, planes, biases, slopes, offsets, nearest, perceptron } = this.#parts;
    const { columns, values } = vocabulary.rowOf(wordsOf(text));
    if (columns.length === 0) return undefined;
    const scores = planes.multiply(columns, values);
    const nearness = nearest?.nearness({ columns, values });
    for (let index = 0; index < scores.length; index++) {
      const sigmoid = { slope: slopes[index] as number, offset: offsets[index] as number };
      const margin = (scores[index] as number) + (biases[index] as number);
      scores[index] = confidenceOf(sigmoid, margin + NEARNESS_WEIGHT * (nearness?.[index] ?? 0));
    }
    if (perceptron === undefined) return scores;
    const units = perceptron.inward.multiply(columns, values);
    for (let unit = 0; unit < units.length; unit++) {
      units[unit] = Math.max(0, (units[unit] as number) + (perceptron.inwardBias[unit] as number));
    }
    const shares = new Float32Array(scores.length);
    classProbabilities(units, perceptron.outward, perceptron.outwardBias, shares);
    return scores.map((score, index) => (score + (shares[index] as number)) / 2);
  }
}

function bySureness(one: ScoredIntent, other: ScoredIntent): number {
  return other.confidence - one.confidence;
}

/** The model that toBytes() wrote. Throws IntentModelError where the bytes are not that. */
export function loadIntentModel(bytes: Uint8Array): IntentModel {
  const reader = new SectionReader(bytes);
  const intents: readonly string[] = JSON.parse(new TextDecoder().decode(reader.bytes()));
  const [texts = 0] = reader.words();
  const vocabulary = new Vocabulary(reader.words(), reader.words(), texts, reader.floats());
  const planes = readPlanes(reader);
  const [biases, slopes, offsets] = [reader.floats(), reader.floats(), reader.floats()];
  const [hasNearest, hasPerceptron] = reader.words();
  const nearest =
    hasNearest === 0
      ? undefined
      : new NearestPhrases(
          {
            starts: reader.words(),
            columns: reader.words(),
            values: reader.bytes(),
            classes: reader.words(),
            texts: reader.words(),
          },
          planes.outputs,
        );
  const perceptron =
    hasPerceptron === 0
      ? undefined
      : {
          inward: new QuantizedRows(reader.signed(), reader.floats()),
          inwardBias: reader.floats(),
          outward: reader.floats(),
          outwardBias: reader.floats(),
        };
  return new IntentModel({ intents, vocabulary, planes, biases, slopes, offsets, nearest, perceptron });
}

function readPlanes(reader: SectionReader): ModelParts['planes'] {
  const [bytes, scales] = [reader.signed(), reader.floats()];
  const [starts, places] = [reader.words(), reader.halfWords()];
  return starts.length === 0
    ? new QuantizedRows(bytes, scales)
    : new SparseQuantizedRows(starts, places, bytes, scales);
}
