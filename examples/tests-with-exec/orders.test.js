/**
 * Tests against a real server, which `parley exec -- node --test` starts on a free port and takes away afterwards: nothing
 * is mocked and nothing has to be cleaned up. It works the same for any other runner: `parley exec -- npx vitest run`,
 * `parley exec -- npx jest`.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AlreadyExistsError } from '@parleykit/client';
import { Orders } from './orders.js';

describe('orders', () => {
  let orders;
  before(() => {
    // Set by `parley exec`, which has made a profile "demo" in that project.
    orders = new Orders(process.env.GOOGLE_CLOUD_PROJECT);
  });
  after(() => orders.end());

  it('are open from the first question until they are closed', async () => {
    const name = await orders.ask('17', 'Where is my order?');
    assert.deepEqual(await orders.open(), ['Where is my order?']);
    await orders.close(name);
    assert.deepEqual(await orders.open(), []);
  });

  it('are asked about once: a second conversation of the same id is refused', async () => {
    await orders.ask('18', 'Can I return it?');
    await assert.rejects(orders.ask('18', 'Can I return it?'), AlreadyExistsError);
  });
});
