import { setImmediate } from 'node:timers/promises';
import { PassageIndex, queryWords } from '@parleykit/nlu';
import {
  type DocumentPassages_Passage as Passage,
  DocumentPassages_Passage_Kind as PassageKind,
} from '@parleykit/proto/stored';
import { type Document, Document_KnowledgeType as KnowledgeType } from '@parleykit/proto/v2beta1';
import { answerConfidence, passageConfidence } from './confidence.ts';
import { snippetOf } from './snippets.ts';

/** Questions, or answers, that are looked at to find the best answers. */
const LOOKED_AT = 40;

/** How much nearer questions count for their answers than others that were found too. */
const NEARNESS = 4;

/** Passages that are looked at to find the best documents, and those of one that are shown. */
const PASSAGES_LOOKED_AT = 60;
const SNIPPETS = 3;

/** How long nobody else has a turn while a document is put in, in milliseconds. */
const BREATH_MS = 8;

/** A document that is searched, by its id. */
interface Indexed {
  readonly document: Document;
  readonly version: number;
  readonly bytes: number;
  readonly answers: readonly Answer[];
  /** Of each question, which of the answers is its. */
  readonly questions: readonly { readonly text: string; readonly answer: number }[];
  readonly parts: readonly string[];
}

/** An answer, and the questions that it answers. */
interface Answer {
  readonly text: string;
  readonly questions: string[];
}

/** A passage, or an answer to a question, that was found in a document. */
export interface KnowledgeHit {
  /** The document: its canonical name, or, of one knowledge base, its id. */
  readonly document: string;
  readonly title: string;
  readonly uri: string;
  /** Of an answer: the question of the document that is most like the one that was asked. */
  readonly question?: string;
  /** The answer, or the passage. */
  readonly answer: string;
  readonly snippets: readonly string[];
  /** How sure it is that this is wanted, from 0 to 1: as often as this it was, in what it was fitted to. */
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is looked for, wherever that is done. */
export interface Question {
  readonly type: 'FAQ' | 'ARTICLE_SUGGESTION' | 'EXTRACTIVE_QA';
  readonly text: string;
  readonly limit: number;
  /** Only documents whose metadata say so: for each key one of the values, which have commas between them. */
  readonly metadataFilters?: Readonly<Record<string, string>>;
}

export interface BaseQuery extends Question {
  /** Only these; undefined for all. */
  readonly documents: ReadonlySet<string> | undefined;
}

const TYPES: Readonly<Record<Question['type'], KnowledgeType>> = {
  FAQ: KnowledgeType.FAQ,
  ARTICLE_SUGGESTION: KnowledgeType.ARTICLE_SUGGESTION,
  EXTRACTIVE_QA: KnowledgeType.EXTRACTIVE_QA,
};

/** What can be found in one knowledge base. Hits name documents by their ids. */
export class BaseIndex {
  readonly #documents = new Map<string, Indexed>();
  /** Each question by itself, and each answer with all its questions: either finds what the other does not. */
  readonly #questions = new PassageIndex();
  readonly #answers = new PassageIndex();
  readonly #parts = new PassageIndex();
  #bytes = 0;

  get documents(): Iterable<string> {
    return this.#documents.keys();
  }

  /** Of the texts that it was made of. */
  get bytes(): number {
    return this.#bytes;
  }

  has(id: string, version: number): boolean {
    return this.#documents.get(id)?.version === version;
  }

  /** Puts a document in, or in the place of what it was. */
  async put(
    id: string,
    { document, version }: { readonly document: Document; readonly version: number },
    passages: readonly Passage[],
  ): Promise<void> {
    this.remove(id);
    const answers = new Map<string, Answer & { readonly number: number }>();
    const questions: { text: string; answer: number }[] = [];
    const parts: string[] = [];
    let [bytes, since] = [0, performance.now()];
    for (const { kind, title, text } of passages) {
      bytes += title.length + text.length;
      if (kind === PassageKind.FAQ) {
        const answer = answers.get(text) ?? { text, questions: [], number: answers.size };
        answers.set(text, answer);
        answer.questions.push(title);
        this.#questions.put({ id: `${id}/${questions.length}`, text: title });
        questions.push({ text: title, answer: answer.number });
      } else if (kind === PassageKind.TEXT) {
        this.#parts.put({ id: `${id}/${parts.length}`, title: `${document.displayName} ${title}`, text });
        parts.push(text);
      }
      if (performance.now() - since > BREATH_MS) {
        await setImmediate();
        since = performance.now();
      }
    }
    for (const { number, text, questions: asked } of answers.values()) {
      this.#answers.put({ id: `${id}/${number}`, title: asked.join('\n'), text });
    }
    const indexed = { document, version, bytes, answers: [...answers.values()], questions, parts };
    this.#documents.set(id, indexed);
    this.#bytes += bytes;
    // Many small ones are as long as a large one.
    if (performance.now() - since > 1) await setImmediate();
  }

  remove(id: string): void {
    const indexed = this.#documents.get(id);
    if (indexed === undefined) return;
    for (const number of indexed.questions.keys()) this.#questions.remove(`${id}/${number}`);
    for (const number of indexed.answers.keys()) this.#answers.remove(`${id}/${number}`);
    for (const number of indexed.parts.keys()) this.#parts.remove(`${id}/${number}`);
    this.#documents.delete(id);
    this.#bytes -= indexed.bytes;
  }

