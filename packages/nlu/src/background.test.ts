import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, getPriority } from 'node:os';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

describe('giveWay()', () => {
  const skip = process.platform !== 'linux';
  it('lowers the priority of the thread that calls it, and of no other', { skip }, async () => {
    const before = getPriority();
    const module = JSON.stringify(import.meta.resolve('./background.ts'));
    const worker = new Worker(
      `const { getPriority } = require('node:os');
       const { parentPort } = require('node:worker_threads');
       import(${module}).then(({ giveWay }) => {
         giveWay();
         parentPort.postMessage(getPriority());
       });`,
      { eval: true },
    );
    const [priority] = await once(worker, 'message');
    assert.equal(priority, Math.max(before, constants.priority.PRIORITY_BELOW_NORMAL));
    assert.equal(getPriority(), before);
  });
});
