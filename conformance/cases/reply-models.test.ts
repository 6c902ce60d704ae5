import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ReplyModel_Method as Method,
  TrainReplyModelMetadata_Phase as Phase,
  type ReplyModel,
  ReplyModelSchema,
  ReplyModels,
  ReplyModel_State as State,
  TrainReplyModelMetadataSchema,
} from '@parleykit/proto/admin';
import { type Operation, Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { holdTalks, reached, unpackStruct } from './reply-scene.ts';
import { openScene, refused } from './scene.ts';

const scene = openScene();
const { getReplyModel, trainReplyModel, updateReplyModel, deleteReplyModel } = ReplyModels.method;

/** Trains a model, and answers the operation when it is done. */
async function trained(wire: Wire, name: string, includeInProgress = false): Promise<Operation> {
  const operation = await wire.call(trainReplyModel, { name, includeInProgress });
  return reached(wire, operation.name, ({ done }) => done);
}

function modelOf({ result }: Operation): ReplyModel | undefined {
  return result.case === 'response' ? unpackStruct(ReplyModelSchema, result.value) : undefined;
}

const metadataOf = ({ metadata }: Operation) =>
  metadata && unpackStruct(TrainReplyModelMetadataSchema, metadata);

for (const wire of scene.wires) {
  describe(`reply models over ${wire.name}`, () => {
    it('are untrained, and then what their training has answered, in the form of each caller', async () => {
      const parent = `projects/${newProject()}`;
      const name = `${parent}/replyModel`;
      const untrained = await wire.call(getReplyModel, { name });
      assert.deepEqual(
        [untrained.name, untrained.state, untrained.training, untrained.trainTime],
        [name, State.UNTRAINED, '', undefined],
      );
      await holdTalks(wire, parent, 9);
      await holdTalks(wire, parent, 1, { isCompleted: false });
      const operation = await trained(wire, name);
      const model = modelOf(operation);
      const { trainTime, sizeBytes, ...told } = model ?? assert.fail('the training failed');
      assert.deepEqual(told, {
        $typeName: ReplyModelSchema.typeName,
        name,
        state: State.TRAINED,
        allowedReplies: [],
        method: Method.NEAR_CONTEXTS,
        conversationCount: 9,
        messageCount: 36,
        exampleCount: 18,
        replyCount: 6,
        training: '',
      });
      assert.ok(trainTime !== undefined && sizeBytes > 0n);
      const metadata = metadataOf(operation);
      assert.deepEqual(
        [metadata?.phase, metadata?.conversationCount, metadata?.exampleCount],
        [Phase.STORING, 9, 18],
      );
      for (const reader of scene.wires) {
        const other = `${parent}/locations/global/replyModel`;
        assert.deepEqual(await reader.call(getReplyModel, { name: other }), { ...model, name: other });
      }
      assert.equal(modelOf(await trained(wire, name, true))?.conversationCount, 10);
    });

    it('are refused a training where there is too little to learn from, and keep what they were', async () => {
      const parent = `projects/${newProject()}`;
      const name = `${parent}/locations/europe-west1/replyModel`;
      const { result, done } = await trained(wire, name);
      assert.ok(done && result.case === 'error');
      assert.equal(result.value.code, Code.FAILED_PRECONDITION);
      assert.match(
        result.value.message,
        /too little to train .* 0 replies of human agents in 0 conversations/u,
      );
      assert.equal((await wire.call(getReplyModel, { name })).state, State.UNTRAINED);
    });

    it('are trained once at a time, and not deleted meanwhile; cancelled they stay as they were', async () => {
      const parent = `projects/${newProject()}`;
      const name = `${parent}/replyModel`;
      // Enough that it takes a while.
      await holdTalks(wire, parent, 6, { times: 100 });
      const operation = await wire.call(trainReplyModel, { name });
      const inProgress = { code: Code.ABORTED, reason: 'OPERATION_IN_PROGRESS' };
      await refused(wire.call(trainReplyModel, { name: `${parent}/locations/us/replyModel` }), inProgress);
      assert.equal((await wire.call(getReplyModel, { name })).training, operation.name);
      await wire.call(updateReplyModel, { replyModel: { name, allowedReplies: ['It comes soon.'] } });
      await refused(wire.call(deleteReplyModel, { name }), inProgress);
      await wire.call(Operations.method.cancelOperation, { name: operation.name });
      const { done, result } = await wire.call(Operations.method.getOperation, { name: operation.name });
      assert.ok(done && result.case === 'error');
      assert.equal(result.value.code, Code.CANCELLED);
      const model = await wire.call(getReplyModel, { name });
      assert.deepEqual(
        [model.state, model.training, model.allowedReplies],
        [State.UNTRAINED, '', ['It comes soon.']],
      );
    });

    it('keep the replies that may be suggested, by a mask or without one, until they are deleted', async () => {
      const parent = `projects/${newProject()}`;
      const name = `${parent}/replyModel`;
      const allowedReplies = ['It comes tomorrow.', 'Grüße 💬'];
      const update = (replies: string[], paths?: string[]) =>
        wire.call(updateReplyModel, {
          replyModel: { name, allowedReplies: replies, exampleCount: 7 },
          ...(paths && { updateMask: { paths } }),
        });
      const updated = await update(allowedReplies);
      assert.deepEqual([updated.allowedReplies, updated.exampleCount], [allowedReplies, 0]);
      assert.deepEqual((await update([], ['state'])).allowedReplies, allowedReplies);
      await holdTalks(wire, parent, 6);
      assert.deepEqual(modelOf(await trained(wire, name))?.allowedReplies, allowedReplies);
      const emptied = await update([], ['allowed_replies']);
      assert.deepEqual([emptied.allowedReplies, emptied.state], [[], State.TRAINED]);
      await wire.call(deleteReplyModel, { name });
      assert.equal((await wire.call(getReplyModel, { name })).state, State.UNTRAINED);
      await refused(wire.call(deleteReplyModel, { name }), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
    });

    for (const [what, allowedReplies, field] of [
      ['2001 of them', Array.from({ length: 2001 }, (_, index) => `reply ${index}`), ''],
      ['one of 601 characters', ['fine', 'x'.repeat(601)], '[1]'],
      ['one that says nothing', [' ?! '], '[0]'],
      ['more than a megabyte', Array.from({ length: 2000 }, () => '語'.repeat(200)), ''],
    ] as const) {
      it(`refuse as allowed replies ${what}`, async () => {
        const name = `projects/${newProject()}/replyModel`;
        await refused(
          wire.call(updateReplyModel, { replyModel: { name, allowedReplies: [...allowedReplies] } }),
          {
            code: Code.INVALID_ARGUMENT,
            reason: 'FIELD_INVALID',
            fields: [`reply_model.allowed_replies${field}`],
          },
        );
      });
    }

    it('refuse names and masks that lead nowhere', async () => {
      const name = `projects/${newProject()}/replyModel`;
      await refused(
        wire.call(updateReplyModel, { replyModel: { name }, updateMask: { paths: ['nothing'] } }),
        {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_INVALID',
          fields: ['update_mask'],
        },
      );
      const elsewhere = `projects/${newProject()}/locations/nowhere/replyModel`;
      await refused(wire.call(trainReplyModel, { name: elsewhere }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'LOCATION_UNKNOWN',
        fields: ['parent'],
      });
    });
  });
}
