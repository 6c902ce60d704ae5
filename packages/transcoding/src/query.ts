import { decodePercent } from './percent-encoding.ts';
import { quoteExcerpt, TranscodingError } from './transcoding-error.ts';

/** One parameter of a query string, decoded. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** Far more than any request needs, and few enough that a hostile query costs nothing. */
const maxParameters = 1000;

/** https://cloud.google.com/apis/docs/system-parameters, and the others that Google's clients send. */
const systemParameters: ReadonlySet<string> = new Set([
  'access_token',
  'alt',
  'callback',
  'fields',
  'key',
  'oauth_token',
  'prettyPrint',
  'quotaUser',
  'uploadType',
  'upload_protocol',
  '$.xgafv',
]);

/** Whether a parameter addresses the API front end instead of a field of the request. */
export function isSystemParameter(name: string): boolean {
  return name.startsWith('$') || systemParameters.has(name);
}

/**
 * Splits a query string, with or without its `?`, as HTML forms and URLSearchParams do: pairs between `&`, the
 * first `=` divides, `+` is a space. Unlike URLSearchParams, which never fails, malformed percent-encoding is
 * a TranscodingError, and so are more than a thousand parameters.
 */
export function parseQuery(query: string): readonly Parameter[] {
  return splitPairs(query).map(parseParameter);
}

/** All are counted before any of them is decoded. */
function splitPairs(query: string): string[] {
  const pairs: string[] = [];
  let start = query.startsWith('?') ? 1 : 0;
  while (start < query.length) {
    const next = query.indexOf('&', start);
    const end = next === -1 ? query.length : next;
    if (end > start) {
      if (pairs.length === maxParameters) {
        throw new TranscodingError('', `the query has more than ${maxParameters} parameters`);
      }
      pairs.push(query.slice(start, end));
    }
    start = end + 1;
  }
  return pairs;
}

function parseParameter(pair: string): Parameter {
  const equals = pair.indexOf('=');
  const name = decodeText(equals === -1 ? pair : pair.slice(0, equals));
  const value = equals === -1 ? '' : decodeText(pair.slice(equals + 1));
  if (name === undefined || value === undefined) {
    throw new TranscodingError(
      '',
      `query parameter ${quoteExcerpt(pair)} is not valid percent-encoded UTF-8`,
    );
  }
  return { name, value };
}

function decodeText(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', '%20') : text;
  return decodePercent(spaced, { keepSlashes: false });
}
