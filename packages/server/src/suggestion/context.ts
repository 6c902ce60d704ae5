import { fromBinary } from '@bufbuild/protobuf';
import {
  type HumanAgentAssistantConfig_SuggestionQueryConfig_ContextFilterSettings as ContextFilter,
  MessageSchema,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, notFound } from '../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { MessageCursor, Store, StoredMessage } from '../storage/store.ts';

/** One thing that was said. */
export interface Said {
  /** Of its message. */
  readonly id: string;
  readonly role: Role;
  readonly text: string;
  readonly languageCode: string;
}

/**
 * What was said in a conversation up to a message, oldest first, `size` messages at most. `latest` names that message, in
 * any form; without it, it is the newest. Of each, `lengthMax` characters at most. Throws NOT_FOUND where there is no such conversation or message,
 * INVALID_ARGUMENT where the message is one of another conversation.
 */
export async function readContext(
  store: Store,
  conversation: ResourceName,
  {
    latest,
    size,
    lengthMax,
  }: { readonly latest: string; readonly size: number; readonly lengthMax?: number },
): Promise<Said[]> {
  const said: Said[] = [];
  const wanted = latest === '' ? undefined : messageIn(conversation, latest);
  const start = cursorBefore(wanted);
  let isReached = wanted === undefined;
  for (let after = start; ; ) {
    // One that its creator named is looked for; any other is the first one that is read.
    const limit = isReached || start !== undefined ? size - said.length : PAGE_SIZE_MAX;
    const page = await store.listMessages(conversation.key, { after, limit, bytes: PAGE_BYTES_MAX });
    if (page === undefined) throw notFound('Conversation', conversation.toString());
    for (const message of page.items) {
      isReached ||= idOf(message) === wanted;
      if (isReached && said.length < size) said.push(read(message, lengthMax));
      after = message;
    }
    if (!isReached && (start !== undefined || !page.more)) throw notFound('Message', latest);
    if (!page.more || said.length >= size) return said.reverse();
  }
}

/** What counts of it where some of what an automated agent said is not to. */
export function filterContext(said: readonly Said[], filter: ContextFilter | undefined): readonly Said[] {
  const isAgent = ({ role }: Said): boolean => role === Role.AUTOMATED_AGENT;
  if (filter?.dropVirtualAgentMessages || filter?.dropIvrMessages)
    return said.filter((each) => !isAgent(each));
  if (!filter?.dropHandoffMessages) return said;
  const handoff = said.findLastIndex(isAgent);
  return handoff === -1 ? said : said.filter((_, index) => index !== handoff && index !== handoff - 1);
}

/** The id of a message: its creator's, else its place in the conversation. */
export function idOf({ id, createTime, position }: StoredMessage): string {
  return id ?? `${createTime}-${position}`;
}

function read(message: StoredMessage, lengthMax: number | undefined): Said {
  const { content, participantRole, languageCode } = fromBinary(MessageSchema, message.body);
  return { id: idOf(message), role: participantRole, text: content.slice(0, lengthMax), languageCode };
}

function messageIn(conversation: ResourceName, latest: string): string {
  const message = parseResourceName('latest_message', latest, 'conversations/*/messages/*');
  if (!message.isWithin(conversation)) {
    throw fieldInvalid('latest_message', `is not a message of ${conversation}`);
  }
  return message.id;
}

/** Just before a message of which the id tells its place: what is newer is not read. */
function cursorBefore(id: string | undefined): MessageCursor | undefined {
  const [, createTime, position] = /^(\d{1,16})-(\d{1,9})$/u.exec(id ?? '') ?? [];
  if (createTime === undefined) return undefined;
  return { createTime: Number(createTime), position: Number(position) + 1 };
}
