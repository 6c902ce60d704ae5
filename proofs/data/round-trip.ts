import { clone, type DescMessage, equals, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredEntityTypeSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import { unzipSync } from 'fflate';
import {
  type AgentArchive,
  readAgentArchive,
} from '../../packages/server/src/agent/archive/archive-reader.ts';
import { writeAgentArchive } from '../../packages/server/src/agent/archive/archive-writer.ts';
import type { ArchiveReport } from '../../packages/server/src/agent/archive/findings.ts';
import { findDifferences, type JsonFiles } from './json-files.ts';

/** What came of an export that was read, written and read again. */
export interface RoundTrip {
  readonly report: ArchiveReport;
  readonly readMs: number;
  /** Of the process, all its threads. */
  readonly readCpuMs: number;
  readonly writeMs: number;
  /** JSON files that were compared. */
  readonly files: number;
  /** What did not come out as it went in, a line each. */
  readonly problems: readonly string[];
}

/** Reads an export, stores it, writes it and reads it again; compares the values, and the JSON key by key. */
export async function goRound(zip: Uint8Array): Promise<RoundTrip> {
  const problems: string[] = [];
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { archive, report } = await readAgentArchive(zip);
  const read = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const readCpuMs = (user + system) / 1000;
  const stored = store(archive);
  if (!isSame(archive, stored)) problems.push('what is stored is not what was read');
  const writing = performance.now();
  const written = await writeAgentArchive(stored);
  const done = performance.now();
  const again = await readAgentArchive(written);
  if (!isSame(archive, again.archive)) problems.push('what is read again is not what was read');
  if (!Buffer.from(written).equals(await writeAgentArchive(again.archive))) {
    problems.push('what is written again is not what was written');
  }
  // Without its leftovers an agent is what the API has of it, and all of that must be in what is written.
  const bare = withoutLeftovers(stored);
  if (!isSame(bare, (await readAgentArchive(await writeAgentArchive(bare))).archive)) {
    problems.push('what the API has of the agent is not what was read');
  }
  if (again.report.dropped.length > 0)
    problems.push(`written and dropped: ${again.report.dropped.join(', ')}`);
  const before = jsonFilesOf(zip);
  problems.push(...findDifferences(before, jsonFilesOf(written), report.dropped));
  return {
    report,
    readMs: read - start,
    readCpuMs,
    writeMs: done - writing,
    files: Object.keys(before).length,
    problems,
  };
}

/** Through the bytes that lie in the store. */
function store({ agent, intents, entityTypes }: AgentArchive): AgentArchive {
  const through = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): MessageShape<Desc> =>
    fromBinary(schema, toBinary(schema, message));
  return {
    agent: through(StoredAgentSchema, agent),
    intents: intents.map((intent) => through(StoredIntentSchema, intent)),
    entityTypes: entityTypes.map((entityType) => through(StoredEntityTypeSchema, entityType)),
  };
}

/** A copy, as if the agent had never been in an export. */
function withoutLeftovers(archive: AgentArchive): AgentArchive {
  const agent = clone(StoredAgentSchema, archive.agent);
  const intents = archive.intents.map((each) => clone(StoredIntentSchema, each));
  const entityTypes = archive.entityTypes.map((each) => clone(StoredEntityTypeSchema, each));
  const wholes = [agent, ...intents, ...entityTypes];
  const parts = [
    agent.smallTalk,
    ...intents.map(({ languages }) => languages),
    ...entityTypes.map(({ languages }) => languages),
  ];
  for (const each of [...wholes, ...parts.flatMap((languages) => Object.values(languages))])
    delete each.leftover;
  return { agent, intents, entityTypes };
}

function isSame(one: AgentArchive, other: AgentArchive): boolean {
  const intents = new Map(other.intents.map((each) => [each.intent?.name, each]));
  const entityTypes = new Map(other.entityTypes.map((each) => [each.entityType?.name, each]));
  return (
    equals(StoredAgentSchema, one.agent, other.agent) &&
    one.intents.length === intents.size &&
    one.intents.every((each) => {
      const its = intents.get(each.intent?.name);
      return its !== undefined && equals(StoredIntentSchema, each, its);
    }) &&
    one.entityTypes.length === entityTypes.size &&
    one.entityTypes.every((each) => {
      const its = entityTypes.get(each.entityType?.name);
      return its !== undefined && equals(StoredEntityTypeSchema, each, its);
    })
  );
}

/** The JSON files of an export, below the folder in which it lies. */
function jsonFilesOf(zip: Uint8Array): JsonFiles {
  const entries = Object.entries(unzipSync(zip)).filter(
    ([path]) => path.endsWith('.json') && !/(?:^|\/)(?:__MACOSX|\.)/u.test(path),
  );
  const agent = entries.map(([path]) => path).filter((path) => /(?:^|\/)agent\.json$/u.test(path));
  const [root = ''] = agent.sort((one, other) => one.length - other.length);
  const top = root.slice(0, root.length - 'agent.json'.length);
  return Object.fromEntries(
    entries
      .filter(([path]) => path.startsWith(top))
      .map(([path, bytes]) => [path.slice(top.length), JSON.parse(new TextDecoder().decode(bytes))]),
  );
}
