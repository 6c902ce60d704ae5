import { create, type DescMessage, fromJson, type MessageShape, toJson } from '@bufbuild/protobuf';
import { type Any, anyPack, EmptySchema, StructSchema } from '@bufbuild/protobuf/wkt';
import {
  type DeleteReplyModelRequest,
  type GetReplyModelRequest,
  TrainReplyModelMetadata_Phase as Phase,
  type ReplyModel,
  ReplyModelSchema,
  type ReplyModels,
  ReplyModel_State as State,
  TrainReplyModelMetadataSchema,
  type TrainReplyModelRequest,
  TrainReplyModelRequestSchema,
  type UpdateReplyModelRequest,
} from '@parleykit/proto/admin';
import type { StoredReplyModel } from '@parleykit/proto/stored';
import type { Clock } from '../clock.ts';
import { fieldInvalid, notFound, operationInProgress } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { createId } from '../ids.ts';
import { ALLOWED_REPLIES_MAX, ALLOWED_REPLY_LENGTH_MAX, RESOURCE_BYTES_MAX } from '../limits.ts';
import type { Locations } from '../locations.ts';
import {
  type NotYet,
  type OperationRunner,
  OperationState,
  type Outcome,
} from '../operation/operation-runner.ts';
import { type FoundReplyModel, ReplyModelRows } from '../reply/reply-model-rows.ts';
import type { ReplyTrainings, TrainingProgress } from '../reply/reply-trainings.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { ConflictError, type Store } from '../storage/store.ts';
import { decide } from './decide.ts';

const TRAIN = 'train-reply-model';

/** How often it is looked how far a training is, in milliseconds. */
const TRAINING_LOOK_MS = 200;

export interface ReplyModelsServiceParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly locations: Locations;
  readonly operations: OperationRunner;
  readonly trainings: ReplyTrainings;
}

