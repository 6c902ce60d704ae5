import { isIPv6 } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import {
  ConversationProfileSchema,
  ConversationProfiles,
  Conversations,
  Participants,
} from '@parleykit/proto/v2beta1';
import { type Clock, SystemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { Dispatcher } from './rpc/dispatcher.ts';
import { CallRecorder } from './rpc/record-call.ts';
import { ConversationProfilesService, putProfile } from './services/conversation-profiles.ts';
import { ConversationsService } from './services/conversations.ts';
import { ParticipantsService } from './services/participants.ts';
import { openSqliteStore } from './storage/sqlite-store.ts';
import { ConflictError, type Store } from './storage/store.ts';
import { GrpcTransport } from './transport/grpc.ts';
import { HttpTransport } from './transport/http.ts';
import { Listener } from './transport/listener.ts';
import { RestTransport } from './transport/rest.ts';

/** How long calls under way may take once the server is told to stop. */
const DRAIN_MS = 10_000;

/** The profile that `--demo` makes. */
export const DEMO_PROFILE = 'projects/demo/locations/global/conversationProfiles/demo';
const DEMO_PROFILE_KEY = 'projects/demo/conversationProfiles/demo';

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
  { log, clock = new SystemClock() }: { log: Log; clock?: Clock },
): Promise<RunningServer> {
  const store = await openSqliteStore(config.data, clock);
  try {
    if (config.demo) await makeDemo(store, clock);
    const metrics = new Metrics();
    metrics.addGauge('parley_writes_waiting', 'Writes that wait for the disk.', () => store.waiting);
    const dispatcher = buildDispatcher({ config, store, clock, log, metrics });
    return await openPort({ config, dispatcher, store, log });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function buildDispatcher(parts: {
  config: Config;
  store: Store;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}): Dispatcher {
  const { config, store, clock, log, metrics } = parts;
  const dispatcher = new Dispatcher(services, new CallRecorder(log, metrics));
  dispatcher.register(Conversations, new ConversationsService(store, clock, config));
  dispatcher.register(ConversationProfiles, new ConversationProfilesService(store, clock));
  dispatcher.register(Participants, new ParticipantsService(store, clock));
  return dispatcher;
}

async function openPort(parts: {
  config: Config;
  dispatcher: Dispatcher;
  store: Store;
  log: Log;
}): Promise<RunningServer> {
  const { config, dispatcher, store, log } = parts;
  const grpc = new GrpcTransport(dispatcher);
  const http = new HttpTransport(new RestTransport(dispatcher, log));
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
      listener.close();
      await Promise.all([grpc.close(DRAIN_MS), http.close(DRAIN_MS)]);
      await store.close();
    },
  };
}

async function makeDemo(store: Store, clock: Clock): Promise<void> {
  const profile = create(ConversationProfileSchema, { displayName: 'Demo' });
  try {
    await putProfile(store, DEMO_PROFILE_KEY, profile, clock.now());
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
