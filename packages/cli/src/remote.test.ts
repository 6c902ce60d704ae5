import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { type Conversation, Conversations, type GetConversationRequest } from '@parleykit/proto/v2beta1';
import { createRemote, isAddress, type Remote, RemoteError } from './remote.ts';

const method = Conversations.method.getConversation;
type Handler = (
  call: ServerUnaryCall<GetConversationRequest, Conversation>,
  reply: sendUnaryData<Conversation>,
) => void;

describe('createRemote()', () => {
  const server = new Server();
  let handler: Handler;
  let remote: Remote;

  before(async () => {
    const definition = {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: (message: GetConversationRequest) => Buffer.from(toBinary(method.input, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (message: Conversation) => Buffer.from(toBinary(method.output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    };
    server.addService(
      { getConversation: definition },
      {
        getConversation: (
          call: ServerUnaryCall<GetConversationRequest, Conversation>,
          reply: sendUnaryData<Conversation>,
        ) => handler(call, reply),
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    remote = createRemote(`127.0.0.1:${port}`);
  });
  after(() => {
    remote.close();
    server.forceShutdown();
  });

  it('carries the request there and the reply back', async () => {
    handler = (call, reply) => reply(null, create(method.output, { name: call.request.name }));
    const conversation = await remote.call(method, { name: 'projects/p/conversations/c' });
    assert.equal(conversation.name, 'projects/p/conversations/c');
  });

  it('rejects with the code and the words of the server', async () => {
    handler = (_, reply) => reply({ code: status.NOT_FOUND, details: 'no such conversation' });
    await assert.rejects(remote.call(method, {}), (error: RemoteError) => {
      assert.ok(error instanceof RemoteError);
      assert.deepEqual([error.code, error.codeName, error.message], [5, 'NOT_FOUND', 'no such conversation']);
      return true;
    });
  });

  it('cancels a call under way when its signal aborts', async () => {
    const aborter = new AbortController();
    const cancelled = Promise.withResolvers<void>();
    handler = (call) => {
      call.on('cancelled', cancelled.resolve);
      aborter.abort();
    };
    await assert.rejects(remote.call(method, {}, { signal: aborter.signal }), { code: status.CANCELLED });
    await cancelled.promise;
  });

  it('sends nothing when its signal has aborted before', async () => {
    handler = () => assert.fail('it was sent');
    await assert.rejects(remote.call(method, {}, { signal: AbortSignal.abort() }), {
      code: status.CANCELLED,
    });
  });

  it('gives up at its deadline', async () => {
    handler = () => {};
    await assert.rejects(remote.call(method, {}, { deadlineMs: 1 }), { code: status.DEADLINE_EXCEEDED });
  });

  it('rejects with UNAVAILABLE where nobody listens', async () => {
    // Port 1 is below what a system hands out, and nothing serves it.
    const nobody = createRemote('127.0.0.1:1');
    await assert.rejects(nobody.call(method, {}), { code: status.UNAVAILABLE });
    nobody.close();
  });
});

describe('isAddress()', () => {
  for (const address of ['127.0.0.1:8470', 'localhost:1', '[::1]:65535', 'parley.internal:80']) {
    it(`takes ${address}`, () => assert.equal(isAddress(address), true));
  }
  for (const address of [
    '',
    'localhost',
    ':8470',
    'localhost:0',
    'a:65536',
    'http://a:80',
    '::1:80',
    'a b:80',
    'a:80/',
  ]) {
    it(`refuses ${JSON.stringify(address)}`, () => assert.equal(isAddress(address), false));
  }
});
