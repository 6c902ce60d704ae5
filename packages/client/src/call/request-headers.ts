import type { MethodTable } from '../codec/tables.ts';
import { InvalidRequestError } from '../errors.ts';
import { fieldAt, fieldPath } from '../field-path.ts';

/** What a transport says itself, or what no application may say. */
const RESERVED =
  /^(?:accept-encoding|connection|content-encoding|content-length|content-type|expect|grpc-.*|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/;

/**
 * The headers that a caller gives, as pairs and as an object, which goes last. Names are put into lower case. Throws an
 * InvalidRequestError for what no header may be, without repeating its value, which may be secret.
 */
export function readHeaders(
  pairs: Iterable<readonly [string, string]> | undefined,
  record: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (pairs !== undefined) {
    if (typeof pairs !== 'object' || pairs === null || typeof pairs[Symbol.iterator] !== 'function') {
      throw invalid('metadata', 'must be a list of pairs');
    }
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) throw invalid('metadata', 'must be a list of pairs');
      const [name, value] = checkHeader('metadata', pair[0], pair[1]);
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    }
  }
  if (record !== undefined) {
    if (typeof record !== 'object' || record === null) throw invalid('headers', 'must be an object');
    for (const entry of Object.entries(record)) {
      const [name, value] = checkHeader('headers', ...entry);
      headers[name] = value;
    }
  }
  return headers;
}

function checkHeader(option: string, name: unknown, value: unknown): [string, string] {
  if (typeof name !== 'string' || !/^[a-z0-9_.-]+$/i.test(name)) {
    throw invalid(option, `${JSON.stringify(name)} is no name of a header`);
  }
  const lower = name.toLowerCase();
  if (RESERVED.test(lower) || lower === '__proto__') {
    throw invalid(option, `${lower} is not for callers to set`);
  }
  if (typeof value !== 'string' || !/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)) {
    throw invalid(option, `the value of ${lower} must be text of visible ASCII characters`);
  }
  return [lower, value];
}

function invalid(option: string, description: string): InvalidRequestError {
  return new InvalidRequestError(`${option}: ${description}`, { field: option });
}

const routesByMethod = new WeakMap<MethodTable, readonly Route[]>();

interface Route {
  /** `name=`, `participant.name=` */
  readonly key: string;
  /** In camelCase, from the request on. */
  readonly path: readonly string[];
}

/**
 * The value of `x-goog-request-params`, by which the service finds the region that has a resource: the fields that the
 * method routes by, as a form would send them, but with `/` as it is. Undefined for a method that routes by none.
 * https://google.aip.dev/client-libraries/4222
 */
export function routingHeader(method: MethodTable, request: object): string | undefined {
  let routes = routesByMethod.get(method);
  if (routes === undefined) {
    routes = method.routing.map((path) => ({ key: `${path}=`, path: fieldPath(path) }));
    routesByMethod.set(method, routes);
  }
  if (routes.length === 0) return undefined;
  return routes.map(({ key, path }) => key + encodeForm(fieldAt(request, path))).join('&');
}

function encodeForm(text: unknown): string {
  if (typeof text !== 'string') return '';
  if (/^[\w.~/-]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(/%2F|%20|[!'()*]/g, (found) => {
    if (found === '%2F') return '/';
    return found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
