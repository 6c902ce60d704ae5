import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import { Health } from '@parleykit/proto/health';
import { ServerReflection } from '@parleykit/proto/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@parleykit/proto/reflection-v1alpha';
import { Code } from '@parleykit/proto/rpc';
import type { OwnServer } from '../target.ts';
import { GrpcWire, RestWire } from '../wires.ts';
import type { Corpus } from './corpus.ts';
import { openEpoch, readEpoch } from './epoch.ts';
import { methodName } from './generators.ts';
import { type Catalogue, frame, type Input, makeInput } from './inputs.ts';
import { GrpcSender, NoAnswerError, RestSender } from './senders.ts';
import { ServerWatch } from './server-watch.ts';
import { judgeGrpc, judgeRest, type Verdict, WrongAnswerError } from './verdicts.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly runs: number;
  /** The index of the first input. */
  readonly from?: number;
  readonly inFlight?: number;
  /** How many inputs belong to one set of projects. */
  readonly epochSize?: number;
  readonly onProgress?: (done: number, report: CampaignReport) => void;
}

/** Something that no input may cause, with the bytes that did. */
export interface Finding {
  readonly problem: string;
  /** How many inputs showed it; the others stand for it no worse than this one. */
  count: number;
  /** Undefined where it cannot be told which input it was. */
  readonly input: Input | undefined;
}

export interface MethodTally {
  inputs: number;
  /** How many of them were answered OK: those that got past every check. */
  ok: number;
}

export interface CampaignReport {
  readonly seed: number;
  inputs: number;
  readonly perWire: Map<string, number>;
  readonly perOutcome: Map<string, number>;
  readonly perMethod: Map<string, MethodTally>;
  readonly findings: Map<string, Finding>;
  memory: ReturnType<ServerWatch['memory']>;
  seconds: number;
}

const FINDINGS_MAX = 200;
const IN_FLIGHT = 48;
const EPOCH_SIZE = 4000;
const SAMPLE_MS = 1000;
/** Far more than a run of any length should take: what is stored is not kept in memory. */
const MEMORY_MAX_MIB = 600;

/** Sends generated inputs to a server of its own and holds every answer against what a server may say. */
export class Campaign implements Disposable {
  readonly #options: Required<Omit<CampaignOptions, 'onProgress'>> & Pick<CampaignOptions, 'onProgress'>;
  readonly #grpc: GrpcSender;
  readonly #rest: RestSender;
  readonly #wires: readonly [GrpcWire, RestWire];
  readonly #watch: ServerWatch;
  readonly #underWay = new Set<Input>();
  readonly #sampling: NodeJS.Timeout;
  readonly report: CampaignReport;
  #isStopped = false;

  constructor(server: OwnServer, options: CampaignOptions) {
    this.#options = { from: 0, inFlight: IN_FLIGHT, epochSize: EPOCH_SIZE, ...options };
    this.#grpc = new GrpcSender(server.url);
    this.#rest = new RestSender(server.host, server.port);
    this.#wires = [new GrpcWire(() => server), new RestWire(() => server)];
    this.#watch = new ServerWatch(server);
    this.#sampling = setInterval(() => this.#watch.sample(), SAMPLE_MS);
    this.report = {
      seed: options.seed,
      inputs: 0,
      perWire: new Map(),
      perOutcome: new Map(),
      perMethod: new Map(),
      findings: new Map(),
      memory: this.#watch.memory(),
      seconds: 0,
    };
  }

