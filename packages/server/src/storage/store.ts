/**
 * The port to what lasts. A write is one value, a `Change`: it can cross a thread, be grouped with others and be
 * checked. Everything here speaks of canonical names (`ResourceName.key`), microseconds since the epoch and
 * encoded messages; nothing here knows SQL, and nothing here knows what the messages mean.
 */

/** A resource as it lies in the store. */
export interface StoredResource {
  /** The last segment of its name. */
  readonly id: string;
  /** Greater after each write of this resource; 1 after the first. */
  readonly version: number;
  /** What `expect` and lists can ask for without decoding; 0 where it was never given. */
  readonly state: number;
  /** What lists in order of time sort by, descending; undefined where it was never given. */
  readonly ordering: number | undefined;
  /** The encoded message without its name. */
  readonly body: Uint8Array;
}

export interface NamedResource extends StoredResource {
  readonly name: string;
}

export interface ResourceWrite {
  readonly name: string;
  readonly state?: number;
  readonly ordering?: number;
  /** Set when it is made, for what is the partition of appended messages: conversations. */
  readonly holdsMessages?: true;
  readonly body: Uint8Array;
}

/** What must hold when the change is applied; else nothing of it happens and `commit` throws ConflictError. */
export type Expectation =
  | { readonly name: string; readonly absent: true }
  | { readonly name: string; readonly version: number }
  | { readonly name: string; readonly state: number };

/** A time to the nanosecond, in any year that a Timestamp can say: more than one integer of 64 bits holds. */
export interface SendTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** Something that is due at a time. It lasts until a change takes it away. */
export interface Timer {
  /** Names it: a timer that is scheduled again under its key is moved. */
  readonly key: string;
  /** Microseconds since the epoch, by the clock of the project in which its partition lies. */
  readonly due: number;
  /** Where set, `due` is by the system's clock, and no project's clock moves it: for what waits for the outside world. */
  readonly bySystem?: true;
  /** Who answers for it. */
  readonly kind: string;
  /** What they need to know. */
  readonly data: Uint8Array;
}

/** The partition of what belongs to no project. */
export const SERVER_PARTITION = 'server';

/** The timer, in the partition of the server and due at once, of whoever erases what is filed to be erased. */
export interface Eraser {
  readonly key: string;
  readonly kind: string;
}

/** A timer as it lies in the store. */
export interface StoredTimer extends Timer {
  /** When it is due by the system's clock. (at, key) orders timers. */
  readonly at: number;
  /** That of the change that scheduled it first. */
  readonly partition: string;
}

export interface TimerCursor {
  readonly at: number;
  readonly key: string;
}

export interface TimerRange {
  readonly limit: number;
  /** Only timers behind this one. */
  readonly after?: TimerCursor | undefined;
  /** Only timers whose partition is this one or lies in it, such as `projects/p`. */
  readonly within?: string | undefined;
}

/** How far a project's clock is ahead of the system's, in microseconds; negative where it is behind. */
export interface ProjectClock {
  readonly project: string;
  readonly ahead: number;
}

/** A project as it was at some time. */
export interface StoredSnapshot {
  readonly id: string;
  /** When it was taken, by the project's clock. */
  readonly createTime: number;
  readonly messageCount: number;
}

/**
 * What is done with a project as a whole: its locations belong to it, other projects do not notice. `at` is the time of
 * the system.
 *
 * advance  moves its clock forward, and with it when its timers are due and its replies expire by the system's
 * reset    takes away all that it has stored but its snapshots, and sets its clock to the system's
 * save     keeps all that it has stored, its clock included, under an id; a snapshot of that id is replaced. Events, and
 *          timers that are due by the system, are not kept: they are about what goes on outside
 * restore  sets it back to a snapshot: what it has stored, and what time it is. Resources have versions that they never
 *          had. Messages that are appended from then on have greater create_times than all that the project ever had
 * forget   takes a snapshot away
 *
 * Events of a project that is reset or restored are gone. What its conversations held is filed to be erased. A snapshot that
 * is not there is a conflict about `projects/p/snapshots/<id>`.
 */
export type ProjectChange =
  | { readonly kind: 'advance'; readonly by: number }
  | { readonly kind: 'reset'; readonly at: number; readonly eraser: Eraser }
  | { readonly kind: 'save'; readonly at: number; readonly snapshot: string }
  | {
      readonly kind: 'restore';
      readonly at: number;
      readonly snapshot: string;
      readonly eraser: Eraser;
    }
  | { readonly kind: 'forget'; readonly snapshot: string };

/** What a project is after a change to it as a whole. */
export interface ProjectState {
  readonly ahead: number;
  /** The one that was saved or restored. */
  readonly snapshot?: StoredSnapshot | undefined;
}

/** A message to be appended to the conversation that is the change's partition. */
export interface NewMessage {
  /** The id of the participant who speaks. */
  readonly participant: string;
  /**
   * Where given, the same participant and send time is the same message, and the later one is ignored. Left out for
   * messages that are always new.
   */
  readonly sendTime?: SendTime;
  /** Chosen by the caller; taken already, it is a conflict. Left out, the position names the message. */
  readonly id?: string | undefined;
  /** The encoded message without name, participant and create_time. */
  readonly body: Uint8Array;
}

