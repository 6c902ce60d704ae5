import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { ConversationProfiles, Conversations, Participants } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  ingest,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
} from './scene.ts';

const scene = openScene();
const tokenInvalid = { code: Code.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] };

interface Page {
  readonly names: readonly string[];
  readonly next: string;
}

type Query = { parent: string; pageSize?: number; pageToken?: string };

/** A list method, and how to give it something to list. */
interface Listing {
  readonly method: string;
  page(wire: Wire, query: Query): Promise<Page>;
  /** Makes `count` resources under one parent and answers it. */
  fill(wire: Wire, count: number): Promise<string>;
  /** Makes one more under the parent. */
  add(wire: Wire, parent: string, index: number): Promise<unknown>;
}

const listings: readonly Listing[] = [
  {
    method: 'ListConversations',
    async page(wire, query) {
      const reply = await wire.call(Conversations.method.listConversations, query);
      return { names: namesOf(reply.conversations), next: reply.nextPageToken };
    },
    async fill(wire, count) {
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      await times(count, () => createConversation(wire, parent, { conversationProfile }));
      return parent;
    },
    add: (wire, parent) => createConversation(wire, parent),
  },
  {
    method: 'ListMessages',
    async page(wire, query) {
      const reply = await wire.call(Conversations.method.listMessages, query);
      return { names: namesOf(reply.messages), next: reply.nextPageToken };
    },
    async fill(wire, count) {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      for (let from = 0; from < count; from += 300) {
        await ingest(wire, conversation, messages(participant, Math.min(300, count - from), from));
      }
      return conversation;
    },
    async add(wire, parent, index) {
      const { participants } = await wire.call(Participants.method.listParticipants, { parent });
      await ingest(wire, parent, messages(participants[0]?.name ?? '', 3, 100_000 + index * 3));
    },
  },
  {
    method: 'ListParticipants',
    async page(wire, query) {
      const reply = await wire.call(Participants.method.listParticipants, query);
      return { names: namesOf(reply.participants), next: reply.nextPageToken };
    },
    async fill(wire, count) {
      const { name } = await createConversation(wire, `projects/${newProject()}`);
      await times(count, () => createParticipant(wire, name));
      return name;
    },
    add: (wire, parent) => createParticipant(wire, parent),
  },
  {
    method: 'ListConversationProfiles',
    async page(wire, query) {
      const reply = await wire.call(ConversationProfiles.method.listConversationProfiles, query);
      return { names: namesOf(reply.conversationProfiles), next: reply.nextPageToken };
    },
    async fill(wire, count) {
      const parent = `projects/${newProject()}`;
      await times(count, () => createProfile(wire, parent));
      return parent;
    },
    add: (wire, parent) => createProfile(wire, parent),
  },
];