  async run(): Promise<CampaignReport> {
    const { seed, runs, from, epochSize } = this.#options;
    const start = performance.now();
    // Once it answers, all that it says when it starts has been said.
    await this.#wires[1].send({ verb: 'GET', path: '/healthz' });
    this.#watch.complaints();
    const catalogue = await probeMethods(this.#grpc, (problem) => this.#find(problem, undefined));
    for (let first = from; first < from + runs && !this.#isStopped; ) {
      const epoch = Math.floor(first / epochSize);
      const end = Math.min(from + runs, (epoch + 1) * epochSize);
      const corpus = await openEpoch(this.#wires[0], epoch, seed);
      await this.#runEpoch(first, end, catalogue, corpus);
      if (!this.#isStopped) await this.#closeEpoch(corpus);
      first = end;
      this.report.seconds = (performance.now() - start) / 1000;
      this.report.memory = this.#watch.memory();
      this.#options.onProgress?.(end - from, this.report);
    }
    const { max } = this.report.memory;
    if (max > MEMORY_MAX_MIB) this.#find(`the server grew to ${max} MiB`, undefined);
    return this.report;
  }

  async #runEpoch(first: number, end: number, catalogue: Catalogue, corpus: Corpus): Promise<void> {
    let next = first;
    const work = async (): Promise<void> => {
      while (next < end && !this.#isStopped) {
        await this.#runInput(makeInput(this.#options.seed, next++, catalogue, corpus), catalogue, corpus);
      }
    };
    await Promise.all(Array.from({ length: this.#options.inFlight }, work));
  }

  async #runInput(input: Input, catalogue: Catalogue, corpus: Corpus): Promise<void> {
    this.#underWay.add(input);
    const isBuilt = !catalogue.unbuilt.includes(input.method);
    let isOk = false;
    try {
      const { outcome, reply } = await this.#call(input, isBuilt);
      isOk = outcome === 'OK';
      count(this.report.perOutcome, outcome);
      corpus.learn(reply, input.subject);
    } catch (error) {
      if (!(error instanceof NoAnswerError || error instanceof WrongAnswerError)) throw error;
      count(this.report.perOutcome, `FINDING ${error.name}`);
      this.#find(error.message, input);
      if (error instanceof NoAnswerError && !this.#watch.isAlive()) this.#findCrash();
    }
    this.#underWay.delete(input);
    this.report.inputs++;
    count(this.report.perWire, input.wire);
    this.#countMethod(isBuilt ? methodName(input.method) : 'methods that are not built', isOk);
  }

  #countMethod(name: string, isOk: boolean): void {
    const { perMethod } = this.report;
    const tally = perMethod.get(name) ?? { inputs: 0, ok: 0 };
    perMethod.set(name, tally);
    tally.inputs++;
    if (isOk) tally.ok++;
  }

  async #call(input: Input, isBuilt: boolean): Promise<Verdict> {
    const first = input.method.methodKind !== 'unary';
    if (input.wire === 'REST')
      return judgeRest(input, await this.#rest.send(input.request, { first }), isBuilt);
    return judgeGrpc(input, await this.#grpc.send(input.request, { first }), isBuilt);
  }

  /** Any of the calls under way may have been the one. */
  #findCrash(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const input of this.#underWay) this.#find('the server ended; this was under way', input);
    for (const line of this.#watch.complaints()) this.#find(`stderr: ${line}`, undefined);
  }

  async #closeEpoch(corpus: Corpus): Promise<void> {
    for (const problem of await readEpoch(corpus, this.#wires)) this.#find(problem, undefined);
    const health = await this.#wires[1].send({ verb: 'GET', path: '/healthz' });
    if (health.status !== 200) this.#find(`/healthz answers ${health.status}`, undefined);
    for (const line of this.#watch.complaints()) this.#find(`stderr: ${line}`, undefined);
  }

  /** Findings that differ in numbers, ids and quotations only are one. */
  #find(problem: string, input: Input | undefined): void {
    const sameness = problem
      .replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'|request [\w-]+|projects\/\S+|\d+/gu, '…')
      .slice(0, 200);
    const key = `${input?.wire} ${input === undefined ? '' : methodName(input.method)} ${sameness}`;
    const known = this.report.findings.get(key);
    if (known !== undefined) known.count++;
    else if (this.report.findings.size < FINDINGS_MAX) {
      this.report.findings.set(key, { problem, count: 1, input });
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sampling);
    this.#grpc[Symbol.dispose]();
    this.#rest[Symbol.dispose]();
    for (const wire of this.#wires) wire[Symbol.dispose]();
  }
}

/** Asks each method for nothing: one that is not built says so before it looks at anything. */
async function probeMethods(grpc: GrpcSender, find: (problem: string) => void): Promise<Catalogue> {
  const built: DescMethod[] = [];
  const wire: DescMethod[] = [];
  const unbuilt: DescMethod[] = [];
  const probe = async (method: DescMethod): Promise<void> => {
    const path = `/${methodName(method)}`;
    const request = { path, headers: {}, body: frame(new Uint8Array()) };
    try {
      const { code } = await grpc.send(request, { first: method.methodKind !== 'unary' });
      if (code === Code.UNIMPLEMENTED) unbuilt.push(method);
      else (wireServices.includes(method.parent) ? wire : built).push(method);
    } catch (error) {
      // Then there is no use in calling it ten thousand times.
      find(`an empty call of ${path}: ${(error as Error).message}`);
    }
  };
  const wireServices: readonly DescService[] = [Health, ServerReflection, ServerReflectionAlpha];
  const all = [...services, ...wireServices];
  await Promise.all(all.flatMap((service) => service.methods.map(probe)));
  const byName = (left: DescMethod, right: DescMethod): number =>
    methodName(left) < methodName(right) ? -1 : 1;
  return { built: built.sort(byName), wire: wire.sort(byName), unbuilt: unbuilt.sort(byName) };
}

function count(tally: Map<string, number>, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}
