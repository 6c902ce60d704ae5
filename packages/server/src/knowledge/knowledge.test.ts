import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type DocumentPassages_Passage as Passage,
  DocumentPassages_Passage_Kind as PassageKind,
  DocumentPassages_PassageSchema as PassageSchema,
} from '@parleykit/proto/stored';
import {
  DocumentSchema,
  Document_State as State,
  Document_KnowledgeType as Type,
} from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import { type Store, StoreFailedError } from '../storage/store.ts';
import { Knowledge, type KnowledgeQuery } from './knowledge.ts';
import { KnowledgeContents } from './knowledge-contents.ts';
import { encodePassages } from './reading/passage-rows.ts';
import type { KnowledgeHit } from './search/base-index.ts';

const faq = (...pairs: readonly (readonly [question: string, answer: string])[]): Passage[] =>
  pairs.map(([title, text]) => create(PassageSchema, { kind: PassageKind.FAQ, title, text }));
const parts = (...texts: string[]): Passage[] =>
  texts.map((text) => create(PassageSchema, { kind: PassageKind.TEXT, text }));

interface DocumentParts {
  readonly types?: Type[];
  readonly displayName?: string;
  readonly metadata?: Record<string, string>;
  readonly uri?: string;
}

describe('Knowledge', () => {
  let folder: string;
  let store: Store;
  let contents: KnowledgeContents;
  let knowledge: Knowledge;
  const clock = new FakeClock();
  let count = 0;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-knowledge-'));
    store = await openSqliteStore(folder, clock);
    contents = new KnowledgeContents(store);
    knowledge = new Knowledge(contents);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const named = (path: string) =>
    parseResourceName(
      'name',
      `projects/p/${path}`,
      path.includes('documents') ? 'knowledgeBases/*/documents/*' : 'knowledgeBases/*',
    );

  async function makeBase(id: string): Promise<string> {
    const name = named(`knowledgeBases/${id}`);
    await store.commit({ partition: name.scope, put: [{ name: name.key, body: new Uint8Array() }] });
    return name.key;
  }

  /** A document that was read, in a knowledge base; answers its key. */
  async function makeDocument(
    base: string,
    passages: readonly Passage[],
    { types = [Type.FAQ], displayName = 'a document', metadata = {}, uri }: DocumentParts = {},
    by = contents,
  ): Promise<string> {
    const name = named(`${base.replace('projects/p/', '')}/documents/d${count++}`);
    const source = uri === undefined ? { case: undefined } : ({ case: 'contentUri', value: uri } as const);
    const document = create(DocumentSchema, { displayName, knowledgeTypes: types, metadata, source });
    await by.commit(name, by.create(name, document, Buffer.from('content')));
    await read(name, passages, by);
    return name.key;
  }

  async function read(name: ResourceName, passages: readonly Passage[], by = contents): Promise<void> {
    const found = await by.load(name);
    await by.commit(name, await by.activate(found, found.document, encodePassages(passages)));
  }

  const search = (source: string | readonly string[], text: string, more: Partial<KnowledgeQuery> = {}) =>
    knowledge.search({ sources: [source].flat(), type: 'FAQ', text, limit: 3, ...more });
  const answers = (hits: readonly KnowledgeHit[]) => hits.map(({ answer }) => answer);

  const bank = faq(
    ['Where is my card?', 'It is on its way.'],
    ['My new card has not arrived', 'It is on its way.'],
    ['How do I change my PIN?', 'In the app.'],
    ['I forgot my PIN', 'In the app.'],
    ['What does a transfer cost?', 'Nothing.'],
  );

  describe('search() for answers', () => {
    it('finds the answer of the questions that are near, once, with the nearest of them', async () => {
      const base = await makeBase('b');
      const metadata = { team: 'cards' };
      const document = await makeDocument(base, bank, {
        displayName: 'Cards',
        metadata,
        uri: 'https://a.b/',
      });
      const [first, ...others] = await search(base, 'has my new card arrived');
      const { confidence = 0, ...hit } = first ?? {};
      assert.deepEqual(hit, {
        document,
        title: 'Cards',
        uri: 'https://a.b/',
        question: 'My new card has not arrived',
        answer: 'It is on its way.',
        snippets: [],
        metadata,
      });
      assert.ok(confidence > 0.6 && confidence <= 1, `${confidence}`);
      for (const other of others) assert.ok(other.confidence < confidence / 2);
      assert.equal(new Set(answers([...others])).size, others.length);
    });

    it('finds what is misspelt, and nothing for what nobody asks', async () => {
      const base = await makeBase('b');
      await makeDocument(base, bank);
      assert.equal((await search(base, 'i forgott my pinn'))[0]?.answer, 'In the app.');
      assert.deepEqual(await search(base, 'xyzzy'), []);
      assert.deepEqual(await search(base, ' ?! '), []);
      assert.deepEqual(await search(base, 'card', { limit: 0 }), []);
    });

    it('finds what the answer says where no question does', async () => {
      const base = await makeBase('b');
      await makeDocument(base, [...bank, ...faq(['And abroad?', 'Withdrawals are free in Norway.'])]);
      assert.equal((await search(base, 'norway withdrawals'))[0]?.answer, 'Withdrawals are free in Norway.');
    });

    it('tells the same answer of two documents apart', async () => {
      const base = await makeBase('b');
      const documents = [await makeDocument(base, bank), await makeDocument(base, bank)];
      const hits = await search(base, 'where is my card', { limit: 2 });
      assert.deepEqual(hits.map(({ document }) => document).sort(), documents);
    });
  });

  describe('search() for articles and parts', () => {
    const filler = 'Nothing of interest is said in this sentence at all. '.repeat(6);

    it('finds each article once, with what it says of it', async () => {
      const base = await makeBase('b');
      const types = [Type.ARTICLE_SUGGESTION];
      const said = 'Parcels to Norway take four days.';
      const texts = parts(`${filler}${said} ${filler}`, 'Norway is far.', 'About letters.');
      const norway = await makeDocument(base, texts, { types });
      const letters = await makeDocument(base, parts('Letters take a day.'), {
        types,
        displayName: 'Letters',
      });
      const hits = await search(base, 'parcels to norway', { type: 'ARTICLE_SUGGESTION' });
      const articles = hits.map(({ document }) => document);
      assert.deepEqual([articles[0], articles.length], [norway, new Set(articles).size]);
      assert.ok(hits[0]?.snippets[0]?.startsWith(said), hits[0]?.snippets[0]);
      assert.ok((hits[0]?.snippets[0]?.length ?? 0) <= 240);
      assert.equal(hits[0]?.snippets[1], 'Norway is far.');
      assert.equal((await search(base, 'letters', { type: 'ARTICLE_SUGGESTION' }))[0]?.document, letters);
    });

    it('finds parts by themselves', async () => {
      const base = await makeBase('b');
      await makeDocument(base, parts('Parcels to Norway.', 'Parcels to Sweden.'), {
        types: [Type.EXTRACTIVE_QA],
      });
      const hits = await search(base, 'parcels to norway', { type: 'EXTRACTIVE_QA' });
      assert.deepEqual(answers(hits), ['Parcels to Norway.', 'Parcels to Sweden.']);
      assert.ok((hits[0]?.confidence ?? 0) > (hits[1]?.confidence ?? 1));
    });

    it('looks only into documents of the type', async () => {
      const base = await makeBase('b');
      await makeDocument(base, parts('Parcels.'), { types: [Type.EXTRACTIVE_QA] });
      assert.deepEqual(await search(base, 'parcels', { type: 'ARTICLE_SUGGESTION' }), []);
      assert.equal((await search(base, 'parcels', { type: 'EXTRACTIVE_QA' })).length, 1);
    });
  });

  describe('search() in sources', () => {
    it('looks into what is named, by any form of its name, the surest first', async () => {
      const [one, other] = [await makeBase('one'), await makeBase('other')];
      const first = await makeDocument(one, faq(['Where is the card?', 'A']));
      const second = await makeDocument(one, faq(['Where is my card, please?', 'B']));
      await makeDocument(other, faq(['my card', 'C']));
      assert.deepEqual(answers(await search(first, 'where is my card')), ['A']);
      assert.deepEqual(answers(await search([first, second], 'where is the card')), ['A', 'B']);
      const all = await search([other, one, first], 'where is my card');
      assert.deepEqual(answers(all).toSorted(), ['A', 'B', 'C']);
      assert.deepEqual(
        all.toSorted((a, b) => b.confidence - a.confidence),
        all,
      );
      for (const name of [one.replace('p/', 'p/agent/'), one.replace('p/', 'p/locations/global/')]) {
        assert.equal((await search(name, 'where is the card')).length, 2, name);
      }
      for (const name of ['projects/p/knowledgeBases/none', `${one}/documents/none`, 'nonsense', '']) {
        assert.deepEqual(await search(name, 'card'), [], name);
      }
    });

    it('keeps to documents whose metadata are one of those asked for, for each key', async () => {
      const base = await makeBase('b');
      for (const [answer, metadata] of [
        ['A', { country: 'ch', team: 'x' }],
        ['B', { country: 'no', team: 'y' }],
        ['C', { team: 'x' }],
      ] as const) {
        await makeDocument(base, faq(['Where is my card?', answer]), { metadata });
      }
      const found = async (metadataFilters: Record<string, string>) =>
        answers(await search(base, 'where is my card', { metadataFilters })).toSorted();
      assert.deepEqual(await found({}), ['A', 'B', 'C']);
      assert.deepEqual(await found({ country: 'ch' }), ['A']);
      assert.deepEqual(await found({ country: 'ch, no' }), ['A', 'B']);
      assert.deepEqual(await found({ country: 'ch,no', team: 'x' }), ['A']);
      assert.deepEqual(await found({ toString: 'x' }), []);
    });
  });

  describe('search() after edits', () => {
    it('finds what is new, read again, called otherwise and gone as it is then', async () => {
      const base = await makeBase('b');
      const types = [Type.FAQ, Type.ARTICLE_SUGGESTION];
      const document = await makeDocument(base, faq(['Where is my card?', 'A']), { types });
      assert.deepEqual(answers(await search(base, 'my card')), ['A']);
      const second = await makeDocument(base, faq(['Where is your card?', 'B']));
      assert.deepEqual(answers(await search(base, 'your card')), ['B', 'A']);
      await read(named(document.replace('projects/p/', '')), faq(['Where is my card?', 'A2']));
      assert.deepEqual(answers(await search(base, 'my card')), ['A2', 'B']);
      const found = await contents.load(named(second.replace('projects/p/', '')));
      const renamed = create(DocumentSchema, { ...found.document, displayName: 'New' });
      await contents.commit(found.name, contents.replace(found, renamed, State.ACTIVE));
      assert.equal((await search(base, 'your card'))[0]?.title, 'New');
      await contents.commit(found.name, contents.remove(await contents.load(found.name)));
      assert.deepEqual(answers(await search(base, 'your card')), ['A2']);
    });

    it('finds what was new while it could not be read', async () => {
      const base = await makeBase('b');
      await makeDocument(base, bank);
      await search(base, 'where is my card');
      await makeDocument(base, faq(['Is there a garage?', 'Behind the house.']));
      const reading = contents.passagesOf.bind(contents);
      contents.passagesOf = async () => {
        contents.passagesOf = reading;
        throw new StoreFailedError('the disk does not answer');
      };
      await assert.rejects(search(base, 'where is a garage'), StoreFailedError);
      assert.deepEqual(answers(await search(base, 'where is a garage')).slice(0, 1), ['Behind the house.']);
    });

    it('finds what somebody else has edited', async () => {
      const base = await makeBase('b');
      await makeDocument(base, faq(['Where is my card?', 'A']));
      assert.deepEqual(answers(await search(base, 'my card')), ['A']);
      const others = new KnowledgeContents(store);
      const theirs = await makeDocument(base, faq(['Where is your card?', 'B']), {}, others);
      await makeDocument(base, faq(['Where is our card?', 'C']));
      assert.deepEqual(answers(await search(base, 'my card')).toSorted(), ['A', 'B', 'C']);
      const found = await others.load(named(theirs.replace('projects/p/', '')));
      await others.commit(found.name, others.remove(found));
      assert.deepEqual(answers(await search(base, 'my card')).toSorted(), ['A', 'C']);
    });

    it('finds what was there before where a project is set back', async () => {
      const eraser = { key: 'erase', kind: 'erase' };
      const base = await makeBase('b');
      const document = await makeDocument(base, faq(['Where is my card?', 'A']));
      const change = (kind: 'save' | 'restore') =>
        store.commit({
          partition: 'projects/p',
          project: { kind, at: clock.now(), snapshot: 's', eraser },
        });
      await change('save');
      await read(named(document.replace('projects/p/', '')), faq(['Where is my card?', 'B']));
      assert.deepEqual(answers(await search(base, 'my card')), ['B']);
      await change('restore');
      assert.deepEqual(answers(await search(base, 'my card')), ['A']);
      await store.commit({ partition: 'projects/p', project: { kind: 'reset', at: clock.now(), eraser } });
      assert.deepEqual(await search(base, 'my card'), []);
    });

    it('finds nothing in a knowledge base that is gone, and what was in it is erased', async () => {
      const base = await makeBase('b');
      const document = await makeDocument(base, bank);
      assert.equal((await search(base, 'my card')).length > 0, true);
      const name = named('knowledgeBases/b');
      const { remove, schedule } = contents.removeBase(name, clock.now());
      await store.commit({ partition: name.scope, remove, schedule });
      assert.deepEqual(await search(base, 'my card'), []);
      const [timer] = await store.dueTimers(clock.now(), { limit: 1 });
      assert.ok(timer);
      await contents.erase(timer);
      assert.deepEqual(await store.walk(undefined, 100), []);
      assert.equal(await store.get(document), undefined);
      assert.deepEqual(await store.dueTimers(clock.now(), { limit: 1 }), []);
    });

    it('says the same while many search and edit at once, and keeps no more than it may', async () => {
      knowledge = new Knowledge(contents, { bytesMax: 1 });
      const bases = [await makeBase('one'), await makeBase('other')];
      for (const [index, base] of bases.entries()) {
        await makeDocument(base, faq(['Where is my card?', `${index}`]));
      }
      const asked = await Promise.all(
        Array.from({ length: 20 }, async (_, turn) => {
          const base = bases[turn % 2] ?? '';
          if (turn === 10) await makeDocument(base, faq(['Something else', 'X']));
          return answers(await search(base, 'where is my card', { limit: 1 }));
        }),
      );
      assert.deepEqual(
        asked,
        Array.from({ length: 20 }, (_, turn) => [`${turn % 2}`]),
      );
    });
  });

  it('knows which replies a document allows, as it is now', async () => {
    const base = await makeBase('b');
    const replies = (...texts: string[]) =>
      texts.map((text) => create(PassageSchema, { kind: PassageKind.REPLY, text }));
    const document = await makeDocument(base, replies('Hello!', 'Bye!'), { types: [Type.SMART_REPLY] });
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(await knowledge.allowedReplies(document), ['Hello!', 'Bye!']);
    }
    await read(named(document.replace('projects/p/', '')), replies('Hi!'));
    assert.deepEqual(await knowledge.allowedReplies(document), ['Hi!']);
    assert.equal(await knowledge.allowedReplies(await makeDocument(base, bank)), undefined);
    assert.equal(await knowledge.allowedReplies(`${base}/documents/none`), undefined);
    assert.equal(await knowledge.allowedReplies(base), undefined);
  });

  it('knows which sources there are', async () => {
    const base = await makeBase('b');
    const document = await makeDocument(base, bank);
    for (const [source, isThere] of [
      [base, true],
      [document, true],
      [base.replace('p/', 'p/agent/'), true],
      [`${base}/documents/none`, false],
      ['projects/p/knowledgeBases/none', false],
      ['projects/p/knowledgeBases/none/documents/d', false],
      ['projects/p/conversations/c', false],
      ['', false],
    ] as const) {
      assert.equal(await knowledge.hasSource(source), isThere, source);
    }
  });
});
