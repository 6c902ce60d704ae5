import { create, toBinary } from '@bufbuild/protobuf';
import {
  ConversationSchema,
  MessageSchema,
  ParticipantSchema,
  Participant_Role as Role,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import type { Store } from '../storage/store.ts';

/** What somebody says: who (c, h or a: customer, human agent, automated agent), and what. */
export type Said = readonly [who: 'c' | 'h' | 'a', text: string];

const ROLES = { c: Role.END_USER, h: Role.HUMAN_AGENT, a: Role.AUTOMATED_AGENT } as const;

/** What a conversation is about. */
const TOPICS: readonly (readonly Said[])[] = [
  [
    ['c', 'my parcel has not arrived'],
    ['h', 'Which address was the parcel sent to?'],
    ['c', 'to the office'],
    ['h', 'The courier brings it tomorrow morning.'],
  ],
  [
    ['c', 'I forgot my password'],
    ['h', 'Shall I send you a link to choose a new password?'],
    ['c', 'yes please send it'],
    ['h', 'You find the link in your mailbox.'],
  ],
  [
    ['c', 'can I get a refund for these shoes'],
    ['h', 'Do you still have the receipt?'],
    ['c', 'I have the receipt here'],
    ['h', 'The refund is on its way to your bank.'],
  ],
];

/** So many conversations of two replies each, about one topic after another. */
export function sampleTalks(count: number): readonly (readonly Said[])[] {
  return Array.from({ length: count }, (_, index) => TOPICS[index % TOPICS.length] as readonly Said[]);
}

let talks = 0;

/** Stores a conversation as the services do; ones that are stored later begin later. */
export async function putTalk(
  store: Store,
  scope: string,
  said: readonly Said[],
  more: { state?: State; users?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { state = State.COMPLETED, users = {} } = more;
  const number = ++talks;
  const conversation = `${scope}/conversations/talk-${String(number).padStart(8, '0')}`;
  await store.commit({
    partition: conversation,
    put: [
      {
        name: conversation,
        state,
        ordering: number,
        holdsMessages: true,
        body: toBinary(ConversationSchema, create(ConversationSchema, { lifecycleState: state })),
      },
      ...Object.entries(users).map(([id, obfuscatedExternalUserId]) => ({
        name: `${conversation}/participants/${id}`,
        body: toBinary(ParticipantSchema, create(ParticipantSchema, { obfuscatedExternalUserId })),
      })),
    ],
    append: said.map(([who, content]) => [
      {
        participant: who,
        body: toBinary(MessageSchema, create(MessageSchema, { content, participantRole: ROLES[who] })),
      },
    ]),
  });
  return conversation;
}
