/** Takes note of bytes that a piece of work holds; resolves when it may go on and hold more. */
export type Hold = (bytes: number) => Promise<void>;

/**
 * Does work on items, several at once, and gives the results in the order of the items. While the results that wait for
 * their turn, and what is held for them, are more than `bytesMax`, only the one whose turn it is goes on. What fails is
 * thrown when its turn comes; whoever leaves the loop early has to stop the work himself.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  { atOnce, bytesMax }: { atOnce: number; bytesMax: number },
  work: (item: Item, hold: Hold) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: { result: Promise<Result>; bytes: number }[] = [];
  let turn = 0;
  let bytes = 0;
  let moved = Promise.withResolvers<void>();
  const start = (item: Item, position: number): void => {
    const piece = { result: Promise.resolve() as Promise<unknown> as Promise<Result>, bytes: 0 };
    const hold = async (more: number): Promise<void> => {
      piece.bytes += more;
      bytes += more;
      while (bytes > bytesMax && position !== turn) await moved.promise;
    };
    piece.result = work(item, hold);
    // It is thrown in its turn; until then it is nobody's unhandled rejection.
    piece.result.catch(() => undefined);
    underWay.push(piece);
  };
  for (const [position, item] of items.entries()) {
    start(item, position);
    if (underWay.length === atOnce) yield* take();
  }
  while (underWay.length > 0) yield* take();

  async function* take(): AsyncGenerator<Result> {
    const piece = underWay.shift();
    if (piece === undefined) return;
    yield await piece.result;
    bytes -= piece.bytes;
    turn++;
    moved.resolve();
    moved = Promise.withResolvers();
  }
}
