import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { EntitySpan } from '@parleykit/nlu';
import type { AgentIntent, IntentParameter } from './agent-intent.ts';
import { isEmpty, resolveValue, type Scope } from './references.ts';

/** What a text says of one alias of an intent's phrases. */
interface Said {
  readonly value: JsonValue;
  readonly original: JsonValue;
}

/** The values of an intent's parameters, and the words that they come from. Empty where there is none yet. */
export interface ParameterValues {
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly originals: Readonly<Record<string, JsonValue>>;
}

/** What the parameters of an intent are made of. */
export interface ParameterSources {
  /** The values in what was said. */
  readonly spans: readonly EntitySpan[];
  /** What earlier turns told. It stays, unless something new is said in its place. */
  readonly collected?: ParameterValues | undefined;
  /** The parameter that was asked for: the first value of its type is its own. */
  readonly asked?: IntentParameter | undefined;
  readonly context: Scope['context'];
  readonly language: string;
}

/** Gives each parameter of an intent its value: what is said, what an expression makes of it, or its default. */
export function fillParameters({ parameters }: AgentIntent, sources: ParameterSources): ParameterValues {
  const { collected, context, language } = sources;
  const said = assignSpans(parameters, sources);
  const scope: Scope = {
    values: Object.fromEntries([...said].map(([alias, { value }]) => [alias, value])),
    originals: Object.fromEntries([...said].map(([alias, { original }]) => [alias, original])),
    context,
    language,
  };
  const values: Record<string, JsonValue> = {};
  const originals: Record<string, JsonValue> = {};
  for (const { name, alias, value: expression, defaultValue, isList } of parameters) {
    const before = collected?.values[name];
    const now = resolveValue(expression, scope);
    if (now === undefined && !isEmpty(before)) {
      values[name] = before as JsonValue;
      originals[name] = collected?.originals[name] ?? '';
      continue;
    }
    const value = now ?? resolveValue(defaultValue, scope);
    values[name] = isList ? asList(value) : (value ?? '');
    originals[name] = now === undefined ? '' : (said.get(alias)?.original ?? '');
  }
  return { values, originals };
}

/** The first required parameter without a value, in the order in which they are declared. */
export function firstMissing(
  { parameters }: AgentIntent,
  { values }: ParameterValues,
): IntentParameter | undefined {
  return parameters.find(({ name, mandatory }) => mandatory && isEmpty(values[name]));
}

/** The parameters as contexts hold them: each by its name, and what was said by `name.original`. */
export function contextParameters({ values, originals }: ParameterValues): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => [
      [name, value],
      [`${name}.original`, originals[name] ?? ''],
    ]),
  );
}

/** What a context holds of an intent's parameters. */
export function readContextParameters(
  { parameters }: AgentIntent,
  held: Readonly<Record<string, JsonValue>>,
): ParameterValues {
  const read = (ending: string) =>
    Object.fromEntries(parameters.map(({ name }) => [name, held[`${name}${ending}`] ?? '']));
  return { values: read(''), originals: read('.original') };
}

/** The values that the parameters have in what was said, by alias. */
function assignSpans(
  parameters: readonly IntentParameter[],
  { spans, collected, asked }: Pick<ParameterSources, 'spans' | 'collected' | 'asked'>,
): Map<string, Said> {
  const said = new Map<string, Said>();
  const left = new Set(spans);
  const take = (alias: string, taken: readonly EntitySpan[], isList: boolean) => {
    const [first] = taken;
    if (first === undefined) return;
    for (const span of taken) left.delete(span);
    const all = {
      value: taken.map(({ value }) => value as JsonValue),
      original: taken.map(({ text }) => text),
    };
    said.set(alias, isList ? all : { value: first.value as JsonValue, original: first.text });
  };
  const isKnown = new Set(parameters.map(({ alias }) => alias));
  const byPlace = parameters.filter(({ alias }) => alias !== '');
  for (const { alias, entityType, isList } of byPlace) {
    if (said.has(alias)) continue;
    const own = spans.filter((span) => span.alias === alias && span.entityType === entityType);
    // What stands in the place of one entry of a list is followed by the others.
    const others = isList ? spans.filter((span) => isFree(span, entityType, isKnown)) : [];
    if (own.length > 0 && left.has(own[0] as EntitySpan)) {
      take(
        alias,
        [...own, ...others].sort((a, b) => a.start - b.start),
        isList,
      );
    }
  }
  for (const { alias, entityType, isList } of byNeed(byPlace, collected, asked)) {
    if (said.has(alias)) continue;
    const own = [...left].filter((span) => isFree(span, entityType, isKnown));
    take(alias, isList ? own : own.slice(0, 1), isList);
  }
  return said;
}

/** Whether a value may be any parameter's of its type. */
function isFree({ entityType, alias }: EntitySpan, wanted: string, known: ReadonlySet<string>): boolean {
  return entityType === wanted && (alias === undefined || !known.has(alias));
}

/** First what was asked for, then what nobody has told yet. */
function byNeed(
  parameters: readonly IntentParameter[],
  collected: ParameterValues | undefined,
  asked: IntentParameter | undefined,
): IntentParameter[] {
  const need = (parameter: IntentParameter) =>
    parameter === asked ? 0 : isEmpty(collected?.originals[parameter.name]) ? 1 : 2;
  return parameters.toSorted((one, other) => need(one) - need(other));
}

function asList(value: JsonValue | undefined): JsonValue {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
