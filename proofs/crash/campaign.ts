import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Random } from '../../conformance/fuzz/random.ts';
import { type CheckTally, checkConversation, newTally } from './check.ts';
import { type Client, LostError, openClient } from './client.ts';
import { type Finding, type FindingKind, finding } from './findings.ts';
import { Follower } from './follower.ts';
import { copyData, IntegrityChecker } from './integrity.ts';
import { MARK_VARIABLE } from './kill-control.ts';
import type { Batch, Conversation } from './model.ts';
import { checkRandom, KILL_KINDS, type KillKind, planRun, type RunPlan, workerRandom } from './plan.ts';
import { readConversation, readConversationNames } from './reading.ts';
import { type Sabotage, ServerProcess } from './server-process.ts';
import { followUntilLost, isOpen, type Scene, writeUntilLost } from './writers.ts';
import { createConversation, PARENT, sendBatch } from './writes.ts';

/** So many runs share a folder; then there is a new one, as the first commits of a folder are their own case. */
const RUNS_PER_FOLDER = 50;
/** How often everything of a folder is looked at, and not what a run touched alone. */
const FULL_CHECK_EVERY = 10;
/** Of what a run did not touch, so many conversations are looked at all the same. */
const OTHERS_CHECKED = 5;
/** Longer than any of this takes. */
const PATIENCE_MS = 20_000;
const RUN_PATIENCE_MS = 90_000;

export interface CampaignOptions {
  readonly seed: number;
  readonly runs: number;
  /** The first run; it begins a new folder. */
  readonly from?: number;
  /** Kills of this kind alone. */
  readonly kind?: KillKind | undefined;
  readonly sabotage?: Sabotage | undefined;
  /** Goes on until something of this kind is found; else until anything is. */
  readonly until?: FindingKind | undefined;
  readonly onRun?: (run: number, report: CrashReport) => void;
}

export interface KindTally {
  runs: number;
  /** Kills inside a commit that came before it returned. */
  inside: number;
  whole: number;
  absent: number;
}

export interface CrashReport {
  readonly seed: number;
  readonly perKind: Map<KillKind, KindTally>;
  runs: number;
  folders: number;
  /** Of all checks: a write is looked at more than once, after its own kill and after later ones. */
  readonly checks: CheckTally;
  /** Of the writes of each folder, at its end. */
  readonly atTheEnd: CheckTally;
  retriedBatches: number;
  brokenStarts: number;
  restartsMs: number[];
  integrityChecks: number;
  followedMessages: number;
  seconds: number;
  /** Without `until`, what the first run with findings found. */
  readonly findings: Finding[];
  failedRun: number | undefined;
  /** The folder of that run, as it was left, and the run that began it. */
  keptFolder: string | undefined;
  folderFrom: number;
}

/** Kills a server again and again, and looks each time whether it kept what it promised. */
export async function runCampaign(options: CampaignOptions): Promise<CrashReport> {
  const report = newReport(options.seed);
  const began = performance.now();
  const last = (options.from ?? 1) + options.runs - 1;
  const root = mkdtempSync(join(tmpdir(), 'parley-crash-'));
  await using integrity = new IntegrityChecker();
  let site: Site | undefined;
  try {
    for (let run = options.from ?? 1; run <= last; run++) {
      if (site === undefined) {
        report.folderFrom = run;
        site = await Site.open(join(root, `from-run-${run}`), options, report, integrity);
      }
      await site.runInTime(planRun(options.seed, run, options.kind));
      report.runs++;
      const isOver = site.runs === RUNS_PER_FOLDER || run === last;
      if (isOver && report.findings.length === 0) await site.finish();
      report.seconds = (performance.now() - began) / 1000;
      options.onRun?.(run, report);
      const { until } = options;
      const isFound = report.findings.some(({ kind }) => kind === (until ?? kind) || kind === 'down');
      if (isFound || (run === last && report.findings.length > 0)) {
        report.failedRun = run;
        report.keptFolder = site.folder;
        return report;
      }
      if (isOver) {
        await site[Symbol.asyncDispose]();
        rmSync(site.folder, { recursive: true });
        site = undefined;
      }
    }
    return report;
  } finally {
    await site?.[Symbol.asyncDispose]();
    if (report.keptFolder === undefined) rmSync(root, { recursive: true, force: true });
  }
}

