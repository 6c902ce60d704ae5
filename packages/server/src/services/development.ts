import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type AdvanceClockRequest,
  type Clock as ClockMessage,
  ClockSchema,
  type CreateSnapshotRequest,
  type DeleteSnapshotRequest,
  type Development,
  type GetClockRequest,
  type ListSnapshotsRequest,
  ListSnapshotsResponseSchema,
  type ResetProjectRequest,
  type RestoreSnapshotRequest,
  type Snapshot,
  SnapshotSchema,
} from '@parleykit/proto/admin';
import { type ProjectClocks, toMicroseconds, toTimestamp } from '../clock.ts';
import { EXPIRE_ROWS, expireReplies } from '../conversation/reply-expiry.ts';
import { ERASER } from '../conversation/retention.ts';
import { customIdInvalid, developmentOff, dueFailed, fieldInvalid, notFound } from '../errors.ts';
import { createId } from '../ids.ts';
import { CLOCK_TIME_MAX, CUSTOM_ID_PATTERN } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { ConflictError, type ProjectChange, type Store, type StoredSnapshot } from '../storage/store.ts';
import { Pagination } from './pagination.ts';

export interface DevelopmentOptions {
  /** Whether the server is for development; else every method is refused. */
  readonly dev: boolean;
  /** Called once all that was due in a project has happened, before the caller of AdvanceClock is told so. */
  readonly afterAdvance?: (project: string) => Promise<void>;
  /** Called once all that a project holds is gone or another: what is remembered of it may be wrong. */
  readonly afterReplaced?: (project: string) => Promise<void>;
}

/** parley.admin.v1.Development */
export class DevelopmentService implements ServiceHandlers<typeof Development> {
  readonly #store: Store;
  readonly #clocks: ProjectClocks;
  readonly #scheduler: Scheduler;
  readonly #options: DevelopmentOptions;

  constructor(store: Store, clocks: ProjectClocks, scheduler: Scheduler, options: DevelopmentOptions) {
    this.#store = store;
    this.#clocks = clocks;
    this.#scheduler = scheduler;
    this.#options = options;
  }

  async getClock(_request: GetClockRequest, { resource: { project } }: CallContext): Promise<ClockMessage> {
    this.#require();
    return this.#toClock(project);
  }

  /** The clock jumps, and what is due by then happens in its order, each stamped with the time when it was due. */
  async advanceClock({ duration }: AdvanceClockRequest, call: CallContext): Promise<ClockMessage> {
    this.#require();
    const { project } = call.resource;
    const by = duration === undefined ? 0 : toMicroseconds(duration);
    if (by < 0) throw fieldInvalid('duration', 'must not be negative: clocks go forward');
    if (this.#clocks.now(project) + by > CLOCK_TIME_MAX) {
      throw fieldInvalid('duration', 'leads beyond the year 2100');
    }
    if (by > 0) await this.#change(project, { kind: 'advance', by });
    const failed = await this.#scheduler.runDue(`projects/${project}`);
    if (failed > 0) throw dueFailed(project, failed);
    await this.#options.afterAdvance?.(project);
    // What purges have left is nobody's any more, and need not be waited for.
    this.#scheduler.wake();
    return this.#toClock(project);
  }

  async resetProject(_request: ResetProjectRequest, { resource: { project } }: CallContext) {
    this.#require();
    await this.#change(project, { kind: 'reset', at: this.#clocks.now(), eraser: ERASER });
    return create(EmptySchema);
  }

  async createSnapshot({ snapshotId }: CreateSnapshotRequest, call: CallContext): Promise<Snapshot> {
    this.#require();
    const { resource: parent } = call;
    if (snapshotId !== '' && !CUSTOM_ID_PATTERN.test(snapshotId)) {
      throw customIdInvalid('snapshot_id', snapshotId);
    }
    const id = snapshotId || createId(this.#clocks.now(parent.project));
    const at = this.#clocks.now();
    return toSnapshot(parent, await this.#change(parent.project, { kind: 'save', at, snapshot: id }));
  }

  async listSnapshots(request: ListSnapshotsRequest, { resource: parent }: CallContext) {
    this.#require();
    const pagination = new Pagination<{ id: string }>(this.#store.secret, `${parent.key}/snapshots`);
    const { after, limit } = pagination.read(request);
    const found = await this.#store.listSnapshots(parent.project, after?.id, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return create(ListSnapshotsResponseSchema, {
      snapshots: page.map((snapshot) => toSnapshot(parent, snapshot)),
      nextPageToken: found.length > limit && last !== undefined ? pagination.tokenAfter({ id: last.id }) : '',
    });
  }

  async restoreSnapshot(
    _request: RestoreSnapshotRequest,
    { resource: name }: CallContext,
  ): Promise<Snapshot> {
    this.#require();
    const change: ProjectChange = {
      kind: 'restore',
      at: this.#clocks.now(),
      snapshot: name.id,
      eraser: ERASER,
    };
    return toSnapshot(name.parent, await this.#change(name.project, change));
  }

  async deleteSnapshot(_request: DeleteSnapshotRequest, { resource: name }: CallContext) {
    this.#require();
    await this.#change(name.project, { kind: 'forget', snapshot: name.id });
    return create(EmptySchema);
  }

  #require(): void {
    if (!this.#options.dev) throw developmentOff();
  }

  /** What is due by the clock as it is then, is looked at. Throws NOT_FOUND for a snapshot that is not there. */
  async #change(project: string, change: ProjectChange): Promise<StoredSnapshot | undefined> {
    try {
      // Where a clock is moved, replies expire.
      const expire = { at: this.#clocks.now(), limit: EXPIRE_ROWS };
      const receipt = await this.#store.commit({ partition: `projects/${project}`, project: change, expire });
      if (receipt.project !== undefined) this.#clocks.set(project, receipt.project.ahead);
      if (receipt.left) await expireReplies(this.#store, this.#clocks.now());
      if (change.kind === 'reset' || change.kind === 'restore') await this.#options.afterReplaced?.(project);
      this.#scheduler.wake();
      return receipt.project?.snapshot;
    } catch (error) {
      if (error instanceof ConflictError) throw notFound('Snapshot', error.resource);
      throw error;
    }
  }

  #toClock(project: string): ClockMessage {
    return create(ClockSchema, {
      name: `projects/${project}/clock`,
      time: toTimestamp(this.#clocks.now(project)),
      offset: toDuration(this.#clocks.aheadOf(project)),
    });
  }
}

function toSnapshot(parent: ResourceName, snapshot: StoredSnapshot | undefined): Snapshot {
  if (snapshot === undefined) throw new Error('the store answered no snapshot');
  return create(SnapshotSchema, {
    name: parent.child('snapshots', snapshot.id).toString(),
    createTime: toTimestamp(snapshot.createTime),
    messageCount: BigInt(snapshot.messageCount),
  });
}

/** Seconds and nanos of a duration have one sign. */
function toDuration(microseconds: number): Duration {
  const seconds = Math.trunc(microseconds / 1_000_000);
  return create(DurationSchema, {
    seconds: BigInt(seconds),
    nanos: (microseconds - seconds * 1_000_000) * 1000,
  });
}
