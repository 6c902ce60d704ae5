import { create, fromBinary, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { parseQuery } from './query.ts';
import type { Match } from './router.ts';
import { quoteExcerpt, TranscodingError } from './transcoding-error.ts';
import { type WireJsonOptions, wireToJson } from './wire-json.ts';

/**
 * The JSON text of a reply, which is a message or one that is encoded already: names in lowerCamelCase, fields at
 * their default left out, as Google's servers write it. Where the rule has a `response_body`, the text is that
 * field alone, and its default if unset. Throws an Error for a reply that JSON has no words for.
 */
export function encodeReply(match: Match, reply: Message | Uint8Array, options: WireJsonOptions): string {
  const { output } = match.method;
  const field = match.binding.responseBody;
  if (field === undefined && reply instanceof Uint8Array) return wireToJson(output, reply, options);
  const message = reply instanceof Uint8Array ? fromBinary(output, reply) : reply;
  const writeOptions = { registry: options.registry, enumAsInteger: options.enumsAsIntegers ?? false };
  const json: JsonValue = toJson(output, message, writeOptions);
  if (field === undefined) return JSON.stringify(json);
  const defaults: JsonValue = toJson(output, create(output), { ...writeOptions, alwaysEmitImplicit: true });
  const unset = field.fieldKind === 'message' ? {} : null;
  return JSON.stringify(memberOf(json, field.jsonName) ?? memberOf(defaults, field.jsonName) ?? unset);
}

function memberOf(json: JsonValue, name: string): JsonValue | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json[name] : undefined;
}

/**
 * What the caller wants of the reply's form, from the system parameter `$alt` or `alt`: JSON, with its enums by
 * name or, which Google's REST clients ask for, by number. Any other form is a TranscodingError.
 * https://cloud.google.com/apis/docs/system-parameters
 */
export function replyFormat(query: string): { enumsAsIntegers: boolean } {
  let enumsAsIntegers = false;
  for (const { name, value } of parseQuery(query)) {
    if (name !== '$alt' && name !== 'alt') continue;
    if (value === 'json;enum-encoding=int') enumsAsIntegers = true;
    else if (value !== 'json') {
      throw new TranscodingError(name, `${quoteExcerpt(value)} is not supported, only json is`);
    }
  }
  return { enumsAsIntegers };
}
