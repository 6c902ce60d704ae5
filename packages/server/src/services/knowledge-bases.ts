import { create, fromBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateKnowledgeBaseRequest,
  type DeleteKnowledgeBaseRequest,
  type GetKnowledgeBaseRequest,
  type KnowledgeBase,
  KnowledgeBaseSchema,
  type KnowledgeBases,
  type ListKnowledgeBasesRequest,
  type UpdateKnowledgeBaseRequest,
} from '@parleykit/proto/v2beta1';
import { knowledgeBaseNotEmpty } from '../assist-errors.ts';
import type { Clock } from '../clock.ts';
import { fieldInvalid, fieldsRequired } from '../errors.ts';
import { createId } from '../ids.ts';
import type { KnowledgeContents } from '../knowledge/knowledge-contents.ts';
import { knowledgeName } from '../knowledge/knowledge-names.ts';
import { DISPLAY_NAME_BYTES_MAX, LANGUAGE_CODE_LENGTH_MAX } from '../limits.ts';
import type { Locations } from '../locations.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { KNOWLEDGE_BASES } from './collections.ts';
import { decide } from './decide.ts';
import { checkDisplayNameUpdate } from './display-name-update.ts';
import { readKnowledgeBaseFilter } from './list-filters.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';

export interface KnowledgeBasesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly locations: Locations;
  readonly contents: KnowledgeContents;
  readonly scheduler: Scheduler;
}

/** google.cloud.dialogflow.v2beta1.KnowledgeBases. The deprecated `projects/*\/agent` is another name for the project. */
export class KnowledgeBasesService implements ServiceHandlers<typeof KnowledgeBases> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #locations: Locations;
  readonly #contents: KnowledgeContents;
  readonly #scheduler: Scheduler;
  readonly #bases: ResourceCollection;

  constructor({ store, clock, locations, contents, scheduler }: KnowledgeBasesParts) {
    this.#store = store;
    this.#clock = clock;
    this.#locations = locations;
    this.#contents = contents;
    this.#scheduler = scheduler;
    this.#bases = new ResourceCollection(store, KNOWLEDGE_BASES);
  }

  /** The knowledge bases of a project and location, in order of creation. */
  async listKnowledgeBases(request: ListKnowledgeBasesRequest, { resource: parent }: CallContext) {
    const passes = readKnowledgeBaseFilter(request.filter);
    const accepts = passes && ((body: Uint8Array) => passes(fromBinary(KnowledgeBaseSchema, body)));
    return this.#bases.list(parent, request, undefined, { accepts, stored: knowledgeName(parent) });
  }

  async getKnowledgeBase(_request: GetKnowledgeBaseRequest, { resource: name }: CallContext) {
    const { body } = await this.#contents.requireBase(name);
    return namedReply(name, body);
  }

  async createKnowledgeBase(request: CreateKnowledgeBaseRequest, call: CallContext): Promise<KnowledgeBase> {
    const { resource: parent } = call;
    const base = request.knowledgeBase ?? create(KnowledgeBaseSchema);
    this.#locations.require(parent);
    checkBase(base);
    return decide(call, async () => {
      const name = parent.child('knowledgeBases', createId(this.#clock.now(parent.project)));
      const { key, scope } = knowledgeName(name);
      await this.#store.commit({
        partition: scope,
        expect: [{ name: key, absent: true }],
        put: [{ name: key, body: withoutName(KnowledgeBaseSchema, base) }],
      });
      base.name = name.toString();
      return base;
    });
  }

  /** Takes a knowledge base away, with its documents where it is forced to; else there must be none. */
  async deleteKnowledgeBase({ force }: DeleteKnowledgeBaseRequest, call: CallContext) {
    const { resource: name } = call;
    const base = knowledgeName(name);
    return decide(call, async () => {
      const { version } = await this.#contents.requireBase(name);
      const { empty, expect } = await this.#contents.isEmpty(base);
      if (!empty && !force) throw knowledgeBaseNotEmpty(name.toString());
      const { remove, schedule } = this.#contents.removeBase(base, this.#clock.now(base.project));
      await this.#store.commit({
        partition: base.scope,
        expect: [{ name: base.key, version }, ...(force ? [] : [expect])],
        remove,
        schedule: empty ? [] : schedule,
      });
      this.#scheduler.wake();
      return create(EmptySchema);
    });
  }

  async updateKnowledgeBase(request: UpdateKnowledgeBaseRequest, call: CallContext): Promise<KnowledgeBase> {
    const { resource: name } = call;
    const { knowledgeBase: from = create(KnowledgeBaseSchema), updateMask } = request;
    return decide(call, async () => {
      const { body, version } = await this.#contents.requireBase(name);
      const base = fromBinary(KnowledgeBaseSchema, body);
      checkDisplayNameUpdate(KnowledgeBaseSchema, { from, updateMask }, base);
      base.displayName = from.displayName;
      checkBase(base);
      const { key, scope } = knowledgeName(name);
      const changed = withoutName(KnowledgeBaseSchema, base);
      await this.#store.commit({
        partition: scope,
        expect: [{ name: key, version }],
        put: [{ name: key, body: changed }],
      });
      return decodeNamed(KnowledgeBaseSchema, name.toString(), changed);
    });
  }
}

function checkBase({ displayName, languageCode }: KnowledgeBase): void {
  checkDisplayName('knowledge_base.display_name', displayName);
  if (languageCode.length > LANGUAGE_CODE_LENGTH_MAX) {
    throw fieldInvalid(
      'knowledge_base.language_code',
      `is longer than ${LANGUAGE_CODE_LENGTH_MAX} characters`,
    );
  }
}

/** What is to be called something: "The name must be 1024 bytes or less". */
export function checkDisplayName(field: string, displayName: string): void {
  if (displayName === '') throw fieldsRequired([field]);
  if (Buffer.byteLength(displayName) > DISPLAY_NAME_BYTES_MAX) {
    throw fieldInvalid(field, `is longer than ${DISPLAY_NAME_BYTES_MAX} bytes`);
  }
}
