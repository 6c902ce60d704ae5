import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type StoredReplyModel_Learned as Learned,
  StoredAllowListSchema,
  type StoredReplyModel,
  StoredReplyModelSchema,
} from '@parleykit/proto/stored';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX, REPLY_MODEL_PART_BYTES } from '../limits.ts';
import { ResourceName } from '../resource-names.ts';
import type { Change, Expectation, ResourceCursor, Store } from '../storage/store.ts';

/** A model as it was found, and what a change of it expects. */
export interface FoundReplyModel {
  readonly model: StoredReplyModel;
  readonly expect: Expectation;
}

type ModelChange = Required<Pick<Change, 'expect' | 'put' | 'remove'>>;

/**
 * How models of replies lie in the store: one row that says what answers, and beside it the parts of the model and the list
 * of allowed replies, under names that are used once. What answers is replaced by writing that one row.
 *
 *   projects/p/replyModel                              what answers
 *   projects/p/replyModel/parts/<generation>-<number>  the model's bytes, a piece each
 *   projects/p/replyModel/allowLists/<id>              the replies that may be suggested
 */
export class ReplyModelRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async find({ key }: ResourceName): Promise<FoundReplyModel> {
    const row = await this.#store.get(key);
    return row === undefined
      ? { model: create(StoredReplyModelSchema), expect: { name: key, absent: true } }
      : {
          model: fromBinary(StoredReplyModelSchema, row.body),
          expect: { name: key, version: row.version },
        };
  }

  /** Undefined where the list has been replaced meanwhile. */
  async readAllowList(name: ResourceName, id: string): Promise<readonly string[] | undefined> {
    const row = await this.#store.get(allowListKey(name, id));
    return row && fromBinary(StoredAllowListSchema, row.body).replies;
  }

  /** Undefined where the model has been replaced meanwhile. */
  async readModel(name: ResourceName, { generation, parts }: Learned): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    for await (const { id, body } of this.#listParts(name, `${generation}-`)) {
      if (pieces.length === parts || id !== partId(generation, pieces.length)) break;
      pieces.push(body);
    }
    return pieces.length === parts ? Buffer.concat(pieces) : undefined;
  }

  /**
   * Writes the bytes of a model that does not answer yet, a part at a time; answers how many there are. Ends with a
   * ConflictError as soon as what is expected no longer holds.
   */
  async writeModel(
    name: ResourceName,
    generation: string,
    bytes: Uint8Array,
    expect: readonly Expectation[],
  ): Promise<number> {
    let part = 0;
    for (let start = 0; start < bytes.byteLength; start += REPLY_MODEL_PART_BYTES, part++) {
      const body = bytes.subarray(start, start + REPLY_MODEL_PART_BYTES);
      const put = [{ name: partKey(name, partId(generation, part)), body }];
      await this.#store.commit({ partition: name.scope, expect, put });
    }
    return part;
  }

  /** Removes parts of models that do not answer: what trainings have left that were cut off. */
  async sweep(name: ResourceName, expect: readonly Expectation[] = []): Promise<void> {
    const { model } = await this.find(name);
    const kept = model.learned && `${model.learned.generation}-`;
    for await (const { id } of this.#listParts(name, '')) {
      if (kept !== undefined && id.startsWith(kept)) continue;
      await this.#store.commit({ partition: name.scope, expect, remove: [partKey(name, id)] });
    }
  }

  /** Has what was learned answer, in the place of what did. */
  changeLearned(name: ResourceName, { model, expect }: FoundReplyModel, learned: Learned): ModelChange {
    return {
      expect: [expect],
      put: [encode(name, { ...model, learned })],
      remove: partsOf(name, model.learned),
    };
  }

  /** Has other replies be allowed; all where there are none. `id` was never used. */
  changeAllowed(
    name: ResourceName,
    { model, expect }: FoundReplyModel,
    replies: readonly string[],
    id: string,
  ): ModelChange {
    const { allowList: before } = model;
    const allowList = replies.length === 0 ? '' : id;
    const list = create(StoredAllowListSchema, { replies: [...replies] });
    return {
      expect: [expect],
      put: [
        encode(name, { ...model, allowList }),
        ...(allowList === ''
          ? []
          : [{ name: allowListKey(name, allowList), body: toBinary(StoredAllowListSchema, list) }]),
      ],
      remove: before === '' ? [] : [allowListKey(name, before)],
    };
  }

  changeRemoved(name: ResourceName, { model, expect }: FoundReplyModel): ModelChange {
    const list = model.allowList === '' ? [] : [allowListKey(name, model.allowList)];
    return { expect: [expect], put: [], remove: [name.key, ...list, ...partsOf(name, model.learned)] };
  }

  async *#listParts(name: ResourceName, from: string) {
    for (let after: ResourceCursor = { id: from }; ; ) {
      const range = { after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };
      const { items, more } = await this.#store.list(`${name.key}/parts`, 'id', range);
      yield* items;
      const last = items.at(-1);
      if (!more || last === undefined) return;
      after = { id: last.id };
    }
  }
}

/** The name of the model of a project and location, in the form of any name below them. */
export function replyModelName({ project, location }: ResourceName): ResourceName {
  return new ResourceName(project, location, 'replyModel');
}

function encode(name: ResourceName, model: StoredReplyModel): { name: string; body: Uint8Array } {
  return { name: name.key, body: toBinary(StoredReplyModelSchema, model) };
}

function partsOf(name: ResourceName, learned: Learned | undefined): string[] {
  return Array.from({ length: learned?.parts ?? 0 }, (_, part) =>
    partKey(name, partId(learned?.generation ?? '', part)),
  );
}

/** In the order of their numbers. */
function partId(generation: string, part: number): string {
  return `${generation}-${String(part).padStart(6, '0')}`;
}

function partKey({ key }: ResourceName, id: string): string {
  return `${key}/parts/${id}`;
}

function allowListKey({ key }: ResourceName, id: string): string {
  return `${key}/allowLists/${id}`;
}
