import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failureOf, onEveryWire, present } from './google-node-clients.ts';
import {
  createConversations,
  lines,
  namesOf,
  nanosecondsOf,
  setScene,
  writeBatch,
} from './google-node-scene.ts';

onEveryWire("The filters of Google's Node client", (clients) => {
  it('lists the conversations of a lifecycle state', async () => {
    const { conversations } = clients();
    const { project, created } = await createConversations(clients(), 3);
    const [first, ...others] = namesOf(created);
    await conversations.completeConversation({ name: present(first) });
    const named = async (state: string): Promise<string[]> =>
      namesOf(
        (
          await conversations.listConversations({ parent: project, filter: `lifecycle_state = "${state}"` })
        )[0],
      );
    assert.deepEqual(await named('COMPLETED'), [first]);
    assert.deepEqual(await named('IN_PROGRESS'), others.reverse());
  });

  it('shows a poller what came after the newest message it knows', async () => {
    const { conversations } = clients();
    const scene = await setScene(clients());
    const [known] = await writeBatch(clients(), scene.conversation, lines(scene, 0, 1));
    const microseconds = nanosecondsOf(known?.createTime) / 1000n;
    const request = {
      parent: scene.conversation,
      filter: `create_time_epoch_microseconds > ${microseconds}`,
    };
    const [nothing] = await conversations.listMessages(request);
    assert.deepEqual(nothing, []);
    const written = await writeBatch(clients(), scene.conversation, lines(scene, 1, 2));
    const [news] = await conversations.listMessages(request);
    assert.deepEqual(news, written.reverse());
  });

  it('answers INVALID_ARGUMENT for a field that cannot be filtered by', async () => {
    const { conversations } = clients();
    const { conversation } = await setScene(clients());
    const request = { parent: conversation, filter: 'content = "line 1"' };
    const failure = await failureOf(clients(), conversations.listMessages(request));
    assert.equal(failure.status, 'INVALID_ARGUMENT');
  });
});
