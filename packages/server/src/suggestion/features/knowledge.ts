import type { JsonObject } from '@bufbuild/protobuf';

/** A passage, or an answer to a question, that is found in documents. */
export interface KnowledgeHit {
  /** The document in which it stands, by its canonical name. */
  readonly document: string;
  readonly title: string;
  readonly uri: string;
  /** Of an answer: the question that is asked in the document. */
  readonly question?: string;
  readonly answer: string;
  readonly snippets: readonly string[];
  /** How sure it is that this is wanted, from 0 to 1. */
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The port to what is written in knowledge bases. */
export interface KnowledgeSearch {
  search(query: {
    /** Knowledge bases and documents, by their canonical names. */
    readonly sources: readonly string[];
    readonly type: 'FAQ' | 'ARTICLE_SUGGESTION' | 'EXTRACTIVE_QA';
    readonly text: string;
    readonly limit: number;
    readonly metadataFilters?: Readonly<Record<string, string>>;
  }): Promise<readonly KnowledgeHit[]>;
  /** The replies that a document allows; undefined where there is no such document. */
  allowedReplies(document: string): Promise<readonly string[] | undefined>;
  hasSource(name: string): Promise<boolean>;
}

/** A document's metadata where the API has a Struct for it. */
export function toStruct(metadata: Readonly<Record<string, string>>): JsonObject {
  return { ...metadata };
}
