import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ended, giveUp, PYTHON, preparePython } from './python-environment.ts';
import { openTarget, type Target } from './target.ts';

const GROUPS = {
  setup: 'profiles and participants',
  conversations: 'conversations',
  messages: 'messages',
  turns: 'turns',
  assist: 'suggestions',
  paging: 'pages',
  polling: 'polling for news',
  errors: 'errors',
  mixins: 'the methods of other services',
};

let target: Target;
let unavailable: string | undefined;
before(async () => {
  unavailable = await preparePython();
  target = await openTarget();
});
after(() => target[Symbol.asyncDispose]());

describe("Google's asynchronous Python client over grpc", () => {
  for (const [group, title] of Object.entries(GROUPS)) {
    it(`agrees on ${title}`, async (test) => {
      if (unavailable !== undefined) return giveUp(test, unavailable);
      const run = await ended(PYTHON, ['conversations_async_client.py', target.address, group]);
      assert.equal(run.code, 0, run.output);
      assert.match(run.output, /^ok {3}/mu, 'it ran a check');
    });
  }
});

describe("Google's synchronous Python client over grpc", () => {
  it('goes from a knowledge base to the end of a conversation, as in the samples', async (test) => {
    if (unavailable !== undefined) return giveUp(test, unavailable);
    const run = await ended(PYTHON, ['participant_management.py', target.address]);
    assert.equal(run.code, 0, run.output);
    assert.match(run.output, /all of it is gone/u);
  });
});
