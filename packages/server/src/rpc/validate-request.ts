import {
  clearField,
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
  isFieldSet,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import {
  type Duration,
  DurationSchema,
  FieldMaskSchema,
  type ListValue,
  ListValueSchema,
  StructSchema,
  type Timestamp,
  TimestampSchema,
  type Value,
  ValueSchema,
} from '@bufbuild/protobuf/wkt';
import { FieldBehavior, field_behavior } from '@parleykit/proto/api';
import { type FieldViolation, invalidArgument } from '../errors.ts';
import { maskCovers, maskOf } from '../field-mask.ts';
import { fieldOverrides } from '../field-overrides.ts';
import { JSON_VALUE_DEPTH_MAX } from '../limits.ts';
import { addressedFields } from './addressed-resource.ts';
import { type ResourcePattern, referencePattern } from './resource-pattern.ts';

/**
 * Holds a request against its descriptor: what is OUTPUT_ONLY is cleared without a word, what is REQUIRED must be
 * there, and times must be ones that can be written down. Throws INVALID_ARGUMENT that names every offending field.
 * https://google.aip.dev/203
 */
export type Validation = (request: Message) => void;

interface FieldPlan {
  readonly field: DescField;
  readonly required: boolean;
  readonly outputOnly: boolean;
  readonly nested: readonly FieldPlan[];
  /** What the name in it must look like. */
  readonly reference: ResourcePattern | undefined;
  readonly check: ((value: Message) => string | undefined) | undefined;
}

/** Well-known types whose encoding can hold more than their meaning, and so could not be answered in JSON. */
const valueChecks: Readonly<Record<string, (value: never) => string | undefined>> = {
  [TimestampSchema.typeName]: checkTimestamp,
  [DurationSchema.typeName]: checkDuration,
  // The codec hands Structs out as plain JSON, and the other two as messages.
  [StructSchema.typeName]: (value: JsonObject) => checkJson(value, 0),
  [ListValueSchema.typeName]: (value: ListValue) => checkMessage(ListValueSchema, value),
  [ValueSchema.typeName]: (value: Value) => checkMessage(ValueSchema, value),
};

export function compileValidation(method: DescMethod): Validation {
  const skipped = new Set([...addressedFields(method)].map((field) => `${method.input.name}.${field}`));
  const plans = compileFields(method.input, method.input.name, [], skipped);
  if (plans.length === 0) return () => {};
  const masked = maskedField(method.input);
  return (request) => {
    const findings: Findings = { missing: [], names: [], violations: [] };
    validateFields(request, plans, undefined, findings);
    const { names, violations } = findings;
    const missing = masked === undefined ? findings.missing : missingOf(masked, request, findings.missing);
    if (missing.length === 0 && names.length === 0 && violations.length === 0) return;
    const required = missing.map((field) => ({ field, description: 'is required' }));
    throw invalidArgument(reasonOf(missing, violations), [...required, ...names, ...violations]);
  };
}

function reasonOf(missing: readonly string[], violations: readonly FieldViolation[]): string {
  if (missing.length > 0) return 'FIELD_REQUIRED';
  return violations.length > 0 ? 'FIELD_INVALID' : 'RESOURCE_NAME_INVALID';
}

/** The resource that an update carries beside its mask; undefined for requests without a mask. */
function maskedField(input: DescMessage): string | undefined {
  const isMask = (field: DescField): boolean => field.message?.typeName === FieldMaskSchema.typeName;
  if (!input.fields.some((field) => field.name === 'update_mask' && isMask(field))) return undefined;
  return input.fields.find((field) => field.fieldKind === 'message' && !isMask(field))?.name;
}

/** An update need not bring what it does not change: https://google.aip.dev/134 */
function missingOf(masked: string, request: Message, missing: readonly string[]): readonly string[] {
  const mask = maskOf(request);
  if (mask === undefined) return missing;
  return missing.filter(
    (path) => !path.startsWith(`${masked}.`) || maskCovers(mask, path.slice(masked.length + 1)),
  );
}

function compileFields(
  message: DescMessage,
  path: string,
  within: readonly DescMessage[],
  addressed: ReadonlySet<string>,
): FieldPlan[] {
  // A type inside itself would never end; nothing below such a one is annotated.
  if (within.includes(message)) return [];
  return message.fields.flatMap((field) => {
    const fieldPath = `${path}.${field.name}`;
    const behaviors = hasOption(field, field_behavior) ? getOption(field, field_behavior) : [];
    const override = fieldOverrides[fieldPath]?.behavior;
    const outputOnly = override === undefined && behaviors.includes(FieldBehavior.OUTPUT_ONLY);
    const required =
      override === 'required' ||
      (override === undefined && behaviors.includes(FieldBehavior.REQUIRED) && canBeAbsent(field));
    const check = valueChecks[field.message?.typeName ?? ''];
    const nested =
      field.message === undefined || outputOnly || check !== undefined
        ? []
        : compileFields(field.message, fieldPath, [...within, message], addressed);
    // What addresses the call was looked at before; and an override says what else may stand in a field.
    const reference =
      addressed.has(fieldPath) || override !== undefined ? undefined : referencePattern(field);
    const idle = !required && !outputOnly && nested.length === 0 && check === undefined && !reference;
    return idle
      ? []
      : [{ field, required, outputOnly, nested, reference, check: check as FieldPlan['check'] }];
  });
}

/** A number or a flag that is zero cannot be told from one that was not sent: it is never missing. */
function canBeAbsent(field: DescField): boolean {
  if (field.fieldKind !== 'scalar') return true;
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
}

interface Findings {
  readonly missing: string[];
  readonly names: FieldViolation[];
  readonly violations: FieldViolation[];
}

/** Where a message lies in the request. Its path is put together only where something is wrong with it. */
interface Place {
  readonly within: Place | undefined;
  readonly field: DescField;
  /** Its index in a list or key in a map. */
  readonly key: string | number | undefined;
}

function pathOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const { within, field, key } = place;
  return `${within === undefined ? '' : `${pathOf(within)}.`}${field.name}${key === undefined ? '' : `[${key}]`}`;
}

