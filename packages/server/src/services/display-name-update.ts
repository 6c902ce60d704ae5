import { create, type DescMessage, equals, isFieldSet, type MessageShape } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import { fieldInvalid } from '../errors.ts';
import { maskCovers, maskOrAll } from '../field-mask.ts';

/**
 * "Currently, only `display_name` can be updated, an InvalidArgument will be returned for attempting to update other fields"
 * (the comment of the mask). Without a mask what says the same as before attempts nothing, nor does what is left out.
 */
export function checkDisplayNameUpdate<Desc extends DescMessage>(
  schema: Desc,
  request: { readonly from: MessageShape<Desc>; readonly updateMask: FieldMask | undefined },
  stored: MessageShape<Desc>,
): void {
  const { from, updateMask } = request;
  const mask = maskOrAll(schema, updateMask);
  const isWhole = mask.paths.includes('*');
  for (const field of schema.fields) {
    if (field.name === 'display_name' || field.name === 'name') continue;
    const named = isWhole
      ? isFieldSet(from, field)
      : [field.name, field.jsonName].some((name) => maskCovers(mask, name));
    if (named && !(isWhole && sameField(schema, field, from, stored))) {
      throw fieldInvalid('update_mask', `${field.name} cannot be updated: display_name alone can`);
    }
  }
}

function sameField<Desc extends DescMessage>(
  schema: Desc,
  field: Desc['fields'][number],
  left: MessageShape<Desc>,
  right: MessageShape<Desc>,
): boolean {
  const [one, other] = [left, right].map((message) => {
    const alone = create(schema);
    const from = reflect(schema, message);
    if (from.isSet(field)) reflect(schema, alone).set(field, from.get(field) as never);
    return alone as MessageShape<Desc>;
  });
  return one !== undefined && other !== undefined && equals(schema, one, other);
}
