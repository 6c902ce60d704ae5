import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { httpRules, registry } from '@parleykit/proto';
import { FieldBehavior, field_behavior } from '@parleykit/proto/api';
import type { Continuation, Corpus } from './corpus.ts';
import { draftFilter } from './filters.ts';
import { chooseFocus, draftName, type Focus } from './names.ts';
import type { Random } from './random.ts';
import { draftId, draftText, mutateText, oddText } from './texts.ts';

/** A value that is not encoded yet. Unlike a message of protobuf-es it can be one that no message may hold. */
export type DraftValue = string | number | bigint | boolean | Uint8Array | Draft;

export interface DraftField {
  readonly field: DescField;
  /** One, or the elements of a list, or the values of a map. */
  readonly values: readonly DraftValue[];
  /** The keys of a map, in the order of its values. */
  readonly keys: readonly DraftValue[];
}

/** A message as fields and values; several fields of one oneof may be among them. */
export interface Draft {
  readonly desc: DescMessage;
  readonly fields: DraftField[];
}

/** What one request is made from. */
export interface Scenario {
  readonly random: Random;
  readonly corpus: Corpus;
  readonly method: DescMethod;
  readonly focus: Focus;
  /** Where the request continues a list. */
  readonly continuation: Continuation | undefined;
  /** How many more optional fields it may have. */
  budget: number;
  /** Whether something in it nests deeper than every parser follows. */
  isDeep: boolean;
}

/** Fields that a request is refused without, whatever the descriptors say. */
const wanted = new Set([
  'role',
  'send_time',
  'participant',
  'content',
  'conversation_profile',
  'display_name',
]);

/** Makes a request for a method: of the right shape, and mostly of plausible values. */
export function draftRequest(
  random: Random,
  corpus: Corpus,
  method: DescMethod,
): { draft: Draft; scenario: Scenario } {
  random.oddness = random.pick([0, 0.05, 0.3, 1, 1]);
  const name = methodName(method);
  const known = corpus.continuations.filter((each) => each.method === name);
  const continuation = known.length > 0 && random.chance(0.4) ? random.pick(known) : undefined;
  const budget = random.chance(0.005) ? 1500 : random.pick([4, 8, 16, 40]);
  const scenario = {
    random,
    corpus,
    method,
    focus: chooseFocus(random, corpus),
    continuation,
    budget,
    isDeep: false,
  };
  return { draft: draftMessage(scenario, method.input, '', 0), scenario };
}

export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** The value at a dotted path of proto names, where the draft has one. */
export function valueAt(draft: Draft, path: string): DraftValue | undefined {
  let value: DraftValue | undefined = draft;
  for (const name of path.split('.')) {
    if (!isDraft(value)) return undefined;
    const found: DraftField | undefined = value.fields.find(({ field }) => field.name === name);
    value = found?.values[0];
  }
  return value;
}

export function isDraft(value: DraftValue | undefined): value is Draft {
  return typeof value === 'object' && 'desc' in value;
}

const addressedByMethod = new WeakMap<DescMethod, ReadonlyMap<string, readonly string[]>>();

/** The fields that a method's HTTP paths carry, with the patterns that they must have. */
export function addressedFields(method: DescMethod): ReadonlyMap<string, readonly string[]> {
  let fields = addressedByMethod.get(method);
  if (fields === undefined) {
    const patterns = new Map<string, string[]>();
    for (const { pattern } of httpRules(method)) {
      for (const [, field = '', template = ''] of String(pattern.value).matchAll(/\{([\w.]+)=([^}]+)\}/gu)) {
        patterns.set(field, [...(patterns.get(field) ?? []), template]);
      }
    }
    fields = patterns;
    addressedByMethod.set(method, fields);
  }
  return fields;
}

function draftMessage(scenario: Scenario, desc: DescMessage, path: string, depth: number): Draft {
  const wellKnown = wellKnownDrafts[desc.typeName];
  if (wellKnown !== undefined) return wellKnown(scenario, desc, depth);
  const { random } = scenario;
  const fields: DraftField[] = [];
  for (const field of desc.fields) {
    if (field.oneof === undefined && random.chance(presenceOf(scenario, field, path, depth))) {
      fields.push(draftField(scenario, field, path, depth));
    }
  }
  for (const oneof of desc.oneofs) {
    const leads = oneof.fields.filter(({ message }) => message !== undefined && leadsToWellKnown(message));
    let chance = scenario.budget > 0 ? 0.6 / (1 + depth / 3) : leads.length > 0 ? 0.3 : 0.05;
    while (random.chance(chance)) {
      const among = leads.length > 0 && random.chance(0.4) ? leads : oneof.fields;
      fields.push(draftField(scenario, random.pick(among), path, depth));
      chance = 0.02;
    }
  }
  return { desc, fields };
}