function validateFields(
  message: Message,
  plans: readonly FieldPlan[],
  within: Place | undefined,
  findings: Findings,
): void {
  for (const plan of plans) {
    const { field } = plan;
    if (!isFieldSet(message, field)) {
      if (plan.required) findings.missing.push(pathOf({ within, field, key: undefined }));
    } else if (plan.outputOnly) clearField(message, field);
    else if (plan.reference !== undefined) checkReferences(message, plan, plan.reference, within, findings);
    else if (field.message !== undefined) validateMessages(message, plan, within, findings);
  }
}

/** The messages that a set field holds. */
function validateMessages(
  message: Message,
  plan: FieldPlan,
  within: Place | undefined,
  findings: Findings,
): void {
  const value = fieldValue(message, plan.field);
  if (plan.field.fieldKind === 'list') {
    const items = value as Message[];
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      if (item !== undefined) validateMessage(item, plan, within, index, findings);
    }
  } else if (plan.field.fieldKind === 'map') {
    for (const [key, item] of Object.entries(value as Record<string, Message>)) {
      validateMessage(item, plan, within, key, findings);
    }
  } else validateMessage(value as Message, plan, within, undefined, findings);
}

function validateMessage(
  message: Message,
  { field, check, nested }: FieldPlan,
  within: Place | undefined,
  key: Place['key'],
  findings: Findings,
): void {
  const description = check?.(message);
  if (description !== undefined) {
    findings.violations.push({ field: pathOf({ within, field, key }), description });
  }
  if (nested.length > 0) validateFields(message, nested, { within, field, key }, findings);
}

function checkReferences(
  message: Message,
  { field }: FieldPlan,
  { patterns, matches }: ResourcePattern,
  within: Place | undefined,
  findings: Findings,
): void {
  const value = fieldValue(message, field);
  const names = Array.isArray(value) ? value : [value];
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string' || name === '' || matches(name)) continue;
    const at = pathOf({ within, field, key: Array.isArray(value) ? index : undefined });
    const description = `${JSON.stringify(name)} does not have the form ${patterns.join(' or ')}`;
    findings.names.push({ field: at, description });
  }
}

function fieldValue(message: Message, field: DescField): unknown {
  const holder = message as unknown as Record<string, unknown>;
  return field.oneof ? (holder[field.oneof.localName] as { value: unknown }).value : holder[field.localName];
}

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp
const TIMESTAMP_SECONDS_MIN = -62_135_596_800n;
const TIMESTAMP_SECONDS_MAX = 253_402_300_799n;
const DURATION_SECONDS_MAX = 315_576_000_000n;
const NANOS_MAX = 999_999_999;

function checkTimestamp({ seconds, nanos }: Timestamp): string | undefined {
  const holds =
    seconds >= TIMESTAMP_SECONDS_MIN && seconds <= TIMESTAMP_SECONDS_MAX && nanos >= 0 && nanos <= NANOS_MAX;
  return holds ? undefined : 'is not a time between the years 1 and 9999';
}

function checkDuration({ seconds, nanos }: Duration): string | undefined {
  const inRange = seconds >= -DURATION_SECONDS_MAX && seconds <= DURATION_SECONDS_MAX;
  const oneSign = seconds === 0n || nanos === 0 || seconds > 0n === nanos > 0;
  return inRange && oneSign && Math.abs(nanos) <= NANOS_MAX
    ? undefined
    : 'is not a duration within 10,000 years';
}

/** Bytes can hold numbers that JSON cannot write, and nest deeper than codecs follow. */
function checkJson(value: JsonValue, depth: number): string | undefined {
  if (depth > JSON_VALUE_DEPTH_MAX) return `nests deeper than ${JSON_VALUE_DEPTH_MAX} levels`;
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number that JSON cannot write';
  if (value === null || typeof value !== 'object') return undefined;
  for (const member of Object.values(value)) {
    const description = checkJson(member, depth + 1);
    if (description !== undefined) return description;
  }
  return undefined;
}

function checkMessage<Desc extends DescMessage>(schema: Desc, value: MessageShape<Desc>): string | undefined {
  let json: JsonValue;
  try {
    json = toJson(schema, value);
  } catch {
    return 'holds a value that JSON cannot write';
  }
  return checkJson(json, 0);
}