for (const wire of scene.wires) {
  for (const listing of listings) {
    describe(`page_size of ${listing.method} over ${wire.name}`, () => {
      it('is 100 by default and at most 1000', async () => {
        const parent = await listing.fill(wire, 101);
        for (const query of [{ parent }, { parent, pageSize: 0 }]) {
          const page = await listing.page(wire, query);
          assert.equal(page.names.length, 100);
          assert.notEqual(page.next, '');
          const last = await listing.page(wire, { ...query, pageToken: page.next });
          assert.equal(last.names.length, 1);
          assert.equal(last.next, '');
        }
        for (const pageSize of [101, 1001, 2 ** 31 - 1]) {
          const page = await listing.page(wire, { parent, pageSize });
          assert.deepEqual([page.names.length, page.next], [101, '']);
        }
      });

      for (const pageSize of [-1, -(2 ** 31)]) {
        it(`is refused when it is ${pageSize}`, async () => {
          const parent = await listing.fill(wire, 1);
          await refused(listing.page(wire, { parent, pageSize }), {
            code: Code.INVALID_ARGUMENT,
            reason: 'PAGE_SIZE_NEGATIVE',
            fields: ['page_size'],
          });
        });
      }
    });

    describe(`pages of ${listing.method} over ${wire.name}`, () => {
      it('end without a token, also where the last page is full', async () => {
        const parent = await listing.fill(wire, 4);
        const { names } = await listing.page(wire, { parent });
        for (const pageSize of [1, 2, 3, 4, 5]) {
          const pages = await walk(listing, wire, parent, () => pageSize);
          assert.deepEqual(pages.flat(), names);
          for (const page of pages) assert.ok(page.length <= pageSize);
        }
      });

      it('honour a page size that changes midway', async () => {
        const parent = await listing.fill(wire, 12);
        const { names } = await listing.page(wire, { parent });
        const pages = await walk(listing, wire, parent, (index) => index + 1);
        assert.deepEqual(pages.flat(), names);
        pages.forEach((page, index) => {
          assert.ok(page.length <= index + 1, `page ${index} holds ${page.length}`);
        });
      });

      it('are the same each time a token is used, and on the other wire', async () => {
        const parent = await listing.fill(wire, 5);
        const { next } = await listing.page(wire, { parent, pageSize: 2 });
        assert.match(next, /^[\w.~=-]+$/u, 'the token needs no escape in a URL');
        const pages = await Promise.all(
          [...scene.wires, wire].map((each) => listing.page(each, { parent, pageSize: 2, pageToken: next })),
        );
        const [first, ...others] = pages.map(({ names }) => names);
        assert.equal(first?.length, 2);
        for (const other of others) assert.deepEqual(other, first);
      });

      it('neither repeat nor miss the old ones while new ones come', async () => {
        const parent = await listing.fill(wire, 12);
        const { names: old } = await listing.page(wire, { parent });
        const seen: string[] = [];
        let pageToken = '';
        for (let index = 0; index === 0 || pageToken !== ''; index++) {
          assert.ok(index < 100, 'the walk ends');
          const [page] = await Promise.all([
            listing.page(wire, { parent, pageSize: 2, pageToken }),
            index < 8 ? listing.add(wire, parent, index) : undefined,
          ]);
          seen.push(...page.names);
          pageToken = page.next;
        }
        assert.equal(new Set(seen).size, seen.length, 'nothing is listed twice');
        assert.deepEqual(
          seen.filter((name) => old.includes(name)),
          old,
        );
      });
    });

    describe(`page_token of ${listing.method} over ${wire.name}`, () => {
      it('is refused under another parent', async () => {
        const parent = await listing.fill(wire, 2);
        const other = await listing.fill(wire, 2);
        const { next: pageToken } = await listing.page(wire, { parent, pageSize: 1 });
        await refused(listing.page(wire, { parent: other, pageToken }), tokenInvalid);
      });

      it('is refused when it was changed', async () => {
        const parent = await listing.fill(wire, 2);
        const { next } = await listing.page(wire, { parent, pageSize: 1 });
        // Not the last character: its low bits may stand for nothing.
        for (let at = 0; at < next.length - 1; at += 3) {
          const pageToken = `${next.slice(0, at)}${next[at] === 'A' ? 'B' : 'A'}${next.slice(at + 1)}`;
          await refused(listing.page(wire, { parent, pageToken }), tokenInvalid);
        }
        for (const pageToken of [next.slice(0, -4), `${next}AAAA`, next + next, next.slice(4)]) {
          await refused(listing.page(wire, { parent, pageToken }), tokenInvalid);
        }
      });

      it('is refused when the server never made it', async () => {
        const parent = await listing.fill(wire, 2);
        const strings = fc.oneof(fc.string({ minLength: 1 }), fc.base64String({ minLength: 4 }));
        await fc.assert(
          fc.asyncProperty(strings, async (pageToken) => {
            await refused(listing.page(wire, { parent, pageToken }), tokenInvalid);
          }),
          { numRuns: 40, examples: [['💬'], ['\u0000'], ['x'.repeat(4000)], ['null'], ['-1']] },
        );
      });
    });
  }

  describe(`page tokens over ${wire.name}`, () => {
    it('of one method are refused by another with the same parent', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      await createParticipant(wire, conversation);
      await ingest(wire, conversation, messages(participant, 2));
      await refuseEachOthersTokens(wire, conversation, ['ListMessages', 'ListParticipants']);
      const parent = conversation.slice(0, conversation.indexOf('/conversations/'));
      await createConversation(wire, parent);
      await refuseEachOthersTokens(wire, parent, ['ListConversations', 'ListConversationProfiles']);
    });

    it('of another project are refused', async () => {
      const [one, two] = [newProject(), newProject()];
      for (const project of [one, two]) {
        for (const id of ['first', 'second']) await createConversation(wire, `projects/${project}`, {}, id);
      }
      const [listing] = listings;
      assert.ok(listing);
      const { next: pageToken } = await listing.page(wire, { parent: `projects/${one}`, pageSize: 1 });
      await refused(listing.page(wire, { parent: `projects/${two}`, pageToken }), tokenInvalid);
    });
  });

  describe(`a long list over ${wire.name}`, () => {
    it('comes 1000 at a time at most', async () => {
      const [, listing] = listings;
      assert.ok(listing);
      const parent = await listing.fill(wire, 1203);
      for (const pageSize of [1000, 1001, 5000]) {
        const pages = await walk(listing, wire, parent, () => pageSize);
        assert.deepEqual(
          pages.map((page) => page.length),
          [1000, 203],
        );
        assert.equal(new Set(pages.flat()).size, 1203);
      }
    });
  });

  describe(`order of ListConversations over ${wire.name}`, () => {
    it('is by start time, newest first, then by name', async () => {
      const [listing] = listings;
      assert.ok(listing);
      const parent = await listing.fill(wire, 40);
      const { conversations } = await wire.call(Conversations.method.listConversations, { parent });
      const want = conversations.toSorted((a, b) => {
        const later = nanos(b.startTime) - nanos(a.startTime);
        if (later !== 0n) return later < 0n ? -1 : 1;
        return a.name < b.name ? -1 : 1;
      });
      assert.equal(conversations.length, 40);
      assert.deepEqual(namesOf(conversations), namesOf(want));
    });
  });
}

async function refuseEachOthersTokens(wire: Wire, parent: string, methods: readonly string[]): Promise<void> {
  for (const [index, method] of methods.entries()) {
    const giver = listings.find((each) => each.method === method);
    const taker = listings.find((each) => each.method === methods[1 - index]);
    assert.ok(giver && taker);
    const { next: pageToken } = await giver.page(wire, { parent, pageSize: 1 });
    assert.notEqual(pageToken, '');
    await refused(taker.page(wire, { parent, pageToken }), tokenInvalid);
  }
}

/** The names on all pages, where page `index` is asked for with `sizeOf(index)`. */
async function walk(
  listing: Listing,
  wire: Wire,
  parent: string,
  sizeOf: (index: number) => number,
): Promise<(readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let pageToken = '';
  do {
    const page = await listing.page(wire, { parent, pageSize: sizeOf(pages.length), pageToken });
    pages.push(page.names);
    pageToken = page.next;
    assert.ok(pages.length < 100, 'the walk ends');
  } while (pageToken !== '');
  return pages;
}

async function times(count: number, make: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, make));
}
