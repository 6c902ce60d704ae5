import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { withoutCredentials } from './credentials.ts';
import { Findings } from './findings.ts';

function strip(settings: JsonObject): { kept: JsonObject; dropped: readonly string[] } {
  const findings = new Findings();
  const kept = withoutCredentials(settings, 'agent.json', findings);
  return { kept, dropped: findings.report().dropped };
}

describe('withoutCredentials()', () => {
  const dropped: [what: string, settings: JsonObject, kept: JsonObject, dropped: readonly string[]][] = [
    [
      'keys',
      { secondaryKey: 's3cret', primaryKey: 's3cret', language: 'en' },
      { language: 'en' },
      ['agent.json: secondaryKey', 'agent.json: primaryKey'],
    ],
    [
      'how accounts are linked',
      {
        googleAssistant: {
          oAuthLinking: { clientId: 'c', clientSecret: 's3cret', tokenUrl: 'u', required: true },
        },
      },
      { googleAssistant: { oAuthLinking: { clientId: 'c', tokenUrl: 'u', required: true } } },
      ['agent.json: googleAssistant.oAuthLinking.clientSecret'],
    ],
    [
      'how the webhook is signed in to',
      { webhook: { username: 'me', password: 's3cret', url: 'https://a.example/x' } },
      { webhook: { username: '', url: 'https://a.example/x' } },
      ['agent.json: webhook.password', 'agent.json: webhook.username'],
    ],
    [
      'all headers but those that say nothing',
      {
        webhook: {
          headers: { Authorization: 'Basic s3cret', 'X-Team': 's3cret', Accept: 'text/plain', '': '' },
        },
      },
      { webhook: { headers: { Accept: 'text/plain', '': '' } } },
      ['agent.json: webhook.headers.Authorization', 'agent.json: webhook.headers.X-Team'],
    ],
    [
      'what is secret in a URL',
      { webhook: { url: 'https://me:s3cret@a.example/x?team=1&token=s3cret&key=s3cret' } },
      { webhook: { url: 'https://a.example/x?team=1' } },
      [
        'agent.json: webhook.url: the name and password in it',
        'agent.json: webhook.url: its parameter token',
        'agent.json: webhook.url: its parameter key',
      ],
    ],
    [
      'what lies deep in settings that nobody knows',
      { integrations: [{ slack: { botToken: 's3cret', channel: 'c' } }] },
      { integrations: [{ slack: { channel: 'c' } }] },
      ['agent.json: integrations[0].slack.botToken'],
    ],
  ];
  for (const [what, settings, kept, lines] of dropped) {
    it(`drops ${what}, and says so without the value`, () => {
      const found = strip(settings);
      assert.deepEqual(found, { kept, dropped: lines });
      assert.doesNotMatch(JSON.stringify(found), /s3cret/u);
    });
  }

  it('keeps what is no credential as it was', () => {
    const settings = {
      webhook: { url: 'https://a.example?x=%20', username: '', headers: { '': '' }, tokenRequired: true },
      secondaryKey: '',
      keyboard: 'qwerty',
      isPrivate: true,
    };
    assert.deepEqual(strip(settings), { kept: settings, dropped: [] });
  });
});
