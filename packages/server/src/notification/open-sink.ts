import type { Config } from '../config.ts';
import { HttpPoster } from '../outbound/http-poster.ts';
import { applicationDefaultCredentials, PubsubSink } from './pubsub-sink.ts';
import type { Sink } from './sink.ts';
import { WebhookSink } from './webhook-sink.ts';

const PUBSUB = 'https://pubsub.googleapis.com';

/** Where events go by the configuration; undefined where they go nowhere. Throws an Error with one line for people. */
export async function openSink({
  events,
  webhookAddresses,
}: Pick<Config, 'events' | 'webhookAddresses'>): Promise<Sink | undefined> {
  if (events === undefined) return undefined;
  if (events.kind === 'webhook') {
    const { url, secret } = events;
    return new WebhookSink({ url, secret, poster: new HttpPoster({ addresses: webhookAddresses }) });
  }
  const poster = new HttpPoster({ addresses: 'any' });
  if (events.emulator !== undefined) {
    return new PubsubSink({ base: `http://${events.emulator}`, credentials: async () => ({}), poster });
  }
  return new PubsubSink({ base: PUBSUB, credentials: await applicationDefaultCredentials(), poster });
}
