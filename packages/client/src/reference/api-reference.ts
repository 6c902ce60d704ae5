/**
 * The text of docs/client-api.md: every export of the package, by what its source says of it, and every method of the
 * services, by the tables. For the tests alone.
 */
import { readFileSync } from 'node:fs';
import {
  ConversationProfiles,
  Conversations,
  Locations,
  Operations,
  Participants,
} from '../../gen/tables.js';
import { isRepeatable } from '../call/retry.ts';
import { mixins } from '../clients/mixins.ts';
import { serviceTable } from '../codec/service-table.ts';
import type { MethodTable } from '../codec/tables.ts';

const source = new URL('../', import.meta.url);
const generated = new URL('../../gen/types.d.ts', import.meta.url);

/** An export of index.ts with what its source says. */
interface Entry {
  readonly name: string;
  readonly kind: string;
  readonly doc: string;
  readonly members: readonly Member[];
}

interface Member {
  readonly signature: string;
  readonly doc: string;
}

const SERVICES = [
  ['ConversationsClient', Conversations],
  ['ConversationProfilesClient', ConversationProfiles],
  ['ParticipantsClient', Participants],
] as const;

/** What the chapters are, in their order; what is in none of these files comes last. */
const CHAPTERS = [
  [
    'Clients',
    [
      'clients/conversations-client',
      'clients/conversation-profiles-client',
      'clients/participants-client',
      'clients/service-client',
    ],
  ],
  [
    'Calls',
    [
      'call/call-options',
      'clients/pending-reply',
      'clients/list',
      'clients/watch-messages',
      'clients/service-members',
    ],
  ],
  ['Errors', ['errors']],
  [
    'Settings and credentials',
    [
      'transport/service-transports',
      'transport/transport-options',
      'client-options',
      'client-info',
      'auth/header-source',
      'auth/service-account',
    ],
  ],
  ['Names and times', ['names/resource-name', 'names/seed-paths', 'time']],
] as const;

export function apiReference(): string {
  const files = exportsOfIndex();
  const known = new Set<string>(CHAPTERS.flatMap(([, names]) => names));
  const others = [...files.keys()].filter((file) => !known.has(file));
  const chapters = [...CHAPTERS, ['Transports', others] as const];
  return [
    '# The client, member by member',
    'Made from the sources by `npm run docs`; a test fails when it is out of date. The types of requests and answers, with',
    'the documentation of each field, are in the declarations of the package: an editor shows them.\n',
    '## Methods of the services',
    'Each takes the fields of its request, or `{ request }`, and then the options of the call (`CallOptions`). A question',
    'mark stands behind what may be left out. A call that is made again by itself, where its error is one that passes, says so.\n',
    ...SERVICES.map(([name, definition]) =>
      serviceSection(name, Object.values(serviceTable(definition).methods)),
    ),
    serviceSection('Every client', mixedIn(), 'page'),
    ...chapters.map(([title, names]) => chapter(title, names, files)),
  ].join('\n');
}

function mixedIn(): MethodTable[] {
  const names = mixins().flatMap(({ methods = [] }) => methods);
  const all = [Operations, Locations].flatMap((definition) =>
    Object.values(serviceTable(definition).methods),
  );
  return all.filter(({ localName }) => names.includes(localName));
}

function serviceSection(name: string, methods: readonly MethodTable[], awaited = 'pager'): string {
  return [`### ${name}\n`, ...methods.map((method) => methodSection(method, awaited))].join('\n');
}

function methodSection(method: MethodTable, awaited: string): string {
  const { service, localName, kind, http, routing, flattened, pagedField } = method;
  const types = methodTypes(service, localName);
  const answer = answerOf(types, kind, awaited);
  const rows = [
    `- sends \`${types.request}\`: ${fieldsOf(types.request)}`,
    `- answers ${answer}`,
    `- gRPC: \`/${service}/${method.name}\`; REST: ${http.length === 0 ? 'none' : http.map(({ verb, path }) => `\`${verb} ${path}\``).join(', ')}`,
  ];
  if (routing.length > 0) rows.push(`- routed by ${routing.map((field) => `\`${field}\``).join(', ')}`);
  if (flattened.length > 0) {
    rows.push(`- flattened in the Python client: ${flattened.map((field) => `\`${field}\``).join(', ')}`);
  }
  if (kind === 'unary') rows.push(`- made again by itself: ${repeated(method)}`);
  if (pagedField !== undefined) rows.push(`- a list, of the \`${pagedField}\` of all pages`);
  return [`#### ${localName}\n`, ...rows, ''].join('\n');
}

function repeated(method: MethodTable): string {
  if (isRepeatable(method, {})) return 'yes';
  const idField = fieldNames(methodTypes(method.service, method.localName).request).find((name) =>
    isRepeatable(method, { [name]: 'x' }),
  );
  return idField === undefined ? 'no' : `where \`${idField}\` is given`;
}

function answerOf(types: MethodTypes, kind: MethodTable['kind'], awaited: string): string {
  if (kind !== 'unary') return `a stream of \`${types.response}\``;
  if (types.item === 'never') return `\`${types.response}\``;
  const whole = awaited === 'pager' ? `a pager of \`${types.response}\`` : `the first \`${types.response}\``;
  return `\`${types.item}\`s, one by one; with \`await\` ${whole}`;
}

interface MethodTypes {
  readonly request: string;
  readonly response: string;
  readonly item: string;
}

