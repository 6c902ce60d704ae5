import { create, fromBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import type {
  Administration,
  GetHoldRequest,
  GetRetentionPolicyRequest,
  HoldConversationRequest,
  ReleaseConversationRequest,
  RetentionPolicy,
  UpdateRetentionPolicyRequest,
} from '@parleykit/proto/admin';
import { RetentionPolicySchema } from '@parleykit/proto/admin';
import { type Clock, toMicroseconds } from '../clock.ts';
import { encodeHold, holdKey, isParked, policyKey, purgeKey, unpark } from '../conversation/retention.ts';
import { fieldInvalid, notFound } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { HOLD_REASON_BYTES_MAX, RETENTION_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { EncodedReply } from '../rpc/encoded-reply.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store, StoredResource } from '../storage/store.ts';
import { CONVERSATION_PROFILES, CONVERSATIONS } from './collections.ts';
import { decide } from './decide.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';

/** What of parley.admin.v1.Administration is about how long conversations are kept. */
export class RetentionService implements ServiceHandlers<typeof Administration> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #scheduler: Pick<Scheduler, 'wake'>;
  readonly #conversations: ResourceCollection;
  readonly #profiles: ResourceCollection;

  constructor(store: Store, clock: Clock, scheduler: Pick<Scheduler, 'wake'>) {
    this.#store = store;
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#profiles = new ResourceCollection(store, CONVERSATION_PROFILES);
  }

  /** Keeps a conversation, in progress or over. One that is held already is answered as it is held. */
  async holdConversation({ reason }: HoldConversationRequest, call: CallContext): Promise<EncodedReply> {
    const { resource: conversation } = call;
    checkReason('reason', reason);
    const name = conversation.singleton('hold');
    return decide(call, async () => {
      const { version } = await this.#conversations.load(conversation);
      const held = await this.#store.get(name.key);
      if (held !== undefined) return namedReply(name, held.body);
      const body = encodeHold(reason, this.#clock.now(conversation.project));
      await this.#store.commit({
        partition: conversation.key,
        expect: [
          { name: conversation.key, version },
          { name: name.key, absent: true },
        ],
        put: [{ name: name.key, body }],
      });
      return namedReply(name, body);
    });
  }

  /** Lets a conversation go; where its purge was due meanwhile, that is due now. */
  async releaseConversation(_request: ReleaseConversationRequest, call: CallContext) {
    const { resource: conversation } = call;
    return decide(call, async () => {
      await this.#conversations.loadState(conversation);
      const hold = await this.#store.get(holdKey(conversation.key));
      if (hold === undefined) return create(EmptySchema);
      const purge = await this.#store.getTimer(purgeKey(conversation.key));
      await this.#store.commit({
        partition: conversation.key,
        expect: [{ name: holdKey(conversation.key), version: hold.version }],
        remove: [holdKey(conversation.key)],
        schedule: purge !== undefined && isParked(purge) ? [unpark(purge)] : [],
      });
      this.#scheduler.wake();
      return create(EmptySchema);
    });
  }

  async getHold(_request: GetHoldRequest, { resource: name }: CallContext): Promise<EncodedReply> {
    const stored = await this.#store.get(name.key);
    if (stored === undefined) throw notFound('Hold', name.toString());
    return namedReply(name, stored.body);
  }

  /** A profile of which nothing was said has an empty policy. */
  async getRetentionPolicy(_request: GetRetentionPolicyRequest, { resource: name }: CallContext) {
    const stored = await this.#loadPolicy(name);
    return namedReply(name, stored?.body ?? new Uint8Array());
  }

  async updateRetentionPolicy(request: UpdateRetentionPolicyRequest, call: CallContext) {
    const { resource: name } = call;
    const { retentionPolicy: from = create(RetentionPolicySchema), updateMask } = request;
    const mask = maskOrAll(RetentionPolicySchema, updateMask);
    return decide(call, async () => {
      const stored = await this.#loadPolicy(name);
      const policy = fromBinary(RetentionPolicySchema, stored?.body ?? new Uint8Array());
      applyFieldMask(RetentionPolicySchema, mask, from, policy);
      checkPolicy(policy);
      const body = withoutName(RetentionPolicySchema, policy);
      const expected = stored === undefined ? { absent: true as const } : { version: stored.version };
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, ...expected }],
        put: [{ name: name.key, body }],
      });
      return decodeNamed(RetentionPolicySchema, name.toString(), body);
    });
  }

  /** Throws NOT_FOUND where there is no such profile. */
  async #loadPolicy(name: ResourceName): Promise<StoredResource | undefined> {
    await this.#profiles.loadState(name.owner);
    return this.#store.get(policyKey(name.owner.key));
  }
}

/** Why a conversation that the call creates is to be held from its start; undefined where it is not. */
export function holdFromStart(call: CallContext): string | undefined {
  const reason = call.header('parley-hold');
  if (reason === undefined) return undefined;
  // What HTTP/1 and gRPC carry alike.
  if (!/^[ -~]*$/u.test(reason)) throw fieldInvalid('parley-hold', 'is not of printable ASCII characters');
  checkReason('parley-hold', reason);
  return reason;
}

function checkReason(field: string, reason: string): void {
  if (Buffer.byteLength(reason) > HOLD_REASON_BYTES_MAX) {
    throw fieldInvalid(field, `is longer than ${HOLD_REASON_BYTES_MAX} bytes`);
  }
}

function checkPolicy(policy: RetentionPolicy): void {
  const { kept } = policy;
  if (kept.case === 'forever' && !kept.value) policy.kept = { case: undefined };
  if (kept.case !== 'duration') return;
  const retention = toMicroseconds(kept.value);
  if (retention < 1_000_000 || retention > RETENTION_MAX) {
    throw fieldInvalid(
      'retention_policy.duration',
      'is not between a second and 36500 days: what is to be kept for ever says so',
    );
  }
}
