const STEPS = 10;
/** How much of a sentence's weight comes from others, as in PageRank. */
const DAMPING = 0.85;

/**
 * How central each sentence is among all of them, from 0 to 1: one is central that shares its words with other central
 * ones. Words count the more, the fewer sentences have them. This is LexRank's walk from sentence to sentence, but taken
 * by way of the words, so that it costs as much as there are words and not as there are pairs of sentences.
 * https://www.jair.org/index.php/jair/article/view/10396
 */
export function centralityOf(sentences: readonly (readonly string[])[]): number[] {
  const rows = weigh(sentences);
  let ranks = rows.map(() => 1 / rows.length);
  for (let step = 0; step < STEPS; step++) ranks = walk(rows, ranks);
  const most = ranks.reduce((max, rank) => Math.max(max, rank), 0);
  return ranks.map((rank) => rank / most);
}

type Row = ReadonlyMap<string, number>;

/** The weight of each word in each sentence, every sentence of length 1. */
function weigh(sentences: readonly (readonly string[])[]): Row[] {
  const holders = new Map<string, number>();
  for (const words of sentences) {
    for (const word of new Set(words)) holders.set(word, (holders.get(word) ?? 0) + 1);
  }
  return sentences.map((words) => {
    const row = new Map<string, number>();
    for (const word of words) {
      row.set(word, (row.get(word) ?? 0) + Math.log(1 + sentences.length / (holders.get(word) ?? 1)));
    }
    const length = Math.sqrt(row.values().reduce((sum, weight) => sum + weight * weight, 0));
    return new Map(row.entries().map(([word, weight]) => [word, weight / length]));
  });
}

function walk(rows: readonly Row[], ranks: readonly number[]): number[] {
  const words = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const rank = ranks[index] ?? 0;
    for (const [word, weight] of row) words.set(word, (words.get(word) ?? 0) + weight * rank);
  }
  const reached = rows.map((row) =>
    row.entries().reduce((sum, [word, weight]) => sum + weight * (words.get(word) ?? 0), 0),
  );
  const all = reached.reduce((sum, each) => sum + each, 0);
  if (all === 0) return [...ranks];
  return reached.map((each) => (1 - DAMPING) / rows.length + (DAMPING * each) / all);
}
