import { describe, it } from 'node:test';
import { Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import { newProject } from '../target.ts';
import { openScene, refused } from './scene.ts';

const scene = openScene();

for (const wire of scene.wires) {
  describe(`a server that is not for development, over ${wire.name}`, () => {
    const name = `projects/${newProject()}`;
    const snapshot = `${name}/snapshots/s`;
    const { method } = Development;
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      GetClock: () => wire.call(method.getClock, { name: `${name}/clock` }),
      AdvanceClock: () =>
        wire.call(method.advanceClock, { name: `${name}/clock`, duration: { seconds: 1n } }),
      ResetProject: () => wire.call(method.resetProject, { name }),
      CreateSnapshot: () => wire.call(method.createSnapshot, { parent: name }),
      ListSnapshots: () => wire.call(method.listSnapshots, { parent: name }),
      RestoreSnapshot: () => wire.call(method.restoreSnapshot, { name: snapshot }),
      DeleteSnapshot: () => wire.call(method.deleteSnapshot, { name: snapshot }),
    };
    for (const [rpc, call] of Object.entries(calls)) {
      it(`refuses ${rpc}, and says what is missing`, async () => {
        const error = await refused(call(), { code: Code.FAILED_PRECONDITION, reason: 'DEVELOPMENT_OFF' });
        if (!error.message.includes('--dev')) throw error;
      });
    }
  });
}
