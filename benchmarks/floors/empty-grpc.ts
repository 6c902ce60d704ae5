/**
 * The least that a GetConversation over grpc-js can cost: the request is decoded and an answer of the same content
 * encoded, and nothing is looked up, checked or logged in between.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ConversationSchema, Conversations, GetConversationRequestSchema } from '@parleykit/proto/v2beta1';

const [answer = ''] = process.argv.slice(2);
const conversation = fromBinary(ConversationSchema, Buffer.from(answer, 'base64'));
const path = `/${Conversations.typeName}/${Conversations.method.getConversation.name}`;
const asIs = (bytes: Buffer): Buffer => bytes;

const server = new Server();
server.addService(
  {
    getConversation: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: (bytes: Buffer) => fromBinary(GetConversationRequestSchema, bytes),
      responseSerialize: (message: typeof conversation) => {
        const bytes = toBinary(ConversationSchema, message);
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      },
      responseDeserialize: asIs,
    },
  },
  {
    getConversation: (
      call: { request: { name: string } },
      callback: (error: null, reply: typeof conversation) => void,
    ) => callback(null, create(ConversationSchema, { ...conversation, name: call.request.name })),
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`ready on http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());
