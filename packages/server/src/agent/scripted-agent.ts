import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import {
  AutomatedAgentReplySchema,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
  type ResponseMessageSchema,
} from '@parleykit/proto/v2beta1';
import { type AgentAnswer, AgentError, type AgentQuery, type AutomatedAgent } from './automated-agent.ts';

/** What is said to what: by a text as it is written, or by the name of an event. */
export type Script = Readonly<Record<string, readonly MessageInitShape<typeof ResponseMessageSchema>[]>>;

/** An agent that knows a few lines by heart. */
export class ScriptedAgent implements AutomatedAgent {
  readonly #script: Script;

  /** `otherwise` is what it answers to everything else; without it, that is an error. */
  constructor(script: Script) {
    this.#script = script;
  }

  async reply({ input }: AgentQuery): Promise<AgentAnswer> {
    const cue = input.case === 'text' ? input.text : input.name;
    const responseMessages = this.#script[cue] ?? this.#script['otherwise'];
    if (responseMessages === undefined) throw new AgentError('the agent has no line for this');
    const reply = create(AutomatedAgentReplySchema, {
      responseMessages: [...responseMessages],
      ...(input.case === 'event' && { match: { case: 'event', value: input.name } }),
      automatedAgentReplyType: ReplyType.FINAL,
    });
    return { reply };
  }
}
