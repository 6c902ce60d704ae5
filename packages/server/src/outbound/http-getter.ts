import { type RequestOptions, request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import {
  aborted,
  Exchange,
  OutboundError,
  type OutboundReply,
  type OutboundRequest,
  refusePrivateHost,
} from './exchange.ts';
import { lookupPublic } from './public-address.ts';

export interface HttpGetterOptions {
  /** `public` refuses addresses of this machine and of private networks, by whatever name and redirect they are reached. */
  readonly addresses: 'any' | 'public';
  /** How often an answer may send the call elsewhere. */
  readonly redirectsMax: number;
}

/**
 * Fetches what others publish: GET, over http and https, a connection for each call. No proxy is used, whatever the
 * environment says, and nothing is sent that tells who asked. Redirects are followed where they lead to http or https.
 */
export class HttpGetter {
  readonly #options: HttpGetterOptions;

  constructor(options: HttpGetterOptions) {
    this.#options = options;
  }

  /** Answers what was answered with a status of success. Throws OutboundError for all else. */
  async get(url: URL, request: Omit<OutboundRequest, 'body'>): Promise<OutboundReply> {
    const start = performance.now();
    for (let [at, redirects] = [url, 0]; ; redirects++) {
      const timeoutMs = Math.ceil(request.timeoutMs - (performance.now() - start));
      if (timeoutMs <= 0) throw new OutboundError('timeout', `${at.host} was sent to too late`);
      try {
        return await this.#send(at, { ...request, timeoutMs }).reply;
      } catch (error) {
        const next = error instanceof OutboundError ? redirectOf(at, error) : undefined;
        if (next === undefined || redirects >= this.#options.redirectsMax) throw error;
        at = next;
      }
    }
  }

  #send(url: URL, request: OutboundRequest): Exchange {
    if (request.signal?.aborted === true) throw aborted(url);
    const checked = this.#options.addresses === 'public';
    if (checked) refusePrivateHost(url);
    const options: RequestOptions = {
      method: 'GET',
      headers: { ...request.headers },
      agent: false,
      ...(checked && { lookup: lookupPublic }),
    };
    const call = url.protocol === 'https:' ? requestSecurely(url, options) : requestPlainly(url, options);
    return new Exchange(url, request, call);
  }
}

/** Where an answer sends a call; undefined where that is nowhere for it. */
function redirectOf(url: URL, { kind, location }: OutboundError): URL | undefined {
  if (kind !== 'redirect' || location === undefined || !URL.canParse(location, url.href)) return undefined;
  const next = new URL(location, url);
  const isPlain = next.username === '' && next.password === '';
  return /^https?:$/u.test(next.protocol) && isPlain ? next : undefined;
}
