import { isIPv6 } from 'node:net';
import { services } from '@parleykit/proto';
import { Administration, Development, ReplyModels as ReplyModelsProto } from '@parleykit/proto/admin';
import { Locations as LocationsProto } from '@parleykit/proto/location';
import { Operations } from '@parleykit/proto/longrunning';
import {
  Agents,
  AnswerRecords,
  Contexts,
  ConversationProfiles,
  Conversations,
  Documents,
  EntityTypes,
  Environments,
  SuggestionFeature_Type as FeatureType,
  Fulfillments,
  Generators,
  Intents,
  KnowledgeBases,
  Participants,
  SessionEntityTypes,
  Sessions,
  Versions,
} from '@parleykit/proto/v2beta1';
import { NoAgent, sessionOf } from './agent/automated-agent.ts';
import { AgentContents } from './agent/content/agent-contents.ts';
import { AgentEnvironments } from './agent/publishing/agent-environments.ts';
import { AgentVersions } from './agent/publishing/agent-versions.ts';
import { AgentModels } from './agent/serving/agent-models.ts';
import { StoredAgents } from './agent/serving/stored-agents.ts';
import { AgentSessions, SESSION_EXPIRY } from './agent/session/agent-sessions.ts';
import { readSessionName } from './agent/session/session-names.ts';
import { WebhookAgent } from './agent/webhook-agent.ts';
import { type Clock, ProjectClocks, SystemClock } from './clock.ts';
import type { Config } from './config.ts';
import { COMPLETION, completeByTimer } from './conversation/completion.ts';
import { EXPIRE, expireByTimer, scheduleExpiry } from './conversation/reply-expiry.ts';
import { ERASE, eraseByTimer, PURGE, purgeByTimer } from './conversation/retention.ts';
import { FOLLOW, followByTimer, followRetention } from './conversation/retention-setting.ts';
import { RETAIN, retainByTimer } from './conversation/retention-upgrade.ts';
import { Generation } from './generation/generation.ts';
import { LanguageModel } from './generation/language-model.ts';
import { Summarizer } from './generation/summarizer.ts';
import { DocumentLoader } from './knowledge/document-loader.ts';
import { Knowledge } from './knowledge/knowledge.ts';
import { ERASE_KNOWLEDGE, KnowledgeContents } from './knowledge/knowledge-contents.ts';
import { Locations } from './locations.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { Delivery } from './notification/delivery.ts';
import { Notifications } from './notification/notifications.ts';
import { openSink } from './notification/open-sink.ts';
import { OperationRunner } from './operation/operation-runner.ts';
import { HttpPoster } from './outbound/http-poster.ts';
import { ReplyModels } from './reply/reply-models.ts';
import { ReplyTrainings } from './reply/reply-trainings.ts';
import { Dispatcher } from './rpc/dispatcher.ts';
import { CallRecorder } from './rpc/record-call.ts';
import { Scheduler } from './schedule/scheduler.ts';
import { AgentEdits } from './services/agent-edits.ts';
import { AgentOperations } from './services/agent-operations.ts';
import { AgentsService } from './services/agents.ts';
import { AnswerRecordsService } from './services/answer-records.ts';
import { ContextsService } from './services/contexts.ts';
import { toTurns } from './services/conversation-context.ts';
import { ConversationProfilesService } from './services/conversation-profiles.ts';
import { ConversationSuggestionsService } from './services/conversation-suggestions.ts';
import { ConversationWatch } from './services/conversation-watch.ts';
import { ConversationsService } from './services/conversations.ts';
import { DeadLettersService } from './services/dead-letters.ts';
import { errorOfStore } from './services/decide.ts';
import { makeDemo } from './services/demo.ts';
import { DevelopmentService } from './services/development.ts';
import { DocumentOperations } from './services/document-operations.ts';
import { DocumentsService } from './services/documents.ts';
import { EntityTypesService } from './services/entity-types.ts';
import { EnvironmentsService } from './services/environments.ts';
import { FulfillmentsService } from './services/fulfillments.ts';
import { GeneratorsService } from './services/generators.ts';
import { IntentsService } from './services/intents.ts';
import { KnowledgeBasesService } from './services/knowledge-bases.ts';
import { KnowledgeSearchService } from './services/knowledge-search.ts';
import { LocationsService } from './services/locations.ts';
import { OperationsService } from './services/operations.ts';
import { ParticipantSuggestionsService } from './services/participant-suggestions.ts';
import { ParticipantsService } from './services/participants.ts';
import { ProfileGenerators, readGenerators } from './services/profile-generators.ts';
import { ReplyModelsService } from './services/reply-models.ts';
import { RetentionService } from './services/retention.ts';
import { SessionEntityTypesService } from './services/session-entity-types.ts';
import { SessionsService } from './services/sessions.ts';
import { SuggestionReportService } from './services/suggestion-report.ts';
import { Turns } from './services/turns.ts';
import { VersionsService } from './services/versions.ts';
import { openSqliteStore } from './storage/sqlite-store.ts';
import type { ProjectClock, Store } from './storage/store.ts';
import { generatedAnswers } from './suggestion/answer-records.ts';
import type { SuggestionFeature } from './suggestion/feature.ts';
import { ArticleFeature } from './suggestion/features/articles.ts';
import { FaqFeature } from './suggestion/features/faq.ts';
import { KnowledgeAssistFeature } from './suggestion/features/knowledge-assist.ts';
import { SmartReplyFeature } from './suggestion/features/smart-replies.ts';
import { Suggestions } from './suggestion/suggestions.ts';
import { GrpcTransport } from './transport/grpc.ts';
import { HttpTransport } from './transport/http.ts';
import { Listener } from './transport/listener.ts';
import { OriginPolicy } from './transport/origin-policy.ts';
import { RestTransport } from './transport/rest.ts';
import { StaticPages } from './transport/static.ts';

