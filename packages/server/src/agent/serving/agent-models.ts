import type { Fulfillment } from '@parleykit/proto/v2beta1';
import { notFound } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type ResourceName, readResourceName } from '../../resource-names.ts';
import {
  ConflictError,
  QueueFullError,
  type ResourceWrite,
  type Store,
  StoreFailedError,
} from '../../storage/store.ts';
import { AgentError } from '../automated-agent.ts';
import { agentOf, languagesOf } from '../content/agent-content.ts';
import {
  type AgentContents,
  type AgentState,
  agentName,
  type FoundAgent,
  modelKey,
} from '../content/agent-contents.ts';
import { viewContent } from '../content/content-view.ts';
import { chooseLanguage } from '../languages.ts';
import type { AgentModel } from '../training/agent-model.ts';
import type { TrainingResult } from '../training/train-agent.ts';

/** Edits are waited for so long after each, so that many of them come to one training. */
const QUIET_MS = 300;
/** Who edits on and on sees what came of it at least so often. */
const QUIET_MAX_MS = 3_000;
/** Models that are kept in memory. In bytes as they are stored; those of the agent used last always are. */
const MODELS_BYTES_MAX = 128 * 1024 * 1024;

/** What answers for an agent, in one language. */
export interface ServingAgent {
  readonly model: AgentModel;
  readonly fulfillment: Fulfillment | undefined;
}

export interface AgentModelsParts {
  readonly store: Store;
  readonly contents: AgentContents;
  readonly log: Log;
  /** How long it is quiet after an edit before the agent is trained. */
  readonly quietMs?: number;
  readonly modelsBytesMax?: number;
}

interface LoadedModel {
  readonly model: AgentModel;
  readonly bytes: number;
}

/** An agent that somebody speaks with. */
class Served {
  /** What was found of it last, but for its contents. */
  state: AgentState;
  /** Whether it was edited since. */
  isEdited = false;
  readonly models = new Map<string, LoadedModel>();
  readonly loading = new Map<string, Promise<LoadedModel>>();

  constructor(state: AgentState) {
    this.state = state;
  }