/** parley.admin.v1.ReplyModels */
export class ReplyModelsService implements ServiceHandlers<typeof ReplyModels> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #locations: Locations;
  readonly #operations: OperationRunner;
  readonly #trainings: ReplyTrainings;
  readonly #rows: ReplyModelRows;

  constructor({ store, clock, locations, operations, trainings }: ReplyModelsServiceParts) {
    this.#store = store;
    this.#clock = clock;
    this.#locations = locations;
    this.#operations = operations;
    this.#trainings = trainings;
    this.#rows = new ReplyModelRows(store);
    operations.register(TRAIN, TrainReplyModelRequestSchema, {
      run: (request, operation) => this.#train(request, operation),
      undo: async (_request, operation) => ({ change: {}, committed: () => trainings.cancel(operation) }),
    });
  }

  /** Every project has one: where nothing was ever said of it, it is untrained. */
  async getReplyModel(_request: GetReplyModelRequest, call: CallContext): Promise<ReplyModel> {
    const { resource: name } = call;
    return decide(call, async () => this.#view(name, (await this.#rows.find(name)).model));
  }

  async trainReplyModel(request: TrainReplyModelRequest, call: CallContext) {
    const { resource: name } = call;
    this.#locations.require(name);
    const waiting = create(TrainReplyModelMetadataSchema, { phase: Phase.WAITING });
    const metadata = packStruct(TrainReplyModelMetadataSchema, waiting);
    return decide(call, () =>
      this.#operations.start(name.parent, TRAIN, { request, metadata, subject: name.key }),
    );
  }

  async updateReplyModel(request: UpdateReplyModelRequest, call: CallContext): Promise<ReplyModel> {
    const { resource: name } = call;
    const { replyModel: from = create(ReplyModelSchema), updateMask } = request;
    this.#locations.require(name);
    const mask = maskOrAll(ReplyModelSchema, updateMask);
    return decide(call, async () => {
      const found = await this.#rows.find(name);
      const { allowedReplies: before } = await this.#view(name, found.model);
      const changed = create(ReplyModelSchema, { allowedReplies: before });
      applyFieldMask(ReplyModelSchema, mask, from, changed);
      checkAllowed(changed.allowedReplies);
      const id = createId(this.#clock.now(name.project));
      const change = this.#rows.changeAllowed(name, found, changed.allowedReplies, id);
      await this.#store.commit({ partition: name.scope, ...change });
      return this.#view(name, (await this.#rows.find(name)).model);
    });
  }

  async deleteReplyModel(_request: DeleteReplyModelRequest, call: CallContext) {
    const { resource: name } = call;
    return decide(call, async () => {
      const found = await this.#rows.find(name);
      if ('absent' in found.expect) throw notFound('ReplyModel', name.toString());
      if ((await this.#findTraining(name)) !== '') throw operationInProgress(name.key);
      const { expect, ...change } = this.#rows.changeRemoved(name, found);
      const untrained = this.#operations.expectNone(name.parent, name.key);
      await this.#store.commit({ partition: name.scope, ...change, expect: [...expect, untrained] });
      return create(EmptySchema);
    });
  }

  /** One look of the operation at its training; what was learned begins to answer with the operation's end. */
  async #train(request: TrainReplyModelRequest, operation: string): Promise<Outcome | NotYet> {
    const name = parseResourceName('name', request.name, 'replyModel');
    const { end, ...progress } = this.#trainings.look(operation, {
      name: name.canonical,
      includeInProgress: request.includeInProgress,
      expect: { name: operation, state: OperationState.RUNNING },
    });
    const metadata = pack(progress);
    if (end === undefined) return { again: TRAINING_LOOK_MS, metadata };
    if ('error' in end) {
      this.#trainings.settle(operation);
      throw end.error;
    }
    const found: FoundReplyModel = await this.#rows.find(name);
    const model: StoredReplyModel = { ...found.model, learned: end.learned };
    const trained = { ...(await this.#view(name, model)), training: '' };
    return {
      change: this.#rows.changeLearned(name, found, end.learned),
      response: packStruct(ReplyModelSchema, trained),
      metadata,
      committed: () => this.#trainings.settle(operation),
    };
  }

  async #view(name: ResourceName, { learned, allowList }: StoredReplyModel): Promise<ReplyModel> {
    const allowed = allowList === '' ? [] : await this.#rows.readAllowList(name, allowList);
    // It was replaced since: who decides by this looks again.
    if (allowed === undefined) throw new ConflictError(name.key);
    return create(ReplyModelSchema, {
      name: name.toString(),
      state: learned === undefined ? State.UNTRAINED : State.TRAINED,
      allowedReplies: [...allowed],
      training: await this.#findTraining(name),
      ...(learned && {
        method: learned.method,
        conversationCount: learned.conversationCount,
        messageCount: learned.messageCount,
        exampleCount: learned.exampleCount,
        replyCount: learned.replyCount,
        sizeBytes: learned.sizeBytes,
        ...(learned.trainTime && { trainTime: learned.trainTime }),
      }),
    });
  }

  /** The operation that trains the model now, in the form of its caller; empty where none does. */
  async #findTraining(name: ResourceName): Promise<string> {
    const running = await this.#operations.findRunning(name.parent, name.key);
    const id = running?.slice(running.lastIndexOf('/') + 1);
    return id === undefined ? '' : name.parent.child('operations', id).toString();
  }
}

function pack({ phase, done, conversations, skipped, messages, examples }: TrainingProgress): Any {
  const metadata = create(TrainReplyModelMetadataSchema, {
    phase,
    progressPercent: Math.floor(done * 100),
    conversationCount: conversations,
    skippedConversationCount: skipped,
    messageCount: messages,
    exampleCount: examples,
  });
  return packStruct(TrainReplyModelMetadataSchema, metadata);
}

/** A message of ours for those who know Dialogflow's alone. */
function packStruct<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any {
  return anyPack(StructSchema, fromJson(StructSchema, toJson(schema, message)));
}

function checkAllowed(replies: readonly string[]): void {
  const field = 'reply_model.allowed_replies';
  if (replies.length > ALLOWED_REPLIES_MAX) {
    throw fieldInvalid(field, `holds ${replies.length} replies: at most ${ALLOWED_REPLIES_MAX} are allowed`);
  }
  for (const [index, reply] of replies.entries()) {
    if (reply.length > ALLOWED_REPLY_LENGTH_MAX) {
      throw fieldInvalid(`${field}[${index}]`, `is longer than ${ALLOWED_REPLY_LENGTH_MAX} characters`);
    }
    if (!/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(reply)) {
      throw fieldInvalid(`${field}[${index}]`, 'says nothing');
    }
  }
  const bytes = replies.reduce((sum, reply) => sum + Buffer.byteLength(reply), 0);
  if (bytes > RESOURCE_BYTES_MAX) throw fieldInvalid(field, `holds more than ${RESOURCE_BYTES_MAX} bytes`);
}
