/** One text as the columns that are not zero. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** Many texts, one after the other: row r has the entries from starts[r] to before starts[r + 1]. */
export interface SparseRows extends SparseRow {
  readonly starts: Int32Array;
}

/** Puts rows after one another, without the columns from `width` on. */
export function stackRows(rows: readonly SparseRow[], width: number): SparseRows {
  const starts = new Int32Array(rows.length + 1);
  let entries = 0;
  for (const [index, { columns }] of rows.entries()) {
    for (const column of columns) if (column < width) entries++;
    starts[index + 1] = entries;
  }
  const columns = new Int32Array(entries);
  const values = new Float32Array(entries);
  let next = 0;
  for (const row of rows) {
    for (let index = 0; index < row.columns.length; index++) {
      const column = row.columns[index] as number;
      if (column >= width) continue;
      columns[next] = column;
      values[next++] = row.values[index] as number;
    }
  }
  return { starts, columns, values };
}
