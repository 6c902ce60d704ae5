import { create, type DescMessage, fromJson, type JsonObject, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyPack, EmptySchema, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import {
  type ExportAgentRequest,
  ExportAgentRequestSchema,
  ExportAgentResponseSchema,
  type ImportAgentRequest,
  ImportAgentRequestSchema,
  type RestoreAgentRequest,
  RestoreAgentRequestSchema,
  type TrainAgentRequest,
  TrainAgentRequestSchema,
} from '@parleykit/proto/v2beta1';
import type { AgentArchive } from '../agent/archive/archive-reader.ts';
import type { ArchiveReport } from '../agent/archive/findings.ts';
import { AgentError } from '../agent/automated-agent.ts';
import { type AgentContents, ANY_PROJECT, agentName } from '../agent/content/agent-contents.ts';
import type { AgentModels } from '../agent/serving/agent-models.ts';
import { archiveInvalid, trainingFailed } from '../agent-errors.ts';
import type { Clock } from '../clock.ts';
import { cloudStorageUnsupported, fieldInvalid, fieldsRequired } from '../errors.ts';
import { createId } from '../ids.ts';
import type { Locations } from '../locations.ts';
import type { NotYet, OperationRunner, Outcome } from '../operation/operation-runner.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { decide } from './decide.ts';

/** How often it is looked whether an agent is trained, in milliseconds. */
const TRAINING_LOOK_MS = 50;

export interface AgentOperationsParts {
  readonly contents: AgentContents;
  readonly models: AgentModels;
  readonly operations: OperationRunner;
  readonly locations: Locations;
  readonly clock: Clock;
}

/** What takes its time with a whole agent: training, and exports of it in and out. */
export class AgentOperations {
  readonly #contents: AgentContents;
  readonly #models: AgentModels;
  readonly #operations: OperationRunner;
  readonly #locations: Locations;
  readonly #clock: Clock;

  constructor({ contents, models, operations, locations, clock }: AgentOperationsParts) {
    this.#contents = contents;
    this.#models = models;
    this.#operations = operations;
    this.#locations = locations;
    this.#clock = clock;
    operations.register('train-agent', TrainAgentRequestSchema, {
      run: ({ parent }) => this.#train(parse(parent)),
      undo: async ({ parent }) => ({ change: {}, committed: () => models.stop(parse(parent)) }),
    });
    operations.register('export-agent', ExportAgentRequestSchema, ({ parent }) =>
      this.#export(parse(parent)),
    );
    operations.register('import-agent', ImportAgentRequestSchema, (request) => this.#store(request, 'merge'));
    operations.register('restore-agent', RestoreAgentRequestSchema, (request) =>
      this.#store(request, 'replace'),
    );
  }

  /** Ends when what answers is the agent as it is now, or with why it cannot be trained. */
  async train(request: TrainAgentRequest, call: CallContext): Promise<Operation> {
    const { resource: parent } = call;
    await this.#contents.load(parent);
    this.#models.retry(parent);
    return this.#start('train-agent', request, call, `${agentName(parent).key} training`);
  }

  /** Answers the agent as a zip, within the operation's response; its metadata says which credentials are not in it. */
  async export(request: ExportAgentRequest, call: CallContext): Promise<Operation> {
    const { resource: parent } = call;
    if (request.agentUri !== '') {
      throw cloudStorageUnsupported('agent_uri', 'none, and agent_content answers the agent');
    }
    await this.#contents.load(parent);
    // Exports change nothing, and wait for nobody.
    const id = createId(this.#clock.now(parent.project));
    return this.#start('export-agent', request, call, `${agentName(parent).key} export ${id}`);
  }

  /** Adds what an export has to the agent: what is called the same is replaced. */
  async import(request: ImportAgentRequest, call: CallContext): Promise<Operation> {
    this.#check(request, call);
    return this.#start('import-agent', request, call, agentName(call.resource).key);
  }

  /** Puts an export in the agent's place. */
  async restore(request: RestoreAgentRequest, call: CallContext): Promise<Operation> {
    this.#check(request, call);
    return this.#start('restore-agent', request, call, agentName(call.resource).key);
  }

  #check({ agent }: ImportAgentRequest | RestoreAgentRequest, { resource: parent }: CallContext): void {
    this.#locations.require(parent);
    if (parent.project === ANY_PROJECT) throw fieldInvalid('parent', 'must name a project');
    if (agent.case === 'agentUri') throw cloudStorageUnsupported('agent_uri', 'the zip in agent_content');
    if (agent.case === undefined || agent.value.byteLength === 0) throw fieldsRequired(['agent_content']);
  }

  #start(
    kind: string,
    request: MessageShape<DescMessage>,
    call: CallContext,
    subject: string,
  ): Promise<Operation> {
    return decide(call, () =>
      this.#operations.start(call.resource, kind, { request, metadata: struct({}), subject }),
    );
  }

  async #train(parent: ResourceName): Promise<Outcome | NotYet> {
    try {
      if (!(await this.#models.isTrained(parent))) return { again: TRAINING_LOOK_MS };
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      throw trainingFailed(agentName(parent).toString(), error);
    }
    return { change: {}, response: anyPack(EmptySchema, create(EmptySchema)) };
  }

  async #export(parent: ResourceName): Promise<Outcome> {
    const { writeAgentArchive } = await import('../agent/archive/archive-writer.ts');
    const { Findings } = await import('../agent/archive/findings.ts');
    const { agent, intents, entityTypes } = await this.#contents.load(parent);
    const archive = { agent, intents: [...intents.values()], entityTypes: [...entityTypes.values()] };
    const findings = new Findings();
    const agentContent = await writeAgentArchive(archive, findings);
    const response = create(ExportAgentResponseSchema, {
      agent: { case: 'agentContent', value: agentContent },
    });
    const { dropped } = findings.report();
    return {
      change: {},
      response: anyPack(ExportAgentResponseSchema, response),
      ...(dropped.length > 0 && { metadata: struct({ report: { dropped: [...dropped] } }) }),
    };
  }

  /** The report of what was read is the operation's metadata. */
  async #store(
    { parent: text, agent }: ImportAgentRequest | RestoreAgentRequest,
    how: 'merge' | 'replace',
  ): Promise<Outcome> {
    const parent = parse(text);
    const { archive, report } = await readArchive(
      agent.case === 'agentContent' ? agent.value : new Uint8Array(),
    );
    const found = await this.#contents.find(parent);
    const edit = this.#contents[how](parent, found, archive);
    return {
      ...edit,
      response: anyPack(EmptySchema, create(EmptySchema)),
      metadata: struct({ report: toJson(report) }),
    };
  }
}

function parse(parent: string): ResourceName {
  return parseResourceName('parent', `${parent}/agent`, 'agent').parent;
}

function struct(fields: JsonObject): Any {
  return anyPack(StructSchema, fromJson(StructSchema, fields));
}

async function readArchive(zip: Uint8Array): Promise<{ archive: AgentArchive; report: ArchiveReport }> {
  const { readAgentArchive } = await import('../agent/archive/archive-reader.ts');
  const { ArchiveError } = await import('../agent/archive/findings.ts');
  try {
    return await readAgentArchive(zip);
  } catch (error) {
    if (error instanceof ArchiveError) throw archiveInvalid('agent_content', error.problems);
    throw error;
  }
}

function toJson({ read, idle, dropped, warnings }: ArchiveReport): JsonObject {
  return {
    read: { ...read },
    idle: idle.map((each) => ({ ...each })),
    dropped: [...dropped],
    warnings: [...warnings],
  };
}
