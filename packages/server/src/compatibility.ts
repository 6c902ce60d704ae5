import type { DescMessage, DescMethod, DescService } from '@bufbuild/protobuf';
import { httpRules, services } from '@parleykit/proto';
import { fieldOverrides, resourcePatternOverrides } from './field-overrides.ts';
import { fieldSupport, type Support } from './services/field-support.ts';

/**
 * The page that says, method by method and field by field, what the server does: made from the descriptors, from
 * which methods are built, and from the annotations beside the services.
 */

const API_PACKAGE = 'google.cloud.dialogflow.v2beta1.';

export function shortName(type: { readonly typeName: string }): string {
  return type.typeName.startsWith(API_PACKAGE) ? type.typeName.slice(API_PACKAGE.length) : type.typeName;
}

/**
 * The messages that built methods take and answer, and those within them that are not passed over as a whole, in the
 * order in which they are met.
 */
export function reachableMessages(isBuilt: (method: DescMethod) => boolean): DescMessage[] {
  const seen = new Set<DescMessage>();
  const visit = (message: DescMessage): void => {
    // The types that JSON and errors are made of mean the same everywhere.
    if (seen.has(message) || /^google\.(protobuf|rpc)\./u.test(message.typeName)) return;
    seen.add(message);
    const support = supportOf(message);
    for (const { name, message: inner } of message.fields) {
      const isUsed = support.get(name)?.some((kind) => kind === 'implemented' || kind === 'stored') ?? true;
      if (inner !== undefined && isUsed) visit(inner);
    }
  };
  for (const method of services.flatMap((service) => service.methods).filter(isBuilt)) {
    visit(method.input);
    visit(method.output);
  }
  return [...seen];
}

/** What is annotated of a message, field by field. */
export function supportOf(message: DescMessage): Map<string, Support[]> {
  const support = new Map<string, Support[]>();
  for (const [kind, fields = ''] of Object.entries(fieldSupport[shortName(message)] ?? {})) {
    const named = fields === '*' ? message.fields.map(({ name }) => name) : fields.split(' ');
    for (const field of named.filter((name) => name !== '')) {
      support.set(field, [...(support.get(field) ?? []), kind as Support]);
    }
  }
  return support;
}

/** The whole page, as Markdown. */
export function compatibilityPage(isBuilt: (method: DescMethod) => boolean): string {
  const [own, api] = [services.filter(isOwn), services.filter((service) => !isOwn(service))];
  const built = api.flatMap((service) => service.methods).filter(isBuilt).length;
  const all = api.flatMap((service) => service.methods).length;
  return [
    '# Compatibility',
    '',
    '<!-- Made by `npm run docs`; not to be edited. -->',
    '',
    `${built} of ${all} methods are built. Every other one answers UNIMPLEMENTED, on both wires. What is said here was`,
    'checked against the documentation and against Google’s published clients, never against the real service.',
    '',
    '## Methods',
    '',
    ...api.flatMap((service) => serviceLines(service, isBuilt)),
    '## Methods of Parley’s own',
    '',
    'What Dialogflow’s API has no methods for, on the same port and both wires.',
    '',
    ...own.flatMap((service) => serviceLines(service, isBuilt)),
    '## Fields',
    '',
    'Of the messages that built methods take and answer. **implemented**: does what its comment in the proto says.',
    '**stored**: kept and given back; nothing acts on it yet. **ignored**: taken and passed over. **refused**: an error',
    'that names it. **unset**: never filled in, although the real service may. Where a field is OUTPUT_ONLY, what a',
    'request says in it is passed over.',
    '',
    ...reachableMessages(isBuilt).flatMap(messageLines),
    '## Departures from the descriptors',
    '',
    '| field | here | why |',
    '|---|---|---|',
    ...Object.entries(fieldOverrides).map(
      ([field, { behavior, reason }]) => `| \`${field}\` | ${behavior} | ${reason} |`,
    ),
    '',
    '| type of resource | its names may be |',
    '|---|---|',
    ...Object.entries(resourcePatternOverrides).map(
      ([type, patterns]) => `| \`${type}\` | ${patterns.map((each) => `\`${each}\``).join(', ')} |`,
    ),
    '',
  ].join('\n');
}

function isOwn({ typeName }: DescService): boolean {
  return typeName.startsWith('parley.');
}

function serviceLines(service: DescService, isBuilt: (method: DescMethod) => boolean): string[] {
  if (!service.methods.some(isBuilt)) {
    const names = service.methods.map(({ name }) => name).join(', ');
    return [`**${shortName(service)}**: nothing is built (${names}).`, ''];
  }
  const rows = service.methods.map((method) => {
    const paths = httpRules(method).map(
      ({ pattern }) => `\`${pattern.case?.toUpperCase()} ${pattern.value}\``,
    );
    return `| ${method.name} | ${isBuilt(method) ? 'implemented' : 'UNIMPLEMENTED'} | ${paths.join('<br>')} |`;
  });
  return [`**${shortName(service)}**`, '', '| method | | over HTTP |', '|---|---|---|', ...rows, ''];
}

function messageLines(message: DescMessage): string[] {
  if (message.fields.length === 0) return [];
  const support = supportOf(message);
  const rows = message.fields.map(({ name }) => `| ${name} | ${support.get(name)?.join(', ') ?? ''} |`);
  return [`**${shortName(message)}**`, '', '| field | |', '|---|---|', ...rows, ''];
}
