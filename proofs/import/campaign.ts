import { mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ConversationProfilesClient, GrpcTransport } from '@parleykit/client';
import { Random } from '../../conformance/fuzz/random.ts';
import { ServerProcess } from '../crash/server-process.ts';
import { checkStored, checkTranscripts, type Finding } from './check.ts';
import { type Ended, killAfter, runParley } from './parley.ts';
import type { Sample } from './transcripts.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** How many processes are killed, imports and exports together. */
  readonly runs: number;
  readonly samples: readonly Sample[];
  /** How many conversations a round takes of the samples, at least and at most. */
  readonly conversations: readonly [least: number, most: number];
  readonly onRound?: ((report: CampaignReport) => void) | undefined;
}

export interface CampaignReport {
  readonly seed: number;
  rounds: number;
  conversations: number;
  messages: number;
  importsKilled: number;
  /** Of those killed, how many had stored a part of their conversations. */
  importsKilledHalfway: number;
  exportsKilled: number;
  /** Of those killed, how many had a file beside under way. */
  exportsKilledWriting: number;
  /** Commands that ended by themselves before the kill came; they count as no run. */
  tooLate: number;
  findings: Finding[];
}

/** What a round imports is about so much; the rest is the start of a process. */
const MS_PER_CONVERSATION = 1.2;
const START_MS = 350;
const KILLS_PER_IMPORT_MAX = 4;
const KILLS_PER_EXPORT_MAX = 2;

