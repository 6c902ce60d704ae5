import { readFile, stat } from 'node:fs/promises';
import { LIMITS, listFiles } from './archive-files.ts';
import { zipFiles } from './archive-writer.ts';

/**
 * An export of an agent as a zip, to be sent: the one that a path leads to as it is, of a folder the JSON files in it. What is
 * in them is not looked at. Throws an ArchiveError for what is neither.
 */
export async function packAgent(path: string): Promise<Uint8Array> {
  // Looks at a zip as well: one that is none need not be sent.
  const files = await listFiles(path, LIMITS);
  if (!(await stat(path)).isDirectory()) return readFile(path);
  const contents = new Map<string, Uint8Array>();
  for (const { path: name, read } of files) {
    if (name.endsWith('.json')) contents.set(name, await read());
  }
  return zipFiles(contents);
}
