import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DescMethod } from '@bufbuild/protobuf';
import { ProjectClocks, SystemClock } from './clock.ts';
import { compatibilityPage, reachableMessages, shortName, supportOf } from './compatibility.ts';
import { readConfig } from './config.ts';
import type { Dispatcher } from './rpc/dispatcher.ts';
import { buildDispatcher } from './server.ts';
import { fieldSupport } from './services/field-support.ts';
import { openSqliteStore } from './storage/sqlite-store.ts';
import type { Store } from './storage/store.ts';

const PAGE = new URL('../../../docs/compatibility.md', import.meta.url);

describe('the compatibility page', () => {
  let folder: string;
  let store: Store;
  let dispatcher: Dispatcher;
  const isBuilt = (method: DescMethod) => dispatcher.isBuilt(method);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-compatibility-'));
    const clock = new ProjectClocks(new SystemClock());
    store = await openSqliteStore(folder, clock);
    const log = { info: () => {}, error: () => {} };
    dispatcher = buildDispatcher({ config: readConfig({}, {}), store, clock, log }).dispatcher;
  });

  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says one thing of each field of each message that is in use', () => {
    const wrong = reachableMessages(isBuilt).flatMap((message) => {
      const support = supportOf(message);
      return message.fields
        .filter(({ name }) => support.get(name)?.length !== 1)
        .map(({ name }) => `${shortName(message)}.${name}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('says nothing of what is not there', () => {
    const messages = new Map(reachableMessages(isBuilt).map((message) => [shortName(message), message]));
    const wrong = Object.keys(fieldSupport).flatMap((name) => {
      const message = messages.get(name);
      if (message === undefined) return [name];
      const known = new Set(message.fields.map((field) => field.name));
      return [...supportOf(message).keys()]
        .filter((field) => !known.has(field))
        .map((field) => `${name}.${field}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('is up to date: npm run docs makes it', () => {
    const page = compatibilityPage(isBuilt);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
    assert.equal(readFileSync(PAGE, 'utf8'), page);
  });
});
