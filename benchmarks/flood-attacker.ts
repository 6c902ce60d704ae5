/** One attacker, in a process of its own. It is told when to begin, and when it is over says what it has done. */
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { GetConversationRequestSchema, ListMessagesRequestSchema } from '@parleykit/proto/v2beta1';
import { type Attack, attacks } from './flood-attacks.ts';

const [name = '', port = '', conversation = '', seconds = ''] = process.argv.slice(2);
const attack: Attack | undefined = Object.entries(attacks).find(([title]) => title === name)?.[1];
if (attack === undefined) throw new Error(`there is no attack "${name}"`);
const done: Record<string, number> = {};
const begin = attack({
  port: Number(port),
  conversation,
  getConversation: frame(GetConversationRequestSchema, { name: conversation }),
  listMessages: frame(ListMessagesRequestSchema, { parent: conversation }),
  seconds: Number(seconds),
  count: (what, by = 1) => {
    done[what] = (done[what] ?? 0) + by;
  },
});
process.on('message', (word) => {
  if (word === 'begin') begin();
  // Everything that it holds ends with it, as rudely as it came.
  else process.send?.(done, () => process.exit());
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function frame<Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}