/** A message as it lies in the store. (create_time, position) orders the messages of a conversation. */
export interface StoredMessage {
  readonly createTime: number;
  readonly position: number;
  readonly id: string | undefined;
  readonly participant: string;
  readonly body: Uint8Array;
  /** Where the last two lie, one behind the other, for who only copies them: a page has many. */
  readonly source: Buffer;
  readonly participantAt: number;
  readonly bodyAt: number;
  readonly bodyEnd: number;
}

/** What a request was answered, so that the same request is answered the same again. */
export interface StoredReply {
  /** The canonical name of the participant who asked. */
  readonly participant: string;
  readonly requestId: string;
  /** Microseconds since the epoch, by the project's clock. From then on it is as if it had never been. */
  readonly expires: number;
  readonly response: Uint8Array;
}

/** As it is read again. */
export interface KeptReply extends StoredReply {
  /** Of the first list that was appended with it; undefined where there was none. */
  readonly createTime: number | undefined;
}

/** Something that happens with a change, to be told to others. */
export interface NewEvent {
  readonly data: Uint8Array;
  /**
   * Where it is about messages: the index of the list that is appended with it. The event is filed with the place that
   * the list gets, not with a copy of it. Where none of the list was new, nothing has happened, and nothing is filed.
   */
  readonly list?: number;
  /**
   * Where it repeats what is in its conversation, which must be there: it is taken away when the conversation is purged,
   * waiting or dead.
   */
  readonly quotes?: true;
}

/** Something that happened, to be told to others. It lasts until a change takes it away. */
export interface StoredEvent {
  /** Later events have greater numbers; none is used twice. */
  readonly number: number;
  /** What the change that it came with was about. */
  readonly partition: string;
  /** When it was filed, in microseconds by the clock of the system. */
  readonly filed: number;
  /** Whether it is about messages, which `listEventMessages` reads. */
  readonly ofMessages: boolean;
  readonly data: Uint8Array;
}

/** An event that is given up. It is kept for who wants to look at it or to have it told again. */
export interface Burial {
  readonly number: number;
  /** Why, for people. */
  readonly reason: string;
  /** Of an event that is about messages, those that are given up, by position from the first to the last. */
  readonly positions?: readonly [first: number, last: number];
}

/** An event that was given up, or the part of one that is about one message. */
export interface DeadEvent {
  /** Later ones have greater ids; none is used twice. */
  readonly id: number;
  readonly partition: string;
  /** In microseconds, by the clock of the project. */
  readonly died: number;
  readonly reason: string;
  readonly data: Uint8Array;
  readonly message: StoredMessage | undefined;
}

/** How many events there are, and the bytes of their data. */
export interface EventCount {
  readonly count: number;
  readonly bytes: number;
}

/** All of a call's effects, applied together or not at all. */
export interface Change {
  /** The conversation, else the project, in which everything of the change lives: events and timers too. */
  readonly partition: string;
  readonly expect?: readonly Expectation[];
  readonly put?: readonly ResourceWrite[];
  readonly remove?: readonly string[];
  /** Each inner list gets one create_time, later than all before it in the conversation. */
  readonly append?: readonly (readonly NewMessage[])[];
  /** Kept for the conversation that is the partition. Where there is one that has not expired, it is a conflict. */
  readonly reply?: StoredReply;
  /** In the order in which they happen. */
  readonly emit?: readonly NewEvent[];
  /** Events that must be there. They stay until they are settled, which may be in the same change. */
  readonly bury?: readonly Burial[];
  /** Numbers of events that must be there, and then no longer are: so that each is settled once. */
  readonly settle?: readonly number[];
  /** Ids of dead events that must be there, and are filed as events again, in that order, behind all others. */
  readonly revive?: readonly number[];
  readonly schedule?: readonly Timer[];
  /** Keys of timers that must be there, and then no longer are: so that each takes effect once. */
  readonly unschedule?: readonly string[];
  /**
   * Has the conversation that is the partition, all that is named below it, its timers and replies gone for everybody,
   * and its name is free again. What it held is filed to be erased. Events stay: they have still to be told; but of
   * messages that are erased there is nothing to tell, and what is dead of its events goes.
   */
  readonly purge?: { readonly eraser: Eraser };
  /**
   * Erases what was filed, of any project, no more than so many rows at a time. The receipt says whether something is
   * left; then the eraser is due at `next`, by the system's clock, and else it is taken away.
   */
  readonly erase?: { readonly eraser: Eraser; readonly limit: number; readonly next: number };
  /** Erases replies of any project that have expired by `at`, the time of the system: no more than so many. */
  readonly expire?: { readonly at: number; readonly limit: number };
  /** Of the project that is the partition. All else that the change does comes after it. */
  readonly project?: ProjectChange;
}

