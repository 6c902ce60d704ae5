import type { OutboundReply } from '../outbound/exchange.ts';
import type { HttpPoster } from '../outbound/http-poster.ts';
import type { OutgoingEvent } from './outgoing-event.ts';
import { DeliveryError, type Sink, toDeliveryError } from './sink.ts';
import { pubsubTopic } from './topics.ts';

const TIMEOUT_MS = 30_000;

/** Ids of messages, or what was wrong. */
const RESPONSE_BYTES_MAX = 256 * 1024;

/** A publish request holds up to 1000 messages and 10 MB: https://cloud.google.com/pubsub/quotas */
const BATCH = 100;

/** The attribute with the id of an event: Pub/Sub gives messages ids of its own, another each time. */
const EVENT_ID = 'event_id';

/** Headers that say who publishes, for a URL. */
export type Credentials = (url: URL) => Promise<Readonly<Record<string, string>>>;

/**
 * Publishes to the topics that profiles name, by the REST form of Pub/Sub.
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 */
export class PubsubSink implements Sink {
  readonly target: string;
  readonly batch = BATCH;
  readonly #base: string;
  readonly #credentials: Credentials;
  readonly #poster: HttpPoster;

  /** `base` is the address of the service, such as `https://pubsub.googleapis.com`. */
  constructor(parts: { base: string; credentials: Credentials; poster: HttpPoster }) {
    this.target = parts.base;
    this.#base = parts.base;
    this.#credentials = parts.credentials;
    this.#poster = parts.poster;
  }

  async send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void> {
    const [{ topic } = { topic: '' }] = events;
    const path = pubsubTopic(topic).split('/').map(encodeURIComponent).join('/');
    const url = new URL(`${this.#base}/v1/${path}:publish`);
    let reply: OutboundReply;
    try {
      reply = await this.#poster.post(url, {
        body: encodePublish(events),
        headers: { 'content-type': 'application/json', ...(await this.#credentials(url)) },
        timeoutMs: TIMEOUT_MS,
        responseBytesMax: RESPONSE_BYTES_MAX,
        signal,
      });
    } catch (error) {
      throw toDeliveryError(error);
    }
    // Something else may stand at the address, or between, that says yes to everything.
    if (countIds(reply.body) !== events.length) {
      const message = `${url.host} answered ${reply.status} without an id for each message, as Pub/Sub does`;
      throw new DeliveryError(message, { scope: 'sink' });
    }
  }

  close(): void {
    this.#poster.close();
  }
}

function encodePublish(events: readonly OutgoingEvent[]): Buffer {
  const messages = events.map(({ id, orderingKey, data, attributes }) => ({
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    attributes: { ...attributes, [EVENT_ID]: id },
    orderingKey,
  }));
  return Buffer.from(JSON.stringify({ messages }));
}

/** How many messages an answer says are published; undefined where it is none of Pub/Sub. */
function countIds(answer: Buffer): number | undefined {
  try {
    const { messageIds } = JSON.parse(answer.toString('utf8')) as { messageIds?: unknown };
    return Array.isArray(messageIds) ? messageIds.length : undefined;
  } catch {
    return undefined;
  }
}

const SCOPE = 'https://www.googleapis.com/auth/pubsub';
const PACKAGE = 'google-auth-library';

/** What is used of google-auth-library, of version 9 and later: https://www.npmjs.com/package/google-auth-library */
interface GoogleAuthLibrary {
  readonly GoogleAuth: new (options: {
    readonly scopes: readonly string[];
  }) => { getRequestHeaders(url: string): Promise<Headers | Record<string, string>> };
}

/**
 * Application Default Credentials, by google-auth-library, which is loaded here. Throws an Error with one line where
 * it is not installed. Credentials are looked for by the first call, and again by the next one where there are none.
 */
export async function applicationDefaultCredentials(name: string = PACKAGE): Promise<Credentials> {
  let library: GoogleAuthLibrary;
  try {
    library = (await import(name)) as GoogleAuthLibrary;
  } catch (error) {
    throw new Error(
      `--events pubsub needs the package ${name} (npm install ${name}), or PUBSUB_EMULATOR_HOST`,
      { cause: error },
    );
  }
  const auth = new library.GoogleAuth({ scopes: [SCOPE] });
  return async (url) => {
    try {
      return Object.fromEntries(new Headers(await auth.getRequestHeaders(url.href)));
    } catch (error) {
      const text = (error as Error).message.split('\n', 1)[0];
      throw new DeliveryError(`no credentials for Pub/Sub: ${text}`, { scope: 'sink', cause: error });
    }
  };
}
