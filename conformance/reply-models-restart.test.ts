import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  TrainReplyModelMetadata_Phase as Phase,
  ReplyModelSchema,
  ReplyModels,
  ReplyModel_State as State,
  TrainReplyModelMetadataSchema,
} from '@parleykit/proto/admin';
import type { Operation } from '@parleykit/proto/longrunning';
import { holdTalks, reached } from './cases/reply-scene.ts';
import { startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const { getReplyModel, trainReplyModel } = ReplyModels.method;
const parent = 'projects/p';
const name = `${parent}/replyModel`;

const phaseOf = ({ metadata }: Operation): Phase =>
  (metadata && anyUnpack(metadata, TrainReplyModelMetadataSchema)?.phase) ?? Phase.PHASE_UNSPECIFIED;

describe('the training of a reply model, after a server was killed', () => {
  it('goes on, and the model that was there answers until it is done', async () => {
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
      const trained = anyUnpack(result.value, ReplyModelSchema);
      assert.equal(trained?.exampleCount, 18 + 20 * 400);
      assert.equal(trained?.state, State.TRAINED);
      assert.deepEqual(await again.call(getReplyModel, { name }), trained);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
