/** What happened in a conversation, as it can be read when all is over. */
export interface Conversation {
  readonly name: string;
  /** What was said, oldest first; no two messages say the same. */
  readonly transcript: readonly string[];
  /** How often it was ended: the calls that were acknowledged, and all that were made. */
  readonly ended: { readonly least: number; readonly most: number };
}

/** An event that a receiver acknowledged. */
export interface Told {
  readonly id: string;
  readonly conversation: string;
  /** What was said, else the type of the event. */
  readonly what: string;
}

export const STARTED = 'CONVERSATION_STARTED';
export const FINISHED = 'CONVERSATION_FINISHED';

/**
 * Holds what was told of a conversation, in the order in which it was, against what happened: all of it, nothing else,
 * in its order but for what is told again, and each event under one id that no other event has. Answers what is wrong.
 */
export function check(conversation: Conversation, told: readonly Told[]): string[] {
  const { name, transcript, ended } = conversation;
  const firsts = new Map(told.toReversed().map((each) => [each.id, each]));
  // A Map keeps the place of the key that came first: these are in the order in which ids were told first.
  const order = [...new Map(told.map(({ id }) => [id, firsts.get(id)?.what])).values()];
  const endings = order.filter((what) => what === FINISHED).length;
  const findings: string[] = [];
  if (endings < ended.least || endings > ended.most) {
    findings.push(`${name}: ended ${ended.least} to ${ended.most} times, ${endings} were told`);
  }
  const want = [STARTED, ...transcript, ...Array.from({ length: endings }, () => FINISHED)];
  const at = want.findIndex((what, index) => order[index] !== what);
  if (at !== -1 || order.length > want.length) {
    const place = at === -1 ? want.length : at;
    findings.push(`${name}: event ${place} is ${order[place]}, not ${want[place]} (${order.length} events)`);
  }
  for (const each of told) {
    const first = firsts.get(each.id);
    if (first?.what !== each.what) findings.push(`${name}: ${each.id} told ${first?.what} and ${each.what}`);
  }
  findings.push(...findSkips(name, told, order.length));
  return findings;
}

/** What is told again begins somewhere and goes on from there: nothing is skipped on the way. */
function findSkips(name: string, told: readonly Told[], count: number): string[] {
  const places = new Map<string, number>();
  for (const { id } of told) if (!places.has(id)) places.set(id, places.size);
  let before = -1;
  for (const { id, what } of told) {
    const place = places.get(id) ?? count;
    if (place > before + 1) return [`${name}: ${what} came though event ${before + 1} was to come again`];
    before = place;
  }
  return [];
}
