import type { DescMethod } from '@bufbuild/protobuf';
import { httpRules } from '@parleykit/proto';
import {
  type Draft,
  type DraftField,
  type DraftValue,
  isDraft,
  type Scenario,
  valueAt,
} from './generators.ts';
import { type JsonQuirks, mutateJson, printDraft } from './json-text.ts';
import { draftName } from './names.ts';
import type { Random } from './random.ts';
import { draftText, mutateText, oddText } from './texts.ts';

/** An HTTP request as it goes out. */
export interface RestRequest {
  readonly verb: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface BuiltRest {
  readonly request: RestRequest;
  /** Whether the names in the path have the form that the rule asks for, so that the path leads to the method. */
  readonly isRouted: boolean;
}

/** How much of a request is damaged: its JSON text as a whole, single values in it, its URL. */
export interface RestDamage {
  readonly text: boolean;
  readonly values: number;
  readonly url: boolean;
}

export function hasRoute(method: DescMethod): boolean {
  return httpRules(method).length > 0;
}

/** The request of a call by one of the method's HTTP rules. */
export function buildRest(draft: Draft, scenario: Scenario, damage: RestDamage): BuiltRest {
  const { random, method } = scenario;
  const rule = random.pick(httpRules(method));
  const template = String(rule.pattern.value);
  const inPath: string[] = [];
  let isRouted = true;
  let path = template.replaceAll(/\{([\w.]+)=([^}]+)\}/gu, (_, field: string, pattern: string) => {
    inPath.push(field);
    const drafted = valueAt(draft, field);
    const shape = new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`, 'su');
    const name =
      typeof drafted === 'string' && shape.test(drafted)
        ? drafted
        : draftName(random, scenario.corpus, scenario.focus, pattern);
    isRouted &&= shape.test(name);
    return name.split('/').map(encodeText).join('/');
  });
  const quirks = { random, protoNames: random.chance(0.2), broken: damage.values };
  const { text, query } = splitRequest(draft, rule.body, inPath, quirks);
  if (random.chance(0.1)) query.push(random.pick(systemParameters));
  if (damage.url) path = mutatePath(random, path, query);
  const verb =
    damage.url && random.chance(0.15) ? random.pick(verbs) : String(rule.pattern.case).toUpperCase();
  const body = text === undefined ? undefined : damage.text ? mutateJson(random, text) : Buffer.from(text);
  const request = {
    verb,
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers: headersFor(random, body, damage),
    body: verb === 'HEAD' ? undefined : body,
  };
  return { request, isRouted };
}

const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND', 'TRACE'];

/** What of a request goes into the body, and what into the query. */
function splitRequest(
  draft: Draft,
  body: string,
  inPath: readonly string[],
  quirks: JsonQuirks,
): { text: string | undefined; query: string[] } {
  const { random } = quirks;
  const rest = draft.fields.filter(({ field }) => !inPath.includes(field.name));
  if (body === '*') {
    const fields = random.chance(0.1) ? draft.fields : rest;
    return { text: printDraft({ desc: draft.desc, fields }, quirks), query: [] };
  }
  const query: string[] = [];
  for (const each of rest) {
    if (each.field.name !== body) addParameters(query, each, '', quirks);
  }
  const bodyField = draft.fields.find(({ field }) => field.name === body)?.values[0];
  if (isDraft(bodyField)) return { text: printDraft(bodyField, quirks), query };
  return { text: random.chance(0.02) ? '{}' : undefined, query };
}

/** One parameter for each field that a URL can hold, and some for fields that it cannot. */
function addParameters(query: string[], each: DraftField, prefix: string, quirks: JsonQuirks): void {
  const { field, values } = each;
  const name = prefix + (quirks.protoNames ? field.name : field.jsonName);
  for (const value of values) {
    if (!isDraft(value)) query.push(`${encodeText(name)}=${encodeText(textOf(each, value))}`);
    else if (value.desc.typeName.startsWith('google.protobuf.')) {
      query.push(`${encodeText(name)}=${encodeText(printDraft(value, quirks).replaceAll(/^"|"$/gu, ''))}`);
    } else for (const inner of value.fields) addParameters(query, inner, `${name}.`, quirks);
  }
}

function textOf({ field }: DraftField, value: DraftValue): string {
  const named = field.enum?.values.find(({ number }) => number === value)?.name;
  return named ?? (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value));
}

/** Percent-encoding that takes lone surrogates too, which no UTF-8 can hold. */
function encodeText(text: string): string {
  return text.isWellFormed()
    ? encodeURIComponent(text)
    : `${encodeURIComponent(text.toWellFormed())}%ED%A0%80`;
}

const systemParameters = [
  '$alt=json',
  '$alt=json;enum-encoding=int',
  '%24alt=json%3Benum-encoding%3Dint',
  'alt=proto',
  'alt=',
  '$alt',
  'key=x',
  'prettyPrint=false',
  'fields=name',
  '$.xgafv=2',
  'callback=alert',
  'access_token=x',
];

/** Damages the path, and may damage the query that goes with it. */
function mutatePath(random: Random, path: string, query: string[]): string {
  const at = random.below(path.length) + 1;
  switch (random.below(12)) {
    case 0:
      return `${path}/`;
    case 1:
      return path.replaceAll('/', random.pick(['//', '/./', '%2F', '/../']));
    case 2:
      return (
        path.slice(0, at) +
        random.pick(['%', '%2', '%zz', '%00', '%C0%AF', '%ED%A0%80', '%E2%82', '\u00e9', '%25']) +
        path.slice(at)
      );
    case 3:
      return path + random.pick([':complete', ':batchCreate', ':', '::', ':x', '%3Acomplete']);
    case 4:
      return random.pick([
        '/',
        '//',
        '/v1',
        '/v2beta1',
        '*',
        '/healthz/',
        '/v2',
        'http://x/v2beta1',
        path.replace('v2beta1', 'v2'),
      ]);
    case 5:
      return `/${toUrlText(mutateText(random, path.slice(1)))}`;
    case 6:
      return path.replace(/[^/]+$/u, encodeText(oddText(random)));
    case 7:
      query.push(`${encodeText(oddText(random))}=${encodeText(draftText(random))}`);
      return path;
    case 8:
      query.push(
        random.pick([
          '&&&',
          '=',
          '=x',
          'a==b',
          '%',
          '%zz=1',
          'pageSize=%00',
          'pageSize=1&pageSize=2',
          'x.y.z=1',
          '+=+',
        ]),
      );
      return path;
    case 9:
      query.push(
        Array.from({ length: random.pick([50, 1001, 2000]) }, (_, index) => `a${index % 7}=1`).join('&'),
      );
      return path;
    case 10:
      query.push(`${'a.'.repeat(random.pick([10, 101, 3000]))}b=1`);
      return path;
    default:
      query.push(...query.map((each) => toUrlText(mutateText(random, each))));
      return path;
  }
}

/** Node sends no URL with blanks or control characters. */
function toUrlText(text: string): string {
  return text.replaceAll(/[^\x21-\xff]/gu, '~').replaceAll('#', '~');
}

function headersFor(
  random: Random,
  body: Buffer | undefined,
  { url, text }: RestDamage,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (!url && !text) return headers;
  switch (random.below(8)) {
    case 0:
      headers['content-type'] = random.pick([
        'text/plain',
        'application/x-protobuf',
        'application/json; charset=utf-16',
        'x',
        '',
      ]);
      break;
    case 1:
      headers['x-http-method-override'] = random.pick(verbs);
      break;
    case 2:
      headers['accept'] = random.pick(['*/*', 'text/html', 'application/grpc', '']);
      break;
    case 3:
      headers['x-odd'] = '\u00ff'.repeat(random.pick([1, 100, 20_000]));
      break;
    default:
  }
  return headers;
}
