import { create, type JsonValue, type Message, type Registry, toJson } from '@bufbuild/protobuf';
import { parseQuery } from './query.ts';
import type { Match } from './router.ts';
import { quoteExcerpt, TranscodingError } from './transcoding-error.ts';

/**
 * The JSON text of a reply: names in lowerCamelCase, fields at their default left out, as Google's servers
 * write it. Where the rule has a `response_body`, the text is that field alone, and its default if unset.
 */
export function encodeReply(
  match: Match,
  reply: Message,
  options: { registry: Registry; enumsAsIntegers?: boolean },
): string {
  const { output } = match.method;
  const field = match.binding.responseBody;
  const writeOptions = { registry: options.registry, enumAsInteger: options.enumsAsIntegers ?? false };
  const json: JsonValue = toJson(output, reply, writeOptions);
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
