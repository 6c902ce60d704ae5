import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { apiReference } from './api-reference.ts';

const PAGE = new URL('../../../../docs/client-api.md', import.meta.url);

describe('docs/client-api.md', () => {
  it('is what the sources say', () => {
    const text = apiReference();
    if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, text);
    assert.equal(readFileSync(PAGE, 'utf8'), text, 'run npm run docs');
  });

  it('has something to say of every export', () => {
    const silent = [...apiReference().matchAll(/^### (\w+)\n\n\*[\w *]+\*\n/gm)].map(([, name]) => name);
    assert.deepEqual(silent, []);
  });
});