/** What became of a change. It exists only once the change is on disk. */
export interface Receipt {
  /** One entry per appended message, in order: itself, or the stored message of which it is a duplicate. */
  readonly appended: readonly (readonly StoredMessage[])[];
  /** Whether `erase` or `expire` have left something. */
  readonly left: boolean;
  /** Where the change was one to a project as a whole. */
  readonly project?: ProjectState | undefined;
  /** How many dead events the buried ones have become: one for each message. */
  readonly buried: number;
}

/** Create times from the first to the last, both included. */
export type TimeRange = readonly [first: number, last: number];

/** Where a page of resources begins: after this one. */
export interface ResourceCursor {
  readonly ordering?: number;
  readonly id: string;
}

/** Where a page of messages begins: after (older than) this one. */
export interface MessageCursor {
  readonly createTime: number;
  readonly position: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Whether there is more behind the last item. */
  readonly more: boolean;
}

export interface PageRange<Cursor> {
  readonly after?: Cursor | undefined;
  readonly limit: number;
  /** A page ends early, but never before its first item, once its bodies hold this much. */
  readonly bytes: number;
}

export interface ResourceRange extends PageRange<ResourceCursor> {
  /** Only resources in one of these states. */
  readonly states?: readonly number[] | undefined;
}

export interface MessageRange extends PageRange<MessageCursor> {
  /** Only messages created in one of these ranges, which are in ascending order and do not overlap. */
  readonly createTimes?: readonly TimeRange[] | undefined;
}

export interface Store {
  /** Resolves when the change is on disk. Throws ConflictError, QueueFullError or StoreFailedError. */
  commit(change: Change): Promise<Receipt>;
  get(name: string): Promise<StoredResource | undefined>;
  /** The state of a resource, for who needs nothing else of it: cheaper than all of it. */
  getState(name: string): Promise<number | undefined>;
  /** The resources of a collection such as `projects/p/conversations`, by id or latest `ordering` first. */
  list(collection: string, order: 'id' | 'ordering', range: ResourceRange): Promise<Page<StoredResource>>;
  /** The messages of a conversation, newest first; undefined where the conversation does not exist. */
  listMessages(conversation: string, range: MessageRange): Promise<Page<StoredMessage> | undefined>;
  /** What a participant's request was answered, unless that has expired. Both names are canonical. */
  getReply(conversation: string, participant: string, requestId: string): Promise<KeptReply | undefined>;
  /** Events with numbers greater than `after`, in order. */
  listEvents(after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The same, up to the number `until`, of one partition. */
  listEventsOf(
    partition: string,
    after: number,
    until: number,
    limit: number,
  ): Promise<readonly StoredEvent[]>;
  /** The messages that an event is about, in their order, from a position on; none where they are purged. */
  listEventMessages(
    event: number,
    range: { readonly from: number; readonly limit: number; readonly bytes: number },
  ): Promise<Page<StoredMessage>>;
  /** All events that are filed. Takes as long as there are many. */
  countEvents(): Promise<EventCount>;
  /**
   * Calls back with how many events there are more, once that is on disk: whenever some were filed, and, less than none,
   * where a purge, a reset or a restore took some away.
   */
  onEvents(listener: (more: EventCount) => void): void;
  /** The dead events of a project, in the order in which they died. */
  listDeadEvents(project: string, range: PageRange<{ readonly id: number }>): Promise<Page<DeadEvent>>;
  getTimer(key: string): Promise<StoredTimer | undefined>;
  /** The timers that are due by a time of the system, the earliest first. */
  dueTimers(until: number, range: TimerRange): Promise<readonly StoredTimer[]>;
  /** When the next timer is due by the system's clock; undefined where there is none. */
  nextDue(): Promise<number | undefined>;
  /** The projects whose clocks were ever moved. */
  listClocks(): Promise<readonly ProjectClock[]>;
  /** The snapshots of a project (its id), by their ids, behind one of them. */
  listSnapshots(
    project: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredSnapshot[]>;
  /** Resources of all projects, by their names, behind one of them: for who brings old data up to date. */
  walk(after: string | undefined, limit: number): Promise<readonly NamedResource[]>;
  /**
   * Calls back each time that a change of the partition is on disk, until what it answers is called. The callback must
   * not throw.
   */
  watch(partition: string, onChange: () => void): () => void;
  /** How many changes wait to be on disk. */
  readonly waiting: number;
  /** Whether changes can be committed. */
  readonly usable: boolean;
  /** A random key that was made with the store and lasts as long as it does. */
  readonly secret: Uint8Array;
  /** Finishes what was accepted, then lets go of the data. */
  close(): Promise<void>;
}

/** An expectation did not hold: the service looks again and decides again. Nothing was stored. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly resource: string;

  constructor(resource: string) {
    super(`${resource} is not what the change expects`);
    this.resource = resource;
  }
}

/** More writes wait than the store is willing to hold. Nothing was stored. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/** The write could not be made to last, and nothing of it was stored; or what is stored cannot be read now. */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
}

/** The data cannot be opened at all: in use, of a newer version, not writable. The message is one line for people. */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError';
}
