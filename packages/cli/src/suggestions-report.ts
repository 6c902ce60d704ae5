import { formatCount } from './progress.ts';
import type { Json, ServerContext } from './server-api.ts';
import { neutralise, widthOf, wrap } from './terminal-text.ts';

/** What is counted of suggestions: the field of the server's report, what it is called in JSON, and for people. */
const counted = [
  ['answerCount', 'suggested', 'suggested'],
  ['displayedCount', 'displayed', 'displayed'],
  ['clickedCount', 'clicked', 'clicked'],
  ['fullyCorrectCount', 'fullyCorrect', 'fully correct'],
  ['partiallyCorrectCount', 'partiallyCorrect', 'partially correct'],
  ['notCorrectCount', 'notCorrect', 'not correct'],
] as const;

/** Narrower terminals get lines that are too long. */
const columnsMin = 20;
const indent = '  ';

/** What became of the suggestions of one feature, in the order of what is counted. */
interface Row {
  readonly feature: string;
  readonly counts: readonly number[];
}

/**
 * Says what became of what was suggested, by feature: a table, for narrow terminals a list, or JSON. `since` is where it
 * begins, in milliseconds; without it, all counts that is still there.
 */
export async function reportSuggestions(
  { since, json }: { readonly since: number | undefined; readonly json: boolean },
  { api, parent, stdout }: ServerContext,
): Promise<number> {
  const startTime = since === undefined ? undefined : new Date(since).toISOString();
  const query = startTime === undefined ? '' : `?startTime=${encodeURIComponent(startTime)}`;
  const path = parent.split('/').map(encodeURIComponent).join('/');
  const reply = await api.get(`${path}/suggestions:report${query}`, 'admin/v1');
  const rows = (Array.isArray(reply['features']) ? reply['features'] : []).map(readRow);
  const total: Row = {
    feature: 'total',
    counts: counted.map((_, index) => rows.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0)),
  };
  if (json) {
    const features = rows.map((row) => ({ feature: row.feature, ...toObject(row) }));
    stdout.write(`${JSON.stringify({ parent, startTime, features, total: toObject(total) })}\n`);
    return 0;
  }
  const columns = stdout.isTTY ? stdout.columns || 80 : undefined;
  if (rows.length === 0) {
    const nothing = `nothing was suggested in ${parent}${startTime === undefined ? '' : ` since ${startTime}`}`;
    stdout.write(`${wrap(neutralise(nothing), roomOf(columns)).join('\n')}\n`);
    return 0;
  }
  stdout.write(renderReport([...rows, total], columns));
  return 0;
}

/** 64-bit integers are strings in the API's JSON, and left out where they are 0. */
function readRow(report: Json): Row {
  return {
    feature: String(report['feature']),
    counts: counted.map(([field]) => Number(report[field] ?? 0)),
  };
}

function toObject({ counts }: Row): Record<string, number | undefined> {
  return Object.fromEntries(counted.map(([, name], index) => [name, counts[index]]));
}

function renderReport(rows: readonly Row[], columns: number | undefined): string {
  const cells = [
    ['feature', ...counted.map(([, , heading]) => heading)],
    ...rows.map(({ feature, counts }) => [neutralise(feature), ...counts.map(formatCount)]),
  ];
  const [headings = []] = cells;
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  const room = roomOf(columns);
  const lines =
    widths.reduce((sum, width) => sum + width + 2, -2) <= room
      ? cells.map((row) => row.map((cell, column) => align(cell, column, widths[column] ?? 0)).join('  '))
      : cells
          .slice(1)
          .flatMap(([feature = '', ...counts]) => [
            ...wrap(feature, room),
            ...counts.flatMap((count, index) =>
              wrap(`${headings[index + 1]} ${count}`, room - indent.length).map((line) => `${indent}${line}`),
            ),
          ]);
  return `${lines.join('\n')}\n`;
}

/** Names to the left, numbers to the right. */
function align(cell: string, column: number, width: number): string {
  const space = ' '.repeat(width - widthOf(cell));
  return column === 0 ? `${cell}${space}` : `${space}${cell}`;
}

/** Some terminals already wrap when the last column is filled. */
function roomOf(columns: number | undefined): number {
  return columns === undefined ? Number.POSITIVE_INFINITY : Math.max(columns, columnsMin) - 1;
}
