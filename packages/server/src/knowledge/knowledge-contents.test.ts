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
import { DocumentSchema, Document_State as State } from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { KNOWLEDGE_BASE_BYTES_MAX } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { KnowledgeContents } from './knowledge-contents.ts';
import { encodePassages } from './reading/passage-rows.ts';

const base = parseResourceName('base', 'projects/p/knowledgeBases/b', 'knowledgeBases/*');
const document = create(DocumentSchema, { displayName: 'a document' });

/** Passages of so many bytes together. */
function passages(bytes: number): Passage[] {
  const text = 'x'.repeat(1000);
  return Array.from({ length: Math.floor(bytes / 1000) }, () =>
    create(PassageSchema, { kind: PassageKind.TEXT, text }),
  );
}

describe('KnowledgeContents', () => {
  let folder: string;
  let store: Store;
  let contents: KnowledgeContents;
  const clock = new FakeClock();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-contents-'));
    store = await openSqliteStore(folder, clock);
    contents = new KnowledgeContents(store);
    await store.commit({ partition: 'projects/p', put: [{ name: base.key, body: new Uint8Array() }] });
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function make(id: string, content = new Uint8Array()): Promise<ResourceName> {
    const name = base.child('documents', id);
    await contents.commit(name, contents.create(name, document, content));
    return name;
  }

  async function read(name: ResourceName, found: readonly Passage[], by = contents): Promise<void> {
    await by.commit(name, await by.activate(await by.load(name), document, encodePassages(found)));
  }

  it('answers content and passages as they were, however many rows they take', async () => {
    const content = Buffer.alloc(2_500_000, 'abcdefg');
    const name = await make('d', content);
    const found = passages(1_000_000);
    await read(name, found);
    const stored = await contents.load(name);
    assert.equal(stored.document.state, State.ACTIVE);
    assert.deepEqual([stored.holdings.contentRows, stored.holdings.passagesRows], [3, 4]);
    assert.ok(content.equals(await contents.contentOf(stored)));
    assert.deepEqual(await contents.passagesOf(stored), found);
    await read(name, found.slice(0, 3));
    assert.deepEqual(await contents.passagesOf(await contents.load(name)), found.slice(0, 3));
    await contents.commit(name, contents.remove(await contents.load(name)));
    const left = (await store.walk(undefined, 100)).map((row) => row.name);
    assert.deepEqual(left, [base.key, `${base.key}/edits`]);
  });

  it('refuses a document where a knowledge base would hold too much, until others are gone', async () => {
    const half = passages(KNOWLEDGE_BASE_BYTES_MAX * 0.45);
    const [first, second, third] = [await make('1'), await make('2'), await make('3')];
    await read(first, half);
    await read(second, half);
    const full = { reason: 'KNOWLEDGE_BASE_FULL' };
    await assert.rejects(read(third, half), full);
    await assert.rejects(read(third, half, new KnowledgeContents(store)), full);
    await read(second, half);
    await contents.commit(first, contents.remove(await contents.load(first)));
    await read(third, half);
  });

  it('makes nothing in a knowledge base that is gone', async () => {
    const name = await make('d');
    const found = await contents.load(name);
    const edit = await contents.activate(found, document, encodePassages(passages(1000)));
    await store.commit({ partition: 'projects/p', ...contents.removeBase(base, clock.now()) });
    await assert.rejects(contents.commit(name, edit), { name: 'ConflictError' });
    await assert.rejects(make('e'), { name: 'ConflictError' });
    await assert.rejects(contents.load(name), { reason: 'RESOURCE_NOT_FOUND' });
  });

  it('knows whether there is a document, and lets nobody make one in between', async () => {
    const { empty, expect } = await contents.isEmpty(base);
    assert.equal(empty, true);
    await make('d');
    const change = { partition: 'projects/p', expect: [expect], remove: [base.key] };
    await assert.rejects(store.commit(change), { name: 'ConflictError' });
    assert.equal((await contents.isEmpty(base)).empty, false);
  });
});
