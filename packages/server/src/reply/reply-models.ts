import { createHash } from 'node:crypto';
import type { AllowedReplies, ReplyModel } from '@parleykit/nlu/replies';
import type { StoredReplyModel_Learned as Learned } from '@parleykit/proto/stored';
import { REPLY_MODELS_AT_HAND_BYTES_MAX } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ResourceName } from '../resource-names.ts';
import type { Store } from '../storage/store.ts';
import { ReplyModelRows, replyModelName } from './reply-model-rows.ts';

/** One thing that was said. */
export interface ReplyTurn {
  readonly speaker: 'customer' | 'agent';
  readonly text: string;
}

export interface ReplyOptions {
  /** How many suggestions at most. */
  readonly limit: number;
  /** The least confidence of a suggestion, from 0 to 1. */
  readonly confidenceMin: number;
  /** The replies that alone may be suggested, as they are written, whatever the model's own list says. */
  readonly allowed?: readonly string[];
  /**
   * What the human agent has begun to write. Only replies that go on from it are suggested; where none does, it counts as
   * said, and what may follow it is suggested.
   */
  readonly typed?: string;
}

export interface SuggestedReply {
  readonly reply: string;
  /** How likely the agent says this or nearly this next, from 0 to 1. */
  readonly confidence: number;
}

export interface ReplyModelsParts {
  readonly store: Store;
  readonly log: Log;
  readonly bytesMax?: number;
}

/** Lists of allowed replies that are kept ready with a model: its own, and those of documents. */
const LISTS_MAX = 4;
/** Of a list that is longer, the first ones count. */
const LIST_LENGTH_MAX = 10_000;

/** How often it is looked again where a model was replaced while it was read. */
const ATTEMPTS = 16;

/** The replies that alone may be suggested, under a name that means no others. */
interface AllowList {
  readonly id: string;
  readonly replies: readonly string[];
}

/** A model at hand, with the lists of allowed replies that it was asked for. */
class LoadedModel {
  readonly generation: string;
  readonly bytes: number;
  /** Undefined where the stored bytes are no model: of another version of this program, which says so once. */
  readonly #model: ReplyModel | undefined;
  /** The one used last behind all others. */
  readonly #lists = new Map<string, Promise<AllowedReplies>>();

  constructor({ generation, sizeBytes }: Learned, model: ReplyModel | undefined) {
    this.generation = generation;
    this.bytes = Number(sizeBytes);
    this.#model = model;
  }

  async suggest(
    turns: readonly ReplyTurn[],
    { limit, confidenceMin, typed }: ReplyOptions,
    allowed: AllowList | undefined,
  ): Promise<readonly SuggestedReply[] | undefined> {
    const model = this.#model;
    return model?.suggest(turns, {
      limit,
      confidenceMin,
      ...(typed !== undefined && { typed }),
      ...(allowed !== undefined && { allowed: await this.#allow(model, allowed) }),
    });
  }

  #allow(model: ReplyModel, { id, replies }: AllowList): Promise<AllowedReplies> {
    const list = this.#lists.get(id) ?? model.allowInTurns(replies);
    this.#lists.delete(id);
    this.#lists.set(id, list);
    const [oldest = ''] = this.#lists.keys();
    if (this.#lists.size > LISTS_MAX) this.#lists.delete(oldest);
    return list;
  }
}

/**
 * Suggests replies by the models in the store. A model is read when it is first asked, and kept at hand with those that were
 * used last; which one answers is looked up each time, so that what was trained, deleted or restored holds at once.
 */
export class ReplyModels {
  readonly #rows: ReplyModelRows;
  readonly #log: Log;
  readonly #bytesMax: number;
  /** By the model's key, the one used last behind all others. */
  readonly #atHand = new Map<string, LoadedModel>();
  /** By generation. */
  readonly #loading = new Map<string, Promise<LoadedModel | undefined>>();
  /** By its name, which never means another: the list of allowed replies used last. */
  #allowList: AllowList | undefined;

  constructor({ store, log, bytesMax = REPLY_MODELS_AT_HAND_BYTES_MAX }: ReplyModelsParts) {
    this.#rows = new ReplyModelRows(store);
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /**
   * What the agent of a conversation in a project and location may say next, the likeliest first; turns are given the
   * oldest first. Undefined where there is no model.
   */
  async suggest(
    parent: ResourceName,
    turns: readonly ReplyTurn[],
    options: ReplyOptions,
  ): Promise<readonly SuggestedReply[] | undefined> {
    const name = replyModelName(parent);
    const given = options.allowed && listOf(options.allowed);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { model } = await this.#rows.find(name);
      if (model.learned === undefined) {
        this.#atHand.delete(name.key);
        return undefined;
      }
      const loaded = await this.#load(name, model.learned);
      const hasOwn = given === undefined && model.allowList !== '';
      const own = hasOwn ? await this.#readAllowList(name, model.allowList) : undefined;
      // What is not there any more was replaced meanwhile.
      if (loaded === undefined || (hasOwn && own === undefined)) continue;
      return loaded.suggest(turns, options, given ?? own);
    }
    throw new Error(`${name.key} is not as its row says`);
  }

  async #readAllowList(name: ResourceName, id: string): Promise<AllowList | undefined> {
    if (this.#allowList?.id === id) return this.#allowList;
    const replies = await this.#rows.readAllowList(name, id);
    if (replies !== undefined) this.#allowList = { id, replies };
    return replies && { id, replies };
  }

  async #load(name: ResourceName, learned: Learned): Promise<LoadedModel | undefined> {
    const { key } = name;
    const { generation } = learned;
    let loaded = this.#atHand.get(key);
    if (loaded?.generation !== generation) {
      let loading = this.#loading.get(generation);
      if (loading === undefined) {
        loading = this.#read(name, learned).finally(() => this.#loading.delete(generation));
        this.#loading.set(generation, loading);
      }
      loaded = await loading;
    }
    if (loaded !== undefined) this.#keep(key, loaded);
    return loaded;
  }

  /** Undefined where the model has been replaced meanwhile. */
  async #read(name: ResourceName, learned: Learned): Promise<LoadedModel | undefined> {
    const bytes = await this.#rows.readModel(name, learned);
    if (bytes === undefined) return undefined;
    const { ModelFileError, ReplyModel } = await import('@parleykit/nlu/replies');
    try {
      return new LoadedModel(learned, await ReplyModel.readInTurns(bytes));
    } catch (error) {
      if (!(error instanceof ModelFileError)) throw error;
      this.#log.error('reply model unreadable', { model: name.key, error });
      return new LoadedModel(learned, undefined);
    }
  }

  #keep(key: string, loaded: LoadedModel): void {
    this.#atHand.delete(key);
    this.#atHand.set(key, loaded);
    let bytes = this.#atHand.values().reduce((sum, each) => sum + each.bytes, 0);
    for (const [oldest, each] of this.#atHand) {
      if (bytes <= this.#bytesMax || oldest === key) break;
      bytes -= each.bytes;
      this.#atHand.delete(oldest);
    }
  }
}

function listOf(allowed: readonly string[]): AllowList {
  const replies = allowed.slice(0, LIST_LENGTH_MAX);
  return { id: createHash('sha256').update(JSON.stringify(replies)).digest('base64'), replies };
}
