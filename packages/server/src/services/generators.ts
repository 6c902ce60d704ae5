import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateGeneratorRequest,
  type DeleteGeneratorRequest,
  type Generator,
  GeneratorSchema,
  type Generators,
  type GetGeneratorRequest,
  type ListGeneratorsRequest,
  type UpdateGeneratorRequest,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../clock.ts';
import { alreadyExists, customIdInvalid } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { checkGenerator } from '../generation/generator-check.ts';
import { createId } from '../ids.ts';
import { CUSTOM_ID_PATTERN, GENERATORS_PAGE_SIZE_DEFAULT } from '../limits.ts';
import type { Locations } from '../locations.ts';
import { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { GENERATORS } from './collections.ts';
import { decide } from './decide.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';

/** google.cloud.dialogflow.v2beta1.Generators */
export class GeneratorsService implements ServiceHandlers<typeof Generators> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #locations: Locations;
  readonly #generators: ResourceCollection;

  constructor(store: Store, clock: Clock, locations: Locations) {
    this.#store = store;
    this.#clock = clock;
    this.#locations = locations;
    this.#generators = new ResourceCollection(store, GENERATORS);
  }

  /** Stores a generator under the caller's id or a new one. */
  async createGenerator(request: CreateGeneratorRequest, call: CallContext) {
    const parent = locatedIn(call.resource);
    const { generatorId, generator = create(GeneratorSchema) } = request;
    this.#locations.require(parent);
    if (generatorId !== '' && !CUSTOM_ID_PATTERN.test(generatorId)) {
      throw customIdInvalid('generator_id', generatorId);
    }
    checkGenerator(generator);
    return decide(call, async () => {
      const now = this.#clock.now(parent.project);
      const name = parent.child('generators', generatorId || createId(now));
      if (generatorId !== '' && (await this.#store.get(name.key)) !== undefined) {
        throw alreadyExists('Generator', name.toString());
      }
      generator.createTime = toTimestamp(now);
      generator.updateTime = toTimestamp(now);
      const body = withoutName(GeneratorSchema, generator);
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, absent: true }],
        put: [{ name: name.key, ordering: now, body }],
      });
      return namedReply(name, body);
    });
  }

  async getGenerator(_request: GetGeneratorRequest, { resource: name }: CallContext) {
    return this.#generators.get(name);
  }

  /** The generators of a project and location, the latest first. */
  async listGenerators({ pageToken, pageSize }: ListGeneratorsRequest, { resource }: CallContext) {
    return this.#generators.list(locatedIn(resource), {
      pageToken,
      pageSize: pageSize || GENERATORS_PAGE_SIZE_DEFAULT,
    });
  }

  /** Removes a generator. Profiles that name it name nothing then. */
  async deleteGenerator(_request: DeleteGeneratorRequest, call: CallContext) {
    const { resource: name } = call;
    return decide(call, async () => {
      const { version } = await this.#generators.load(name);
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, version }],
        remove: [name.key],
      });
      return create(EmptySchema);
    });
  }

  /** Changes what the mask names, or all of it. */
  async updateGenerator(request: UpdateGeneratorRequest, call: CallContext): Promise<Generator> {
    const { resource: name } = call;
    const mask = maskOrAll(GeneratorSchema, request.updateMask);
    return decide(call, async () => {
      const { body, version } = await this.#generators.load(name);
      const generator = decodeNamed(GeneratorSchema, '', body);
      applyFieldMask(GeneratorSchema, mask, request.generator ?? create(GeneratorSchema), generator);
      checkGenerator(generator);
      generator.updateTime = toTimestamp(this.#clock.now(name.project));
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, version }],
        put: [{ name: name.key, body: withoutName(GeneratorSchema, generator) }],
      });
      generator.name = name.toString();
      return generator;
    });
  }
}

/** Names of generators always have a location, also where the parent has none. */
function locatedIn(parent: ResourceName): ResourceName {
  return parent.location === '' ? new ResourceName(parent.project, 'global', '') : parent;
}