function presenceOf(scenario: Scenario, field: DescField, path: string, depth: number): number {
  const needed = 1 - 0.04 * scenario.random.oddness;
  if (depth === 0 && field.name === 'page_token') return scenario.continuation === undefined ? 0.15 : 1;
  if (depth === 0 && field.name === 'filter') return 0.5;
  if (isNeeded(scenario, field, path)) return needed;
  const leads = field.message !== undefined && leadsToWellKnown(field.message);
  if (scenario.budget <= 0) return leads ? 0.2 : 0;
  if (behaviorsOf(field).includes(FieldBehavior.OUTPUT_ONLY)) return 0.1;
  const presence = depth === 0 ? 0.6 : 0.4 / (1 + depth / 3);
  return leads ? (1 + presence) / 2 : presence;
}

/** Whether a request is refused without the field. */
function isNeeded({ method }: Scenario, field: DescField, path: string): boolean {
  const behaviors = behaviorsOf(field);
  const fields = addressedFields(method);
  return (
    wanted.has(field.name) ||
    behaviors.includes(FieldBehavior.REQUIRED) ||
    fields.has(path + field.name) ||
    [...fields.keys()].some((each) => each.startsWith(`${path}${field.name}.`))
  );
}

const behaviorsByField = new Map<DescField, readonly FieldBehavior[]>();

function behaviorsOf(field: DescField): readonly FieldBehavior[] {
  let behaviors = behaviorsByField.get(field);
  if (behaviors === undefined) {
    behaviors = hasOption(field, field_behavior) ? getOption(field, field_behavior) : [];
    behaviorsByField.set(field, behaviors);
  }
  return behaviors;
}

const leading = new Map<DescMessage, boolean>();

/** Whether a message may hold one of the types whose bytes can say more than their JSON. */
function leadsToWellKnown(desc: DescMessage): boolean {
  const known = leading.get(desc);
  if (known !== undefined) return known;
  leading.set(desc, false);
  const leads =
    Object.hasOwn(wellKnownDrafts, desc.typeName) ||
    desc.fields.some(({ message }) => message !== undefined && leadsToWellKnown(message));
  leading.set(desc, leads);
  return leads;
}

function draftField(scenario: Scenario, field: DescField, path: string, depth: number): DraftField {
  const { random } = scenario;
  const { oddness } = random;
  // In a request that is right otherwise, what is optional may be odd: it gets past the checks of what is not.
  if (!isNeeded(scenario, field, path) && random.chance(0.3)) random.oddness = Math.max(oddness, 0.6);
  const drafted = draftFieldOf(scenario, field, path, depth);
  random.oddness = oddness;
  return drafted;
}

function draftFieldOf(scenario: Scenario, field: DescField, path: string, depth: number): DraftField {
  const { random } = scenario;
  const draw = (): DraftValue => draftValue(scenario, field, path, depth);
  scenario.budget--;
  if (field.fieldKind === 'list') {
    const usualLeast = isNeeded(scenario, field, path) && !random.oddly(0.5) ? 1 : 0;
    const count = random.chance(0.003) ? random.pick([60, 301]) : random.pick([1, 1, 1, 2, 3, usualLeast]);
    return { field, keys: [], values: Array.from({ length: count }, draw) };
  }
  if (field.fieldKind === 'map') {
    const keys = Array.from({ length: random.pick([0, 1, 1, 2]) }, () => draftKey(random, field.mapKey));
    return { field, keys, values: keys.map(draw) };
  }
  return { field, keys: [], values: [draw()] };
}

function draftKey(random: Random, type: ScalarType): DraftValue {
  return type === ScalarType.STRING ? draftText(random).slice(0, 300) : draftScalar(random, type);
}

function draftValue(scenario: Scenario, field: DescField, path: string, depth: number): DraftValue {
  const { random } = scenario;
  if (field.message !== undefined) {
    return draftMessage(scenario, field.message, `${path}${field.name}.`, depth + 1);
  }
  if (field.enum !== undefined) return draftEnum(random, field.enum);
  const type = field.scalar ?? ScalarType.STRING;
  if (type === ScalarType.STRING) return draftString(scenario, field, path, depth);
  if (field.name === 'page_size') {
    return random.oddly(0.3) ? random.pick([-1, -2_147_483_648]) : random.pick(pageSizes);
  }
  return draftScalar(random, type);
}

function draftEnum(random: Random, desc: DescEnum): number {
  if (random.oddly(0.08)) return random.pick([-1, 99, 4096, 2_147_483_647, -2_147_483_648]);
  // Zero is mostly the unspecified value, which is refused where a value is asked for.
  const usual = desc.values.length > 1 && random.chance(0.85) ? desc.values.slice(1) : desc.values;
  return random.pick(usual).number;
}

