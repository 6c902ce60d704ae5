import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  type BatchCreateMessagesRequestSchema,
  ConversationProfiles,
  Conversations,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  batchOf,
  createConversation,
  createTalk,
  failure,
  getConversation,
  message,
  openScene,
  type Talk,
} from './scene.ts';

/** What many gRPC clients take of trailers unless told otherwise; more breaks the call or its whole connection. */
const TRAILERS = 8192;

const scene = openScene();
const long = 'x'.repeat(100_000);

interface Case {
  readonly name: string;
  readonly code: Code;
  call(wire: Wire, talk: Talk): Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    name: '300 items that lack all they need',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { conversation }) =>
      batch(wire, { parent: conversation, requests: repeat(300, { message: {} }) }),
  },
  {
    name: '5000 empty items',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { conversation }) => batch(wire, { parent: conversation, requests: repeat(5000, {}) }),
  },
  {
    name: '300 names of other collections',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { conversation }) =>
      batch(wire, batchOf(conversation, repeat(300, message(`projects/p/agents/${'ü'.repeat(300)}`, 0)))),
  },
  {
    name: '300 parents of other conversations',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { conversation, participant }) => {
      const parent = `projects/p/conversations/${'ü'.repeat(300)}`;
      return batch(wire, {
        parent: conversation,
        requests: repeat(300, { parent, message: message(participant, 0) }),
      });
    },
  },
  {
    name: '300 participants of other conversations',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { conversation }) => {
      const participant = `projects/p/conversations/${'ü'.repeat(300)}/participants/x`;
      return batch(wire, batchOf(conversation, repeat(300, message(participant, 0))));
    },
  },
  {
    name: 'the absence of 300 participants',
    code: Code.NOT_FOUND,
    call: (wire, { conversation }) => {
      const absent = repeat(300, `${conversation}/participants/${'ü'.repeat(300)}`);
      return batch(
        wire,
        batchOf(
          conversation,
          absent.map((name, index) => message(`${name}${index}`, index)),
        ),
      );
    },
  },
  {
    name: 'a long profile name',
    code: Code.INVALID_ARGUMENT,
    call: (wire) => createConversation(wire, 'projects/p', { conversationProfile: long }),
  },
  {
    name: 'a long name of a participant',
    code: Code.INVALID_ARGUMENT,
    call: (wire, { participant }) =>
      batch(
        wire,
        batchOf(participant.slice(0, participant.indexOf('/participants/')), [
          message(participant + long, 0),
        ]),
      ),
  },
  {
    name: 'a long display name',
    code: Code.INVALID_ARGUMENT,
    call: (wire) =>
      wire.call(ConversationProfiles.method.createConversationProfile, {
        parent: 'projects/p',
        conversationProfile: { displayName: long },
      }),
  },
];

for (const { name, code, call } of cases) {
  describe(`a refusal of ${name}`, () => {
    it('is small over gRPC, and leaves the connection to the calls beside it', async () => {
      using wire = scene.connect();
      const talk = await createTalk(wire, `projects/${newProject()}`);
      const [beside] = await Promise.all([
        getConversation(wire, talk.conversation),
        assertSmall(call(wire, talk), code),
      ]);
      assert.equal(beside.name, talk.conversation);
      assert.equal((await getConversation(wire, talk.conversation)).name, talk.conversation);
    });

    it('is small over REST', async () => {
      const talk = await createTalk(scene.rest, `projects/${newProject()}`);
      await assertSmall(call(scene.rest, talk), code);
    });
  });
}

describe('a refusal of a long name that is called', () => {
  for (const length of [4000, 100_000]) {
    it(`is small over gRPC for ${length} characters`, async () => {
      using wire = scene.connect();
      const name = `projects/p/conversations/${'ü'.repeat(length)}`;
      await assertSmall(getConversation(wire, name), Code.INVALID_ARGUMENT);
    });
  }

  it('is small over gRPC for a custom id of 100,000 characters', async () => {
    using wire = scene.connect();
    await assertSmall(createConversation(wire, `projects/${newProject()}`, {}, long), Code.INVALID_ARGUMENT);
  });
});

async function assertSmall(call: Promise<unknown>, code: Code): Promise<void> {
  const error = await failure(call);
  assert.equal(error.code, code, error.message);
  // The message travels twice: as a trailer of its own, with escapes, and in the details, in base64.
  const details = JSON.stringify([error.message, error.metadata, error.violations]);
  const size = encodeURIComponent(error.message).length + Math.ceil((Buffer.byteLength(details) * 4) / 3);
  assert.ok(size <= TRAILERS, `${size} bytes`);
  if (code === Code.INVALID_ARGUMENT) assert.notEqual(error.violations.length, 0);
}

function batch(
  wire: Wire,
  request: MessageInitShape<typeof BatchCreateMessagesRequestSchema>,
): Promise<unknown> {
  return wire.call(Conversations.method.batchCreateMessages, request);
}

function repeat<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
