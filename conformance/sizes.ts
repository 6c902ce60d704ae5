/** `npm run sizes`: what each package weighs, packed and unpacked, and the most that it may. */
import { type PackedPackage, packAll } from './installation.ts';

/** The most that a package may weigh, in bytes: a tenth above what it does, so that nothing large slips in unseen. */
export const SIZE_LIMITS: Readonly<Record<string, { readonly packed: number; readonly unpacked: number }>> = {
  '@parleykit/proto': { packed: 310_000, unpacked: 1_800_000 },
  '@parleykit/transcoding': { packed: 40_000, unpacked: 130_000 },
  '@parleykit/nlu': { packed: 154_000, unpacked: 500_000 },
  '@parleykit/server': { packed: 470_000, unpacked: 1_750_000 },
  '@parleykit/client': { packed: 300_000, unpacked: 1_000_000 },
  '@parleykit/cli': { packed: 64_000, unpacked: 215_000 },
};

function describe({ name, size, unpackedSize, files }: PackedPackage): string {
  const limit = SIZE_LIMITS[name];
  const cells = [name, files.length, size, limit?.packed, unpackedSize, limit?.unpacked];
  return `| ${cells.join(' | ')} |`;
}

if (import.meta.main) {
  const head = [
    '| package | files | bytes packed | at most | bytes unpacked | at most |',
    '|---|---|---|---|---|---|',
  ];
  process.stdout.write(`${[...head, ...packAll().packages.map(describe)].join('\n')}\n`);
}
