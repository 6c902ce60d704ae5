import {
  create,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type FieldMask, FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import { FieldBehavior, field_behavior } from '@parleykit/proto/api';
import { fieldInvalid, fieldsRequired } from './errors.ts';

/**
 * Copies what a mask names from one message to another of the same type: https://google.aip.dev/134. A path may go
 * into messages that are absent, and names lists and maps only as a whole. `*` stands for every field. What is
 * OUTPUT_ONLY or the name itself is passed over. Throws INVALID_ARGUMENT for a path that leads nowhere.
 */
export function applyFieldMask<Desc extends DescMessage>(
  schema: Desc,
  mask: FieldMask,
  from: MessageShape<Desc>,
  to: MessageShape<Desc>,
): void {
  for (const path of mask.paths) {
    if (path === '*') {
      for (const field of schema.fields) copyField([field], reflect(schema, from), reflect(schema, to));
    } else {
      copyField(resolvePath(schema, path), reflect(schema, from), reflect(schema, to));
    }
  }
}

/** Throws INVALID_ARGUMENT for a mask that names nothing, or a path that leads nowhere. */
export function checkFieldMask(schema: DescMessage, mask: FieldMask): void {
  if (mask.paths.length === 0) throw fieldsRequired(['update_mask']);
  for (const path of mask.paths) if (path !== '*') resolvePath(schema, path);
}

/** The mask of an update that may come without one: then all is meant. Throws INVALID_ARGUMENT as `checkFieldMask`. */
export function maskOrAll(schema: DescMessage, mask: FieldMask | undefined): FieldMask {
  if (mask === undefined || mask.paths.length === 0) return create(FieldMaskSchema, { paths: ['*'] });
  checkFieldMask(schema, mask);
  return mask;
}

/** Whether a mask speaks of a field, by itself or by what is around or within it. */
export function maskCovers(mask: FieldMask, path: string): boolean {
  return mask.paths.some(
    (named) =>
      named === '*' || named === path || path.startsWith(`${named}.`) || named.startsWith(`${path}.`),
  );
}

function resolvePath(schema: DescMessage, path: string): DescField[] {
  const fields: DescField[] = [];
  let message: DescMessage | undefined = schema;
  for (const name of path.split('.')) {
    const field: DescField | undefined = message?.fields.find(
      (each) => each.name === name || each.jsonName === name,
    );
    if (field === undefined) {
      throw fieldInvalid('update_mask', `${JSON.stringify(path)} is not a field of ${schema.name}`);
    }
    fields.push(field);
    message = field.fieldKind === 'message' ? field.message : undefined;
  }
  return fields;
}

function copyField(path: readonly DescField[], from: ReflectMessage | undefined, to: ReflectMessage): void {
  const [field, ...rest] = path;
  if (field === undefined || !isWritable(field)) return;
  if (rest.length === 0) {
    if (from?.isSet(field)) to.set(field, from.get(field) as never);
    else to.clear(field);
    return;
  }
  if (field.fieldKind !== 'message') return;
  const inner = from?.isSet(field) ? (from.get(field) as ReflectMessage) : undefined;
  // Clearing a field of what is not there must not make it appear.
  if (!to.isSet(field) && inner === undefined) return;
  if (!to.isSet(field)) to.set(field, reflect(field.message, create(field.message)));
  copyField(rest, inner, to.get(field) as ReflectMessage);
}

function isWritable(field: DescField): boolean {
  if (field.name === 'name' && field.number === 1) return false;
  return !(
    hasOption(field, field_behavior) && getOption(field, field_behavior).includes(FieldBehavior.OUTPUT_ONLY)
  );
}

/** The mask of an update, where a request has one. */
export function maskOf(request: Message): FieldMask | undefined {
  return (request as Message & { updateMask?: FieldMask }).updateMask;
}
