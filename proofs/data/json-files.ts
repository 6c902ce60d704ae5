import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** JSON files by their paths. */
export type JsonFiles = Readonly<Record<string, JsonValue>>;

/** Files that the writer makes though they were not there. */
const ADDED = 'package.json';

/**
 * Where the JSON of an export is another after it was read and written, a line each. Three things may be otherwise:
 * what was dropped is gone, phrases and entries have files of their own, and what is said in several languages is sorted
 * by them.
 */
export function findDifferences(before: JsonFiles, after: JsonFiles, dropped: readonly string[]): string[] {
  const expected = expectedOf(before, dropped);
  const differences: string[] = [];
  for (const [path, json] of Object.entries(expected)) {
    if (!Object.hasOwn(after, path)) differences.push(`${path} is not written`);
    else compare(sortLanguages(json), sortLanguages(after[path] ?? null), path, differences);
  }
  for (const path of Object.keys(after)) {
    if (!Object.hasOwn(expected, path) && path !== ADDED)
      differences.push(`${path} is written and was not there`);
  }
  return differences;
}

/** The files as the console writes them today, without what is dropped. */
function expectedOf(files: JsonFiles, dropped: readonly string[]): JsonFiles {
  const expected: Record<string, JsonValue> = structuredClone({ ...files });
  const { language = 'en' } = (expected['agent.json'] ?? {}) as { language?: string };
  for (const line of dropped) {
    const [file = '', place = ''] = line.split(': ');
    if (expected[file] !== undefined) removeAt(expected[file] as JsonObject, place.split('.'));
  }
  for (const [path, json] of Object.entries(expected)) {
    const [, base, folder] = /^((intents|entities)\/.+)\.json$/u.exec(path) ?? [];
    if (base === undefined || !isObject(json)) continue;
    const [key, kind] =
      folder === 'intents' ? (['userSays', 'usersays'] as const) : (['entries', 'entries'] as const);
    const { [key]: inside, ...main } = json;
    if (inside === undefined) continue;
    expected[path] = main;
    if (kind === 'entries') expected[`${base}_entries_${language}.json`] ??= [];
    for (const each of inside as JsonObject[]) {
      const tag = kind === 'usersays' && typeof each['lang'] === 'string' ? each['lang'] : language;
      const beside = `${base}_${kind}_${tag}.json`;
      expected[beside] = [...((expected[beside] as JsonValue[] | undefined) ?? []), each];
    }
  }
  for (const [path, json] of Object.entries(expected)) {
    if (/_usersays_[^_/]+\.json$/u.test(path) && Array.isArray(json) && json.length === 0)
      delete expected[path];
  }
  return expected;
}

/** Takes a value away; a user name is made empty, as the console does. */
function removeAt(json: JsonObject, [key = '', ...rest]: readonly string[]): void {
  const within = json[key];
  if (rest.length > 0 && within !== undefined) removeAt(within as JsonObject, rest);
  else if (key === 'username') json[key] = '';
  else delete json[key];
}

function sortLanguages(json: JsonValue): JsonValue {
  if (Array.isArray(json)) {
    const sorted = json.map(sortLanguages);
    const tagOf = (each: JsonValue): string => String((isObject(each) && each['lang']) || '');
    return sorted.sort((one, other) => (tagOf(one) < tagOf(other) ? -1 : tagOf(one) > tagOf(other) ? 1 : 0));
  }
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, each]) => [key, sortLanguages(each)]));
}

function compare(before: JsonValue, after: JsonValue, place: string, differences: string[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (!Object.hasOwn(after, key)) differences.push(`${place}.${key} is gone`);
      else if (!Object.hasOwn(before, key)) differences.push(`${place}.${key} was not there`);
      else compare(before[key] ?? null, after[key] ?? null, `${place}.${key}`, differences);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, each] of before.entries()) {
      compare(each, after[index] ?? null, `${place}[${index}]`, differences);
    }
  } else if (before !== after) {
    differences.push(`${place} was ${JSON.stringify(before)} and is ${JSON.stringify(after)}`.slice(0, 300));
  }
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