/**
 * Imports and exports parts of the samples in rounds, each into a project of its own, and kills both on the way. Every
 * decision comes from the seed; what it meets is up to the machine. The server lives through it all.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-prove-import-'));
  try {
    await using server = await ServerProcess.start(join(folder, 'data'), { demo: false });
    const campaign = new Campaign(options, { folder, address: `${server.host}:${server.port}` });
    return await campaign.run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #folder: string;
  readonly #address: string;
  readonly #report: CampaignReport;
  /** What stands where exports go. */
  #old = 'what was there before\n';

  constructor(options: CampaignOptions, { folder, address }: { folder: string; address: string }) {
    this.#options = options;
    this.#folder = folder;
    this.#address = address;
    this.#report = {
      seed: options.seed,
      rounds: 0,
      conversations: 0,
      messages: 0,
      importsKilled: 0,
      importsKilledHalfway: 0,
      exportsKilled: 0,
      exportsKilledWriting: 0,
      tooLate: 0,
      findings: [],
    };
  }

  async run(): Promise<CampaignReport> {
    await mkdir(join(this.#folder, 'out'));
    while (this.#left > 0) {
      await this.#round(new Random(this.#options.seed, this.#report.rounds));
      this.#report.rounds++;
      this.#options.onRound?.(this.#report);
    }
    return this.#report;
  }

  get #left(): number {
    return this.#options.runs - this.#report.importsKilled - this.#report.exportsKilled;
  }

  async #round(random: Random): Promise<void> {
    const project = `round-${this.#report.rounds}`;
    const { samples, conversations } = this.#options;
    const count = Math.min(random.between(...conversations), samples.length);
    const first = random.below(samples.length - count + 1);
    const part = samples.slice(first, first + count);
    const complete = random.chance(0.5);
    const file = join(this.#folder, random.chance(0.5) ? `${project}.jsonl.gz` : `${project}.jsonl`);
    const text = part.map(({ line }) => `${line}\n`).join('');
    await writeFile(file, file.endsWith('.gz') ? gzipSync(text) : text);

    const importing = ['import', file, ...(complete ? ['--complete'] : []), ...this.#flags(project)];
    const kills = Math.min(random.between(1, KILLS_PER_IMPORT_MAX), this.#left);
    for (let each = 0; each < kills; each++) {
      const killMs = START_MS / 2 + random.below(START_MS / 2 + count * MS_PER_CONVERSATION);
      const ended = await runParley(importing, killAfter(killMs));
      this.#expect(importing, ended, [0, null]);
      if (ended.code !== null) {
        this.#report.tooLate++;
        break;
      }
      this.#report.importsKilled++;
      if (await this.#isHalfway(project, count)) this.#report.importsKilledHalfway++;
    }
    this.#expect(importing, await runParley(importing), [0]);

    const exporting = ['export', '-o', this.#out, ...this.#flags(project)];
    const cut = Math.min(random.between(1, KILLS_PER_EXPORT_MAX), this.#left);
    const replaced = await this.#killExports(exporting, cut, random);
    const exported = await this.#export(exporting);
    if (replaced.some((packed) => gunzipSync(packed).toString('utf8') !== exported)) {
      this.#report.findings.push({ kind: 'torn', text: `${project}: neither the old file nor the new one` });
    }
    const stored = await this.#export([...exporting, '--format', 'json']);
    this.#report.findings.push(...checkTranscripts(part, exported), ...checkStored(stored, { complete }));
    await this.#checkProfiles(project);
    // So that the next round's old file is another one than its new one.
    this.#old = stored;
    this.#report.conversations += count;
    this.#report.messages += part.reduce((sum, { said }) => sum + said.length, 0);
    await rm(file);
  }

  get #out(): string {
    return join(this.#folder, 'out', 'export.jsonl.gz');
  }

  #flags(project: string): string[] {
    return ['--project', project, '--server', this.#address];
  }

  #expect(args: readonly string[], { code, stderr }: Ended, codes: readonly (number | null)[]): void {
    if (codes.includes(code)) return;
    const text = `parley ${args.join(' ')} ended with ${code}: ${stderr}`;
    this.#report.findings.push({ kind: 'refused', text });
  }

  /** Whether an import that was killed has stored something, and not everything. */
  async #isHalfway(project: string, count: number): Promise<boolean> {
    const answer = await fetch(
      `http://${this.#address}/v2beta1/projects/${project}/conversations?pageSize=1000`,
    );
    const { conversations = [] } = (await answer.json()) as { conversations?: unknown[] };
    return conversations.length > 0 && conversations.length < count;
  }

  /** Kills so many exports. Answers the files that took the old one's place: of those killed behind their last step. */
  async #killExports(exporting: readonly string[], count: number, random: Random): Promise<Buffer[]> {
    const replaced: Buffer[] = [];
    await writeFile(this.#out, gzipSync(this.#old));
    const old = await readFile(this.#out);
    for (let each = 0; each < count; each++) {
      const earlier = await this.#strays();
      const delayMs = random.below(60);
      const ended = await runParley(exporting, (child, signal) => {
        // Most of them in the midst of writing: a little after the file beside has come up.
        if (random.chance(0.3)) return killAfter(START_MS / 2 + random.below(START_MS))(child, signal);
        void this.#untilBeside(signal).then(() => {
          if (signal.aborted) return;
          killAfter(delayMs)(child, signal);
        });
      });
      this.#expect(exporting, ended, [0, null]);
      if (ended.code !== null) {
        this.#report.tooLate++;
        break;
      }
      this.#report.exportsKilled++;
      const isWriting = (await this.#strays()).some((name) => !earlier.includes(name));
      if (isWriting) this.#report.exportsKilledWriting++;
      const now = await readFile(this.#out);
      if (now.equals(old)) continue;
      replaced.push(now);
      if (isWriting)
        this.#report.findings.push({ kind: 'torn', text: `${this.#out}: the old file did not stand` });
      await writeFile(this.#out, old);
    }
    return replaced;
  }

  async #untilBeside(signal: AbortSignal): Promise<void> {
    try {
      for await (const { filename } of watch(join(this.#folder, 'out'), { signal })) {
        if (filename?.endsWith('.part')) return;
      }
    } catch {
      // The process has ended before.
    }
  }

  async #strays(): Promise<string[]> {
    return (await readdir(join(this.#folder, 'out'))).filter((name) => name !== 'export.jsonl.gz');
  }

  async #export(exporting: readonly string[]): Promise<string> {
    this.#expect(exporting, await runParley(exporting), [0]);
    const strays = await this.#strays();
    if (strays.length > 0) this.#report.findings.push({ kind: 'stray', text: strays.join(', ') });
    return gunzipSync(await readFile(this.#out)).toString('utf8');
  }

  async #checkProfiles(project: string): Promise<void> {
    const transport = new GrpcTransport({ host: `http://${this.#address}` });
    await using client = new ConversationProfilesClient({ transport });
    const names: string[] = [];
    for await (const { name } of client.listConversationProfiles({ parent: `projects/${project}` })) {
      names.push(name);
    }
    if (names.length !== 1) {
      this.#report.findings.push({ kind: 'doubled', text: `profiles of ${project}: ${names.join(', ')}` });
    }
  }
}

const FINDINGS_SHOWN = 10;

/** What a campaign did and found, for people. */
export function describeReport(report: CampaignReport): string {
  const { seed, rounds, conversations, messages, findings, tooLate } = report;
  const { importsKilled, importsKilledHalfway, exportsKilled, exportsKilledWriting } = report;
  const rows: [string, string | number][] = [
    ['seed', seed],
    [
      'rounds',
      `${rounds}; ${conversations} conversations, ${messages} messages imported, exported and compared`,
    ],
    [
      'imports killed',
      `${importsKilled}, ${importsKilledHalfway} of them with a part of the conversations stored`,
    ],
    ['exports killed', `${exportsKilled}, ${exportsKilledWriting} of them in the midst of writing`],
    ['ended before the kill', tooLate],
    ['findings', findings.length],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const shown = findings.slice(0, FINDINGS_SHOWN).map(({ kind, text }) => `${kind}: ${text}`);
  return `${[...rows.map(([name, value]) => name.padEnd(width) + value), ...shown].join('\n')}\n`;
}
