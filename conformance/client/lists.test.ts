import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect, ingest, newParent, openClientScene, openTalk } from './scene.ts';

const scene = openClientScene();

for (const transport of ['grpc', 'rest'] as const) {
  describe(`lists over ${transport}`, () => {
    it('work as the samples of the Python client are printed, with and without await', async () => {
      const clients = scene[transport];
      const { conversations } = clients;
      const parent = newParent();
      const names: string[] = [];
      for (let made = 0; made < 5; made += 1) names.push((await openTalk(clients, parent)).conversation.name);
      const sorted = names.sort();
      const without = await collect(conversations.listConversations({ parent, pageSize: 2 }));
      const awaited = await collect(await conversations.listConversations({ parent, pageSize: 2 }));
      assert.deepEqual(without.map(({ name }) => name).sort(), sorted);
      assert.deepEqual(awaited, without);
    });

    it('give pages and the first page, and a pager tells of the page that came last', async () => {
      const clients = scene[transport];
      const talk = await openTalk(clients, newParent());
      await ingest(clients, talk, 10);
      const { name: parent } = talk.conversation;
      const list = clients.conversations.listMessages({ parent, pageSize: 4 });
      const pages = await collect(list.pages());
      assert.deepEqual(
        pages.map(({ messages }) => messages.length),
        [4, 4, 2],
      );
      assert.deepEqual((await list.firstPage()).messages, pages[0]?.messages);
      const pager = await list;
      assert.equal(pager.messages.length, 4);
      const all = await collect(pager);
      assert.equal(all.length, 10);
      assert.equal(pager.messages.length, 2);
      assert.equal(pager.nextPageToken, '');
      assert.deepEqual(await collect(pager), all);
    });

    it('go on from a page token', async () => {
      const clients = scene[transport];
      const talk = await openTalk(clients, newParent());
      await ingest(clients, talk, 5);
      const request = { parent: talk.conversation.name, pageSize: 2 };
      const { nextPageToken: pageToken } = await clients.conversations.listMessages(request).firstPage();
      const rest = await collect(clients.conversations.listMessages({ ...request, pageToken }));
      assert.deepEqual(
        rest.map(({ content }) => content),
        ['message 2', 'message 1', 'message 0'],
      );
    });
  });
}
