import { setImmediate } from 'node:timers/promises';
import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type DocumentHoldings,
  DocumentHoldingsSchema,
  DocumentPassagesSchema,
  type DocumentPassages_Passage as Passage,
} from '@parleykit/proto/stored';
import { type Document, DocumentSchema, Document_State as State } from '@parleykit/proto/v2beta1';
import { knowledgeBaseFull } from '../assist-errors.ts';
import { notFound } from '../errors.ts';
import { KNOWLEDGE_BASE_BYTES_MAX, PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import { withoutName } from '../storage/named-message.ts';
import type {
  Change,
  Expectation,
  ResourceCursor,
  ResourceWrite,
  Store,
  StoredResource,
  StoredTimer,
} from '../storage/store.ts';
import { knowledgeBaseOf, knowledgeName } from './knowledge-names.ts';

/** A document as it was found. */
export interface FoundDocument {
  /** Without `agent`, in the form in which it was asked for. */
  readonly name: ResourceName;
  /** Without its name and content. */
  readonly document: Document;
  readonly version: number;
  readonly holdings: DocumentHoldings;
}

/** What an edit of a document comes to. It holds as long as nobody else has edited the document. */
export interface DocumentEdit {
  readonly change: Required<Pick<Change, 'expect' | 'put' | 'remove'>>;
  /** To be called when the change is on disk. */
  readonly committed: () => void;
}

/** An edit that leaves a document as it is then. */
export interface DocumentUpdate extends DocumentEdit {
  readonly document: Document;
}

/** Hears that a document, by its canonical name, is not what it was, or is no more. */
export type DocumentListener = (base: ResourceName, document: ResourceName) => void;

/** How large a row of content is. */
const ROW_BYTES = 1024 * 1024;

/** Knowledge bases whose sizes are remembered. */
const SIZES_MAX = 1000;

/** The kind of the timer that takes away what was in a knowledge base that is gone. */
export const ERASE_KNOWLEDGE = 'erase knowledge';

/** Documents that are taken away at once. */
const ERASE_DOCUMENTS = 50;

/**
 * Documents in the store: a small row for each, which lists answer, another that says what lies beside it, and in rows of
 * their own its content, where it was sent, and the passages that were read of it. What is below a knowledge base that is
 * gone is nobody's.
 *
 * Each edit that changes what can be found writes a row of the knowledge base too, whose version so tells whether what
 * somebody remembers of it is all.
 */
export class KnowledgeContents {
  readonly #store: Store;
  readonly #listeners: DocumentListener[] = [];
  /** By the knowledge base's key: bytes of its passages. */
  readonly #sizes = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Calls back each time that this server has changed what can be found. The callback must not throw. */
  onChange(listener: DocumentListener): void {
    this.#listeners.push(listener);
  }

  /** Forgets what is remembered: projects were set back. */
  forget(): void {
    this.#sizes.clear();
  }

  /** Throws NOT_FOUND where there is no such knowledge base. Any name in it will do. */
  async requireBase(name: ResourceName): Promise<StoredResource> {
    const base = knowledgeBaseOf(name);
    const stored = await this.#store.get(knowledgeName(base).key);
    if (stored === undefined) throw notFound('KnowledgeBase', base.toString());
    return stored;
  }

  /** Throws NOT_FOUND where there is no such document. */
  async load(asked: ResourceName): Promise<FoundDocument> {
    const name = knowledgeName(asked);
    const base = await this.#store.getState(knowledgeBaseOf(name).key);
    const found = base === undefined ? undefined : await this.find(name);
    if (found === undefined) throw notFound('Document', asked.toString());
    return found;
  }

  /** A document of a knowledge base that there is. */
  async find(name: ResourceName): Promise<FoundDocument | undefined> {
    const [stored, beside] = await Promise.all([
      this.#store.get(name.key),
      this.#store.get(holdingsKey(name)),
    ]);
    if (stored === undefined) return undefined;
    const { body, version } = stored;
    const holdings = fromBinary(DocumentHoldingsSchema, beside?.body ?? new Uint8Array());
    return { name, document: fromBinary(DocumentSchema, body), version, holdings };
  }

  /** Which state of a knowledge base it is: greater after each change of what can be found. Undefined where it is not. */
  async versionOf(base: ResourceName): Promise<number | undefined> {
    const [state, edits] = await Promise.all([
      this.#store.getState(base.key),
      this.#store.get(editsKey(base)),
    ]);
    return state === undefined ? undefined : (edits?.version ?? 0);
  }

  /** What was sent as the content of a document; empty where nothing was. */
  async contentOf({ name, holdings }: FoundDocument): Promise<Uint8Array> {
    return Buffer.concat(await this.#readRows(name, 'content', holdings.contentRows));
  }

  /** What can be found in a document. */
  async passagesOf({ name, holdings }: FoundDocument): Promise<readonly Passage[]> {
    const rows = await this.#readRows(name, 'passages', holdings.passagesRows);
    const passages: Passage[] = [];
    for (const row of rows) {
      for (const passage of fromBinary(DocumentPassagesSchema, row).passages) passages.push(passage);
      if (rows.length > 1) await setImmediate();
    }
    return passages;
  }

  /** The ids of all documents of a knowledge base, a page at a time. */
  async *documentsOf(base: ResourceName): AsyncGenerator<readonly string[]> {
    for await (const page of this.#holdingsOf(base)) yield page.map(({ id }) => id);
  }

  /** A new document that is about to be read, with the content that was sent with it. */
  create(name: ResourceName, document: Document, content: Uint8Array): DocumentEdit {
    const contentRows = Math.ceil(content.byteLength / ROW_BYTES);
    const contents = rowKeys(name, 'content', contentRows).map((key, row) => ({
      name: key,
      body: content.subarray(row * ROW_BYTES, (row + 1) * ROW_BYTES),
    }));
    return {
      change: {
        expect: [baseIsThere(name), { name: name.key, absent: true }],
        put: [
          { name: name.key, state: State.CREATING, body: encode(document, State.CREATING) },
          beside(name, create(DocumentHoldingsSchema, { contentRows })),
          ...contents,
          edit(name),
        ],
        remove: [],
      },
      committed: () => this.#tell(name, 0),
    };
  }

  /** Says what is being done with a document. What can be found stays as it is. */
  restate({ name, version, document }: FoundDocument, state: State): DocumentEdit['change'] {
    return {
      expect: [baseIsThere(name), { name: name.key, version }],
      put: [{ name: name.key, state, body: encode(document, state) }],
      remove: [],
    };
  }

  /** A document as it is to be. Its passages stay. */
  replace(found: FoundDocument, to: Document, state: State): DocumentUpdate {
    const { name } = found;
    const document = clone(DocumentSchema, to);
    document.state = state;
    const change = this.restate({ ...found, document }, state);
    return {
      document,
      change: { ...change, put: [...change.put, edit(name)] },
      committed: () => this.#tell(name, 0),
    };
  }

  /** Stores what an edit comes to. Throws ConflictError where somebody else was faster. */
  async commit(name: ResourceName, { change, committed }: DocumentEdit): Promise<void> {
    await this.#store.commit({ partition: name.scope, ...change });
    committed();
  }

  /** A document that was read: these rows of passages can be found in it from then on. Throws where it is too much. */
  async activate(
    found: FoundDocument,
    document: Document,
    rows: readonly Uint8Array[],
  ): Promise<DocumentUpdate> {
    const { name, holdings } = found;
    const bytes = rows.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const growth = bytes - Number(holdings.passagesBytes);
    const base = knowledgeBaseOf(name);
    if (growth > 0 && (await this.#sizeOf(base)) + growth > KNOWLEDGE_BASE_BYTES_MAX) {
      throw knowledgeBaseFull(base.toString(), KNOWLEDGE_BASE_BYTES_MAX);
    }
    const { change, ...update } = this.replace(found, document, State.ACTIVE);
    const keys = rowKeys(name, 'passages', rows.length);
    const put = rows.map((body, row) => ({ name: keys[row] ?? '', body }));
    const changed = { ...holdings, passagesRows: rows.length, passagesBytes: BigInt(bytes) };
    return {
      ...update,
      change: {
        ...change,
        put: [...change.put, beside(name, changed), ...put],
        remove: rowKeys(name, 'passages', holdings.passagesRows).slice(rows.length),
      },
      committed: () => this.#tell(name, growth),
    };
  }

  /** Takes a document away, with all that is in it. */
  remove({ name, version, holdings }: FoundDocument): DocumentEdit {
    return {
      change: {
        expect: [baseIsThere(name), { name: name.key, version }],
        put: [edit(name)],
        remove: allKeys(name, holdings),
      },
      committed: () => this.#tell(name, -Number(holdings.passagesBytes)),
    };
  }

  /** Whether there is no document in a knowledge base, and what has to be so for that to stay true. */
  async isEmpty(base: ResourceName): Promise<{ readonly empty: boolean; readonly expect: Expectation }> {
    const name = editsKey(base);
    const stored = await this.#store.get(name);
    const { items } = await this.#store.list(`${base.key}/documents`, 'id', { limit: 1, bytes: 1 });
    const expect: Expectation =
      stored === undefined ? { name, absent: true } : { name, version: stored.version };
    return { empty: items.length === 0, expect };
  }

  /** Takes a knowledge base away. What is in it is nobody's from then on, and erased in small steps. */
  removeBase(base: ResourceName, due: number): Required<Pick<Change, 'remove' | 'schedule'>> {
    const key = `${ERASE_KNOWLEDGE} ${base.key}`;
    return {
      remove: [base.key, editsKey(base)],
      schedule: [{ key, due, kind: ERASE_KNOWLEDGE, data: new Uint8Array() }],
    };
  }

  /** Erases some of what was in a knowledge base that is gone; the timer stays due for as long as there is more. */
  async erase({ key, partition }: StoredTimer): Promise<void> {
    const base = parseResourceName('key', key.slice(ERASE_KNOWLEDGE.length + 1), 'knowledgeBases/*');
    this.#sizes.delete(base.key);
    const range = { limit: ERASE_DOCUMENTS, bytes: PAGE_BYTES_MAX };
    const { items, more } = await this.#store.list(`${base.key}/${HOLDINGS}`, 'id', range);
    const remove = items.flatMap(({ id, body }) =>
      allKeys(base.child('documents', id), fromBinary(DocumentHoldingsSchema, body)),
    );
    await this.#store.commit({ partition, remove, ...(more ? {} : { unschedule: [key] }) });
  }

  async #readRows(name: ResourceName, kind: RowKind, rows: number): Promise<Uint8Array[]> {
    const bodies: Uint8Array[] = [];
    for (const key of rowKeys(name, kind, rows)) {
      const stored = await this.#store.get(key);
      // Else it was edited while it was read, and is read again.
      if (stored !== undefined) bodies.push(stored.body);
      // To read and to decode one takes a millisecond: others have a turn in between.
      if (rows > 1) await setImmediate();
    }
    return bodies;
  }

  /** Of the passages of a knowledge base, as they are stored. */
  async #sizeOf(base: ResourceName): Promise<number> {
    const known = this.#sizes.get(base.key);
    if (known !== undefined) return known;
    let bytes = 0;
    for await (const page of this.#holdingsOf(base)) {
      for (const { body } of page) bytes += Number(fromBinary(DocumentHoldingsSchema, body).passagesBytes);
    }
    if (this.#sizes.size >= SIZES_MAX) this.#sizes.clear();
    this.#sizes.set(base.key, bytes);
    return bytes;
  }

  async *#holdingsOf(base: ResourceName): AsyncGenerator<readonly StoredResource[]> {
    for (let after: ResourceCursor | undefined; ; ) {
      const range = { after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };
      const { items, more } = await this.#store.list(`${base.key}/${HOLDINGS}`, 'id', range);
      yield items;
      const last = items.at(-1);
      if (!more || last === undefined) return;
      after = { id: last.id };
    }
  }

  #tell(document: ResourceName, growth: number): void {
    const base = knowledgeBaseOf(document).canonical;
    const known = this.#sizes.get(base.key);
    if (known !== undefined) this.#sizes.set(base.key, known + growth);
    for (const listener of this.#listeners) listener(base, document.canonical);
  }
}

type RowKind = 'content' | 'passages';

/** Where it is said of each document of a knowledge base what lies beside it. */
const HOLDINGS = 'holdings';

function holdingsKey(document: ResourceName): string {
  return knowledgeBaseOf(document).child(HOLDINGS, document.id).key;
}

/** Its version counts the edits of what can be found in a knowledge base. */
function editsKey(base: ResourceName): string {
  return base.singleton('edits').key;
}

function edit(document: ResourceName): ResourceWrite {
  return { name: editsKey(knowledgeBaseOf(document)), body: new Uint8Array() };
}

function beside(document: ResourceName, holdings: DocumentHoldings): ResourceWrite {
  return { name: holdingsKey(document), body: toBinary(DocumentHoldingsSchema, holdings) };
}

function baseIsThere(document: ResourceName): Expectation {
  return { name: knowledgeBaseOf(document).key, state: 0 };
}

function rowKeys(document: ResourceName, kind: RowKind, rows: number): string[] {
  return Array.from({ length: rows }, (_, row) => document.child(kind, String(row)).key);
}

function allKeys(document: ResourceName, { contentRows, passagesRows }: DocumentHoldings): string[] {
  return [
    document.key,
    holdingsKey(document),
    ...rowKeys(document, 'content', contentRows),
    ...rowKeys(document, 'passages', passagesRows),
  ];
}

function encode(document: Document, state: State): Uint8Array {
  const stored = clone(DocumentSchema, document);
  stored.state = state;
  return withoutName(DocumentSchema, stored);
}
