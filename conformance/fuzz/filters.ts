import type { Random } from './random.ts';
import { mutateText, oddText } from './texts.ts';

const fields = [
  'lifecycle_state',
  'lifecycleState',
  'create_time',
  'createTime',
  'create_time_epoch_microseconds',
  'createTimeEpochMicroseconds',
  'language_code',
  'message.role',
  'a.b.c',
  '__proto__',
  'constructor',
  'AND',
  'NOT',
];
const comparators = ['=', '!=', '<', '<=', '>', '>=', ':'];
const values = [
  'IN_PROGRESS',
  'COMPLETED',
  'LIFECYCLE_STATE_UNSPECIFIED',
  '"IN_PROGRESS"',
  "'COMPLETED'",
  '1',
  '2',
  '__proto__',
  'toString',
  '0',
  '-1',
  '1700000000000000',
  '9223372036854775807',
  '-9223372036854775808',
  '9999999999999999999',
  '1e999',
  '"2026-01-01T00:00:00Z"',
  '2026-01-01T00:00:00.123456789Z',
  '"2026-01-01t00:00:00+23:59"',
  '"0000-01-01T00:00:00Z"',
  '"9999-12-31T23:59:59.999999999-99:99"',
  '"2026-02-30T00:00:00Z"',
  '"2026-01-01T24:00:00Z"',
  '"\\"quoted\\\\"',
  '*',
  '""',
];

/** A filter by the grammar of https://google.aip.dev/160, sometimes damaged. */
export function draftFilter(random: Random): string {
  if (random.oddly(0.2)) return oddFilter(random);
  // Half of them speak of what one list can be filtered by, or nearly none would get past the names.
  const topic = random.chance(0.5) ? random.pick([fields.slice(0, 2), fields.slice(2, 6)]) : fields;
  const filter = expression(random, topic, random.below(4));
  return random.oddly(0.25) ? mutateText(random, filter) : filter;
}

function expression(random: Random, topic: readonly string[], depth: number): string {
  const count = random.chance(0.6) ? 1 : random.between(2, 4);
  let text = term(random, topic, depth);
  for (let more = 1; more < count; more++) {
    text += random.pick([' AND ', ' OR ', ' ', ' and ', '  OR\t', ' AND NOT ', ' OR -']);
    text += term(random, topic, depth);
  }
  return text;
}

function term(random: Random, topic: readonly string[], depth: number): string {
  const negation = random.chance(0.15) ? random.pick(['NOT ', '-', 'NOT(', '- ']) : '';
  if (negation === 'NOT(') return `NOT(${expression(random, topic, depth - 1)})`;
  if (depth > 0 && random.chance(0.4)) return `${negation}(${expression(random, topic, depth - 1)})`;
  return negation + restriction(random, topic);
}

function restriction(random: Random, topic: readonly string[]): string {
  if (random.chance(0.03)) return random.pick(['f(x)', 'word', '"a phrase"', 'a.b', 'regex(a, ".*") = 1']);
  const blank = random.chance(0.3) ? ' ' : '';
  const value = random.chance(0.04) ? JSON.stringify(oddText(random)) : random.pick(values);
  return `${random.pick(topic)}${blank}${random.pick(comparators)}${blank}${value}`;
}

function oddFilter(random: Random): string {
  const times = random.pick([49, 50, 51, 200, 2400, 4900, 9900]);
  return random.pick([
    () => ' \t\n ',
    () => `${'('.repeat(times)}lifecycle_state = COMPLETED${')'.repeat(times)}`,
    () => '('.repeat(times),
    () => 'NOT '.repeat(times),
    () => '-'.repeat(times),
    () => `create_time != 1${' OR create_time > "2026-01-01T00:00:00Z"'.repeat(times >> 3)}`,
    () => `create_time_epoch_microseconds != 5${' create_time_epoch_microseconds != 77'.repeat(times >> 3)}`,
    () => `lifecycle_state = "${'x'.repeat(times)}`,
    () => `lifecycle_state = ${'\\'.repeat(times)}`,
    () => oddText(random),
  ])();
}
