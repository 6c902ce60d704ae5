import { DocumentPassages_Passage_Kind as PassageKind } from '@parleykit/proto/stored';
import { Document_KnowledgeType as KnowledgeType, Document_State as State } from '@parleykit/proto/v2beta1';
import { KNOWLEDGE_AT_HAND_BYTES_MAX } from '../limits.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';
import type { KnowledgeContents } from './knowledge-contents.ts';
import { knowledgeBaseOf, knowledgeName } from './knowledge-names.ts';
import type { BaseIndex, KnowledgeHit, Question } from './search/base-index.ts';

export interface KnowledgeQuery extends Question {
  /** Knowledge bases and documents, by their canonical names. What is not there has nothing. */
  readonly sources: readonly string[];
}

/** Of which documents the replies are kept at hand. */
const REPLIES_AT_HAND = 100;

/** A knowledge base that is searched. */
interface Searched {
  readonly base: ResourceName;
  index: BaseIndex | undefined;
  /** Of the knowledge base, when the index was last made to be the same. */
  version: number;
  /** How many edits were told of by then, and until now; and what they were about. */
  toldThen: number;
  told: number;
  readonly edited: Set<string>;
  syncing: Promise<void> | undefined;
}

/**
 * The search in knowledge bases: each has an index in memory, which is filled when somebody searches it first, and made the
 * same as what is stored before each search. Those used last are kept. What understands language is loaded with the first.
 */
export class Knowledge {
  readonly #contents: KnowledgeContents;
  readonly #bytesMax: number;
  /** By the knowledge base's key, the one used last behind all others. */
  readonly #searched = new Map<string, Searched>();
  readonly #replies = new Map<string, { readonly version: number; readonly replies: readonly string[] }>();

  constructor(contents: KnowledgeContents, { bytesMax = KNOWLEDGE_AT_HAND_BYTES_MAX } = {}) {
    this.#contents = contents;
    this.#bytesMax = bytesMax;
    contents.onChange((base, document) => {
      const searched = this.#searched.get(base.key);
      if (searched === undefined) return;
      searched.told++;
      searched.edited.add(document.id);
    });
  }