function draftString(scenario: Scenario, field: DescField, path: string, depth: number): string {
  const { random, corpus, focus, continuation } = scenario;
  const patterns = addressedFields(scenario.method).get(path + field.name);
  if (patterns !== undefined) {
    return continuation?.resource ?? draftName(random, corpus, focus, random.pick(patterns));
  }
  const draw = (shape: string): string => draftName(random, corpus, focus, `projects/*/${shape}`);
  switch (field.name) {
    case 'filter':
      return continuation?.filter ?? draftFilter(random);
    case 'page_token':
      return draftToken(scenario);
    case 'participant':
      return draw('conversations/*/participants/*');
    case 'conversation':
      return draw('conversations/*');
    case 'conversation_profile':
      return draw('conversationProfiles/*');
    case 'parent':
      return random.chance(0.5) ? '' : random.oddly(0.1) ? draw('conversations/*') : focus.talk.name;
    case 'language_code':
    case 'default_language_code':
      return random.oddly(0.2) ? draftText(random) : random.pick(['', 'en', 'en-US', 'de']);
    case 'time_zone':
      return random.oddly(0.2) ? draftText(random) : 'Europe/Zurich';
    case 'input_context_names':
      return draw('agent/sessions/*/contexts/*');
    case 'parent_followup_intent_name':
      return random.chance(0.7) ? '' : draw('agent/intents/*');
    case 'entity_type_names':
      return draw('agent/entityTypes/*');
    case 'entity_type_display_name':
    case 'entity_type':
      return random.oddly(0.2) ? draftText(random) : `@${draftId(random)}`;
    case 'display_name':
      return random.chance(0.5) ? draftId(random) : draftText(random);
    case 'action':
      return random.oddly(0.2) ? draftText(random) : draftId(random);
    case 'name':
      if (path.endsWith('contexts.') || path === 'context.') return draw('agent/sessions/*/contexts/*');
      if (path === 'session_entity_type.') return `${draw('agent/sessions/*')}/entityTypes/fruit`;
      if (path.endsWith('intents.') && random.chance(0.5)) return draw('agent/intents/*');
      // Mostly the server's own to give; sometimes the id that a caller wants.
      if (random.chance(0.6)) return '';
      if (random.oddly(0.5)) return draw('conversations/*/messages/*');
      return `${focus.talk.name}/messages/${draftId(random)}`;
    case 'paths':
      return random.pick([...maskPaths, oddText(random)]);
    case 'type_url':
      return `type.googleapis.com/${random.pick(['google.protobuf.Struct', 'x', 'google.rpc.Status', ''])}`;
    default:
      return field.name.endsWith('_id') && depth === 0 ? draftId(random) : draftText(random);
  }
}

const maskPaths = ['*', 'display_name', 'displayName', 'name', 'a.b.c', 'role'].concat([
  'training_phrases',
  'parameters',
  'messages',
  'ml_enabled',
  'entities',
  'kind',
  'lifespan_count',
]);

function draftToken({ random, corpus, continuation }: Scenario): string {
  if (continuation !== undefined && random.chance(0.8)) return continuation.token;
  if (corpus.continuations.length === 0 || random.chance(0.2)) return oddText(random);
  const { token } = random.pick(corpus.continuations);
  switch (random.below(5)) {
    case 0:
      return token;
    case 1:
      return token.slice(0, random.below(token.length));
    case 2:
      return `${token}${random.pick(['=', '==', 'A', ' ', '\n', token])}`;
    case 3:
      return forgeToken(random, token);
    default:
      return mutateText(random, token);
  }
}

/** A token in its right spelling whose bytes are not those that were given out. */
function forgeToken(random: Random, token: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes.toString('base64url');
}

