import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { canonicalHost, isLoopback } from '../config.ts';
import { hostInvalid, hostNotAllowed, originNotAllowed } from '../errors.ts';
import { headerValues } from './request-headers.ts';
import type { RequestTarget } from './request-target.ts';

/** What an operator says about who may call. */
export interface OriginRules {
  /** The address that the server listens on. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
}

/** A request that may be answered. */
export interface Admission {
  /** The origin that is to be told that it may read the answer; none where nobody asked. */
  readonly corsOrigin: string | undefined;
}

/** A host and a port. User names and blanks have no place in it. */
const AUTHORITY = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/u;

/** An authority, understood. */
interface Authority {
  readonly host: string;
  readonly origin: string;
  /** Whether this server goes by that name on every connection. */
  readonly isOurs: boolean;
}

/** Names that callers use at a time are few; who makes up spellings and ports must not fill the memory. */
const REMEMBERED_MAX = 64;

/**
 * Keeps pages of other origins away from a server that asks nobody who they are.
 *
 * A browser says truly where a page comes from, and lets it read nothing without leave, but it does send what the
 * page wants sent. So a page that has its own name resolve to this machine is known by Host, one that calls from
 * elsewhere by Origin, and one that fetches as images and scripts do, without Origin, by Sec-Fetch-Site. Programs
 * send none of the last two and are not affected.
 *
 * All of this is about HTTP/1.1. No browser speaks HTTP/2 in cleartext, so none reaches gRPC on this port.
 */
export class OriginPolicy {
  readonly #hosts: ReadonlySet<string>;
  readonly #corsOrigins: ReadonlySet<string>;
  /** What was admitted before, as it was spelled: to understand an authority costs more than all other checks. */
  readonly #remembered = new Map<string, Authority>();

  constructor({ host, allowedHosts, corsOrigins }: OriginRules) {
    this.#hosts = new Set(['localhost', '[::1]', canonicalHost(host) ?? host, ...allowedHosts]);
    this.#corsOrigins = new Set(corsOrigins);
  }

  /** Whether answers differ by the origin that asks. */
  get variesByOrigin(): boolean {
    return this.#corsOrigins.size > 0;
  }

  /** Throws a ServiceError for a request that must not be answered. */
  admit(request: IncomingMessage, target: RequestTarget): Admission {
    const ownOrigin = this.#checkHost(request, target);
    const { origin } = request.headers;
    if (origin !== undefined && this.#corsOrigins.has(origin)) return { corsOrigin: origin };
    if (origin !== undefined && origin !== ownOrigin) throw originNotAllowed(origin);
    if (comesFromElsewhere(request)) throw originNotAllowed(undefined);
    return { corsOrigin: undefined };
  }

  /** Answers the origin that the request is addressed to; none where HTTP/1.0 left it out. */
  #checkHost(request: IncomingMessage, target: RequestTarget): string | undefined {
    const hosts = headerValues(request, 'host');
    // Every client of HTTP/1.1 sends exactly one Host; a second one is for somebody on the way to believe.
    if (hosts.length > 1 || (hosts.length === 0 && request.httpVersion !== '1.0')) throw hostInvalid();
    const text = target.authority ?? hosts[0];
    if (text === undefined) return undefined;
    const remembered = this.#remembered.get(text);
    const authority = remembered ?? this.#readAuthority(text);
    const { host, origin, isOurs } = authority;
    if (!isOurs && !isAddressOf(request, host)) throw hostNotAllowed(host);
    if (remembered === undefined) this.#remember(text, authority);
    return origin;
  }

  #readAuthority(text: string): Authority {
    const [, name = '', port = ''] = AUTHORITY.exec(text.toLowerCase()) ?? [];
    const host = canonicalHost(name);
    if (host === undefined) throw hostInvalid();
    return {
      host,
      origin: Number(port || 80) === 80 ? `http://${host}` : `http://${host}:${Number(port)}`,
      isOurs: this.#hosts.has(host) || isLoopback(host),
    };
  }

  #remember(text: string, authority: Authority): void {
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(text, authority);
  }
}

/** Whether a literal address is the one that the connection was made to: no name was resolved, so none deceived. */
function isAddressOf(request: IncomingMessage, host: string): boolean {
  const literal = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isIP(literal) === 0) return false;
  const local = request.socket.localAddress?.replace(/^::ffff:(?=\d+\.)/u, '').replace(/%.*$/u, '');
  return local !== undefined && (local === literal || canonicalHost(local) === host);
}

/** Whether a page of another origin had the browser fetch this. That somebody follows a link is welcome. */
function comesFromElsewhere({ method, headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isVisit = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !(isVisit && (method === 'GET' || method === 'HEAD'));
}
