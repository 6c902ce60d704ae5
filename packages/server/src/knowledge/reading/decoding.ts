import { DocumentProblem } from './document-problem.ts';

/** How far into a page its own word on its encoding is looked for: https://html.spec.whatwg.org/#charset */
const META_BYTES = 1024;
const META_CHARSET = /<meta[^>]+?charset\s*=\s*["']?\s*([\w.:-]+)/iu;

/**
 * The text that bytes stand for: in the encoding that is said, else the one of a byte order mark, else the one that an HTML
 * page says of itself, else UTF-8. Throws DocumentProblem where they are no text in it.
 */
export function decodeText(
  bytes: Uint8Array,
  { charset, isHtml = false }: { readonly charset?: string | undefined; readonly isHtml?: boolean },
): string {
  const encoding =
    encodingOfMark(bytes) ?? charset ?? (isHtml ? encodingOfPage(bytes) : undefined) ?? 'utf-8';
  const decoder = openDecoder(encoding);
  try {
    const text = decoder.decode(bytes);
    // Bytes that are no text at all are valid UTF-8 more often than one would think.
    if (text.includes('\0')) throw new DocumentProblem('it is no text: it holds NUL characters');
    return text;
  } catch (error) {
    if (error instanceof DocumentProblem) throw error;
    throw new DocumentProblem(`it is no text in ${decoder.encoding}: save it as UTF-8`);
  }
}

function openDecoder(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new DocumentProblem(
      `its encoding ${JSON.stringify(encoding.slice(0, 50))} is not known: save it as UTF-8`,
    );
  }
}

function encodingOfMark([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

function encodingOfPage(bytes: Uint8Array): string | undefined {
  return META_CHARSET.exec(Buffer.from(bytes.subarray(0, META_BYTES)).toString('latin1'))?.[1];
}
