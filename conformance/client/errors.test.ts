import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AlreadyExistsError,
  ApiError,
  CancelledError,
  FailedPreconditionError,
  InvalidArgumentError,
  InvalidRequestError,
  NotFoundError,
  UnavailableError,
} from '@parleykit/client';
import { openTarget } from '../target.ts';
import { type Clients, ingest, newParent, openClientScene, openClients, openTalk } from './scene.ts';

const scene = openClientScene();

/** What a call is refused with. */
async function refusal(call: () => PromiseLike<unknown>): Promise<ApiError> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  return assert.fail('it was answered');
}

/** All that an error says which has nothing to do with how it came. */
function saying({ name, code, message, reason, domain, metadata, details }: ApiError): object {
  return { name, code, message, reason, domain, metadata, details };
}

/** Refused calls, each with the class and the reason of its error. */
const REFUSALS: Readonly<
  Record<string, readonly [typeof NotFoundError | typeof AlreadyExistsError, string, Ask]>
> = {
  'a conversation that is not there': [
    NotFoundError,
    'RESOURCE_NOT_FOUND',
    ({ conversations }, parent) => conversations.getConversation({ name: `${parent}/conversations/nope` }),
  ],
  'a profile that is not there': [
    NotFoundError,
    'RESOURCE_NOT_FOUND',
    ({ conversations }, parent) =>
      conversations.createConversation({
        parent,
        conversation: { conversationProfile: `${parent}/conversationProfiles/nope` },
      }),
  ],
  'an id that is taken': [
    AlreadyExistsError,
    'RESOURCE_ALREADY_EXISTS',
    async ({ conversations, profiles }, parent) => {
      const { name: conversationProfile } = await profiles.createConversationProfile({
        parent,
        conversationProfile: { displayName: 'a profile' },
      });
      const request = { parent, conversation: { conversationProfile }, conversationId: 'taken' };
      await conversations.createConversation(request).catch(() => undefined);
      return conversations.createConversation(request);
    },
  ],
};

type Ask = (clients: Clients, parent: string) => PromiseLike<unknown>;

describe('errors', () => {
  for (const [what, [kind, reason, ask]] of Object.entries(REFUSALS)) {
    it(`are the same over both transports: ${what}`, async () => {
      const parent = newParent();
      const overGrpc = await refusal(() => ask(scene.grpc, parent));
      const overRest = await refusal(() => ask(scene.rest, parent));
      assert.ok(overGrpc instanceof kind);
      assert.ok(overRest instanceof kind);
      assert.equal(overGrpc.reason, reason);
      assert.equal(overGrpc.domain, 'parley');
      assert.deepStrictEqual(saying(overRest), saying(overGrpc));
    });
  }

  it('say which fields are wrong', async () => {
    for (const clients of scene.all) {
      const { conversation, participant } = await openTalk(clients, newParent());
      const error = await refusal(() =>
        clients.conversations.batchCreateMessages({
          parent: conversation.name,
          requests: [
            { parent: conversation.name, message: { content: 'no time', participant: participant.name } },
          ],
        }),
      );
      assert.ok(error instanceof InvalidArgumentError, String(error));
      const bad = error.details.find((detail) => detail['@type'].endsWith('google.rpc.BadRequest'));
      const violations = bad?.['fieldViolations'] as { field: string }[] | undefined;
      assert.equal(violations?.[0]?.field, 'requests[0].message.send_time');
    }
  });

  it('have a class for a state that forbids it', async () => {
    for (const clients of scene.all) {
      const talk = await openTalk(clients, newParent());
      await clients.conversations.completeConversation({ name: talk.conversation.name });
      await assert.rejects(ingest(clients, talk, 1), FailedPreconditionError);
    }
  });

  it('come before anything is sent where the request is wrong', async () => {
    for (const { conversations } of scene.all) {
      const wrong: readonly object[] = [{ nam: 'x' }, { name: 5 }];
      for (const request of wrong) {
        await assert.rejects(
          async () => conversations.getConversation(request as never),
          InvalidRequestError,
        );
      }
      const stage = { parent: 'projects/p', conversation: { conversationStage: 'NOPE' } };
      await assert.rejects(async () => conversations.createConversation(stage as never), InvalidRequestError);
      await assert.rejects(
        async () => conversations.listConversations({ paren: 'x' } as never),
        InvalidRequestError,
      );
    }
  });

  it('tell of an aborted signal and of a closed client', async () => {
    for (const transport of ['grpc', 'rest'] as const) {
      const clients = openClients(scene.target.url, transport);
      const { conversation } = await openTalk(clients, newParent());
      const request = { name: conversation.name };
      const signal = AbortSignal.abort();
      await assert.rejects(
        async () => clients.conversations.getConversation(request, { signal }),
        CancelledError,
      );
      await clients[Symbol.asyncDispose]();
      await assert.rejects(async () => clients.conversations.getConversation(request), CancelledError);
      await assert.rejects(
        async () => clients.conversations.listMessages({ parent: conversation.name }),
        CancelledError,
      );
    }
  });

  it('come at once where nobody listens', async () => {
    const target = await openTarget();
    await target[Symbol.asyncDispose]();
    for (const transport of ['grpc', 'rest'] as const) {
      await using clients = openClients(target.url, transport);
      const options = { timeoutMs: 2_000, retry: false } as const;
      await assert.rejects(
        async () => clients.conversations.getConversation({ name: 'projects/p/conversations/c' }, options),
        UnavailableError,
      );
    }
  });
});
