import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  conversationName,
  conversationProfileName,
  messageName,
  operationName,
  parentName,
  participantName,
  ResourceNameError,
} from './resource-name.ts';

const NAMES = [
  [parentName, 'projects/p', { project: 'p' }],
  [parentName, 'projects/p/locations/l', { project: 'p', location: 'l' }],
  [conversationName, 'projects/p/conversations/c', { project: 'p', conversation: 'c' }],
  [
    conversationName,
    'projects/p/locations/l/conversations/c',
    { project: 'p', location: 'l', conversation: 'c' },
  ],
  [conversationProfileName, 'projects/p/conversationProfiles/c', { project: 'p', conversationProfile: 'c' }],
  [
    participantName,
    'projects/p/locations/l/conversations/c/participants/x',
    { project: 'p', location: 'l', conversation: 'c', participant: 'x' },
  ],
  [messageName, 'projects/p/conversations/c/messages/m', { project: 'p', conversation: 'c', message: 'm' }],
  [operationName, 'projects/p/operations/o', { project: 'p', operation: 'o' }],
] as const;

describe('ResourceName', () => {
  it('takes apart and puts together', () => {
    for (const [kind, name, parts] of NAMES) {
      assert.deepEqual(kind.parse(name), parts);
      assert.equal(kind.format(parts as never), name);
      assert.equal(kind.matches(name), true);
    }
  });

  it('refuses what is of another kind', () => {
    const others = [
      '',
      'projects/p/conversations',
      'projects/p/conversations/',
      'projects//conversations/c',
      'projects/p/conversations/c/',
      '/projects/p/conversations/c',
      'projects/p/conversations/c\n',
      'projects/p/conversations/..',
      'projects/p/locations/l/x/conversations/c',
      'projects/p/conversations/c/messages/m',
      'Projects/p/conversations/c',
    ];
    for (const name of others) {
      assert.equal(conversationName.matches(name), false, name);
      assert.throws(() => conversationName.parse(name), { name: 'ResourceNameError', value: name });
    }
  });

  it('refuses segments that would change what the name means', () => {
    for (const conversation of ['', 'a/b', '.', '..', 'a\n', 'a\u0000']) {
      const format = () => conversationName.format({ project: 'p', conversation });
      assert.throws(format, ResourceNameError, JSON.stringify(conversation));
    }
    assert.throws(() => conversationName.format({ project: 'p', location: '', conversation: 'c' }));
    assert.throws(() => conversationName.format({ project: 'p' } as never), /the conversation of/u);
  });

  it('gives back every segment as it came', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[/\p{Cc}]|^\.{1,2}$/u.test(text));
    fc.assert(
      fc.property(
        segment,
        fc.option(segment, { nil: undefined }),
        segment,
        (project, location, conversation) => {
          const parts = { project, ...(location !== undefined && { location }), conversation };
          assert.deepEqual(conversationName.parse(conversationName.format(parts)), parts);
        },
      ),
    );
  });
});
