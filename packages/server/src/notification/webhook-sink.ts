import { OutboundError } from '../outbound/exchange.ts';
import type { HttpPoster } from '../outbound/http-poster.ts';
import { SIGNATURE_HEADER, sign, TIMESTAMP_HEADER } from '../outbound/signature.ts';
import type { OutgoingEvent } from './outgoing-event.ts';
import { type Sink, toDeliveryError } from './sink.ts';
import { pubsubTopic } from './topics.ts';

/** As Pub/Sub itself waits for an acknowledgement. */
const TIMEOUT_MS = 10_000;

/** An answer is its status: what stands in it is for people. */
const RESPONSE_BYTES_MAX = 4096;

/**
 * Posts each event in the envelope in which Pub/Sub pushes messages; a status of success acknowledges it.
 * https://cloud.google.com/pubsub/docs/push
 */
export class WebhookSink implements Sink {
  readonly target: string;
  readonly batch = 1;
  readonly #url: URL;
  readonly #secret: Uint8Array | undefined;
  readonly #poster: HttpPoster;

  constructor(parts: { url: URL; secret: Uint8Array | undefined; poster: HttpPoster }) {
    this.target = parts.url.origin;
    this.#url = parts.url;
    this.#secret = parts.secret;
    this.#poster = parts.poster;
  }

  async send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void> {
    for (const event of events) await this.#post(encodePush(event), signal);
  }

  close(): void {
    this.#poster.close();
  }

  async #post(body: Buffer, signal: AbortSignal): Promise<void> {
    try {
      await this.#poster.post(this.#url, {
        body,
        headers: { 'content-type': 'application/json', 'user-agent': 'parley', ...this.#signatureOf(body) },
        timeoutMs: TIMEOUT_MS,
        responseBytesMax: RESPONSE_BYTES_MAX,
        signal,
      });
    } catch (error) {
      if (!isAcknowledged(error)) throw toDeliveryError(error);
    }
  }

  #signatureOf(body: Buffer): Readonly<Record<string, string>> {
    if (this.#secret === undefined) return {};
    const timestamp = String(Math.floor(Date.now() / 1000));
    return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: sign(this.#secret, timestamp, body) };
  }
}

/** The status was one of success, whatever became of the rest of the answer. */
function isAcknowledged(error: unknown): boolean {
  return error instanceof OutboundError && error.status !== undefined && Math.floor(error.status / 100) === 2;
}

/** The names with underscores are Pub/Sub's own older spelling, which it sends beside the newer one. */
function encodePush({ id, topic, orderingKey, data, attributes, publishTime }: OutgoingEvent): Buffer {
  const time = timeText(publishTime);
  const message = {
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    attributes,
    messageId: id,
    message_id: id,
    publishTime: time,
    publish_time: time,
    orderingKey,
  };
  const subscription = pubsubTopic(topic).replace('/topics/', '/subscriptions/');
  return Buffer.from(JSON.stringify({ message, subscription }));
}

/** RFC 3339, to the microsecond. */
function timeText(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  const rest = String(microseconds - milliseconds * 1000).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}