const typesText = readFileSync(generated, 'utf8');

function methodTypes(service: string, localName: string): MethodTypes {
  const start = typesText.indexOf(`export interface ${service.split('.').at(-1)}Service {`);
  const text = typesText.slice(typesText.indexOf(`\n  ${localName}: {`, start));
  const of = (name: string): string => new RegExp(`^ +${name}: (.+);$`, 'm').exec(text)?.[1] ?? '';
  return { request: of('request'), response: of('response'), item: of('item') };
}

/** Fields with a question mark behind those that may be left out. */
function fieldsOf(type: string): string {
  const fields = [...bodyOf(typesText, `export interface ${type} {`).matchAll(/^ {2}(\w+\??): (.+);$/gm)];
  if (fields.length === 0) return 'no fields';
  return fields.map(([, name = '']) => `\`${name}\``).join(', ');
}

function fieldNames(type: string): string[] {
  return [...bodyOf(typesText, `export interface ${type} {`).matchAll(/^ {2}(\w+)\??: /gm)].map(
    ([, name = '']) => name,
  );
}

function bodyOf(text: string, head: string): string {
  const start = text.indexOf(head);
  return start === -1 ? '' : text.slice(start, text.indexOf('\n}', start));
}

/** The exports of index.ts by the files that they come from, without endings. */
function exportsOfIndex(): Map<string, readonly Entry[]> {
  const index = readFileSync(new URL('index.ts', source), 'utf8');
  const found = new Map<string, readonly Entry[]>();
  for (const [, names, file = ''] of index.matchAll(
    /export (?:type )?(?:\{([^}]*)\}|\*) from '\.\/([^']+)\.ts';/g,
  )) {
    const text = readFileSync(new URL(`${file}.ts`, source), 'utf8');
    const wanted = names
      ?.split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '');
    const all = [
      ...text.matchAll(/^export (?:abstract )?(?:async )?(?:class|interface|type|const|function\*?) (\w+)/gm),
    ];
    const declared = new Set(all.map(([, name = '']) => name));
    found.set(
      file,
      (wanted ?? [...declared]).map((name) => entryOf(text, name)),
    );
  }
  return found;
}

function entryOf(text: string, name: string): Entry {
  const declaration = new RegExp(
    `(?:^\\/\\*\\*((?:(?!\\*\\/)[\\s\\S])*?)\\*\\/\\n)?^export (abstract class|class|interface|type|const|async function\\*?|function) ${name}\\b.*$`,
    'm',
  ).exec(text);
  if (declaration === null) throw new Error(`there is no ${name}`);
  const [whole, doc = '', kind = ''] = declaration;
  const rest = text.slice(declaration.index + whole.length);
  const head = whole.endsWith('{') ? 0 : rest.indexOf('{\n');
  const body = /class|interface/.test(kind) ? rest.slice(head, rest.indexOf('\n}')) : '';
  const start = declaration.index + whole.indexOf(name, whole.lastIndexOf('export '));
  const members = kind.includes('function')
    ? [{ signature: signatureAt(text, start), doc: '' }]
    : membersOf(body);
  return { name, kind, doc: proseOf(doc), members };
}

/** What stands two spaces deep in a body and is not private. */
function membersOf(body: string): Member[] {
  const start = /^ {2}(?:\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\n {2})?(?=(?:\w+ )*(?:\w+|\[Symbol)[^\n]*)/gm;
  return [...body.matchAll(start)]
    .map((found) => ({
      signature: signatureAt(body, found.index + found[0].length),
      doc: proseOf(found[1] ?? ''),
    }))
    .filter(
      ({ signature }) => !/#|^(?:private|return|super|override readonly (?:name|code))\b/.test(signature),
    );
}

/** To the end of a declaration, without the body and the value of what has one. */
function signatureAt(text: string, start: number): string {
  let depth = 0;
  let end = start;
  for (; end < text.length; end++) {
    const character = text[end] ?? '';
    if (depth === 0 && (character === ';' || /^ (?:= |\{\n)/.test(text.slice(end, end + 3)))) break;
    const before = text[end - 1] ?? '';
    if ('([{'.includes(character) || (character === '<' && /\w/.test(before))) depth++;
    if (')]}'.includes(character) || (character === '>' && before !== '=')) depth--;
  }
  const line = text.slice(start, end).replaceAll(/\s+/g, ' ');
  return line
    .replaceAll('( ', '(')
    .replaceAll(', )', ')')
    .replaceAll(/^async /g, '')
    .trim();
}

/** A comment as one paragraph a line. */
function proseOf(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  return lines
    .join('\n')
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll('\n', ' '))
    .join('\n\n');
}

function chapter(
  title: string,
  names: readonly string[],
  files: ReadonlyMap<string, readonly Entry[]>,
): string {
  const entries = names.flatMap((name) => files.get(name) ?? []);
  return [`## ${title}\n`, ...entries.map(entrySection)].join('\n');
}

function entrySection({ name, kind, doc, members }: Entry): string {
  const lines = [`### ${name}\n`, `*${kind}*${doc === '' ? '' : ` · ${doc}`}\n`];
  if (members.length > 0) {
    lines.push(
      ...members.map(
        ({ signature, doc: said }) =>
          `- \`${signature}\`${said === '' ? '' : `: ${said.replaceAll('\n\n', ' ')}`}`,
      ),
      '',
    );
  }
  return lines.join('\n');
}
