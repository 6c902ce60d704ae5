import type { Row } from './sqlite-connection.ts';
import type { KeptReply, StoredResource, Timer } from './store.ts';

/** The columns of a row, in the order in which it is read. */

export const RESOURCE_COLUMNS = 'id, version, state, ordering, body';

export function toResource(row: Row): StoredResource {
  const [id, version, state, ordering, body] = row;
  return {
    id: id as string,
    version: version as number,
    state: state as number,
    ordering: (ordering as number | null) ?? undefined,
    body: body as Uint8Array,
  };
}

export const REPLY_COLUMNS = 'participant, request_id, expires, response, create_time';

export function toReply(row: Row): KeptReply {
  const [participant, requestId, expires, response, createTime] = row;
  return {
    participant: participant as string,
    requestId: requestId as string,
    expires: expires as number,
    response: response as Uint8Array,
    createTime: createTime === null ? undefined : (createTime as number),
  };
}

export const TIMER_COLUMNS = 'key, due, kind, data';

export function toTimer(row: Row): Timer {
  const [key, due, kind, data] = row;
  return { key: key as string, due: due as number, kind: kind as string, data: data as Uint8Array };
}

/** Splits a name into the two key columns of its resource. */
export function keyOf(name: string): [collection: string, id: string] {
  const slash = name.lastIndexOf('/');
  return [name.slice(0, slash), name.slice(slash + 1)];
}
