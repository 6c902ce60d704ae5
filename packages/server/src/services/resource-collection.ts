import type { DescMessage } from '@bufbuild/protobuf';
import { notFound } from '../errors.ts';
import { PAGE_SIZE_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { writeNamed } from '../storage/named-message.ts';
import type { ResourceCursor, ResourceRange, Store, StoredResource } from '../storage/store.ts';
import { ROOM_BEFORE, WireWriter } from '../wire-writer.ts';
import { Pagination } from './pagination.ts';

/** What a collection is called, and how lists of it are answered. */
export interface CollectionKind {
  /** As errors call it, such as `Conversation`. */
  readonly type: string;
  /** As names call it, such as `conversations`. */
  readonly collection: string;
  readonly listResponse: DescMessage;
  readonly order: 'id' | 'ordering';
  /** How much a page holds, where it is documented to be other than in most lists. */
  readonly pageSizes?: { readonly default: number; readonly max: number };
}

export interface ListOptions {
  /** Only resources whose stored bytes are accepted. Pages may hold less than there is. */
  readonly accepts?: ((body: Uint8Array) => boolean) | undefined;
  /** Where they are stored, if that does not follow from the parent as the caller names it. */
  readonly stored?: ResourceName;
}

/** Resources that a list looks at for one page where it has to look into each. */
const LOOKED_AT_MAX = 2000;

/**
 * The standard methods Get and List of a kind of resource, from stored bytes: nothing is decoded or encoded, and
 * every answer is in the name form of its request. https://google.aip.dev/131, https://google.aip.dev/132
 */
export class ResourceCollection {
  readonly #store: Store;
  readonly #kind: CollectionKind;
  readonly #itemsField: number;
  readonly #tokenField: number;

  constructor(store: Store, kind: CollectionKind) {
    this.#store = store;
    this.#kind = kind;
    this.#itemsField = fieldNumber(kind.listResponse, (field) => field.fieldKind === 'list');
    this.#tokenField = fieldNumber(kind.listResponse, (field) => field.name === 'next_page_token');
  }

  /** Throws NOT_FOUND where there is none. */
  async load(name: ResourceName): Promise<StoredResource> {
    const stored = await this.#store.get(name.key);
    if (stored === undefined) throw notFound(this.#kind.type, name.toString());
    return stored;
  }

  /** As `load`, for who needs to know no more than its state. */
  async loadState(name: ResourceName): Promise<number> {
    const state = await this.#store.getState(name.key);
    if (state === undefined) throw notFound(this.#kind.type, name.toString());
    return state;
  }

  async get(name: ResourceName): Promise<EncodedReply> {
    return namedReply(name, (await this.load(name)).body);
  }

  /** `states`, and what is accepted, are what the request's filter means. */
  async list(
    parent: ResourceName,
    request: { readonly pageSize: number; readonly pageToken: string; readonly filter?: string },
    states?: readonly number[],
    { accepts, stored = parent }: ListOptions = {},
  ): Promise<EncodedReply> {
    const { collection, pageSizes } = this.#kind;
    const key = `${stored.key}/${collection}`;
    const pagination = new Pagination<ResourceCursor>(this.#store.secret, key, request.filter ?? '');
    const { pageToken, pageSize } = request;
    const size = pageSizes && (pageSize === 0 ? pageSizes.default : Math.min(pageSize, pageSizes.max));
    const range = pagination.read({ pageToken, pageSize: size ?? pageSize });
    const page = await this.#read(key, { ...range, states }, accepts);
    const writer = new WireWriter();
    for (const { id, body } of page.items) {
      const name = parent.child(collection, id).toString();
      writer.nested(this.#itemsField, () => writeNamed(writer, name, body));
    }
    if (page.next !== undefined) writer.string(this.#tokenField, pagination.tokenAfter(page.next));
    return new EncodedReply(writer.finish(), ROOM_BEFORE);
  }

  /** A page, and where the next one begins. */
  async #read(
    key: string,
    range: ResourceRange,
    accepts: ListOptions['accepts'],
  ): Promise<{ readonly items: readonly StoredResource[]; readonly next: ResourceCursor | undefined }> {
    const { order } = this.#kind;
    if (accepts === undefined) {
      const { items, more } = await this.#store.list(key, order, range);
      const last = items.at(-1);
      return { items, next: more && last !== undefined ? cursorOf(last) : undefined };
    }
    const accepted: StoredResource[] = [];
    let { after } = range;
    for (let [looked, bytes] = [0, 0]; looked < LOOKED_AT_MAX; ) {
      const { items, more } = await this.#store.list(key, order, { ...range, after, limit: PAGE_SIZE_MAX });
      for (const item of items) {
        if (accepts(item.body)) {
          bytes += item.body.byteLength;
          const isFull = accepted.length === range.limit || (bytes > range.bytes && accepted.length > 0);
          if (isFull) return { items: accepted, next: after };
          accepted.push(item);
        }
        after = cursorOf(item);
      }
      looked += items.length;
      if (!more) return { items: accepted, next: undefined };
    }
    return { items: accepted, next: after };
  }
}

function cursorOf({ id, ordering }: StoredResource): ResourceCursor {
  return ordering === undefined ? { id } : { id, ordering };
}

/** One stored resource, encoded, under the name that the caller uses. */
export function namedReply(name: ResourceName, body: Uint8Array): EncodedReply {
  const writer = new WireWriter();
  writeNamed(writer, name.toString(), body);
  return new EncodedReply(writer.finish(), ROOM_BEFORE);
}

/** The number of the field of a list response that is wanted. */
export function fieldNumber(
  message: DescMessage,
  wanted: (field: DescMessage['fields'][number]) => boolean,
): number {
  const field = message.fields.find(wanted);
  if (field === undefined) throw new Error(`${message.typeName} is not a list response`);
  return field.number;
}
