import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseResourceName, readResourceName } from './resource-names.ts';

describe('readResourceName()', () => {
  const names = [
    { text: 'projects/p/conversations/c', key: 'projects/p/conversations/c' },
    { text: 'projects/p/locations/global/conversations/c', key: 'projects/p/conversations/c' },
    { text: 'projects/p/locations/us/conversations/c', key: 'projects/p/conversations/c' },
    {
      text: 'projects/p/locations/europe-west1/conversations/c',
      key: 'projects/p/locations/europe-west1/conversations/c',
    },
    { text: 'projects/p', key: 'projects/p' },
    { text: 'projects/p/locations/global', key: 'projects/p' },
    { text: 'projects/example.com:p/agent/intents/i', key: 'projects/example.com:p/agent/intents/i' },
  ];
  for (const { text, key } of names) {
    it(`files ${text} under ${key} and repeats it as written`, () => {
      const name = readResourceName(text);
      assert.equal(name?.key, key);
      assert.equal(name?.toString(), text);
    });
  }

  const refused = [
    '',
    'projects',
    'projects/',
    'projects//conversations/c',
    'projects/p/',
    'projects/p/conversations/c/',
    'projects/p/conversations//c',
    'project/p/conversations/c',
    '/projects/p',
    'projects/p\n',
    'projects/p/conversations/c\u0000',
    'projects/p/conversations/\ud800',
    `projects/p/conversations/${'c'.repeat(3000)}`,
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 50))}`, () => assert.equal(readResourceName(text), undefined));
  }
});

describe('parseResourceName()', () => {
  it('names the field and the patterns it expects', () => {
    assert.throws(
      () => parseResourceName('message.participant', 'projects/p/x/y', 'conversations/*/participants/*'),
      {
        reason: 'RESOURCE_NAME_INVALID',
        message:
          'message.participant: "projects/p/x/y" does not have the form ' +
          'projects/*/conversations/*/participants/* or ' +
          'projects/*/locations/*/conversations/*/participants/*',
      },
    );
  });
});

describe('ResourceName', () => {
  it('knows what lies within it, in every form', () => {
    const conversation = parseResourceName('name', 'projects/p/conversations/c', 'conversations/*');
    const within = (text: string) => readResourceName(text)?.isWithin(conversation);
    assert.equal(within('projects/p/locations/global/conversations/c/participants/x'), true);
    assert.equal(within('projects/p/conversations/cc/participants/x'), false);
    assert.equal(within('projects/p/locations/asia-northeast1/conversations/c/participants/x'), false);
  });

  it('names children in its own form', () => {
    const parent = readResourceName('projects/p/locations/global');
    assert.equal(
      parent?.child('conversations', 'c').toString(),
      'projects/p/locations/global/conversations/c',
    );
    assert.equal(parent?.child('conversations', 'c').id, 'c');
  });
});
