import { clone, create } from '@bufbuild/protobuf';
import { type Any, anyPack, EmptySchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { Code, type Status, StatusSchema } from '@parleykit/proto/rpc';
import { type DocumentTask, DocumentTaskSchema } from '@parleykit/proto/stored';
import {
  type Document,
  DocumentSchema,
  ImportDocumentsResponseSchema,
  KnowledgeOperationMetadataSchema,
  KnowledgeOperationMetadata_State as MetadataState,
  Document_ReloadStatusSchema as ReloadStatusSchema,
  Document_State as State,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import { createId } from '../ids.ts';
import type { DocumentLoader, LoadedDocument } from '../knowledge/document-loader.ts';
import type {
  DocumentEdit,
  DocumentUpdate,
  FoundDocument,
  KnowledgeContents,
} from '../knowledge/knowledge-contents.ts';
import { knowledgeBaseOf, knowledgeName } from '../knowledge/knowledge-names.ts';
import type { Effects, Failure, NotYet, OperationRunner, Outcome } from '../operation/operation-runner.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { decide } from './decide.ts';

/** How often it is looked whether a document is read, in milliseconds. */
const READING_LOOK_MS = 100;

/** Documents of an import that are read together, before others have a turn. */
const IMPORT_TOGETHER = 4;

/** Kinds are stored: they must keep their meaning. */
const KIND = {
  create: 'create-document',
  import: 'import-documents',
  update: 'update-document',
  reload: 'reload-document',
  delete: 'delete-document',
} as const;

/** The end of an operation, whichever. */
type End = Omit<Outcome, 'response'>;

export interface DocumentOperationsParts {
  readonly contents: KnowledgeContents;
  readonly loader: DocumentLoader;
  readonly operations: OperationRunner;
  readonly clock: Clock;
}

/**
 * What takes its time with documents. A document says that something is being done with it from the commit on in which the
 * operation begins, and until the one in which it ends, however it ends.
 */
export class DocumentOperations {
  readonly #contents: KnowledgeContents;
  readonly #loader: DocumentLoader;
  readonly #operations: OperationRunner;
  readonly #clock: Clock;

  constructor({ contents, loader, operations, clock }: DocumentOperationsParts) {
    this.#contents = contents;
    this.#loader = loader;
    this.#operations = operations;
    this.#clock = clock;
    const undo = (task: DocumentTask): Promise<End> => this.#giveUp(task);
    const works = {
      [KIND.create]: (task: DocumentTask) => this.#create(task),
      [KIND.import]: (task: DocumentTask) => this.#import(task),
      [KIND.update]: (task: DocumentTask) => this.#update(task),
      [KIND.reload]: (task: DocumentTask) => this.#reload(task),
      [KIND.delete]: (task: DocumentTask) => this.#delete(task),
    };
    for (const [kind, run] of Object.entries(works)) {
      operations.register(kind, DocumentTaskSchema, { run, undo });
    }
  }

  create(base: ResourceName, document: Document, content: Uint8Array, call: CallContext): Promise<Operation> {
    return decide(call, async () => {
      const id = createId(this.#clock.now(base.project));
      const name = knowledgeName(base).child('documents', id);
      const { change, committed } = this.#contents.create(name, document, content);
      const operation = await this.#start(
        KIND.create,
        base,
        { documents: [id] },
        { change, subject: name.key },
      );
      committed();
      return operation;
    });
  }

  import(base: ResourceName, documents: readonly Document[], call: CallContext): Promise<Operation> {
    return decide(call, async () => {
      const now = this.#clock.now(base.project);
      const edits = documents.map((document) => {
        const id = createId(now);
        const name = knowledgeName(base).child('documents', id);
        return { id, ...this.#contents.create(name, document, new Uint8Array()) };
      });
      const change = joined(edits.map((each) => each.change));
      const task = { documents: edits.map(({ id }) => id) };
      const subject = `${knowledgeName(base).key} import ${createId(now)}`;
      const operation = await this.#start(KIND.import, base, task, { change, subject });
      for (const { committed } of edits) committed();
      return operation;
    });
  }

  /** `load` answers the document as it is when it is tried, or throws why it cannot be. */
  update(
    name: ResourceName,
    load: () => Promise<FoundDocument>,
    displayName: string,
    call: CallContext,
  ): Promise<Operation> {
    return this.#begin(KIND.update, name, { load, state: State.UPDATING, displayName }, call);
  }

  reload(name: ResourceName, load: () => Promise<FoundDocument>, call: CallContext): Promise<Operation> {
    return this.#begin(KIND.reload, name, { load, state: State.RELOADING }, call);
  }

  delete(name: ResourceName, load: () => Promise<FoundDocument>, call: CallContext): Promise<Operation> {
    return this.#begin(KIND.delete, name, { load, state: State.DELETING }, call);
  }

  #begin(
    kind: string,
    name: ResourceName,
    what: {
      readonly load: () => Promise<FoundDocument>;
      readonly state: State;
      readonly displayName?: string;
    },
    call: CallContext,
  ): Promise<Operation> {
    const { load, state, displayName = '' } = what;
    return decide(call, async () => {
      const change = this.#contents.restate(await load(), state);
      const subject = knowledgeName(name).key;
      const task = { documents: [name.id], displayName };
      return this.#start(kind, knowledgeBaseOf(name), task, { change, subject });
    });
  }

  #start(
    kind: string,
    base: ResourceName,
    task: { readonly documents: string[]; readonly displayName?: string },
    { change, subject }: { readonly change: Effects; readonly subject: string },
  ): Promise<Operation> {
    return this.#operations.start(base.parent, kind, {
      request: create(DocumentTaskSchema, { ...task, knowledgeBase: base.toString() }),
      metadata: metadataOf(base, MetadataState.PENDING),
      subject,
      change,
    });
  }

  async #create(task: DocumentTask): Promise<Outcome | Failure | NotYet> {
    const { base, found } = await this.#load(task);
    const loaded = await this.#loader.load(found);
    if (loaded === undefined) return notYet(base);
    const edit = await this.#activate(found, loaded);
    if (edit instanceof ServiceError) {
      const removal = this.#contents.remove(found);
      return { ...this.#end(base, [found], [removal]), error: edit };
    }
    return this.#answer(base, found, edit);
  }

  async #reload(task: DocumentTask): Promise<Outcome | Failure | NotYet> {
    const { base, found } = await this.#load(task);
    const loaded = await this.#loader.load(found);
    if (loaded === undefined) return notYet(base);
    const edit = await this.#activate(found, loaded);
    if (edit instanceof ServiceError) {
      // "If a reload fails, we will keep the document unchanged."
      const kept = this.#withStatus(found, edit.toStatus());
      const told = this.#contents.replace(found, kept, State.ACTIVE);
      return { ...this.#end(base, [found], [told]), error: edit };
    }
    return this.#answer(base, found, edit);
  }

  async #update(task: DocumentTask): Promise<Outcome> {
    const { base, found } = await this.#load(task);
    const document = clone(DocumentSchema, found.document);
    document.displayName = task.displayName;
    return this.#answer(base, found, this.#contents.replace(found, document, State.ACTIVE));
  }

  async #delete(task: DocumentTask): Promise<Outcome> {
    const { base, found } = await this.#load(task);
    const end = this.#end(base, [found], [this.#contents.remove(found)]);
    return { ...end, response: anyPack(EmptySchema, create(EmptySchema)) };
  }

  /**
   * Reads some of what is left, each with a commit of its own. What cannot be read stays until the end, with its status,
   * and then goes.
   */
  async #import(task: DocumentTask): Promise<Outcome | NotYet> {
    const base = parseBase(task);
    await this.#contents.requireBase(base);
    const failed: FoundDocument[] = [];
    const left: FoundDocument[] = [];
    for (const id of task.documents) {
      const found = await this.#contents.find(knowledgeName(base).child('documents', id));
      // Others may have taken it away already.
      if (found === undefined || found.document.state !== State.CREATING) continue;
      (found.document.latestReloadStatus === undefined ? left : failed).push(found);
      if (left.length === IMPORT_TOGETHER) break;
    }
    if (left.length > 0) {
      const read = await Promise.all(left.map((found) => this.#importOne(found)));
      return {
        again: read.includes(true) ? 0 : READING_LOOK_MS,
        metadata: metadataOf(base, MetadataState.RUNNING),
      };
    }
    const warnings = failed.map(
      ({ document }) => document.latestReloadStatus?.status ?? create(StatusSchema),
    );
    const end = this.#end(
      base,
      failed,
      failed.map((found) => this.#contents.remove(found)),
    );
    const response = create(ImportDocumentsResponseSchema, { warnings });
    return { ...end, response: anyPack(ImportDocumentsResponseSchema, response) };
  }

  /** Whether it is read, whatever that came to. */
  async #importOne(found: FoundDocument): Promise<boolean> {
    const loaded = await this.#loader.load(found);
    if (loaded === undefined) return false;
    const edit = await this.#activate(found, loaded);
    const stored =
      edit instanceof ServiceError
        ? this.#contents.replace(found, this.#withStatus(found, edit.toStatus()), State.CREATING)
        : edit;
    await this.#contents.commit(found.name, stored);
    this.#loader.drop(found.name);
    return true;
  }

  /** What is left of an operation that is cancelled: what was being made is gone, all else is as it was. */
  async #giveUp(task: DocumentTask): Promise<End> {
    const base = parseBase(task);
    const found: FoundDocument[] = [];
    for (const id of task.documents) {
      const document = await this.#contents.load(base.child('documents', id)).catch(serviceErrorOf);
      if (!(document instanceof ServiceError)) found.push(document);
    }
    const touched = found.filter(({ document }) => document.state !== State.ACTIVE);
    const edits = touched.map((each) =>
      each.document.state === State.CREATING
        ? this.#contents.remove(each)
        : this.#contents.replace(each, each.document, State.ACTIVE),
    );
    return this.#end(base, touched, edits);
  }

  async #load(task: DocumentTask): Promise<{ readonly base: ResourceName; readonly found: FoundDocument }> {
    const base = parseBase(task);
    const name = base.child('documents', task.documents[0] ?? '');
    try {
      return { base, found: await this.#contents.load(name) };
    } catch (error) {
      this.#loader.drop(knowledgeName(name));
      throw error;
    }
  }

  /** A document that was read, or why it cannot be had. */
  async #activate(found: FoundDocument, loaded: LoadedDocument): Promise<DocumentUpdate | ServiceError> {
    if ('error' in loaded) return loaded.error;
    const document = this.#withStatus(found, create(StatusSchema, { code: Code.OK }));
    return this.#contents.activate(found, document, loaded.rows).catch(serviceErrorOf);
  }

  #withStatus({ name, document }: FoundDocument, status: Status): Document {
    const time = toTimestamp(this.#clock.now(name.project));
    const told = clone(DocumentSchema, document);
    told.latestReloadStatus = create(ReloadStatusSchema, { time, status });
    return told;
  }

  #answer(base: ResourceName, found: FoundDocument, update: DocumentUpdate): Outcome {
    const document = clone(DocumentSchema, update.document);
    document.name = base.child('documents', found.name.id).toString();
    return { ...this.#end(base, [found], [update]), response: anyPack(DocumentSchema, document) };
  }

  /** The end of an operation that changes documents so. */
  #end(base: ResourceName, documents: readonly FoundDocument[], edits: readonly DocumentEdit[]): End {
    return {
      change: joined(edits.map(({ change }) => change)),
      metadata: metadataOf(base, MetadataState.DONE, this.#clock.now(base.project)),
      committed: () => {
        for (const { committed } of edits) committed();
        for (const { name } of documents) this.#loader.drop(name);
      },
    };
  }
}