function newReport(seed: number): CrashReport {
  const newKind = (): KindTally => ({ runs: 0, inside: 0, whole: 0, absent: 0 });
  return {
    seed,
    perKind: new Map(KILL_KINDS.map((kind) => [kind, newKind()])),
    runs: 0,
    folders: 0,
    checks: newTally(),
    atTheEnd: newTally(),
    retriedBatches: 0,
    brokenStarts: 0,
    restartsMs: [],
    integrityChecks: 0,
    followedMessages: 0,
    seconds: 0,
    findings: [],
    failedRun: undefined,
    keptFolder: undefined,
    folderFrom: 1,
  };
}

/** A folder of data with the server on it, and all that is known of what was written there. */
class Site implements AsyncDisposable {
  readonly folder: string;
  runs = 0;
  readonly #options: CampaignOptions;
  readonly #report: CrashReport;
  readonly #integrity: IntegrityChecker;
  readonly #conversations: Conversation[] = [];
  #followers: Follower[] = [];
  #server: ServerProcess;

  private constructor(
    folder: string,
    options: CampaignOptions,
    parts: { report: CrashReport; integrity: IntegrityChecker; server: ServerProcess },
  ) {
    this.folder = folder;
    this.#options = options;
    this.#report = parts.report;
    this.#integrity = parts.integrity;
    this.#server = parts.server;
  }

  static async open(
    folder: string,
    options: CampaignOptions,
    report: CrashReport,
    integrity: IntegrityChecker,
  ): Promise<Site> {
    mkdirSync(folder);
    report.folders++;
    const server = launch(folder, options.sabotage);
    await server.ready();
    return new Site(folder, options, { report, integrity, server });
  }

