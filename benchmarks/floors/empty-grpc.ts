/**
 * The least that the calls of the Conversations service can cost over grpc-js: requests are decoded and answers of the
 * same content encoded, and nothing is looked up, checked, stored or logged in between. ListMessages answers bytes that
 * are ready.
 */
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js';
import { ConversationSchema, Conversations, Participants } from '@parleykit/proto/v2beta1';

const [answer = '', page = ''] = process.argv.slice(2);
const conversation = fromBinary(ConversationSchema, Buffer.from(answer, 'base64'));
const pageBytes = Buffer.from(page, 'base64');
const server = new Server();
const asIs = (bytes: Buffer): Buffer => bytes;
let count = 0;

function add<M extends DescMethodUnary>(
  method: M,
  handle: (request: MessageShape<M['input']>) => MessageInitShape<M['output']> | Buffer,
): void {
  const definition = {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (reply: MessageInitShape<M['output']> | Buffer) => {
      if (reply instanceof Buffer) return reply;
      const bytes = toBinary(method.output, create(method.output, reply as MessageInitShape<M['output']>));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    responseDeserialize: asIs,
  };
  const handler = (
    call: { request: MessageShape<M['input']> },
    callback: (error: null, reply: MessageInitShape<M['output']> | Buffer) => void,
  ): void => callback(null, handle(call.request));
  server.addService({ [method.name]: definition }, { [method.name]: handler as UntypedHandleCall });
}

const { getConversation, createConversation, batchCreateMessages, listMessages } = Conversations.method;
add(getConversation, ({ name }) => create(ConversationSchema, { ...conversation, name }));
add(createConversation, ({ parent }) =>
  create(ConversationSchema, { ...conversation, name: `${parent}/conversations/${count++}` }),
);
add(Participants.method.createParticipant, ({ parent, participant }) => {
  if (participant === undefined) throw new Error('there is no participant');
  participant.name = `${parent}/participants/${count++}`;
  return participant;
});
add(Participants.method.analyzeContent, ({ participant, input }) => {
  if (input.case !== 'textInput') throw new Error('there is no text');
  const createTime = timestampNow();
  const [parent] = participant.split('/participants/');
  const name = `${parent}/messages/${createTime.seconds}-0`;
  const { text: content, languageCode } = input.value;
  return { message: { name, participant, participantRole: 3, createTime, content, languageCode } };
});
add(batchCreateMessages, ({ parent, requests }) => {
  const createTime = timestampNow();
  const messages = requests.map(({ message }, index) => {
    if (message === undefined) throw new Error('there is no message');
    message.name = `${parent}/messages/${createTime.seconds}-${index}`;
    message.createTime = createTime;
    return message;
  });
  return { messages };
});
add(listMessages, () => pageBytes);

server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`ready on http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());
