import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createDeflate } from 'node:zlib';

/** A content stream, and the filters by which it is read. */
export interface PdfPage {
  readonly content: Uint8Array;
  readonly filter?: string;
}

/** A page with lines of text on it. */
export function pdfText(...lines: readonly string[]): PdfPage {
  const shown = lines.map((line) => `(${line}) Tj 0 -20 Td`).join(' ');
  return { content: Buffer.from(`BT /F1 12 Tf 72 700 Td ${shown} ET`) };
}

/** A page whose stream becomes so many MB of blanks. */
export async function pdfBomb(megabytes: number): Promise<PdfPage> {
  const blanks = Buffer.alloc(1_000_000, ' ');
  const deflated = Readable.from(Array.from({ length: megabytes }, () => blanks)).pipe(createDeflate());
  return { content: await buffer(deflated), filter: '/FlateDecode' };
}

/** A PDF of such pages. */
export function pdf(...pages: readonly PdfPage[]): Buffer {
  const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`).join(' ');
  const objects: Uint8Array[] = [
    Buffer.from('<</Type/Catalog/Pages 2 0 R>>'),
    Buffer.from(`<</Type/Pages/Count ${pages.length}/Kids[${kids}]>>`),
    Buffer.from('<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>'),
  ];
  for (const [index, { content, filter }] of pages.entries()) {
    const resources = '/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>';
    objects.push(Buffer.from(`<</Type/Page/Parent 2 0 R${resources}/Contents ${5 + 2 * index} 0 R>>`));
    const head = `<</Length ${content.byteLength}${filter === undefined ? '' : `/Filter ${filter}`}>>\nstream\n`;
    objects.push(Buffer.concat([Buffer.from(head), content, Buffer.from('\nendstream')]));
  }
  const parts: Uint8Array[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let at = parts[0]?.byteLength ?? 0;
  for (const [index, object] of objects.entries()) {
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    offsets.push(at);
    parts.push(part);
    at += part.byteLength;
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  parts.push(
    Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer<</Size ${size}/Root 1 0 R>>\n`),
    Buffer.from(`startxref\n${at}\n%%EOF`),
  );
  return Buffer.concat(parts);
}