  /** A server that ends while it is only read, or hangs, is a finding as well. */
  async runInTime(plan: RunPlan): Promise<void> {
    const patience = Promise.withResolvers<never>();
    const timer = setTimeout(() => patience.reject(new LostError('it answers no more')), RUN_PATIENCE_MS);
    try {
      await Promise.race([this.#run(plan), patience.promise]);
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      const end = this.#server.describeEnd();
      this.#find([finding('down', `${error.message} (${end}): ${this.#server.stderr}`)]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes, kills, starts again and checks. */
  async #run(plan: RunPlan): Promise<void> {
    const report = this.#report;
    const tally = report.perKind.get(plan.kind) as KindTally;
    const random = checkRandom(this.#options.seed, plan.run);
    const batchesBefore = new Map(this.#conversations.map((each) => [each, each.batches.length]));
    this.runs++;
    tally.runs++;

    await this.#writeUntilKilled(plan);
    if (plan.kind === 'inside the COMMIT' && !this.#mark.endsWith('returned ')) tally.inside++;
    await this.#breakStarts(plan);
    if (!(await this.#restart())) return;

    const isFull = this.runs % FULL_CHECK_EVERY === 0;
    const touched = this.#conversations.filter((each) => isFull || isTouched(each, batchesBefore));
    const others = this.#conversations.filter((each) => !touched.includes(each));
    for (let count = 0; count < OTHERS_CHECKED && others.length > 0; count++)
      touched.push(random.pick(others));
    const unanswered = this.#conversations.flatMap(unansweredOf);
    const before = { whole: report.checks.whole, absent: report.checks.absent };
    await Promise.all([this.#checkIntegrity(), this.#check(new Set(touched), unanswered, random)]);
    tally.whole += report.checks.whole - before.whole;
    tally.absent += report.checks.absent - before.absent;
  }

  /** Looks at everything once more, stops the server as one does, and looks at the data. */
  async finish(): Promise<void> {
    const client = await openClient('gRPC', this.#server);
    await this.#checkConversations(client, this.#conversations, this.#report.atTheEnd);
    client.close();
    const code = await this.#server.stop();
    if (code !== 0) this.#find([finding('down', `asked to stop it ended with ${code}`)]);
    copyData(this.folder, this.#copy);
    await this.#checkIntegrity();
    this.#report.followedMessages += sum(this.#followers.map(({ seen }) => seen));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.#copy, { recursive: true, force: true });
    rmSync(markOf(this.folder), { force: true });
  }

  get #copy(): string {
    return `${this.folder}-copy`;
  }

  /** The last words of the server, where it killed itself. */
  get #mark(): string {
    return readFileSync(markOf(this.folder), 'utf8');
  }

  #find(findings: readonly Finding[]): void {
    this.#report.findings.push(...findings);
  }

  async #writeUntilKilled({ run, aim, killMs, writers, followers, kind }: RunPlan): Promise<void> {
    const { seed } = this.#options;
    const server = this.#server;
    if (aim !== undefined) await server.arm(aim);
    const scene: Scene = {
      run,
      server,
      conversations: this.#conversations,
      findings: this.#report.findings,
    };
    const work: Promise<void>[] = [];
    for (let index = 0; index < writers; index++) {
      work.push(writeUntilLost(scene, index, workerRandom(seed, run, index)));
    }
    for (let index = 0; index < followers; index++) {
      const random = workerRandom(seed, run, writers + index);
      work.push(this.#follow(scene, index, random));
    }
    if (aim === undefined) setTimeout(() => server.kill(), killMs);
    await Promise.race([Promise.all(work), server.ends(PATIENCE_MS)]);
    if (!(await server.ends(1000))) {
      this.#find([
        finding(
          aim === undefined ? 'down' : 'unkilled',
          aim === undefined ? 'it broke its connections' : `it was never killed ${kind}, at commit ${aim.n}`,
        ),
      ]);
      server.kill();
    } else if (aim !== undefined && !this.#mark.includes('reached')) {
      this.#find([finding('down', `it ended by itself (${server.describeEnd()}): ${server.stderr}`)]);
    }
    await Promise.all(work);
    await server.ends(PATIENCE_MS);
  }

  /** Goes on with a conversation that was followed before, or takes another one from its beginning. */
  async #follow(scene: Scene, index: number, random: Random): Promise<void> {
    let follower = this.#followers[index];
    if (follower === undefined) {
      const open = this.#conversations.filter(isOpen);
      // In a new folder the writers come first.
      const conversation = open.length > 0 ? random.pick(open) : await firstOf(scene);
      if (conversation === undefined) return;
      follower = new Follower(conversation, random.pick([3, 20, 100, 1000]));
      this.#followers.push(follower);
    }
    await followUntilLost(scene, follower, random);
  }

  async #breakStarts({ brokenStartsMs }: RunPlan): Promise<void> {
    for (const ms of brokenStartsMs) {
      await using server = launch(this.folder, this.#options.sabotage);
      if (await server.ends(ms)) {
        this.#find([finding('down', `it did not start (${server.describeEnd()}): ${server.stderr}`)]);
      }
      this.#report.brokenStarts++;
    }
  }

  async #restart(): Promise<boolean> {
    copyData(this.folder, this.#copy);
    const server = launch(this.folder, this.#options.sabotage);
    this.#server = server;
    try {
      await server.ready();
    } catch (error) {
      this.#find([finding('down', (error as Error).message)]);
      return false;
    }
    this.#report.restartsMs.push(server.readyMs);
    return true;
  }

  async #checkIntegrity(): Promise<void> {
    const problems = await this.#integrity.check(this.#copy);
    this.#report.integrityChecks++;
    this.#find(problems.map((text) => finding('corrupt', text)));
  }

  async #check(
    touched: ReadonlySet<Conversation>,
    unanswered: readonly Batch[],
    random: Random,
  ): Promise<void> {
    const client = await openClient('gRPC', this.#server);
    try {
      await this.#checkNames(client);
      await this.#checkConversations(client, touched, this.#report.checks);
      const repeated = await this.#repeat(client, touched, unanswered, random);
      // What was sent again must have changed nothing but what was absent: each is looked at a second time.
      await this.#checkConversations(client, repeated, newTally());
      await this.#checkFollowers(client);
    } finally {
      client.close();
    }
  }

  async #checkConversations(
    client: Client,
    conversations: Iterable<Conversation>,
    tally: CheckTally,
  ): Promise<void> {
    for (const conversation of conversations) {
      const seen = await readConversation(client, conversation.name);
      this.#find(checkConversation(conversation, seen, tally));
    }
  }

  /** All conversations that must be there are, each once, and no others than those that may. */
  async #checkNames(client: Client): Promise<void> {
    const names = await readConversationNames(client, PARENT);
    const listed = new Set(names);
    if (listed.size < names.length) this.#find([finding('doubled', 'a conversation is listed twice')]);
    for (const { name, creation } of this.#conversations) {
      const isListed = listed.delete(name);
      if (creation.fate === 'kept' && !isListed) this.#find([finding('lost', `${name} is not listed`)]);
      if (creation.fate === 'absent' && isListed) this.#find([finding('risen', `${name} is listed`)]);
    }
    for (const name of listed) this.#find([finding('stranger', `nobody made ${name}, which is listed`)]);
  }

  /** Does what a client does that had no answer: it sends the same again. And some that had one. */
  async #repeat(
    client: Client,
    touched: ReadonlySet<Conversation>,
    unanswered: readonly Batch[],
    random: Random,
  ): Promise<Set<Conversation>> {
    const again = new Set<Conversation>();
    for (const conversation of touched) {
      if (conversation.creation.acknowledged || !random.chance(0.7)) continue;
      this.#find(await createConversation(client, conversation));
      again.add(conversation);
    }
    const batches = unanswered.filter(() => random.chance(0.7));
    const kept = [...touched].flatMap((each) => each.batches).filter(({ write }) => write.fate === 'kept');
    for (let count = 0; count < 3 && kept.length > 0; count++) batches.push(random.pick(kept));
    for (const batch of new Set(batches)) {
      if (batch.conversation.creation.fate !== 'kept') continue;
      this.#find(await sendBatch(client, batch));
      this.#report.retriedBatches++;
      again.add(batch.conversation);
    }
    return again;
  }

  async #checkFollowers(client: Client): Promise<void> {
    const going: Follower[] = [];
    for (const follower of this.#followers) {
      const { conversation } = follower;
      this.#find(await follower.poll(client));
      const seen = await readConversation(client, conversation.name);
      this.#find(follower.compare(seen?.messages ?? []));
      if (isOpen(conversation)) going.push(follower);
      else this.#report.followedMessages += follower.seen;
    }
    this.#followers = going;
  }
}

function launch(folder: string, sabotage: Sabotage | undefined): ServerProcess {
  return ServerProcess.launch(folder, {
    preloads: ['killPoints', ...(sabotage === undefined ? [] : [sabotage])],
    environment: {
      [MARK_VARIABLE]: markOf(folder),
      NODE_COMPILE_CACHE: join(dirname(folder), 'compile-cache'),
    },
  });
}

/** Beside the folder, not in it: the server's data are its own. */
function markOf(folder: string): string {
  return `${folder}.mark`;
}

function isTouched(conversation: Conversation, before: ReadonlyMap<Conversation, number>): boolean {
  const { batches, creation, completion, participants } = conversation;
  const writes = [creation, completion, ...participants.map(({ write }) => write)];
  return before.get(conversation) !== batches.length || writes.some(({ fate }) => fate === 'unknown');
}

function unansweredOf({ batches }: Conversation): Batch[] {
  return batches.filter(({ write }) => write.fate === 'unknown');
}

/** Waits for the first conversation in which there is somebody; undefined where the server is gone before. */
async function firstOf({ conversations, server }: Scene): Promise<Conversation | undefined> {
  while (!(server as ServerProcess).hasEnded) {
    const conversation = conversations.find(isOpen);
    if (conversation !== undefined) return conversation;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