/** How long calls under way may take once the server is told to stop. */
const DRAIN_MS = 10_000;

export interface RunningServer {
  readonly host: string;
  /** The port that it really got. */
  readonly port: number;
  /** Such as `http://127.0.0.1:8470`. */
  readonly url: string;
  /** Answers what is under way, takes nothing more and lets go of the data. */
  close(): Promise<void>;
}

/**
 * Builds each part once, in the order in which they need each other: store, services, dispatcher, transports,
 * port. Throws StoreUnusableError or the error of the port; then nothing is left running.
 */
export async function startServer(
  config: Config,
  { log, clock: system = new SystemClock() }: { log: Log; clock?: Clock },
): Promise<RunningServer> {
  const clock = new ProjectClocks(system);
  const sink = await openSink(config);
  const store = await openSqliteStore(config.data, clock);
  const delivery = sink && new Delivery({ store, clock, log, sink }, config);
  try {
    const clocks = await store.listClocks();
    for (const { project, ahead } of clocks) clock.set(project, ahead);
    if (!config.dev) warnOfClocks(log, clocks);
    const [changed] = await Promise.all([
      followRetention(store, config.retention, { isGiven: config.retentionIsGiven }),
      scheduleExpiry(store, clock.now()),
    ]);
    if (changed !== undefined) tellOfRetention(log, changed);
    if (config.demo) await makeDemo(store, clock, config.project);
    const parts = buildDispatcher({ config, store, clock, log, delivery });
    await delivery?.start();
    const server = await openPort({ ...parts, config, store, delivery, log });
    parts.scheduler.start();
    return server;
  } catch (error) {
    await delivery?.stop();
    await store.close();
    throw error;
  }
}

/** What was kept longer and nobody has said to be kept no longer, is kept. */
function tellOfRetention(
  log: Log,
  { from, to, isFollowed }: { readonly from: string; readonly to: string; readonly isFollowed: boolean },
): void {
  log.info(isFollowed ? 'retention changed' : 'retention changed for what ends from now on', { from, to });
}

