import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { type AgentContents, agentName, type FoundAgent } from '../agent/content/agent-contents.ts';
import { AgentDraft } from '../agent/content/agent-draft.ts';
import type { Clock } from '../clock.ts';
import { TurnQueue } from '../conversation/turn-queue.ts';
import { createId } from '../ids.ts';
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
