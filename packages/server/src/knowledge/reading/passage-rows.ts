import { create, toBinary } from '@bufbuild/protobuf';
import {
  DocumentPassagesSchema,
  type DocumentPassages_Passage as Passage,
  DocumentPassages_PassageSchema as PassageSchema,
} from '@parleykit/proto/stored';

/** How large a row is, unless one passage is larger. */
const ROW_BYTES = 256 * 1024;

/** Passages as they are stored: as many rows as it takes, each with whole ones. */
export function encodePassages(passages: readonly Passage[]): Uint8Array[] {
  const rows: Passage[][] = [[]];
  let bytes = 0;
  for (const passage of passages) {
    const { byteLength } = toBinary(PassageSchema, passage);
    if (bytes > 0 && bytes + byteLength > ROW_BYTES) {
      rows.push([]);
      bytes = 0;
    }
    bytes += byteLength;
    rows.at(-1)?.push(passage);
  }
  return rows.map((row) =>
    toBinary(DocumentPassagesSchema, create(DocumentPassagesSchema, { passages: row })),
  );
}
