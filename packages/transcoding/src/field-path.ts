import {
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { decodeField, findField, hasOwnJsonForm } from './json-message.ts';
import { TranscodingError } from './transcoding-error.ts';

/** The fields that a dotted path leads through, or why it leads nowhere. */
export type FieldPathResult = { readonly fields: readonly DescField[] } | { readonly problem: string };

/** Far more than any real path; self-referring messages would allow any number. */
const maxDepth = 100;

/**
 * Follows a dotted path of field names, as proto or JSON names, from a message type. Only singular messages
 * can be walked through: a path into a list, a map or a message that is one value in JSON has no meaning.
 */
export function resolveFieldPath(message: DescMessage, path: string): FieldPathResult {
  const names = path.split('.', maxDepth + 1);
  if (names.length > maxDepth) return { problem: `nests deeper than ${maxDepth} levels` };
  const fields: DescField[] = [];
  let parent: DescMessage | undefined = message;
  for (const name of names) {
    if (parent === undefined) return { problem: `${fields.at(-1)?.name} has no fields to name here` };
    const field = findField(parent, name);
    if (field === undefined) return { problem: `unknown field in ${parent.typeName}` };
    fields.push(field);
    parent = field.fieldKind === 'message' && !hasOwnJsonForm(field.message) ? field.message : undefined;
  }
  return { fields };
}

/** The path of resolved fields as dotted proto names: one spelling for all the ways to write it. */
export function formatFieldPath(fields: readonly DescField[]): string {
  const [only] = fields;
  if (only !== undefined && fields.length === 1) return only.name;
  return fields.map((field) => field.name).join('.');
}

/** Why a field cannot be given as text in a URL, or undefined if it can. */
export function textProblem(field: DescField): string | undefined {
  switch (field.fieldKind) {
    case 'map':
      return 'a map cannot be given in the URL';
    case 'list':
      return field.listKind === 'message' ? 'a repeated message cannot be given in the URL' : undefined;
    case 'message':
      if (isWrapperDesc(field.message) || textTypes.has(field.message.typeName)) return undefined;
      return hasOwnJsonForm(field.message)
        ? `a ${field.message.typeName} cannot be given in the URL`
        : 'is a message; name one of its fields';
    default:
      return undefined;
  }
}

/** Message types whose JSON form is a string, and may so stand in a URL. */
const textTypes: ReadonlySet<string> = new Set([
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
  'google.protobuf.FieldMask',
]);

/**
 * Writes one value from a URL to the field at the end of a path, making the messages on the way. A list gets
 * one more element; any other field the new value. Throws a TranscodingError if the text does not fit the
 * field, or if another member of a oneof on the way is set.
 */
export function writeText(
  message: DescMessage,
  target: Message,
  fields: readonly DescField[],
  text: string,
  registry: Registry,
): void {
  const path = formatFieldPath(fields);
  let parent = reflect(message, target);
  fields.forEach((field, depth) => {
    requireFreeOneof(parent, field, path);
    if (depth < fields.length - 1) {
      if (field.fieldKind !== 'message') throw new TypeError(`${field} is not a message`);
      if (!parent.isSet(field)) parent.set(field, reflect(field.message));
      parent = parent.get(field);
      return;
    }
    const problem = textProblem(field);
    if (problem !== undefined) throw new TranscodingError(path, problem);
    const json = textToJson(field, text);
    decodeField(parent, field, field.fieldKind === 'list' ? [json] : json, path, registry);
  });
}

function requireFreeOneof(message: ReflectMessage, field: DescField, path: string): void {
  const oneof: DescOneof | undefined = field.oneof;
  const taken = oneof && message.oneofCase(oneof);
  if (taken !== undefined && taken !== field) {
    throw new TranscodingError(
      path,
      `cannot be set together with ${taken.name}: both belong to ${oneof?.name}`,
    );
  }
}

/** The JSON value that a text in a URL stands for; text that stands for none is left as a string, to be refused. */
function textToJson(field: DescField, text: string): string | number | boolean {
  if (field.enum !== undefined) return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
  const scalar = field.message ? field.message.fields[0]?.scalar : field.scalar;
  const isBool = scalar === ScalarType.BOOL && (!field.message || isWrapperDesc(field.message));
  if (isBool && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
