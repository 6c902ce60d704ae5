/** In which way a history goes against what the server promises. */
export type BreachKind =
  /** Something acknowledged, or seen, is no longer there. */
  | 'lost'
  /** One message is there more than once. */
  | 'doubled'
  /** Messages or batches are in another order than they were acknowledged in. */
  | 'reordered'
  /** Some of a batch is there and some is not, or it has several create_times. */
  | 'half-batch'
  /** Two batches share a create_time, or one has an earlier one than a batch before it. */
  | 'create-time'
  /** A read shows less than what was acknowledged before it began. */
  | 'stale-read'
  /** A read shows less than another read that ended before it began. */
  | 'read-went-back'
  /** A read shows what was begun only after it ended. */
  | 'read-from-the-future'
  /** A conversation id was given away twice, or to nobody. */
  | 'two-creates'
  /** A repeated message is answered with another one than the stored one, or as new. */
  | 'wrong-twin'
  /** Messages were accepted although the conversation was completed. */
  | 'after-completion'
  /** A page shows what a page before it showed, or one message twice. */
  | 'page-repeats'
  /** A page leaves out what lies between what it shows, or before its end. */
  | 'page-misses'
  /** A list shows what its filter keeps out, or more than its page size. */
  | 'page-wrong'
  /** What was refused was stored nevertheless. */
  | 'refused-but-stored'
  /** Something that never changes is another than before. */
  | 'changed'
  /** Something that nobody wrote. */
  | 'invented'
  /** An answer that no state of the server explains. */
  | 'unexpected-answer';

export interface Breach {
  readonly kind: BreachKind;
  readonly detail: string;
  /** The ids of the operations that contradict each other, the one at which it was noticed first. */
  readonly operations: readonly string[];
}

/** Collects breaches; each place that finds one knows its kind. */
export class BreachList {
  readonly breaches: Breach[] = [];

  add(kind: BreachKind, detail: string, ...operations: readonly { readonly id: string }[]): void {
    this.breaches.push({ kind, detail, operations: operations.map(({ id }) => id) });
  }
}

export function describeBreach({ kind, detail, operations }: Breach): string {
  return `${kind}: ${detail}${operations.length === 0 ? '' : ` [${operations.join(', ')}]`}`;
}
