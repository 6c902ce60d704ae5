import { decodeEntries } from './message-entries.ts';
import type { Row } from './sqlite-connection.ts';
import type { DeadEvent, StoredEvent, StoredReply, StoredResource, Timer } from './store.ts';

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

export const REPLY_COLUMNS = 'participant, request_id, expires, response';

export function toReply(row: Row): StoredReply {
  const [participant, requestId, expires, response] = row;
  return {
    participant: participant as string,
    requestId: requestId as string,
    expires: expires as number,
    response: response as Uint8Array,
  };
}

export const TIMER_COLUMNS = 'key, due, kind, data';

export function toTimer(row: Row): Timer {
  const [key, due, kind, data] = row;
  return { key: key as string, due: due as number, kind: kind as string, data: data as Uint8Array };
}

export const EVENT_COLUMNS = 'number, partition, filed, conversation, data';

export function toEvent(row: Row): StoredEvent {
  const [number, partition, filed, conversation, data] = row;
  return {
    number: number as number,
    partition: partition as string,
    filed: filed as number,
    ofMessages: conversation !== null,
    data: data as Uint8Array,
  };
}

/** The last is the entry of the message, where there is one. */
export const DEAD_EVENT_COLUMNS = 'd.id, d.partition, d.died, d.reason, d.data, m.entry';

export function toDeadEvent(row: Row): DeadEvent {
  const [id, partition, died, reason, data, entry] = row;
  return {
    id: id as number,
    partition: partition as string,
    died: died as number,
    reason: reason as string,
    data: data as Uint8Array,
    message: entry instanceof Uint8Array ? decodeEntries(asBuffer(entry))[0] : undefined,
  };
}

/** The same bytes, as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Splits a name into the two key columns of its resource. */
export function keyOf(name: string): [collection: string, id: string] {
  const slash = name.lastIndexOf('/');
  return [name.slice(0, slash), name.slice(slash + 1)];
}

const PROJECTS = 'projects/';

/** The id of the project in which a partition lies. */
export function projectOf(partition: string): string {
  const end = partition.indexOf('/', PROJECTS.length);
  return partition.slice(PROJECTS.length, end === -1 ? undefined : end);
}
