import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Follower } from './follower.ts';
import { Conversation, type SeenMessage } from './model.ts';

const NAME = 'projects/demo/conversations/c';

/** Messages by their times of creation, newest first, as a list shows them. */
function listed(...times: readonly number[]): SeenMessage[] {
  return times.map((createTime) => ({
    name: `${NAME}/messages/${createTime}`,
    participant: 'p',
    role: 1,
    content: '',
    sendTime: '',
    createTime,
  }));
}

function followerOf(...polls: readonly (readonly SeenMessage[])[]): { follower: Follower; kinds: string[] } {
  const follower = new Follower(new Conversation(NAME), 10);
  return { follower, kinds: polls.flatMap((messages) => follower.take(messages)).map(({ kind }) => kind) };
}

describe('Follower', () => {
  it('is content when each poll goes on where the last one ended', () => {
    const { follower, kinds } = followerOf(listed(3, 2, 1), [], listed(5, 4));
    assert.deepEqual(kinds, []);
    assert.deepEqual(follower.compare(listed(5, 4, 3, 2, 1)), []);
    assert.equal(follower.seen, 5);
  });

  it('finds a message that it is shown twice', () => {
    assert.ok(followerOf(listed(2, 1), listed(3, 2)).kinds.includes('repeated'));
  });

  it('finds a message that it was never shown', () => {
    const { follower } = followerOf(listed(2, 1), listed(4));
    assert.deepEqual(
      follower.compare(listed(4, 3, 2, 1)).map(({ kind }) => kind),
      ['missed'],
    );
  });

  it('finds that something is gone which it was shown', () => {
    const { follower } = followerOf(listed(2, 1));
    assert.deepEqual(
      follower.compare(listed(2)).map(({ kind }) => kind),
      ['lost'],
    );
  });

  it('finds that the list has another order than it was shown', () => {
    const { follower } = followerOf(listed(3, 2, 1));
    assert.deepEqual(
      follower.compare(listed(3, 1, 2)).map(({ kind }) => kind),
      ['reordered'],
    );
  });
});
