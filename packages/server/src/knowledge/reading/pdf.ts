import type { DocumentPassages_Passage as Passage } from '@parleykit/proto/stored';
import { DOCUMENT_PAGES_MAX, DOCUMENT_TEXT_LENGTH_MAX } from '../../limits.ts';
import { DocumentProblem } from './document-problem.ts';
import { inOneLine, textPassages } from './passages.ts';

/** The text of a PDF, page by page. What is a picture of text has none. Only for a thread that can be ended. */
export async function readPdf(bytes: Uint8Array): Promise<Passage[]> {
  const { getDocumentProxy } = await import('unpdf');
  const pdf = await open(() => getDocumentProxy(bytes, { stopAtErrors: false, verbosity: 0 }));
  if (pdf.numPages > DOCUMENT_PAGES_MAX) {
    throw new DocumentProblem(`it has ${pdf.numPages} pages, more than ${DOCUMENT_PAGES_MAX}`);
  }
  const pages: string[] = [];
  let length = 0;
  for (let number = 1; number <= pdf.numPages; number++) {
    const text = await open(async () => {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      page.cleanup();
      return items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : '')).join('');
    });
    length += text.length;
    if (length > DOCUMENT_TEXT_LENGTH_MAX) {
      throw new DocumentProblem(`it holds more than ${DOCUMENT_TEXT_LENGTH_MAX} characters of text`);
    }
    pages.push(inOneLine(text));
  }
  const passages = textPassages(pages.filter(Boolean).map((text) => ({ text, isHeading: false })));
  if (passages.length === 0)
    throw new DocumentProblem('there is no text in it: pictures of text are not read');
  return passages;
}

/** What the library says of a PDF, in one line. */
async function open<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'PasswordException') throw new DocumentProblem('it is locked with a password');
    throw new DocumentProblem(`it is no PDF that can be read: ${inOneLine(message).slice(0, 200)}`);
  }
}
