import { Agent, type RequestOptions, request as requestPlainly } from 'node:http';
import { request as requestSecurely, Agent as SecureAgent } from 'node:https';
import {
  aborted,
  Exchange,
  type OutboundReply,
  type OutboundRequest,
  refusePrivateHost,
} from './exchange.ts';
import { lookupPublic } from './public-address.ts';

/** What is posted has a body. */
export type PostRequest = OutboundRequest & { readonly body: Uint8Array };

export interface HttpPosterOptions {
  /** `public` refuses addresses of this machine and of private networks, by whatever name they are called. */
  readonly addresses: 'any' | 'public';
  /** Connections at once to one host. */
  readonly connections?: number;
}

/**
 * Less than the five seconds that servers commonly keep a connection for its next request, so that a call does not
 * meet one that is about to be closed. In milliseconds.
 */
const IDLE_MS = 4_000;

/**
 * The calls that the server makes: POST, over http and https, on connections that are kept. No proxy is used, whatever
 * the environment says, and no redirect is followed. What met a kept connection just as its other end closed it, so that
 * not a byte of an answer came, is sent once more: callers give their calls an id by which a second one is known.
 */
export class HttpPoster {
  readonly #addresses: HttpPosterOptions['addresses'];
  readonly #plain: Agent;
  readonly #secure: SecureAgent;

  constructor({ addresses, connections = 64 }: HttpPosterOptions) {
    const options = { keepAlive: true, maxSockets: connections, timeout: IDLE_MS };
    this.#addresses = addresses;
    this.#plain = new Agent(options);
    this.#secure = new SecureAgent(options);
  }

  /** Answers what was answered with a status of success. Throws OutboundError for all else. */
  async post(url: URL, request: PostRequest): Promise<OutboundReply> {
    const start = performance.now();
    const first = this.#send(url, request);
    try {
      return await first.reply;
    } catch (error) {
      const timeoutMs = request.timeoutMs - (performance.now() - start);
      if (!first.metClosing || timeoutMs <= 0 || request.signal?.aborted === true) throw error;
      return this.#send(url, { ...request, timeoutMs: Math.ceil(timeoutMs) }).reply;
    }
  }

  #send(url: URL, request: PostRequest): Exchange {
    if (request.signal?.aborted === true) throw aborted(url);
    const checked = this.#addresses === 'public';
    if (checked) refusePrivateHost(url);
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...request.headers, 'content-length': request.body.byteLength },
      ...(checked && { lookup: lookupPublic }),
    };
    const call =
      url.protocol === 'https:'
        ? requestSecurely(url, { ...options, agent: this.#secure })
        : requestPlainly(url, { ...options, agent: this.#plain });
    return new Exchange(url, request, call);
  }

  /** Closes idle connections. Calls under way are broken off. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}
