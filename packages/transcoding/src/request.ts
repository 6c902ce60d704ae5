import {
  create,
  type DescField,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { formatFieldPath, resolveFieldPath, writeText } from './field-path.ts';
import { decodeField, decodeMembers } from './json-message.ts';
import { parseJson } from './json-text.ts';
import { decodePercent } from './percent-encoding.ts';
import { isSystemParameter, parseQuery } from './query.ts';
import type { Match } from './router.ts';
import { memberPath, quoteExcerpt, TranscodingError } from './transcoding-error.ts';

/**
 * Builds the request message of a match from its three sources: the body, the query and the variables of the
 * path. Where the body names a field that the path binds, the path wins, since clients send whole resources
 * to the URL that holds their name. Throws a TranscodingError for whatever does not fit, and nothing else.
 * https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function decodeRequest(
  match: Match,
  query: string,
  body: Uint8Array | undefined,
  options: { registry: Registry },
): Message {
  const message = create(match.method.input);
  decodeBody(match, message, body, options.registry);
  decodeQuery(match, message, query, options.registry);
  decodePath(match, message, options.registry);
  return message;
}

function decodeBody(match: Match, message: Message, body: Uint8Array | undefined, registry: Registry): void {
  const json = body === undefined ? undefined : parseJson(body);
  const target = match.binding.body;
  // Google's Node client sends the JSON string "" for an empty body, whatever the body stands for.
  if (json === undefined || (json === '' && !isString(target))) return;
  const root = reflect(match.method.input, message);
  if (target !== undefined && target !== '*') {
    if (json !== null) decodeField(root, target, json, target.name, registry);
    return;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TranscodingError('', `the body must be a JSON object, not ${describeKind(json)}`);
  }
  if (target === '*') {
    decodeMembers(root, json, '', registry);
    return;
  }
  const [key] = Object.keys(json);
  if (key !== undefined) {
    throw new TranscodingError(memberPath('', key), 'this method takes no body: its fields go in the URL');
  }
}

function isString(field: DescField | '*' | undefined): boolean {
  return typeof field === 'object' && field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
}

function describeKind(json: JsonValue): string {
  if (json === null) return 'null';
  return Array.isArray(json) ? 'an array' : `a ${typeof json}`;
}

function decodeQuery(match: Match, message: Message, query: string, registry: Registry): void {
  // Most calls have none.
  if (query === '') return;
  const { binding, method } = match;
  const seen = new Set<string>();
  for (const { name, value } of parseQuery(query)) {
    const path = resolveFieldPath(method.input, name);
    // A system parameter may carry the name of a field: then its form with the "$" remains.
    if (isSystemParameter(name) && ('problem' in path || binding.body === '*')) continue;
    if ('problem' in path) {
      throw new TranscodingError(parameterPath(name), `unknown query parameter: ${path.problem}`);
    }
    const key = formatFieldPath(path.fields);
    if (binding.variables.some((variable) => variable.path === key)) {
      throw new TranscodingError(key, 'is given by the path, not by the query');
    }
    if (binding.body === '*' || binding.body === path.fields[0]) {
      throw new TranscodingError(key, 'is given by the body, not by the query');
    }
    if (seen.has(key) && path.fields.at(-1)?.fieldKind !== 'list') {
      throw new TranscodingError(key, 'is given more than once');
    }
    seen.add(key);
    writeText(method.input, message, path.fields, value, registry);
  }
}

/** A parameter's name as the path that it was meant for, unless it holds what no path does. */
function parameterPath(name: string): string {
  return /^[\w.]{1,60}$/.test(name) ? name : memberPath('', name);
}

function decodePath(match: Match, message: Message, registry: Registry): void {
  match.binding.variables.forEach(({ fields, path, multiSegment }, index) => {
    const captured = match.variables[index] ?? '';
    const value = decodePercent(captured, { keepSlashes: multiSegment });
    if (value === undefined) {
      throw new TranscodingError(
        path,
        `${quoteExcerpt(captured)} in the path is not valid percent-encoded UTF-8`,
      );
    }
    writeText(match.method.input, message, fields, value, registry);
  });
}
