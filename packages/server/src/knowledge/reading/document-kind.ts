import { DocumentPassages_Passage_Kind as PassageKind } from '@parleykit/proto/stored';
import { Document_KnowledgeType as KnowledgeType } from '@parleykit/proto/v2beta1';

/** The MIME types that are read. */
export const MIME_TYPES = [
  'text/csv',
  'text/html',
  'text/plain',
  'text/markdown',
  'application/pdf',
] as const;
export type MimeType = (typeof MIME_TYPES)[number];

/** What kind of passages a document of a knowledge type has, and of which MIME types it may be. */
const kinds: Readonly<Partial<Record<KnowledgeType, readonly [PassageKind, readonly MimeType[]]>>> = {
  [KnowledgeType.FAQ]: [PassageKind.FAQ, ['text/csv', 'text/html']],
  [KnowledgeType.EXTRACTIVE_QA]: [
    PassageKind.TEXT,
    ['text/html', 'text/plain', 'text/markdown', 'application/pdf'],
  ],
  [KnowledgeType.ARTICLE_SUGGESTION]: [
    PassageKind.TEXT,
    ['text/html', 'text/plain', 'text/markdown', 'application/pdf'],
  ],
  [KnowledgeType.SMART_REPLY]: [PassageKind.REPLY, ['text/csv', 'text/plain']],
};

/** The type by its name alone, as it is compared: without parameters. Undefined where it is none that is read. */
export function readMimeType(text: string): MimeType | undefined {
  const [bare = ''] = text.split(';');
  return MIME_TYPES.find((type) => type === bare.trim().toLowerCase());
}

/** Of which MIME types a document of a knowledge type may be; undefined for a type that is not known. */
export function mimeTypesOf(type: KnowledgeType): readonly MimeType[] | undefined {
  return kinds[type]?.[1];
}

/** What kinds of passages are read of a document of these knowledge types. */
export function passageKindsOf(types: readonly KnowledgeType[]): readonly PassageKind[] {
  return [...new Set(types.flatMap((type) => kinds[type]?.[0] ?? []))];
}
