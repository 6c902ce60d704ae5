/** Longer ones do not fit into every file system, with what is put behind them. */
const NAME_BYTES_MAX = 160;

/** What the files of an intent or entity type are called after in an export, as far as its name can be in one. */
export function fileNameOf(displayName: string): string {
  const name = displayName.replaceAll(/[\p{Cc}\\/:*?"<>|']/gu, '_');
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  return Buffer.from(name)
    .subarray(0, NAME_BYTES_MAX)
    .toString()
    .replace(/\uFFFD+$/u, '');
}
