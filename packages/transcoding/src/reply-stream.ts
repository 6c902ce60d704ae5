import type { Message } from '@bufbuild/protobuf';
import { encodeReply } from './reply.ts';
import type { Match } from './router.ts';
import type { WireJsonOptions } from './wire-json.ts';

/** How a stream of replies is to be written. */
export interface ReplyStreamOptions extends WireJsonOptions {
  /** The JSON text `{"error": {...}}` for what goes wrong after the first reply. */
  readonly errorBody: (error: unknown) => string;
}

/**
 * The replies of a server-streaming method as one JSON array, which is what Google's clients for REST take apart,
 * in pieces of text: each is ready as soon as the reply in it, and the next reply is only asked for when the next
 * piece is. Each reply ends its line, so that one can be read before the next is there without taking JSON apart.
 *
 * An error before the first piece is thrown, for the HTTP status to tell. After that the status is gone, and the
 * body of the error becomes the last element of the array. A consumer that stops early closes the source; it is
 * heard when the source has given what it was asked for, so that whoever waits long aborts the source as well.
 */
export async function* encodeReplyStream(
  match: Match,
  replies: AsyncIterable<Message | Uint8Array>,
  options: ReplyStreamOptions,
): AsyncGenerator<string, void, void> {
  let separator = '[';
  let isConsumersTurn = false;
  try {
    for await (const reply of replies) {
      const piece = `${separator}${encodeReply(match, reply, options)}\n`;
      separator = ',';
      isConsumersTurn = true;
      yield piece;
      isConsumersTurn = false;
    }
  } catch (error) {
    // A consumer may throw into the stream, as Node's streams do when they are destroyed.
    if (separator === '[' || isConsumersTurn) throw error;
    yield `,${options.errorBody(error)}\n`;
  }
  yield separator === '[' ? '[]' : ']';
}
