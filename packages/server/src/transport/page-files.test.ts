import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PageFiles } from './page-files.ts';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/** What the page consists of. */
const files = readdirSync(new URL('../../page/', import.meta.url)).filter(
  (name) => /\.(?:html|css|js|svg)$/u.test(name) && !name.includes('.test.'),
);

describe('PageFiles', () => {
  it('has an answer for every file of the page', () => {
    const pages = new PageFiles();
    const headers = { accept: 'text/html' };
    assert.ok(files.includes('index.html') && files.includes('main.js'));
    for (const name of files) {
      const answer = pages.answer({ headers }, name === 'index.html' ? '/' : `/page/${name}`);
      assert.equal(answer?.status, 200, name);
    }
    assert.equal(pages.answer({ headers }, '/page/index.html'), undefined);
    assert.equal(pages.answer({ headers }, '/v2beta1/projects/p/conversations'), undefined);
  });

  it('has files that are packed, and nothing of their tests', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: PACKAGE,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files: listed }] = JSON.parse(packed) as [{ files: { path: string }[] }];
    const page = listed.map(({ path }) => path).filter((path) => path.startsWith('page/'));
    assert.deepEqual(page.sort(), files.map((name) => `page/${name}`).sort());
  });
});
