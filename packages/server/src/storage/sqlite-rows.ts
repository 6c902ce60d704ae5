import { decodeEntries } from './message-entries.ts';
import type { Row } from './sqlite-connection.ts';
import type { DeadEvent, KeptReply, StoredEvent, StoredResource, StoredTimer } from './store.ts';

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

/** With the project's id as fourth parameter. */
export const REPLY_COLUMNS = `participant, request_id,
  expires + coalesce((SELECT ahead FROM clocks WHERE project = $4), 0), response, create_time`;

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

export const TIMER_COLUMNS = 'key, due, ahead, kind, partition, data';

export function toTimer(row: Row): StoredTimer {
  const [key, at, ahead, kind, partition, data] = row;
  const timer = {
    key: key as string,
    at: at as number,
    due: (at as number) + ((ahead as number | null) ?? 0),
    kind: kind as string,
    partition: partition as string,
    data: data as Uint8Array,
  };
  return ahead === null ? { ...timer, bySystem: true } : timer;
}

export const EVENT_COLUMNS = 'number, partition, filed, create_time, data';

export function toEvent(row: Row): StoredEvent {
  const [number, partition, filed, createTime, data] = row;
  return {
    number: number as number,
    partition: partition as string,
    filed: filed as number,
    ofMessages: createTime !== null,
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

/** The id of the project in which a partition lies; empty for the server's own. */
export function projectOf(partition: string): string {
  if (!partition.startsWith(PROJECTS)) return '';
  const end = partition.indexOf('/', PROJECTS.length);
  return partition.slice(PROJECTS.length, end === -1 ? undefined : end);
}

/** Between these two lie all names that begin with a name and a slash. */
export function namesBelow(name: string): [after: string, before: string] {
  // In the order of bytes, 0 comes next to the slash.
  return [`${name}/`, `${name}0`];
}
