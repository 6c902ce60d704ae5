import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from './turns.ts';

/** Uses up a turn of the event loop. */
function dawdle(): void {
  const end = performance.now() + 1.5;
  while (performance.now() < end);
}

describe('Turns', () => {
  it('starts work at once where there is little of it', () => {
    let started = false;
    new Turns().start({}, () => {
      started = true;
    });
    assert.ok(started);
  });

  it('lets other things happen between pieces of work that take long, and does all of it', async () => {
    const turns = new Turns();
    const done: string[] = [];
    for (let i = 0; i < 4; i++) {
      turns.start(turns, () => {
        dawdle();
        done.push('work');
      });
    }
    assert.deepEqual(done, ['work']);
    for (let i = 0; i < 20 && done.filter((each) => each === 'work').length < 4; i++) {
      await turn();
      done.push('other');
    }
    const last = done.lastIndexOf('work');
    assert.equal(done.filter((each) => each === 'work').length, 4);
    assert.ok(done.slice(0, last).filter((each) => each === 'other').length >= 2, done.join(' '));
  });

  it('gives each caller its share', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const [many, few] = [{}, {}];
    const start = (caller: object, name: string): void =>
      turns.start(caller, () => {
        dawdle();
        done.push(name);
      });
    for (let i = 0; i < 6; i++) start(many, `many ${i}`);
    for (let i = 0; i < 2; i++) start(few, `few ${i}`);
    while (done.length < 8) await turn();
    assert.deepEqual(done.slice(0, 5), ['many 0', 'many 1', 'few 0', 'many 2', 'few 1']);
    assert.equal(done.at(-1), 'many 5');
  });
});
