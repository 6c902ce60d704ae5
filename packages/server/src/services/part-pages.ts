import type { DescMessage } from '@bufbuild/protobuf';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import type { PageRange } from '../storage/store.ts';
import { ROOM_BEFORE, WireWriter } from '../wire-writer.ts';
import type { Pagination } from './pagination.ts';
import { fieldNumber } from './resource-collection.ts';

/** Behind which of the parts a page begins. */
export interface PartCursor {
  readonly id: string;
}

/** Parts of something that is read as a whole, and listed a page at a time. */
export interface PartPage {
  readonly response: DescMessage;
  readonly pagination: Pagination<PartCursor>;
  readonly range: PageRange<PartCursor>;
  /** Of all parts, in any order: they are listed in theirs. */
  readonly ids: Iterable<string>;
  /** What is answered of a part. */
  readonly encode: (id: string) => Uint8Array;
}

/** Answers a page as lists of resources are answered: by id, and no more than fits. https://google.aip.dev/158 */
export function pageOfParts({ response, pagination, range, ids, encode }: PartPage): EncodedReply {
  const items = fieldNumber(response, (field) => field.fieldKind === 'list');
  const token = fieldNumber(response, (field) => field.name === 'next_page_token');
  const { after, limit, bytes } = range;
  const left = [...ids].filter((id) => after === undefined || id > after.id).sort();
  const writer = new WireWriter();
  let count = 0;
  for (let written = 0; count < left.length && count < limit; count++) {
    const encoded = encode(left[count] ?? '');
    written += encoded.byteLength;
    if (written > bytes && count > 0) break;
    writer.prefix(items, encoded.byteLength);
    writer.fields(encoded);
  }
  const last = left[count - 1];
  if (count < left.length && last !== undefined) {
    writer.string(token, pagination.tokenAfter({ id: last }));
  }
  return new EncodedReply(writer.finish(), ROOM_BEFORE);
}
