import type { DocumentPassages_Passage as Passage } from '@parleykit/proto/stored';
import { CsvError, parse } from 'csv-parse/sync';
import { DOCUMENT_PASSAGES_MAX } from '../../limits.ts';
import { DocumentProblem } from './document-problem.ts';
import { faqPassage, replyPassage } from './passages.ts';

/** The most characters of a row: what is longer is a quote that nobody closed. */
const ROW_LENGTH_MAX = 200_000;

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * "CSV must have questions in the first column and answers in the second, with no header" (the comment of
 * Document.KnowledgeType.FAQ).
 */
export function readCsvFaq(text: string): Passage[] {
  return readRows(text).map(({ record, info: { lines } }) => {
    const [question = '', answer = '', ...more] = record.map((cell) => cell.trim());
    if (more.some((cell) => cell !== '')) {
      throw new DocumentProblem(
        `the row that ends in line ${lines} has ${record.length} columns, where a question and its answer are two: ` +
          'put what has commas in it in quotes',
      );
    }
    if (question === '') throw new DocumentProblem(`the row that ends in line ${lines} has no question`);
    if (answer === '') {
      throw new DocumentProblem(
        `the row that ends in line ${lines} has no answer: it takes two columns, question and answer`,
      );
    }
    return faqPassage(question, answer);
  });
}

/** The replies in the first column, each once. */
export function readCsvReplies(text: string): Passage[] {
  const replies = readRows(text).map(({ record: [reply = ''] }) => reply.trim());
  return [...new Set(replies)].filter((reply) => reply !== '').map(replyPassage);
}

/** Those that are not empty. */
function readRows(text: string): readonly Row[] {
  try {
    const rows = parse(text, {
      bom: true,
      info: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: ROW_LENGTH_MAX,
      to: DOCUMENT_PASSAGES_MAX + 1,
    });
    return rows as unknown as readonly Row[];
  } catch (error) {
    if (error instanceof CsvError) throw new DocumentProblem(`it is no CSV: ${error.message}`);
    throw error;
  }
}