/** Nobody expects other times than the system's, and nobody can move them here. One line, however many there are. */
function warnOfClocks(log: Log, clocks: readonly ProjectClock[]): void {
  const moved = clocks.map(({ project, ahead }) => ({
    project,
    aheadSeconds: Math.round(ahead / 1_000_000),
  }));
  const [first, ...others] = moved.filter(({ aheadSeconds }) => aheadSeconds !== 0);
  if (first !== undefined) log.info('clocks were moved with --dev', { ...first, others: others.length });
}

/** What answers calls, on no wire yet. The schedule sleeps until it is started. */
export function buildDispatcher(parts: {
  config: Config;
  store: Store;
  clock: ProjectClocks;
  log: Log;
  delivery?: Delivery | undefined;
}): {
  dispatcher: Dispatcher;
  scheduler: Scheduler;
  metrics: Metrics;
  /** Ends what goes on without a call. */
  rest(): Promise<void>;
} {
  const { config, store, clock, log } = parts;
  const poster = new HttpPoster({ addresses: config.webhookAddresses });
  const metrics = buildMetrics(store, clock);
  parts.delivery?.report(metrics);
  const scheduler = new Scheduler(store, clock, log);
  const locations = new Locations(config.locations);
  const notifications = new Notifications(store, clock, log, {
    enabled: config.events !== undefined,
    batches: config.batchEvents,
  });
  const operations = new OperationRunner(store, clock, scheduler);
  const { retention } = config;
  const completion = { fallback: retention, tell: notifications.lifecycle };
  scheduler.handle(COMPLETION, (timer) => completeByTimer(store, timer, completion));
  // Nothing follows from a purge that is due at a time of its own.
  const purging = {
    server: retention,
    sessionOf: (agent: string, id: string) => readSessionName(sessionOf(agent, id))?.key,
  };
  scheduler.handle(PURGE, (timer) => purgeByTimer(store, timer, purging), Number.POSITIVE_INFINITY);
  scheduler.handle(FOLLOW, (timer) => followByTimer(store, timer, clock.now()));
  scheduler.handle(ERASE, (timer) => eraseByTimer(store, timer, clock.now()));
  scheduler.handle(EXPIRE, (timer) => expireByTimer(store, timer, clock.now()));
  scheduler.handle(RETAIN, (timer) =>
    retainByTimer(store, timer, {
      retention,
      now: clock.now(),
      others: async (resource) => {
        if (resource.name.endsWith(`/operations/${resource.id}`))
          await operations.retain(resource.name, resource);
      },
    }),
  );
  const dispatcher = new Dispatcher(services, new CallRecorder(log, metrics), errorOfStore);
  dispatcher.register(
    Conversations,
    new ConversationsService({ store, clock, locations, notifications, options: config }),
  );
  const profiles = new ConversationProfilesService(store, clock, locations, operations);
  dispatcher.register(ConversationProfiles, profiles);
  const { agentWebhook, agentSecret: secret, handoffOn } = config;
  const otherwise =
    agentWebhook === undefined ? new NoAgent() : new WebhookAgent(agentWebhook, poster, secret);
  const contents = new AgentContents(store, clock);
  const models = new AgentModels({ store, contents, log });
  const sessions = new AgentSessions(store, clock);
  const environments = new AgentEnvironments(store, clock, models);
  const agents = new StoredAgents({ models, environments, sessions, clock, poster, secret, otherwise });
  const documents = new KnowledgeContents(store);
  const loader = new DocumentLoader(documents, config.documentUris);
  registerKnowledge(dispatcher, {
    store,
    clock,
    locations,
    operations,
    scheduler,
    contents: documents,
    loader,
  });
  const suggestions = registerSuggestions(dispatcher, {
    config,
    store,
    clock,
    log,
    locations,
    notifications,
    knowledge: new Knowledge(documents),
    replies: new ReplyModels({ store, log }),
  });
  const turns = new Turns({ store, clock, agent: agents, suggestions, handoffOn, notifications });
  dispatcher.register(Participants, new ParticipantsService(store, clock, turns));
  dispatcher.register(Sessions, new SessionsService({ store, clock, agents, environments }));
  scheduler.handle(SESSION_EXPIRY, (timer) => sessions.expire(timer));
  const own = { contents, models, environments, sessions };
  registerAgents(dispatcher, { store, clock, locations, operations, ...own });
  dispatcher.register(Administration, new ConversationWatch(store));
  dispatcher.register(Operations, new OperationsService(store, operations));
  dispatcher.register(Administration, new DeadLettersService(store, clock));
  dispatcher.register(LocationsProto, new LocationsService(locations, store.secret));
  dispatcher.register(Administration, new RetentionService(store, clock, scheduler));
  const trainings = new ReplyTrainings({ store, clock, log });
  dispatcher.register(
    ReplyModelsProto,
    new ReplyModelsService({ store, clock, locations, operations, trainings }),
  );
  dispatcher.register(
    Development,
    new DevelopmentService(store, clock, scheduler, {
      dev: config.dev,
      afterAdvance: async (project) => parts.delivery?.deliverOnce(project),
      afterReplaced: async (project) => {
        notifications.forget();
        documents.forget();
        loader.stop();
        models.forget(project);
        trainings.cancelProject(project);
        await parts.delivery?.reload();
      },
    }),
  );
  return {
    dispatcher,
    scheduler,
    metrics,
    async rest() {
      await suggestions.close();
      await models.close();
      await trainings.close();
      loader.stop();
    },
  };
}

