import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  Development,
  TrainReplyModelMetadata_Phase as Phase,
  ReplyModelSchema,
  ReplyModels,
  ReplyModel_State as State,
  TrainReplyModelMetadataSchema,
} from '@parleykit/proto/admin';
import { type Operation, Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import { holdTalks, reached, unpackStruct } from './cases/reply-scene.ts';
import { refused } from './cases/scene.ts';
import { startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const { getReplyModel, trainReplyModel } = ReplyModels.method;
const parent = 'projects/p';
const name = `${parent}/replyModel`;

const phaseOf = ({ metadata }: Operation): Phase =>
  (metadata && unpackStruct(TrainReplyModelMetadataSchema, metadata)?.phase) ?? Phase.PHASE_UNSPECIFIED;

describe('a reply model', () => {
  it('goes on being trained after a server was killed, and the model that was there answers until it is done', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-replies-'));
    let server = await startServer(folder);
    using wire = new GrpcWire(() => server);
    try {
      await holdTalks(wire, parent, 9);
      const first = await wire.call(trainReplyModel, { name });
      await reached(wire, first.name, ({ done }) => done);
      const before = await wire.call(getReplyModel, { name });
      assert.equal(before.exampleCount, 18);

      // Enough to learn from that it takes a while.
      await holdTalks(wire, parent, 20, { times: 200 });
      const { name: operation } = await wire.call(trainReplyModel, { name });
      await reached(wire, operation, (each) => phaseOf(each) >= Phase.LEARNING);
      await server.stop('SIGKILL');
      server = await startServer(folder);
      using again = new GrpcWire(() => server);
      assert.deepEqual(await again.call(getReplyModel, { name }), { ...before, training: operation });

      const { result } = await reached(again, operation, ({ done }) => done);
      assert.ok(result.case === 'response');
      const trained = unpackStruct(ReplyModelSchema, result.value);
      assert.equal(trained?.exampleCount, 18 + 20 * 400);
      assert.equal(trained?.state, State.TRAINED);
      assert.deepEqual(await again.call(getReplyModel, { name }), trained);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes with its project when that is reset, and comes back with a snapshot of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-replies-'));
    const server = await startServer(folder, '--dev');
    using wire = new GrpcWire(() => server);
    try {
      await holdTalks(wire, parent, 9);
      const first = await wire.call(trainReplyModel, { name });
      await reached(wire, first.name, ({ done }) => done);
      const trained = await wire.call(getReplyModel, { name });
      await wire.call(Development.method.createSnapshot, { parent, snapshotId: 'kept' });
      const second = await wire.call(trainReplyModel, { name });
      await wire.call(Development.method.resetProject, { name: parent });
      await refused(wire.call(Operations.method.getOperation, { name: second.name }), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
      const untrained = await wire.call(getReplyModel, { name });
      assert.deepEqual([untrained.state, untrained.training], [State.UNTRAINED, '']);
      await wire.call(Development.method.restoreSnapshot, { name: `${parent}/snapshots/kept` });
      assert.deepEqual(await wire.call(getReplyModel, { name }), trained);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