function parseBase({ knowledgeBase }: DocumentTask): ResourceName {
  const base = readResourceName(knowledgeBase);
  if (base === undefined) throw new Error(`${knowledgeBase} is no name`);
  return base;
}

function notYet(base: ResourceName): NotYet {
  return { again: READING_LOOK_MS, metadata: metadataOf(base, MetadataState.RUNNING) };
}

/** `end` in microseconds, of an operation that is done. */
function metadataOf(base: ResourceName, state: MetadataState, end?: number): Any {
  const doneTime = end === undefined ? {} : { doneTime: toTimestamp(end) };
  const metadata = { state, knowledgeBase: base.toString(), ...doneTime };
  return anyPack(KnowledgeOperationMetadataSchema, create(KnowledgeOperationMetadataSchema, metadata));
}

/** Each expectation once: a knowledge base is expected by each of its documents. */
function joined(changes: readonly Effects[]): Required<Effects> {
  const names = <T extends { readonly name: string }>(all: readonly T[]): T[] => [
    ...new Map(all.map((each) => [each.name, each])).values(),
  ];
  return {
    expect: names(changes.flatMap(({ expect = [] }) => expect)),
    put: names(changes.flatMap(({ put = [] }) => put)),
    remove: changes.flatMap(({ remove = [] }) => remove),
  };
}

/** What is answered as an error; everything else is thrown on. */
function serviceErrorOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
