import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { type AgentContents, agentName, type FoundAgent } from '../agent/content/agent-contents.ts';
import { AgentDraft } from '../agent/content/agent-draft.ts';
import type { Clock } from '../clock.ts';
import { TurnQueue } from '../conversation/turn-queue.ts';
import { fieldInvalid, fieldsRequired } from '../errors.ts';
import { createId, createUuid } from '../ids.ts';
import type { OperationRunner } from '../operation/operation-runner.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { decide } from './decide.ts';

/** What a batch does, as an operation. */
export interface Batch<Desc extends DescMessage> {
  /** Is stored: it must keep its meaning. */
  readonly kind: string;
  readonly request: Desc;
  /** What the request's parent is. */
  readonly parent: 'agent' | 'agent/entityTypes/*';
  /** Drafts what it asks for, whole, or throws what is wrong with it. Answers what the operation's response is then. */
  readonly draft: (
    request: MessageShape<Desc>,
    parent: ResourceName,
    draft: AgentDraft,
    found: FoundAgent,
  ) => () => Any;
}

/** Parts of an agent, such as its intents, that a batch makes and updates. */
export interface PartUpdates<Part extends { readonly name: string }> {
  /** What stands in the request for all of them, such as `intent_batch_inline.intents`. */
  readonly field: string;
  readonly parts: readonly Part[];
  /** The shape of their names, such as `agent/intents/*`. */
  readonly shape: string;
  readonly put: (id: string, part: Part, field: string) => void;
  /** As `put`, for one that must be there. */
  readonly update: (id: string, part: Part, field: string) => void;
}

/**
 * Drafts what a batch asks for: those that have a name are updated, the others made. Answers their ids, in order. Throws
 * INVALID_ARGUMENT where there are none, or one is not of the agent. `now` in microseconds.
 */
export function draftUpdates<Part extends { readonly name: string }>(
  agent: ResourceName,
  now: number,
  { field: list, parts, shape, put, update }: PartUpdates<Part>,
): string[] {
  if (parts.length === 0) throw fieldsRequired([list]);
  return parts.map((part, index) => {
    const field = `${list}[${index}]`;
    if (part.name === '') {
      const id = createUuid(now);
      put(id, part, field);
      return id;
    }
    const id = idOfPart(agent, `${field}.name`, part.name, shape);
    update(id, part, field);
    return id;
  });
}

/** The id of a part that must be one of the agent. */
export function idOfPart(agent: ResourceName, field: string, text: string, shape: string): string {
  if (text === '') throw fieldsRequired([field]);
  const name = parseResourceName(field, text, shape);
  if (!name.isWithin(agent)) throw fieldInvalid(field, `is not within ${agent}`);
  return name.id;
}

/**
 * Edits of agents by calls. Those of one agent are taken one after another, since each begins with what the one before has
 * left: all at once they would have to be decided again and again.
 */
export class AgentEdits {
  readonly #contents: AgentContents;
  readonly #clock: Clock;
  readonly #operations: OperationRunner;
  readonly #queue = new TurnQueue();

  constructor(contents: AgentContents, clock: Clock, operations: OperationRunner) {
    this.#contents = contents;
    this.#clock = clock;
    this.#operations = operations;
  }

  /** Does what a call asks of an agent, when it is its turn. `attempt` looks, decides and commits. */
  decide<T>(name: ResourceName, call: CallContext, attempt: () => Promise<T>): Promise<T> {
    return this.#queue.run(agentName(name).key, call.signal, () => decide(call, attempt));
  }

  /** Stores what `change` drafts of an agent, and answers what it answers. Throws NOT_FOUND where there is no agent. */
  edit<T>(
    name: ResourceName,
    call: CallContext,
    change: (draft: AgentDraft, found: FoundAgent) => T,
  ): Promise<T> {
    return this.decide(name, call, async () => {
      const found = await this.#contents.load(name);
      const draft = new AgentDraft(found);
      const answer = change(draft, found);
      await this.#contents.commit(name, this.#contents.edit(name, found, draft));
      return answer;
    });
  }

  /** Says what a kind of batch does. */
  register<Desc extends DescMessage>(batch: Batch<Desc>): void {
    this.#operations.register(batch.kind, batch.request, async (request) => {
      const { parent: text } = request as unknown as { readonly parent: string };
      const parent = parseResourceName('parent', text, batch.parent);
      const found = await this.#contents.load(parent);
      const draft = new AgentDraft(found);
      const respond = batch.draft(request, parent, draft, found);
      return { ...this.#contents.edit(parent, found, draft), response: respond() };
    });
  }

  /**
   * Begins a batch. What is wrong with it already is answered at once; the operation looks again, since the agent may be
   * another by then.
   */
  async start<Desc extends DescMessage>(
    batch: Batch<Desc>,
    request: MessageShape<Desc>,
    call: CallContext,
  ): Promise<Operation> {
    const { resource: parent } = call;
    const found = await this.#contents.load(parent);
    batch.draft(request, parent, new AgentDraft(found), found);
    return decide(call, () =>
      this.#operations.start(parent.parent, batch.kind, {
        request,
        metadata: anyPack(StructSchema, create(StructSchema)),
        // Batches wait for nobody: those of one agent come one after another by themselves.
        subject: `${parent.key} ${createId(this.#clock.now(parent.project))}`,
      }),
    );
  }
}
