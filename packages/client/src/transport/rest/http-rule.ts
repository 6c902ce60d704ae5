import type { HttpBinding, MethodTable } from '../../codec/tables.ts';
import { InvalidRequestError } from '../../errors.ts';
import { camelCase, fieldAt, fieldPath } from '../../field-path.ts';

/** JSON of a message that is an object; the functions here take what they use out of it. */
export type JsonMessage = Record<string, unknown>;

/** What a call is over HTTP: the request line's verb and target (path and query, encoded), and the body. */
export interface HttpForm {
  readonly verb: HttpBinding['verb'];
  readonly target: string;
  /** JSON; undefined for no body. */
  readonly body: string | undefined;
}

/** A binding taken apart: the path is `texts[0] variables[0] texts[1] ...`. */
interface Rule {
  readonly verb: HttpBinding['verb'];
  readonly texts: readonly string[];
  readonly variables: readonly Variable[];
  /** In camelCase. */
  readonly body: string | undefined;
}

interface Variable {
  /** In camelCase, from the request on. */
  readonly path: readonly string[];
  readonly template: string;
  readonly pattern: RegExp;
}

const rulesByMethod = new WeakMap<MethodTable, readonly Rule[]>();

/**
 * Puts a request into the first of a method's HTTP bindings whose path it fits. What is neither in the path nor in the
 * body goes into the query, by names in camelCase, nested fields with dots, repeated ones several times. `json` is used
 * up. Throws an InvalidRequestError for a method without a binding and a request that fits none.
 * https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function httpFormOf(method: MethodTable, json: JsonMessage): HttpForm {
  for (const rule of rulesOf(method)) {
    const path = pathOf(rule, json);
    if (path === undefined) continue;
    for (const variable of rule.variables) removeField(json, variable.path);
    const { verb, body } = rule;
    if (body === '*') return { verb, target: `${path}?$alt=json`, body: JSON.stringify(json) };
    let text: string | undefined;
    if (body !== undefined) {
      text = json[body] === undefined ? undefined : JSON.stringify(json[body]);
      delete json[body];
    }
    return { verb, target: `${path}?${queryOf(json)}$alt=json`, body: text };
  }
  throw misfit(method, json);
}

function rulesOf(method: MethodTable): readonly Rule[] {
  let rules = rulesByMethod.get(method);
  if (rules === undefined) {
    rules = method.http.map(compile);
    rulesByMethod.set(method, rules);
  }
  return rules;
}

function compile(binding: HttpBinding): Rule {
  const texts: string[] = [];
  const variables: Variable[] = [];
  let at = 0;
  for (const found of binding.path.matchAll(/\{([\w.]+)(?:=([^}]+))?\}/g)) {
    const [whole, field = '', template = '*'] = found;
    texts.push(binding.path.slice(at, found.index));
    variables.push({ path: fieldPath(field), template, pattern: patternOf(template) });
    at = found.index + whole.length;
  }
  texts.push(binding.path.slice(at));
  return { verb: binding.verb, texts, variables, body: binding.body && camelCase(binding.body) };
}

function patternOf(template: string): RegExp {
  const segments = template.split('/').map((segment) => {
    if (segment === '**') return '.+';
    return segment === '*' ? '[^/]+' : segment.replace(/[^\w-]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`, 's');
}

function pathOf(rule: Rule, json: JsonMessage): string | undefined {
  let path = rule.texts[0] ?? '';
  for (const [index, variable] of rule.variables.entries()) {
    const value = fieldAt(json, variable.path);
    if (typeof value !== 'string' || !variable.pattern.test(value)) return undefined;
    const encoded = encodePath(value);
    if (encoded === undefined) return undefined;
    path += encoded + (rule.texts[index + 1] ?? '');
  }
  return path;
}

/**
 * Undefined for what no path can carry: text that is not Unicode, and the segments `.` and `..`, which are taken away
 * on the way, encoded or not.
 */
function encodePath(value: string): string | undefined {
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(value)) return undefined;
  if (/^[\w.~/-]*$/.test(value)) return value;
  if (!value.isWellFormed()) return undefined;
  return value.split('/').map(encodeStrictly).join('/');
}

/** All but letters, digits and `-_.~`, as http.proto demands. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, percentOf);
}

function percentOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function removeField(json: JsonMessage, path: readonly string[]): void {
  const owner = fieldAt(json, path.slice(0, -1));
  const name = path.at(-1);
  if (isObject(owner) && name !== undefined) delete owner[name];
}

function isObject(value: unknown): value is JsonMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each parameter is followed by `&`. */
function queryOf(json: JsonMessage, prefix = ''): string {
  let query = '';
  for (const [name, value] of Object.entries(json)) {
    const path = prefix + name;
    if (isObject(value)) query += queryOf(value, `${path}.`);
    else if (Array.isArray(value)) query += value.map((item) => parameter(path, item)).join('');
    else if (value !== undefined && value !== null) query += parameter(path, value);
  }
  return query;
}

function parameter(path: string, value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    throw new InvalidRequestError(`${path}: a list of messages does not fit into a URL`, { field: path });
  }
  const text = String(value);
  if (!text.isWellFormed()) throw new InvalidRequestError(`${path}: is not Unicode`, { field: path });
  return `${encodeURIComponent(path)}=${encodeURIComponent(text)}&`;
}

function misfit(method: MethodTable, json: JsonMessage): InvalidRequestError {
  const variables = rulesOf(method).flatMap((rule) => rule.variables);
  const [first] = variables;
  if (first === undefined) {
    return new InvalidRequestError(`${method.name} cannot be called over REST: it has no HTTP binding`);
  }
  // The one that was given, where several fields would do.
  const blamed = variables.find((variable) => fieldAt(json, variable.path) !== undefined) ?? first;
  const field = blamed.path.join('.');
  const value = fieldAt(json, blamed.path);
  const given = value === undefined ? 'is required' : `${shorten(JSON.stringify(value))} does not fit`;
  const forms = variables.map(({ path, template }) => `${path.join('.')}: ${template}`);
  const expected = [...new Set(forms)].join(', ');
  return new InvalidRequestError(`${field} ${given}: ${method.name} takes ${expected}`, { field });
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