  async search(query: BaseQuery): Promise<readonly KnowledgeHit[]> {
    const { documents, metadataFilters = {}, type } = query;
    const filters = Object.entries(metadataFilters).map(
      ([key, values]) => [key, new Set(values.split(',').map((value) => value.trim()))] as const,
    );
    const accepted = new Map<string, boolean>();
    const accepts = (passage: string): boolean => {
      const id = documentOf(passage);
      let passes = accepted.get(id);
      if (passes === undefined) {
        const { knowledgeTypes = [], metadata = {} } = this.#documents.get(id)?.document ?? {};
        passes =
          documents?.has(id) !== false &&
          knowledgeTypes.includes(TYPES[type]) &&
          filters.every(([key, values]) => Object.hasOwn(metadata, key) && values.has(metadata[key] ?? ''));
        accepted.set(id, passes);
      }
      return passes;
    };
    return type === 'FAQ' ? this.#searchAnswers(query, accepts) : this.#searchParts(query, accepts);
  }

  /**
   * An answer is as good as its questions that are near, the nearest counting most, and as it is itself with all its
   * questions: questions in many words find what is asked in the words of others.
   */
  async #searchAnswers(query: BaseQuery, accepts: (id: string) => boolean): Promise<KnowledgeHit[]> {
    const { text, limit } = query;
    const [near, whole] = await Promise.all([
      this.#questions.search({ text, limit: LOOKED_AT, accepts }),
      this.#answers.search({ text, limit: LOOKED_AT, accepts }),
    ]);
    const found = new Map<string, { votes: number; whole: number; question: string; coverage: number }>();
    const best = near[0]?.score ?? 1;
    for (const { id, score, coverage } of near) {
      const { text: question, answer } = this.#questionOf(id);
      const key = `${documentOf(id)}/${answer}`;
      const known = found.get(key) ?? { votes: 0, whole: 0, question, coverage };
      known.votes += (score / best) ** NEARNESS;
      found.set(key, known);
    }
    const bestWhole = whole[0]?.score ?? 1;
    for (const { id, score, coverage } of whole) {
      const question = this.#answerOf(id).questions[0] ?? '';
      const known = found.get(id) ?? { votes: 0, whole: 0, question, coverage: 0 };
      known.whole = (score / bestWhole) ** NEARNESS;
      // What the answer itself says counts as found where no question says it.
      known.coverage = Math.max(known.coverage, coverage / 2);
      found.set(id, known);
    }
    const votesMax = Math.max(...[...found.values()].map(({ votes }) => votes), Number.MIN_VALUE);
    const ranked = [...found]
      .map(([id, { votes, whole: itself, question, coverage }]) => ({
        id,
        score: votes / votesMax + itself,
        question,
        coverage,
      }))
      .sort((left, right) => right.score - left.score);
    const sum = ranked.reduce((total, { score }) => total + score, 0);
    return ranked.slice(0, limit).map(({ id, score, question, coverage }) => ({
      ...this.#describe(id),
      question,
      answer: this.#answerOf(id).text,
      snippets: [],
      confidence: answerConfidence({ coverage, share: score / sum }),
    }));
  }

  /** Articles are found by their best part; parts by themselves. */
  async #searchParts(query: BaseQuery, accepts: (id: string) => boolean): Promise<KnowledgeHit[]> {
    const { text, limit, type } = query;
    const hits = await this.#parts.search({ text, limit: Math.max(limit, PASSAGES_LOOKED_AT), accepts });
    const words = new Set(queryWords(text));
    const found = new Map<string, KnowledgeHit & { readonly snippets: string[] }>();
    for (const { id, coverage } of hits) {
      const passage = this.#partOf(id);
      const key = type === 'ARTICLE_SUGGESTION' ? documentOf(id) : id;
      const known = found.get(key);
      if (known === undefined) {
        if (found.size === limit) continue;
        const confidence = passageConfidence(coverage);
        const snippets = [snippetOf(passage, words)];
        found.set(key, { ...this.#describe(id), answer: passage, snippets, confidence });
      } else if (known.snippets.length < SNIPPETS) known.snippets.push(snippetOf(passage, words));
    }
    return [...found.values()];
  }

  #describe(passage: string): Pick<KnowledgeHit, 'document' | 'title' | 'uri' | 'metadata'> {
    const id = documentOf(passage);
    const { displayName: title = '', source, metadata = {} } = this.#documents.get(id)?.document ?? {};
    const uri = source?.case === 'contentUri' ? source.value : '';
    return { document: id, title, uri, metadata };
  }

  #questionOf(id: string): { readonly text: string; readonly answer: number } {
    return this.#documents.get(documentOf(id))?.questions[numberOf(id)] ?? { text: '', answer: 0 };
  }

  #answerOf(id: string): Answer {
    return this.#documents.get(documentOf(id))?.answers[numberOf(id)] ?? { text: '', questions: [] };
  }

  #partOf(id: string): string {
    return this.#documents.get(documentOf(id))?.parts[numberOf(id)] ?? '';
  }
}

function documentOf(passage: string): string {
  return passage.slice(0, passage.indexOf('/'));
}

function numberOf(passage: string): number {
  return Number(passage.slice(passage.indexOf('/') + 1));
}
