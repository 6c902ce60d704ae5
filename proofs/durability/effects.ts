/** What calls leave behind, as one text: two stores that hold the same have the same. */
import { fromBinary } from '@bufbuild/protobuf';
import {
  ConversationSchema,
  Conversation_LifecycleState as Lifecycle,
  MessageSchema,
  ParticipantSchema,
} from '@parleykit/proto/v2beta1';
import type { Store } from '../../packages/server/src/storage/store.ts';
import { PARENT } from '../crash/writes.ts';

export type Effect =
  | { readonly kind: 'conversation'; readonly conversation: string }
  | { readonly kind: 'participant'; readonly conversation: string; readonly userId: string }
  | { readonly kind: 'batch'; readonly conversation: string; readonly contents: readonly string[] }
  | { readonly kind: 'completion'; readonly conversation: string }
  /** Of what was there already. */
  | { readonly kind: 'none' };

interface State {
  completed: boolean;
  participants: string[];
  /** In the order in which they were created. */
  messages: string[];
}

const EVERYTHING = { limit: 100_000, bytes: Number.MAX_SAFE_INTEGER };

/** What must be there after these and nothing else. */
export function stateAfter(effects: readonly Effect[]): string {
  const states = new Map<string, State>();
  for (const effect of effects) {
    if (effect.kind === 'none') continue;
    if (effect.kind === 'conversation') {
      states.set(effect.conversation, { completed: false, participants: [], messages: [] });
      continue;
    }
    const state = states.get(effect.conversation);
    if (state === undefined) throw new Error(`${effect.conversation} was not made before it was used`);
    if (effect.kind === 'participant') state.participants.push(effect.userId);
    else if (effect.kind === 'batch') state.messages.push(...effect.contents);
    else state.completed = true;
  }
  return toText(states);
}

/** What is there. */
export async function stateOf(store: Store): Promise<string> {
  const states = new Map<string, State>();
  const { items } = await store.list(`${PARENT}/conversations`, 'id', EVERYTHING);
  for (const { id, body } of items) {
    const name = `${PARENT}/conversations/${id}`;
    const messages = await store.listMessages(name, EVERYTHING);
    const participants = await store.list(`${name}/participants`, 'id', EVERYTHING);
    states.set(name, {
      completed: fromBinary(ConversationSchema, body).lifecycleState === Lifecycle.COMPLETED,
      participants: participants.items.map(
        (item) => fromBinary(ParticipantSchema, item.body).obfuscatedExternalUserId,
      ),
      messages: (messages?.items ?? [])
        .map((message) => fromBinary(MessageSchema, message.body).content)
        .reverse(),
    });
  }
  return toText(states);
}

function toText(states: ReadonlyMap<string, State>): string {
  const sorted = [...states].sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(
    sorted.map(([name, { completed, participants, messages }]) => [
      name,
      completed,
      participants.toSorted(),
      messages,
    ]),
  );
}
