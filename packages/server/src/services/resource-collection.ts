import type { DescMessage } from '@bufbuild/protobuf';
import { notFound } from '../errors.ts';
import type { ResourceName } from '../resource-names.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { writeNamed } from '../storage/named-message.ts';
import type { ResourceCursor, Store, StoredResource } from '../storage/store.ts';
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
}

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

  /** `states` is what the request's filter means. */
  async list(
    parent: ResourceName,
    request: { readonly pageSize: number; readonly pageToken: string; readonly filter?: string },
    states?: readonly number[],
  ): Promise<EncodedReply> {
    const { collection, order } = this.#kind;
    const key = `${parent.key}/${collection}`;
    const pagination = new Pagination<ResourceCursor>(this.#store.secret, key, request.filter ?? '');
    const page = await this.#store.list(key, order, { ...pagination.read(request), states });
    const writer = new WireWriter();
    for (const { id, body } of page.items) {
      const name = parent.child(collection, id).toString();
      writer.nested(this.#itemsField, () => writeNamed(writer, name, body));
    }
    const last = page.items.at(-1);
    if (page.more && last !== undefined) {
      const { id, ordering } = last;
      writer.string(
        this.#tokenField,
        pagination.tokenAfter(ordering === undefined ? { id } : { id, ordering }),
      );
    }
    return new EncodedReply(writer.finish(), ROOM_BEFORE);
  }
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
