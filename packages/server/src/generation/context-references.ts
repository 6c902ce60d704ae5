import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  Conversation_ContextReference_ContextContent_ContentFormat as ContentFormat,
  type Conversation_ContextReference as ContextReference,
  Conversation_ContextReferenceSchema as ContextReferenceSchema,
  type Conversation,
  Conversation_ContextReference_UpdateMode as UpdateMode,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid } from '../errors.ts';
import { CONTEXT_REFERENCES_BYTES_MAX, CONTEXT_REFERENCES_MAX } from '../limits.ts';

/** What somebody knows beside a conversation, by names by which instructions call it. */
export type ContextReferences = Conversation['ingestedContextReferences'];

/** Throws INVALID_ARGUMENT for what no model could make use of, and for more than is taken. */
export function checkContextReferences(references: ContextReferences): void {
  const entries = Object.entries(references);
  checkSize(references);
  for (const [name, { contextContents, updateMode }] of entries) {
    const at = `context_references[${name}]`;
    if (name.trim() === '') throw fieldInvalid('context_references', 'holds a reference without a name');
    if (UpdateMode[updateMode] === undefined) throw fieldInvalid(`${at}.update_mode`, 'is not a known mode');
    for (const [index, { content, contentFormat }] of contextContents.entries()) {
      const field = `${at}.context_contents[${index}]`;
      if (ContentFormat[contentFormat] === undefined) {
        throw fieldInvalid(`${field}.content_format`, 'is not a known format');
      }
      if (contentFormat === ContentFormat.JSON && !isJson(content)) {
        throw fieldInvalid(`${field}.content`, 'is not JSON, which its content_format says that it is');
      }
    }
  }
}

/** What a conversation has once more is ingested, as each reference says: behind what it held, or in its place. */
export function ingest(
  known: ContextReferences,
  references: ContextReferences,
  now: Timestamp,
): ContextReferences {
  // A name may be one that objects have by themselves.
  const merged = new Map<string, ContextReference>(Object.entries(known));
  for (const [name, { contextContents, updateMode, languageCode }] of Object.entries(references)) {
    const before = updateMode === UpdateMode.APPEND ? merged.get(name) : undefined;
    for (const content of contextContents) content.ingestionTime = now;
    merged.set(
      name,
      create(ContextReferenceSchema, {
        contextContents: [...(before?.contextContents ?? []), ...contextContents],
        updateMode,
        languageCode: languageCode || 'en-US',
        createTime: before?.createTime ?? now,
      }),
    );
  }
  const all = Object.fromEntries(merged);
  checkSize(all);
  return all;
}

function checkSize(references: ContextReferences): void {
  const entries = Object.entries(references);
  if (entries.length > CONTEXT_REFERENCES_MAX) {
    throw fieldInvalid('context_references', `would be more than ${CONTEXT_REFERENCES_MAX}`);
  }
  const bytes = entries.reduce(
    (sum, [name, { contextContents }]) =>
      contextContents.reduce(
        (most, { content, answerRecord }) =>
          most + Buffer.byteLength(content) + Buffer.byteLength(answerRecord),
        sum + Buffer.byteLength(name),
      ),
    0,
  );
  if (bytes > CONTEXT_REFERENCES_BYTES_MAX) {
    throw fieldInvalid('context_references', `would hold more than ${CONTEXT_REFERENCES_BYTES_MAX} bytes`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
