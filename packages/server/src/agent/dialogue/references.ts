import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/**
 * What texts, payloads and values of parameters refer to: `$date`, `$date.original`, `$address.city`, `#booking.date`,
 * `#booking.date.original`. https://cloud.google.com/dialogflow/es/docs/intents-actions-parameters
 */

/** Where references are looked up. */
export interface Scope {
  /** The values of the intent's parameters. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** What was said, where a value came from words. */
  readonly originals: Readonly<Record<string, JsonValue>>;
  /** The parameters of a context, or of the event of this query. */
  readonly context: (id: string) => JsonObject | undefined;
  /** In which lists are written. */
  readonly language: string;
}

/** A text with its references resolved, and whether one of them led to nothing. */
export interface ResolvedText {
  readonly text: string;
  readonly unresolved: boolean;
}

const NAME = String.raw`[\p{L}_](?:-*[\p{L}\p{N}_])*`;
const CONTEXT = String.raw`[\p{L}\p{N}_%](?:-*[\p{L}\p{N}_%])*`;
const REFERENCE = new RegExp(
  String.raw`\$(?<name>${NAME})(?<path>(?:\.${NAME})*)|#(?<context>${CONTEXT})(?<within>(?:\.${NAME})+)`,
  'gu',
);
const ALONE = new RegExp(`^(?:${REFERENCE.source})$`, 'u');

/** What a reference comes to, and what of it was no part of it, such as the sentence after "$name.". */
interface Resolution {
  readonly value: JsonValue | undefined;
  readonly rest: string;
  readonly original: JsonValue | undefined;
}

/** Whether a value is as good as none. */
export function isEmpty(value: JsonValue | undefined): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.every(isEmpty))
  );
}

/** The name of the parameter that a value is, as in "$city" and "$city.original"; nothing for all other values. */
export function parameterIn(expression: string): string | undefined {
  return ALONE.exec(expression.trim())?.groups?.['name'];
}

/** What an expression comes to: the value itself where it is one reference, else a text. Undefined for nothing. */
export function resolveValue(expression: string, scope: Scope): JsonValue | undefined {
  const match = ALONE.exec(expression.trim());
  if (match !== null) {
    const { value, rest } = resolve(match, scope);
    if (rest === '') return isEmpty(value) ? undefined : value;
  }
  const { text } = resolveText(expression, scope);
  return text === '' ? undefined : text;
}

/** A text with what it refers to in it. What is referred to and is not there leaves nothing. */
export function resolveText(template: string, scope: Scope): ResolvedText {
  if (!template.includes('$') && !template.includes('#')) return { text: template, unresolved: false };
  let unresolved = false;
  let text = '';
  let copied = 0;
  for (const match of template.matchAll(REFERENCE)) {
    const { value, rest, original } = resolve(match, scope);
    if (isEmpty(value)) unresolved = true;
    text += template.slice(copied, match.index) + textOfValue(value, original, scope.language) + rest;
    copied = match.index + match[0].length;
  }
  return { text: text + template.slice(copied), unresolved };
}

/** JSON with the references in its strings resolved. */
export function resolveJson<T extends JsonValue>(value: T, scope: Scope): T {
  if (typeof value === 'string') return resolveText(value, scope).text as T;
  if (Array.isArray(value)) return value.map((entry) => resolveJson(entry, scope)) as unknown as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, entry]) => [key, resolveJson(entry, scope)]);
  return Object.fromEntries(fields) as T;
}

function resolve({ groups = {} }: RegExpExecArray, scope: Scope): Resolution {
  const { name, path = '', context, within = '' } = groups;
  if (name !== undefined) {
    const known = longestKnown(name, scope.values);
    const cut = name.slice(known.length);
    if (cut !== '') return { ...follow(known, '', scope.values, scope.originals), rest: cut + path };
    return follow(known, path, scope.values, scope.originals);
  }
  const parameters = scope.context((context ?? '').toLowerCase()) ?? {};
  const [first = '', ...steps] = within.slice(1).split('.');
  const originals = { [first]: own(parameters, `${first}.original`) ?? '' };
  return follow(
    first,
    steps.map((step) => `.${step}`).join(''),
    parameters as Record<string, JsonValue>,
    originals,
  );
}

/** "$from-$to" is two parameters, "$geo-city" one: a name ends before a hyphen where only that is one. */
function longestKnown(name: string, values: Readonly<Record<string, JsonValue>>): string {
  for (let known = name; known !== ''; known = known.slice(0, Math.max(0, known.lastIndexOf('-')))) {
    if (Object.hasOwn(values, known)) return known;
  }
  return name;
}

/** Goes into a value as far as the path leads; from the first step on that leads nowhere, it is text again. */
function follow(
  name: string,
  path: string,
  values: Readonly<Record<string, JsonValue>>,
  originals: Readonly<Record<string, JsonValue>>,
): Resolution {
  let value = own(values, name);
  const original = own(originals, name);
  const steps = path === '' ? [] : path.slice(1).split('.');
  for (const [at, step] of steps.entries()) {
    const rest = steps
      .slice(at + 1)
      .map((left) => `.${left}`)
      .join('');
    if (at === 0 && step === 'original') return { value: original, rest, original };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { value, rest: `.${step}${rest}`, original };
    }
    value = own(value, step);
  }
  return { value, rest: '', original: steps.length === 0 ? original : undefined };
}

function own(values: Readonly<Record<string, JsonValue>>, name: string): JsonValue | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

const lists = new Map<string, Intl.ListFormat>();

/** A value as it is read: of what has fields, what was said. */
function textOfValue(
  value: JsonValue | undefined,
  original: JsonValue | undefined,
  language: string,
): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const entries = value
      .map((entry) => textOfValue(entry, undefined, language))
      .filter((text) => text !== '');
    return entries.length < 2 ? entries.join('') : listFormat(language).format(entries);
  }
  if (typeof original === 'string' && original !== '') return original;
  return Object.values(value)
    .map((entry) => textOfValue(entry, undefined, language))
    .filter((text) => text !== '')
    .join(' ');
}

function listFormat(language: string): Intl.ListFormat {
  let format = lists.get(language);
  if (format === undefined) {
    const [known = 'en'] = supportedLocales(language);
    format = new Intl.ListFormat(known, { type: 'conjunction' });
    lists.set(language, format);
  }
  return format;
}

function supportedLocales(language: string): string[] {
  try {
    return Intl.ListFormat.supportedLocalesOf(language);
  } catch {
    return [];
  }
}
