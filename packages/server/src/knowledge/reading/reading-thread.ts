import { parentPort, workerData } from 'node:worker_threads';
import { DocumentProblem } from './document-problem.ts';
import { encodePassages } from './passage-rows.ts';
import { type DocumentContent, readDocument } from './read-document.ts';

/** What a reading thread says: the passages as they are stored, or what is wrong with the document. */
export type ReadingMessage = { readonly rows: readonly Uint8Array[] } | { readonly problem: string };

try {
  say({ rows: encodePassages(await readDocument(workerData as DocumentContent)) });
} catch (error) {
  if (!(error instanceof DocumentProblem)) throw error;
  say({ problem: error.message });
}

function say(message: ReadingMessage): void {
  parentPort?.postMessage(message);
}
