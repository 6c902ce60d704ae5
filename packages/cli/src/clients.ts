import {
  ApiError,
  ClientOptionsError,
  ConversationProfilesClient,
  ConversationsClient,
  GrpcTransport,
  ParticipantsClient,
} from '@parleykit/client';
import { type Target, UsageError } from './command-line.ts';

/** The services of one server, over one connection that is opened by the first call. */
export interface Clients extends AsyncDisposable {
  readonly conversations: ConversationsClient;
  readonly participants: ParticipantsClient;
  readonly profiles: ConversationProfilesClient;
}

/** How long the first call may take: whoever names the wrong server learns it soon. */
export const firstAnswerMs = 5_000;

/** Makes the clients of a server. Nothing of the environment sends them elsewhere. Throws a UsageError. */
export function openClients({ url, account }: Target): Clients {
  try {
    const transport = new GrpcTransport({ host: url, credentials: account ?? 'none' });
    return {
      conversations: new ConversationsClient({ transport }),
      participants: new ParticipantsClient({ transport }),
      profiles: new ConversationProfilesClient({ transport }),
      [Symbol.asyncDispose]: () => transport.close(),
    };
  } catch (cause) {
    if (!(cause instanceof ClientOptionsError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
}

/** Whether a first call failed because nobody answered it. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}

/** The line for a server that a command could not even begin with. */
export function describeAway({ name, isLocal }: Target, error: unknown): string {
  return isLocal && !name.startsWith('http')
    ? `cannot reach a server at ${name}: start one with \`parley serve\``
    : `cannot reach a server at ${name}: ${describeError(error)}`;
}

/** What went wrong with a call, or anywhere else, for one line. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

/** The same for a failure that ends a command. */
export function describeFailure(error: unknown, { name }: Target): string {
  return error instanceof ApiError
    ? `the server at ${name} failed: ${describeError(error)}`
    : describeError(error);
}

/** The note for a server that has gone away in the midst of things. */
export function describeWaiting(error: ApiError, { name }: Target): string {
  return `the server at ${name} does not answer, waiting for it: ${describeError(error)}`;
}
