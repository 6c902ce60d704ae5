import { parentPort, workerData } from 'node:worker_threads';
import { create, toBinary } from '@bufbuild/protobuf';
import { DocumentPassagesSchema } from '@parleykit/proto/stored';
import { DocumentProblem } from './document-problem.ts';
import { type DocumentContent, readDocument } from './read-document.ts';

/** What a reading thread says: the passages, encoded, or what is wrong with the document. */
export type ReadingMessage = { readonly passages: Uint8Array } | { readonly problem: string };

try {
  const passages = await readDocument(workerData as DocumentContent);
  const encoded = toBinary(
    DocumentPassagesSchema,
    create(DocumentPassagesSchema, { passages: [...passages] }),
  );
  say({ passages: encoded });
} catch (error) {
  if (!(error instanceof DocumentProblem)) throw error;
  say({ problem: error.message });
}

function say(message: ReadingMessage): void {
  parentPort?.postMessage(message);
}