/** What helps human agents, and what became of it. */
function registerSuggestions(
  dispatcher: Dispatcher,
  parts: {
    config: Config;
    store: Store;
    clock: Clock;
    log: Log;
    locations: Locations;
    notifications: Notifications;
    knowledge: Knowledge;
    replies: ReplyModels;
  },
): Suggestions {
  const { config, store, clock, log, locations, notifications, knowledge, replies } = parts;
  const model = new LanguageModel(config.model);
  const [generation, summarizer] = [new Generation(model), new Summarizer(model)];
  const generators = new ProfileGenerators(store, generation);
  const suggestions = new Suggestions({
    store,
    clock,
    log,
    features: new Map<FeatureType, SuggestionFeature>([
      [FeatureType.FAQ, new FaqFeature(knowledge)],
      [FeatureType.ARTICLE_SUGGESTION, new ArticleFeature(knowledge)],
      [FeatureType.SMART_REPLY, new SmartReplyFeature(replies, knowledge)],
      [FeatureType.KNOWLEDGE_ASSIST, new KnowledgeAssistFeature(knowledge)],
    ]),
    generate: ({ conversation, names, said, events, references }, signal) =>
      generators.suggest(
        readGenerators(names),
        { project: conversation.project, events, context: { turns: toTurns(said), references } },
        signal,
      ),
    tell: (...told) => notifications.suggestions(...told),
  });
  dispatcher.register(
    Conversations,
    new ConversationSuggestionsService({
      store,
      clock,
      generation,
      generators,
      summarizer,
      recordAnswers: async (conversation, generated, began) => {
        const { answers, names } = generatedAnswers(generated);
        await suggestions.record(conversation, answers, began);
        return names;
      },
    }),
  );
  dispatcher.register(Conversations, new KnowledgeSearchService({ store, knowledge, suggestions }));
  dispatcher.register(Generators, new GeneratorsService(store, clock, locations));
  dispatcher.register(Participants, new ParticipantSuggestionsService(store, clock, suggestions));
  dispatcher.register(AnswerRecords, new AnswerRecordsService(store));
  dispatcher.register(Administration, new SuggestionReportService(store));
  return suggestions;
}

