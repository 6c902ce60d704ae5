import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import {
  DocumentPassagesSchema,
  DocumentPassages_Passage_Kind as PassageKind,
} from '@parleykit/proto/stored';
import { DOCUMENT_PAGES_MAX } from '../../limits.ts';
import type { MimeType } from './document-kind.ts';
import { DocumentProblem } from './document-problem.ts';
import { DocumentReader } from './document-reader.ts';
import { pdf, pdfBomb, pdfText } from './pdf.test.fixture.ts';

const { FAQ, TEXT } = PassageKind;

function read(
  mimeType: MimeType,
  bytes: Uint8Array,
  { reader = new DocumentReader(), kind = TEXT, signal = new AbortController().signal } = {},
) {
  const reading = reader.read({ bytes, mimeType, kinds: [kind] }, signal);
  return reading.then((rows) => rows.flatMap((row) => fromBinary(DocumentPassagesSchema, row).passages));
}

async function problem(reading: Promise<unknown>): Promise<string> {
  const error = await reading.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof DocumentProblem, String(error));
  return error.message;
}

describe('DocumentReader', () => {
  it('reads the text of a PDF, page by page', async () => {
    const passages = await read('application/pdf', pdf(pdfText('Hello', 'world.'), pdfText('Page two.')));
    assert.deepEqual(
      passages.map(({ kind, text }) => [kind, text]),
      [[TEXT, 'Hello world.\nPage two.']],
    );
  });

  it('reads large texts elsewhere, as it reads small ones here', async () => {
    const csv = Buffer.from(
      Array.from({ length: 5000 }, (_, row) => `Question ${row}?,Answer ${row}.\n`).join(''),
    );
    const passages = await read('text/csv', csv, { kind: FAQ });
    assert.equal(passages.length, 5000);
    assert.deepEqual([passages[4999]?.title, passages[4999]?.text], ['Question 4999?', 'Answer 4999.']);
    const broken = Buffer.concat([csv, Buffer.from('alone\n')]);
    assert.match(await problem(read('text/csv', broken, { kind: FAQ })), /line 5001 has no answer/);
  });

  const problems: [name: string, bytes: () => Uint8Array, says: RegExp][] = [
    ['what is no PDF', () => Buffer.from('%PDF-1.7 nothing'), /no PDF that can be read/],
    ['a PDF of pictures', () => pdf({ content: Buffer.from('') }), /pictures of text are not read/],
    [
      'a PDF of too many pages',
      () => pdf(...Array.from({ length: DOCUMENT_PAGES_MAX + 1 }, () => pdfText('x'))),
      /has 2001 pages/,
    ],
  ];
  for (const [name, bytes, says] of problems) {
    it(`refuses ${name}`, async () => {
      assert.match(await problem(read('application/pdf', bytes())), says);
    });
  }

  it('gives up a PDF that becomes gigabytes', async () => {
    const bomb = pdf(await pdfBomb(1000));
    assert.ok(bomb.byteLength < 1_000_000);
    const before = process.memoryUsage.rss();
    const reader = new DocumentReader({ memoryMax: 128 * 1024 * 1024 });
    assert.match(
      await problem(read('application/pdf', bomb, { reader })),
      /more than 134217728 bytes of memory/,
    );
    assert.ok(process.memoryUsage.rss() - before < 700 * 1024 * 1024, 'it was ended long before');
  });

  it('gives up what takes too long', async () => {
    const reader = new DocumentReader({ msMax: 50 });
    const pages = Array.from({ length: 1500 }, () => pdfText('x'));
    assert.match(await problem(read('application/pdf', pdf(...pages), { reader })), /longer than 50 ms/);
  });

  it('refuses a million nested tags', async () => {
    const html = Buffer.from(`${'<div>'.repeat(1_000_000)}deep`);
    assert.match(await problem(read('text/html', html)), /nest deeper than 2000 levels/);
  });

  it('stops when nobody waits any more, and begins nothing then', async () => {
    const stop = new AbortController();
    const reader = new DocumentReader();
    const long = pdf(...Array.from({ length: 1500 }, () => pdfText('x')));
    const readings = [1, 2, 3].map(() => read('application/pdf', long, { reader, signal: stop.signal }));
    const small = read('text/plain', Buffer.from('x'), { reader, signal: stop.signal });
    stop.abort(new Error('enough'));
    const reasons = (await Promise.allSettled([...readings, small])).map(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message,
    );
    assert.deepEqual(reasons, ['enough', 'enough', 'enough', 'enough']);
  });
});