const SIGNED_64_MAX = 2n ** 63n - 1n;
const pageSizes = [0, 1, 2, 3, 7, 100, 999, 1000, 1001, 2_147_483_647];
const edges32 = [0, 1, -1, 2, 100, 65_535, 2_147_483_647, -2_147_483_648];
const edges64 = [0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 53n + 1n, SIGNED_64_MAX, -SIGNED_64_MAX - 1n];
const edgesOfFloats = [0, -0, 1, -1.5, 0.1, 5e-324, 3.4e38, 1e39, 1.7976931348623157e308];
const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function draftScalar(random: Random, type: ScalarType): DraftValue {
  switch (type) {
    case ScalarType.BOOL:
      return random.chance(0.7);
    case ScalarType.BYTES:
      return random.bytes(random.pick([0, 1, 7, 40]));
    case ScalarType.STRING:
      return draftText(random);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return random.oddly(0.15) ? random.pick(notFinite) : random.pick(edgesOfFloats);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return random.pick([0, 1, 77, 4_294_967_295]);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return random.pick([0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return random.pick(edges64);
    default:
      return random.pick(edges32);
  }
}

const TIME_FIRST = -62_135_596_800n;
const TIME_LAST = 253_402_300_799n;
const DURATION_LAST = 315_576_000_000n;
const oddSeconds = [
  ...[
    TIME_FIRST,
    TIME_FIRST - 1n,
    TIME_LAST,
    TIME_LAST + 1n,
    DURATION_LAST,
    DURATION_LAST + 1n,
    -DURATION_LAST,
  ],
  ...edges64,
  -62_167_219_201n,
];
const oddNanos = [0, 1, 999_999_999, 1_000_000_000, -1, -999_999_999, 2_147_483_647, -2_147_483_648];

function draftTime({ random }: Scenario, desc: DescMessage): Draft {
  const usual = !random.oddly(0.3);
  const around = desc.name === 'Timestamp' ? 1_700_000_000 : 0;
  const seconds = usual ? BigInt(around + random.below(1_000_000)) : random.pick(oddSeconds);
  const nanos = usual ? random.pick([0, 0, 1_000_000, 123_456_789]) : random.pick(oddNanos);
  return draftOf(desc, { seconds, nanos });
}

/** A message from values by proto name. */
function draftOf(desc: DescMessage, values: Readonly<Record<string, DraftValue>>): Draft {
  const fields = desc.fields.filter(({ name }) => Object.hasOwn(values, name));
  return { desc, fields: fields.map((field) => ({ field, keys: [], values: [values[field.name] ?? ''] })) };
}

/** A google.protobuf.Value, ListValue or Struct: small, now and then nested deeper than anybody would follow. */
function draftJson(scenario: Scenario, desc: DescMessage, depth: number): Draft {
  const { random } = scenario;
  const chain = random.oddly(0.2) ? random.pick([20, 31, 32, 33, 34, 47, 49, 66, 98, 101, 150, 400]) : 0;
  scenario.isDeep ||= chain > 20;
  return nestJson(scenario, desc, chain > 0 ? chain : -Math.max(1, 4 - depth));
}

/** `levels` above zero make a chain as deep as that; below zero, a tree that is at most as deep. */
function nestJson(scenario: Scenario, desc: DescMessage, levels: number): Draft {
  const { random } = scenario;
  const inner = levels > 0 ? levels - 1 : Math.min(0, levels + 1);
  const count = levels > 0 ? 1 : random.below(4);
  if (desc.name === 'Value') {
    if (random.oddly(0.1)) return { desc, fields: [] };
    const kinds = inner === 0 ? desc.fields.slice(0, 4) : levels > 0 ? desc.fields.slice(4) : desc.fields;
    const field = random.pick(kinds);
    const value =
      field.message === undefined
        ? draftValue(scenario, field, '', 9)
        : nestJson(scenario, field.message, inner);
    return { desc, fields: [{ field, keys: [], values: [value] }] };
  }
  const [field] = desc.fields;
  if (field?.message === undefined) return { desc, fields: [] };
  const element = field.message;
  const values = Array.from({ length: count }, () => nestJson(scenario, element, inner));
  const keys = field.fieldKind === 'map' ? values.map(() => draftText(random).slice(0, 40)) : [];
  return { desc, fields: [{ field, keys, values }] };
}

const anyTypes = [...registry].filter((type) => type.kind === 'message');

/** An Any of a known type with whatever inside, or of none. */
function draftAny(scenario: Scenario, desc: DescMessage): Draft {
  const { random } = scenario;
  const type = random.pick(anyTypes);
  const url = random.chance(0.7) ? `type.googleapis.com/${type.typeName}` : oddText(random);
  return draftOf(desc, { type_url: url, value: random.bytes(random.pick([0, 0, 2, 20])) });
}

/** A mask of the fields that stand beside it, as updates have it. */
function draftMask(scenario: Scenario, desc: DescMessage): Draft {
  const { random, method } = scenario;
  const [field] = desc.fields;
  if (field === undefined) return { desc, fields: [] };
  const names = method.input.fields.flatMap((each) => each.message?.fields.map(({ name }) => name) ?? []);
  const values = Array.from({ length: random.below(4) }, () =>
    names.length > 0 && random.chance(0.8) ? random.pick(names) : draftString(scenario, field, 'mask.', 9),
  );
  return { desc, fields: [{ field, keys: [], values }] };
}

const wellKnownDrafts: Readonly<
  Record<string, (scenario: Scenario, desc: DescMessage, depth: number) => Draft>
> = {
  'google.protobuf.Timestamp': draftTime,
  'google.protobuf.Duration': draftTime,
  'google.protobuf.Struct': draftJson,
  'google.protobuf.Value': draftJson,
  'google.protobuf.ListValue': draftJson,
  'google.protobuf.Any': draftAny,
  'google.protobuf.FieldMask': draftMask,
};