/** What agents are made of, and what sessions with them hold. */
function registerAgents(
  dispatcher: Dispatcher,
  parts: {
    store: Store;
    clock: Clock;
    locations: Locations;
    operations: OperationRunner;
    contents: AgentContents;
    models: AgentModels;
    environments: AgentEnvironments;
    sessions: AgentSessions;
  },
): void {
  const { store, clock, locations, operations: runner, contents, models, environments, sessions } = parts;
  const { secret } = store;
  const edits = new AgentEdits(contents, clock, runner);
  const operations = new AgentOperations({ contents, models, operations: runner, locations, clock });
  const versions = new AgentVersions({ store, clock, contents, models });
  const published = { contents, versions, environments, edits, secret };
  dispatcher.register(Agents, new AgentsService({ ...published, operations, locations }));
  dispatcher.register(Intents, new IntentsService({ contents, environments, edits, clock, secret }));
  dispatcher.register(EntityTypes, new EntityTypesService(contents, edits, clock, secret));
  dispatcher.register(Contexts, new ContextsService(sessions, environments, secret));
  dispatcher.register(
    SessionEntityTypes,
    new SessionEntityTypesService({ sessions, contents, environments, secret }),
  );
  dispatcher.register(Fulfillments, new FulfillmentsService(contents, edits));
  dispatcher.register(Environments, new EnvironmentsService(published));
  dispatcher.register(Versions, new VersionsService(published));
}

/** What is written in knowledge bases. */
function registerKnowledge(
  dispatcher: Dispatcher,
  parts: {
    store: Store;
    clock: Clock;
    locations: Locations;
    operations: OperationRunner;
    scheduler: Scheduler;
    contents: KnowledgeContents;
    loader: DocumentLoader;
  },
): void {
  const { store, clock, locations, operations: runner, scheduler, contents, loader } = parts;
  scheduler.handle(ERASE_KNOWLEDGE, (timer) => contents.erase(timer));
  const operations = new DocumentOperations({ contents, loader, operations: runner, clock });
  dispatcher.register(
    KnowledgeBases,
    new KnowledgeBasesService({ store, clock, locations, contents, scheduler }),
  );
  dispatcher.register(Documents, new DocumentsService({ store, locations, contents, loader, operations }));
}

function buildMetrics(store: Store, clock: Clock): Metrics {
  const started = clock.now() / 1_000_000;
  const metrics = new Metrics();
  metrics.addGauge('parley_writes_waiting', 'Writes that wait for the disk.', () => store.waiting);
  metrics.addGauge('process_resident_memory_bytes', 'Memory in use.', () => process.memoryUsage.rss());
  metrics.addGauge('process_start_time_seconds', 'When the server was started.', () => started);
  return metrics;
}

async function openPort(parts: {
  config: Config;
  dispatcher: Dispatcher;
  store: Store;
  scheduler: Scheduler;
  delivery: Delivery | undefined;
  metrics: Metrics;
  rest(): Promise<void>;
  log: Log;
}): Promise<RunningServer> {
  const { config, dispatcher, store, scheduler, delivery, metrics, log } = parts;
  let draining = false;
  const unreadiness = (): string | undefined => {
    if (draining) return 'stopping';
    return store.usable ? undefined : 'the store takes no writes';
  };
  const grpc = new GrpcTransport(dispatcher, log);
  const rest = new RestTransport(dispatcher, log);
  const pages = new StaticPages({ unreadiness, metrics });
  const http = new HttpTransport({ rest, pages, policy: new OriginPolicy(config), log });
  const listener = new Listener({
    http1: (socket) => http.accept(socket),
    http2: (socket) => grpc.accept(socket),
  });
  const { port } = await listener.listen(config.host, config.port);
  return {
    host: config.host,
    port,
    url: `http://${isIPv6(config.host) ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      draining = true;
      listener.close();
      await Promise.all([grpc.close(DRAIN_MS), http.close(DRAIN_MS)]);
      await scheduler.stop();
      await delivery?.stop();
      await parts.rest();
      await store.close();
    },
  };
}
