import {
  type DocumentPassages_Passage as Passage,
  DocumentPassages_Passage_Kind as PassageKind,
} from '@parleykit/proto/stored';
import { DOCUMENT_TEXT_LENGTH_MAX } from '../../limits.ts';
import { decodeText } from './decoding.ts';
import type { MimeType } from './document-kind.ts';
import { DocumentProblem } from './document-problem.ts';
import { checkPassages } from './passages.ts';
import { readMarkdown, readPlainText, readReplyLines } from './plain-text.ts';

/** The content of a document, and what is to be read of it. */
export interface DocumentContent {
  readonly bytes: Uint8Array;
  readonly mimeType: MimeType;
  readonly kinds: readonly PassageKind[];
  /** The encoding that came with it, where one did. */
  readonly charset?: string | undefined;
}

type TextReader = (text: string) => Passage[];

/** Reads what can be found in a document, on this thread. Throws DocumentProblem where it is not what it must be. */
export async function readDocument(content: DocumentContent): Promise<readonly Passage[]> {
  const { bytes, mimeType, kinds, charset } = content;
  if (bytes.byteLength === 0) throw new DocumentProblem('it is empty');
  if (mimeType === 'application/pdf') {
    const { readPdf } = await import('./pdf.ts');
    return checkPassages(await readPdf(bytes));
  }
  const text = decodeText(bytes, { charset, isHtml: mimeType === 'text/html' });
  if (mimeType !== 'text/html' && text.length > DOCUMENT_TEXT_LENGTH_MAX) {
    throw new DocumentProblem(`it holds more than ${DOCUMENT_TEXT_LENGTH_MAX} characters of text`);
  }
  const read = await Promise.all(kinds.map(async (kind) => (await readerOf(kind, mimeType))(text)));
  return checkPassages(read.flat());
}

async function readerOf(kind: PassageKind, mimeType: MimeType): Promise<TextReader> {
  if (mimeType === 'text/csv') {
    const { readCsvFaq, readCsvReplies } = await import('./csv.ts');
    return kind === PassageKind.REPLY ? readCsvReplies : readCsvFaq;
  }
  if (mimeType === 'text/html') {
    const { readHtmlFaq, readHtmlText } = await import('./html.ts');
    return kind === PassageKind.FAQ ? readHtmlFaq : readHtmlText;
  }
  if (kind === PassageKind.REPLY) return readReplyLines;
  return mimeType === 'text/markdown' ? readMarkdown : readPlainText;
}
