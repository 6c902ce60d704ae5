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

  it('are read, and nothing else', async () => {
    const head = await fetch(`${target.url}/readyz`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    const headers = { 'content-type': 'application/json' };
    const post = await fetch(`${target.url}/healthz`, { method: 'POST', headers, body: '{}' });
    assert.equal(post.status, 404);
  });
});