  /** The best hits of all sources, the surest first. */
  async search({ sources, limit, ...query }: KnowledgeQuery): Promise<readonly KnowledgeHit[]> {
    const hits: KnowledgeHit[] = [];
    for (const [base, documents] of byBase(sources)) {
      const name = readResourceName(base);
      const index = name && (await this.#current(name));
      if (index === undefined) continue;
      const found = await index.search({ ...query, limit, documents });
      for (const { document: id, ...hit } of found) {
        hits.push({ ...hit, document: `${base}/documents/${id}` });
      }
    }
    return hits.sort((left, right) => right.confidence - left.confidence).slice(0, limit);
  }

  /** The replies that a document allows, each once; undefined where there is no document of replies of that name. */
  async allowedReplies(document: string): Promise<readonly string[] | undefined> {
    const name = readSource(document);
    if (name === undefined || !isDocument(name) || !(await this.#baseIsThere(name))) return undefined;
    const found = await this.#contents.find(name);
    const types = found?.document.knowledgeTypes ?? [];
    if (found === undefined || !types.includes(KnowledgeType.SMART_REPLY)) return undefined;
    const known = this.#replies.get(name.key);
    if (known?.version === found.version) return known.replies;
    const passages = await this.#contents.passagesOf(found);
    const replies = passages.filter(({ kind }) => kind === PassageKind.REPLY).map(({ text }) => text);
    if (this.#replies.size >= REPLIES_AT_HAND) this.#replies.clear();
    this.#replies.set(name.key, { version: found.version, replies });
    return replies;
  }

  /** Whether there is such a knowledge base or document. */
  async hasSource(key: string): Promise<boolean> {
    const name = readSource(key);
    if (name === undefined || !(await this.#baseIsThere(name))) return false;
    return !isDocument(name) || (await this.#contents.find(name)) !== undefined;
  }

  async #baseIsThere(name: ResourceName): Promise<boolean> {
    return (await this.#contents.versionOf(knowledgeBaseOf(name))) !== undefined;
  }

  /** The index of a knowledge base as it is now; undefined where there is none. */
  async #current(base: ResourceName): Promise<BaseIndex | undefined> {
    const { key } = base;
    const version = await this.#contents.versionOf(base);
    if (version === undefined) {
      this.#searched.delete(key);
      return undefined;
    }
    const searched = this.#searched.get(key) ?? newlySearched(base);
    this.#searched.delete(key);
    this.#searched.set(key, searched);
    while (searched.version !== version || searched.edited.size > 0) {
      const { syncing } = searched;
      searched.syncing ??= this.#sync(searched).finally(() => {
        searched.syncing = undefined;
      });
      await searched.syncing;
      // One that was under way may know nothing of what has come since.
      if (syncing === undefined) break;
    }
    this.#bound(key);
    return searched.index;
  }

  /** Makes an index the same as what is stored. What is edited meanwhile, or cannot be read, is for the next time. */
  async #sync(searched: Searched): Promise<void> {
    const edited = [...searched.edited];
    searched.edited.clear();
    try {
      await this.#take(searched, edited);
    } catch (error) {
      for (const id of edited) searched.edited.add(id);
      throw error;
    }
  }

  async #take(searched: Searched, edited: readonly string[]): Promise<void> {
    const { base, told } = searched;
    const version = await this.#contents.versionOf(base);
    if (version === undefined) return;
    const { BaseIndex } = await import('./search/base-index.ts');
    searched.index ??= new BaseIndex();
    // Each edit that is told of is one of what is stored. Where there were others all documents are looked at.
    const isAll = searched.version >= 0 && version - searched.version === told - searched.toldThen;
    // Where it fails in the midst, too.
    searched.version = -1;
    for await (const ids of isAll ? [edited] : this.#allOf(searched)) {
      for (const id of ids) await this.#look(searched.index, base.child('documents', id));
    }
    searched.version = version;
    searched.toldThen = told;
  }

  /** Those that there are, and those that there were. */
  async *#allOf({ base, index }: Searched): AsyncGenerator<readonly string[]> {
    const gone = new Set(index?.documents);
    for await (const ids of this.#contents.documentsOf(base)) {
      for (const id of ids) gone.delete(id);
      yield ids;
    }
    yield [...gone];
  }

  async #look(index: BaseIndex, name: ResourceName): Promise<void> {
    const found = await this.#contents.find(name);
    if (found === undefined || found.document.state === State.CREATING) index.remove(name.id);
    else if (!index.has(name.id, found.version)) {
      await index.put(name.id, found, await this.#contents.passagesOf(found));
    }
  }

  #bound(last: string): void {
    let bytes = this.#searched.values().reduce((sum, { index }) => sum + (index?.bytes ?? 0), 0);
    for (const [key, { index }] of this.#searched) {
      if (bytes <= this.#bytesMax || key === last) break;
      bytes -= index?.bytes ?? 0;
      this.#searched.delete(key);
    }
  }
}

function newlySearched(base: ResourceName): Searched {
  return {
    base,
    index: undefined,
    version: -1,
    toldThen: 0,
    told: 0,
    edited: new Set(),
    syncing: undefined,
  };
}

/** The name of a source without `agent` in it, as it is stored. */
function readSource(key: string): ResourceName | undefined {
  const name = readResourceName(key);
  const known = name && knowledgeName(name).canonical;
  return known !== undefined && /^knowledgeBases\/[^/]+(?:\/documents\/[^/]+)?$/u.test(known.path)
    ? known
    : undefined;
}

function isDocument({ path }: ResourceName): boolean {
  return path.includes('/documents/');
}

/** Which documents of each knowledge base are searched, by their ids; undefined for all. */
function byBase(sources: readonly string[]): Map<string, ReadonlySet<string> | undefined> {
  const bases = new Map<string, Set<string> | undefined>();
  for (const source of sources) {
    const name = readSource(source);
    if (name === undefined) continue;
    const base = knowledgeBaseOf(name).key;
    if (!isDocument(name)) bases.set(base, undefined);
    else if (!bases.has(base)) bases.set(base, new Set([name.id]));
    else bases.get(base)?.add(name.id);
  }
  return bases;
}