  get bytes(): number {
    return this.models.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** What a training came to. */
interface Trained {
  readonly version: number;
  readonly made: number;
  /** Why nothing came of it. */
  readonly failure?: Error;
}

/** An edit that is to be trained. */
interface Waiting {
  readonly since: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * The trained models of the agents in the store, one for each of an agent's languages. An agent is trained when it was
 * edited and then left alone for a moment; what was trained before answers until the new models are in. They lie in the
 * store beside the agent: a restart need not train, and reads one when somebody speaks with its agent. One agent is
 * trained at a time, on the thread of language understanding.
 */
export class AgentModels {
  readonly #store: Store;
  readonly #contents: AgentContents;
  readonly #log: Log;
  readonly #quietMs: number;
  readonly #bytesMax: number;
  /** By the agent's key, the one used last behind all others. */
  readonly #served = new Map<string, Served>();
  /** By the agent's key: edits that wait for others. */
  readonly #waiting = new Map<string, Waiting>();
  /** By the agent's key: trainings that are under way, or wait for each other. */
  readonly #training = new Map<string, Promise<void>>();
  /** By the agent's key: what this process has trained last. */
  readonly #trained = new Map<string, Trained>();
  /** The one that is under way. */
  #running:
    | { readonly agent: string; readonly stop: AbortController; readonly ended: Promise<void> }
    | undefined;
  readonly #closing = new AbortController();
  #lastTraining: Promise<void> = Promise.resolve();
  /** Counts the edits of all agents that were told of. */
  #edits = 0;

  constructor({
    store,
    contents,
    log,
    quietMs = QUIET_MS,
    modelsBytesMax = MODELS_BYTES_MAX,
  }: AgentModelsParts) {
    this.#store = store;
    this.#contents = contents;
    this.#log = log;
    this.#quietMs = quietMs;
    this.#bytesMax = modelsBytesMax;
    contents.onChange((agent) => this.#noteEdit(agent));
  }

  /**
   * What answers for the agent of a name's project and location, in the language that is nearest to the one asked for;
   * undefined where there is no agent. Waits where it was never trained. Throws an AgentError where it cannot be.
   */
  async find(
    name: ResourceName,
    languageCode: string,
    signal: AbortSignal,
  ): Promise<ServingAgent | undefined> {
    const agent = agentName(name).canonical;
    const served = await this.#look(agent);
    if (served === undefined) return undefined;
    const { agent: stored } = served.state;
    const language = chooseLanguage(agentOf(served.state), languageCode);
    const { model } =
      served.models.get(language) ?? (await race(this.#load(agent, served, language), signal));
    return { model, fulfillment: stored.fulfillment };
  }

  /**
   * Whether what answers for an agent is what it is now; where it is not, it is trained. Throws NOT_FOUND where there is
   * no agent, and an AgentError where it cannot be trained.
   */
  async isTrained(name: ResourceName): Promise<boolean> {
    const agent = agentName(name).canonical;
    const found = await this.#contents.findState(agent);
    if (found === undefined) throw notFound('Agent', agentName(name).toString());
    const trained = this.#trained.get(agent.key);
    if (trained !== undefined && isOf(trained, found)) {
      if (trained.failure !== undefined) throw untrainable(trained.failure);
      return true;
    }
    if (trained === undefined && (await this.#isStored(agent, found))) {
      this.#trained.set(agent.key, trainedOf(found));
      return true;
    }
    void this.#train(agent);
    return false;
  }

  /** Forgets that an agent could not be trained, or was not to be: the next one who asks has it tried again. */
  retry(name: ResourceName): void {
    const { key } = agentName(name);
    if (this.#trained.get(key)?.failure !== undefined) this.#trained.delete(key);
  }

  /** Says that a project was set back, as a whole and past everybody: what is known of its agents no longer holds. */
  forget(project: string): void {
    this.#edits++;
    for (const [key, served] of this.#served) {
      if (readResourceName(key)?.project !== project) continue;
      // What is trained and loaded for those who ask just now is for nobody else.
      this.#served.delete(key);
      served.isEdited = true;
    }
    for (const key of this.#trained.keys()) {
      if (readResourceName(key)?.project === project) this.#trained.delete(key);
    }
  }

  /**
   * Has an agent not be trained as it is now, neither by what is under way nor later: what was trained before answers on,
   * until the agent is edited or somebody asks for its training. Where nothing could answer, who speaks next asks. Resolves
   * when that is so; what is being stored just then is in.
   */
  async stop(name: ResourceName): Promise<void> {
    const agent = agentName(name).canonical;
    const found = await this.#contents.findState(agent);
    const trained = this.#trained.get(agent.key);
    if (found === undefined || (trained !== undefined && isOf(trained, found))) return;
    const failure = new AgentError('its training was cancelled', { transient: true });
    this.#trained.set(agent.key, trainedOf(found, failure));
    if (this.#running?.agent !== agent.key) return;
    this.#running.stop.abort(failure);
    await this.#running.ended;
  }

  /**
   * What was learned from an agent as it was found, for a copy of it that is made at a time, in microseconds; nothing where
   * that is not in yet.
   */
  async copy(
    found: FoundAgent,
    { from, to, made }: { readonly from: ResourceName; readonly to: ResourceName; readonly made: number },
  ): Promise<ResourceWrite[]> {
    const copies: ResourceWrite[] = [];
    for (const language of languagesOf(agentOf(found))) {
      const row = await this.#store.get(modelKey(from, language));
      if (row?.state !== found.version || row.ordering !== found.made) return [];
      // A copy has one version, the first.
      copies.push({ name: modelKey(to, language), state: 1, ordering: made, body: row.body });
    }
    return copies;
  }

  /** Ends what is being trained: what is not in yet is trained after the next start. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the server stops'));
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    await this.#lastTraining;
  }

  #noteEdit(agent: ResourceName): void {
    this.#edits++;
    const served = this.#served.get(agent.key);
    if (served !== undefined) served.isEdited = true;
    this.#trainSoon(agent);
  }

  /** Trains an agent when it has been left alone for a moment. */
  #trainSoon(agent: ResourceName): void {
    if (this.#closing.signal.aborted) return;
    const { key } = agent;
    const before = this.#waiting.get(key);
    clearTimeout(before?.timer);
    const now = performance.now();
    const since = before?.since ?? now;
    const wait = Math.min(this.#quietMs, Math.max(0, since + QUIET_MAX_MS - now));
    const timer = setTimeout(() => {
      this.#waiting.delete(key);
      void this.#train(agent);
    }, wait);
    // What was edited is found out of date by who speaks with it next: nothing waits for this.
    timer.unref();
    this.#waiting.set(key, { since, timer });
  }

  /** The agent as it is served; undefined where there is none, or none any more. */
  async #look(agent: ResourceName): Promise<Served | undefined> {
    const { key } = agent;
    for (;;) {
      const known = this.#served.get(key);
      if (known !== undefined && !known.isEdited) {
        this.#served.delete(key);
        this.#served.set(key, known);
        return known;
      }
      if (known !== undefined) known.isEdited = false;
      const edits = this.#edits;
      const found = await this.#contents.findState(agent);
      if (edits !== this.#edits) {
        // It may have been this one.
        if (known !== undefined) known.isEdited = true;
        continue;
      }
      if (found === undefined) {
        this.#served.delete(key);
        return undefined;
      }
      const current = this.#served.get(key);
      // Another agent of the same name has nothing of the one before.
      if (current === undefined || current.state.made !== found.made) {
        this.#served.set(key, new Served(found));
      } else if (current.state.version < found.version) current.state = found;
    }
  }

  #load(agent: ResourceName, served: Served, language: string): Promise<LoadedModel> {
    let loading = served.loading.get(language);
    if (loading === undefined) {
      loading = this.#loadOnce(agent, served, language).finally(() => served.loading.delete(language));
      // Who asked may have gone.
      loading.catch(() => {});
      served.loading.set(language, loading);
    }
    return loading;
  }

  async #loadOnce(agent: ResourceName, served: Served, language: string): Promise<LoadedModel> {
    const row = await this.#store.get(modelKey(agent, language));
    if (row !== undefined && row.ordering === served.state.made) {
      const loaded = await loadModel(row.body);
      if (loaded !== undefined) {
        // One that was trained meanwhile is newer.
        if (!served.models.has(language)) this.#keep(served, language, loaded);
        if (row.state !== served.state.version) this.#trainSoon(agent);
        return served.models.get(language) ?? loaded;
      }
    }
    // What was trained and is not in the store has to be trained again, as does what was stopped; what could not be
    // trained, need not.
    const before = this.#trained.get(agent.key)?.failure;
    if (before === undefined || isTransient(before)) this.#trained.delete(agent.key);
    await this.#train(agent);
    const trained = served.models.get(language);
    if (trained !== undefined) return trained;
    const { failure } = this.#trained.get(agent.key) ?? {};
    if (failure !== undefined) throw untrainable(failure);
    throw new AgentError('it was changed while it was being trained', { transient: true });
  }

  #keep(served: Served, language: string, loaded: LoadedModel): void {
    served.models.set(language, loaded);
    let bytes = this.#served.values().reduce((sum, each) => sum + each.bytes, 0);
    for (const [key, each] of this.#served) {
      if (bytes <= this.#bytesMax || each === served) break;
      bytes -= each.bytes;
      this.#served.delete(key);
    }
  }

  /** Trains an agent as it will be when its turn has come; resolves when that is over, whatever came of it. */
  #train(agent: ResourceName): Promise<void> {
    const { key } = agent;
    let training = this.#training.get(key);
    if (training === undefined) {
      training = this.#lastTraining.then(async () => {
        this.#training.delete(key);
        const stop = new AbortController();
        const ended = this.#trainNow(agent, stop.signal);
        this.#running = { agent: key, stop, ended };
        await ended;
        this.#running = undefined;
      });
      this.#training.set(key, training);
      this.#lastTraining = training;
    }
    return training;
  }

  async #trainNow(agent: ResourceName, stop: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { key } = agent;
    let found: FoundAgent | undefined;
    try {
      found = await this.#contents.find(agent);
      if (found === undefined) {
        this.#trained.delete(key);
        this.#served.delete(key);
        return;
      }
      const trained = this.#trained.get(key);
      if (trained !== undefined && isOf(trained, found)) return;
      const started = performance.now();
      const signal = AbortSignal.any([this.#closing.signal, stop]);
      const models = await trainLanguages(agent, found, signal);
      signal.throwIfAborted();
      await this.#keepTrained(agent, found, models);
      this.#trained.set(key, trainedOf(found));
      this.#log.info('agent trained', { agent: key, ms: Math.round(performance.now() - started) });
    } catch (error) {
      if (this.#closing.signal.aborted || stop.aborted) return;
      this.#log.error('agent not trained', { agent: key, error });
      if (found !== undefined) this.#trained.set(key, trainedOf(found, error as Error));
    }
  }

  /** Stores what was trained, and has it answer: all languages at once. */
  async #keepTrained(
    agent: ResourceName,
    found: FoundAgent,
    trained: ReadonlyMap<string, TrainingResult>,
  ): Promise<void> {
    const { version: state, made: ordering } = found;
    try {
      await this.#store.commit({
        partition: agent.scope,
        expect: [{ name: agent.key, version: state }],
        put: Array.from(trained, ([language, { bytes }]) => ({
          name: modelKey(agent, language),
          state,
          ordering,
          body: bytes,
        })),
      });
    } catch (error) {
      // It was edited meanwhile, and is trained again; or there is another agent, or none, of the name.
      const isEdited = error instanceof ConflictError;
      // What cannot be stored now answers all the same, and is trained again when it is looked for in the store.
      if (!isEdited && !(error instanceof QueueFullError || error instanceof StoreFailedError)) throw error;
      if (!isEdited) this.#log.error('trained agent not stored', { agent: agent.key, error });
    }
    const served = this.#served.get(agent.key);
    if (served?.state.made !== found.made) return;
    for (const [language, { model, bytes }] of trained) {
      this.#keep(served, language, { model, bytes: bytes.byteLength });
    }
  }

  /** Whether all models of an agent as it is now are in the store. */
  async #isStored(agent: ResourceName, found: AgentState): Promise<boolean> {
    for (const language of languagesOf(agentOf(found))) {
      const row = await this.#store.get(modelKey(agent, language));
      if (row?.state !== found.version || row.ordering !== found.made) return false;
    }
    return true;
  }
}

/** Trains an agent in each of its languages. Rejects with the signal's reason when that aborts. */
async function trainLanguages(
  agent: ResourceName,
  found: FoundAgent,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TrainingResult>> {
  const { trainAgent } = await import('../training/train-agent.ts');
  const trained = new Map<string, TrainingResult>();
  for (const language of languagesOf(agentOf(found))) {
    const definition = viewContent(found, agent, language);
    // Relative to the agent: answers name them as their session is named.
    for (const intent of definition.intents) intent.name = intent.name.slice(`${agent}/`.length);
    trained.set(language, await trainAgent(definition, { signal }));
  }
  return trained;
}

function trainedOf({ version, made }: AgentState, failure?: Error): Trained {
  return { version, made, ...(failure && { failure }) };
}

function isOf({ version, made }: Trained, found: AgentState): boolean {
  return version === found.version && made === found.made;
}

/** Undefined where the bytes are of another version of this program, and the agent has to be trained again. */
async function loadModel(bytes: Uint8Array): Promise<LoadedModel | undefined> {
  const { AgentModelError, loadAgentModel } = await import('../training/agent-model.ts');
  try {
    return { model: await loadAgentModel(bytes), bytes: bytes.byteLength };
  } catch (error) {
    if (error instanceof AgentModelError) return undefined;
    throw error;
  }
}

function isTransient(failure: Error): boolean {
  return failure instanceof AgentError && failure.transient;
}

function untrainable(cause: Error): AgentError {
  if (isTransient(cause)) return cause as AgentError;
  return new AgentError(`it cannot be trained: ${cause.message.split('\n', 1)[0]}`, { cause });
}

/** Waits for as long as somebody does. Rejects with the signal's reason. */
async function race<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const give = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
