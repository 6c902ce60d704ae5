import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openTarget, type Target } from './target.ts';

describe('the pages beside the calls', () => {
  let target: Target;

  before(async () => {
    target = await openTarget();
  });

  after(() => target[Symbol.asyncDispose]());

  it('say that the server is up and takes calls', async () => {
    for (const [path, text] of [
      ['/healthz', 'ok\n'],
      ['/readyz', 'ready\n'],
    ]) {
      const response = await fetch(`${target.url}${path}`);
      assert.deepEqual([response.status, await response.text()], [200, text]);
    }
  });

  it('count calls by method and code, in OpenMetrics, without a word of what was in them', async () => {
    await fetch(`${target.url}/v2beta1/projects/a-secret-project/conversations/none`);
    const response = await fetch(`${target.url}/metrics`);
    assert.equal(
      response.headers.get('content-type'),
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    const text = await response.text();
    const service = 'google.cloud.dialogflow.v2beta1.Conversations';
    const line = `parley_calls_total{service="${service}",method="GetConversation",code="NOT_FOUND"} `;
    assert.ok(text.includes(line), text);
    assert.ok(text.endsWith('# EOF\n'));
    assert.ok(!text.includes('a-secret-project'));
  });

  it('introduce the server to who does not ask for HTML', async () => {
    for (const accept of ['*/*', 'application/json', 'text/htmlx']) {
      const response = await fetch(`${target.url}/`, { headers: { accept } });
      assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
      assert.match(await response.text(), /^Parley.*\/v2beta1\/projects\/PROJECT\/conversations/su);
    }
  });

  it('have a web page with all that belongs to it, which asks no other server', async () => {
    const accept = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';
    const response = await fetch(`${target.url}/?from=somewhere`, { headers: { accept } });
    const html = await response.text();
    assert.match(html, /^<!doctype html>/u);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(
      response.headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
    const types = {
      css: 'text/css; charset=utf-8',
      js: 'text/javascript; charset=utf-8',
      svg: 'image/svg+xml',
    };
    const parts = [...html.matchAll(/(?:href|src)="(page\/[^"]+\.(css|js|svg))"/gu)];
    assert.deepEqual(parts.map(([, , end]) => end).sort(), ['css', 'js', 'svg']);
    for (const [, path, end] of parts) {
      const part = await fetch(`${target.url}/${path}`);
      assert.equal(part.headers.get('content-type'), types[end as keyof typeof types]);
      assert.doesNotMatch(await part.text(), /url\(|@import|https?:\/\/(?!www\.w3\.org\/2000\/svg)/u);
    }
    assert.doesNotMatch(html, /https?:|style=|\son[a-z]+=|<script>|<style/u);
  });

  it('are not sent again to who has them', async () => {
    const accept = 'text/html';
    for (const path of ['/', '/page/main.js']) {
      const first = await fetch(`${target.url}${path}`, { headers: { accept } });
      const tag = String(first.headers.get('etag'));
      assert.match(tag, /^"[\w-]+"$/u);
      await first.text();
      const ask = async (known: string): Promise<[number, string]> => {
        const headers = { accept, 'if-none-match': known };
        const answer = await fetch(`${target.url}${path}`, { headers });
        return [answer.status, await answer.text()];
      };
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*'])
        assert.deepEqual(await ask(known), [304, '']);
      assert.equal((await ask('"other"'))[0], 200);
      const head = await fetch(`${target.url}${path}`, { method: 'HEAD', headers: { accept } });
      assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, tag, '']);
      assert.equal(head.headers.get('content-length'), first.headers.get('content-length'));
    }
  });

  it('are those that are meant, and nothing else of the folder', async () => {
    const paths = [
      '/page',
      '/page/',
      '/page/tsconfig.json',
      '/page/times.test.js',
      '/page/..%2fpackage.json',
      '/favicon',
    ];
    for (const path of paths) {
      const response = await fetch(`${target.url}${path}`, { headers: { accept: 'text/html' } });
      assert.equal(response.status, 404, path);
      const { error } = (await response.json()) as { error: { status: string } };
      assert.equal(error.status, 'NOT_FOUND');
    }
  });

  it('are read, and nothing else', async () => {
    const head = await fetch(`${target.url}/readyz`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    const headers = { 'content-type': 'application/json' };
    const post = await fetch(`${target.url}/healthz`, { method: 'POST', headers, body: '{}' });
    assert.equal(post.status, 404);
  });
});
