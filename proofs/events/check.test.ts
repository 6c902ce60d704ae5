import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { check, FINISHED, STARTED, type Told } from './check.ts';

const conversation = {
  name: 'c',
  transcript: ['one', 'two', 'three'],
  ended: { least: 1, most: 2 },
};

/** Events as `id what`. */
function tell(...events: string[]): Told[] {
  return events.map((event) => {
    const [id = '', what = ''] = event.split(' ');
    return { id, what, conversation: 'c' };
  });
}

const [start, one, two, three, end] = [`s ${STARTED}`, '1 one', '2 two', '3 three', `e ${FINISHED}`] as const;

describe('check()', () => {
  for (const events of [
    [start, one, two, three, end],
    [start, one, two, three, end, `f ${FINISHED}`],
    [start, one, one, two, one, two, three, end],
    [start, start, one, two, start, one, two, three, end, end],
  ]) {
    it(`takes ${events.join(', ')}`, () => assert.deepEqual(check(conversation, tell(...events)), []));
  }

  for (const [events, want] of [
    [[start, one, three, end], /event 2 is three, not two/u],
    [[start, one, two, three], /ended 1 to 2 times, 0 were told/u],
    [[start, two, one, three, end], /event 1 is two, not one/u],
    [[one, two, three, end], /event 0 is one, not CONVERSATION_STARTED/u],
    [[start, one, two, three, '4 four', end], /event 4 is four, not CONVERSATION_FINISHED/u],
    [[start, one, two, '9 two', three, end], /event 3 is two, not three/u],
    [[start, one, two, '2 three', three, end], /2 told two and three/u],
    [[start, one, two, three, end, `f ${FINISHED}`, `g ${FINISHED}`], /ended 1 to 2 times, 3 were told/u],
    [[start, one, two, three, one, three, end], /three came though event 2 was to come again/u],
    [[], /ended 1 to 2 times, 0 were told/u],
  ] as const) {
    it(`finds what is wrong with ${events.join(', ')}`, () => {
      assert.match(check(conversation, tell(...events)).join('\n'), want);
    });
  }
});
