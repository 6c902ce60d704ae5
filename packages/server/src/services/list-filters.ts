import {
  type Document,
  Document_State as DocumentState,
  type KnowledgeBase,
  Document_KnowledgeType as KnowledgeType,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { filterInvalid } from '../errors.ts';
import { type Comparator, type Filter, isEmptyFilter, parseFilter, type Restriction } from '../filter.ts';
import { OperationState } from '../operation/operation-runner.ts';
import type { TimeRange } from '../storage/store.ts';

/**
 * The filters that the list methods document. Each speaks of one property only, so each has a simple meaning that
 * the store can use: a set of states, a set of ranges of time.
 */

/** `ListConversationsRequest.filter`: the states that pass, undefined where all do. */
export function readConversationFilter(text: string): readonly number[] | undefined {
  if (isEmptyFilter(text)) return undefined;
  const filter = parseFilter(text);
  checkRestrictions(filter, ({ field, value, comparator, column, valueColumn }) => {
    if (field !== 'lifecycle_state' && field !== 'lifecycleState') throw unknownField(field, column);
    if (comparator === ':') throw unknownComparator(field, comparator, column);
    if (!Object.hasOwn(State, value) || /^\d/u.test(value)) {
      throw filterInvalid(`column ${valueColumn}: ${JSON.stringify(value)} is not a lifecycle state`);
    }
  });
  const states = [State.IN_PROGRESS, State.COMPLETED];
  return states.filter((state) =>
    holds(filter, ({ comparator, value }) => compare(state, comparator, State[value as keyof typeof State])),
  );
}

/** `ListOperationsRequest.filter`, which Dialogflow does not specify: `done` is all that it can speak of. */
export function readOperationFilter(text: string): readonly number[] | undefined {
  if (isEmptyFilter(text)) return undefined;
  const filter = parseFilter(text);
  checkRestrictions(filter, ({ field, value, comparator, column, valueColumn }) => {
    if (field !== 'done') throw unknownField(field, column);
    if (comparator !== '=' && comparator !== '!=') throw unknownComparator(field, comparator, column);
    if (value !== 'true' && value !== 'false') {
      throw filterInvalid(`column ${valueColumn}: ${JSON.stringify(value)} is neither true nor false`);
    }
  });
  return Object.values(OperationState).filter((state) =>
    holds(filter, ({ comparator, value }) => {
      const wanted = value === 'true' ? OperationState.DONE : OperationState.RUNNING;
      return (state === wanted) === (comparator === '=');
    }),
  );
}

/** `ListAnswerRecordsRequest.filter`: the id of the one conversation that is wanted, undefined where all are. */
export function readAnswerRecordFilter(text: string): string | undefined {
  if (isEmptyFilter(text)) return undefined;
  const filter = parseFilter(text);
  checkRestrictions(filter, ({ field, value, comparator, column, valueColumn }) => {
    if (field !== 'conversation_id' && field !== 'conversationId') throw unknownField(field, column);
    if (comparator !== '=') throw unknownComparator(field, comparator, column);
    if (value === '' || value.includes('/')) {
      throw filterInvalid(`column ${valueColumn}: ${JSON.stringify(value)} is not the id of a conversation`);
    }
  });
  if (filter.kind !== 'restriction')
    throw filterInvalid('column 1: this list is filtered by one conversation');
  return filter.value;
}

/** `ListKnowledgeBasesRequest.filter`: which knowledge bases pass, undefined where all do. */
export function readKnowledgeBaseFilter(text: string): ((base: KnowledgeBase) => boolean) | undefined {
  return readContentFilter(text, {
    display_name: containsText(({ displayName }) => displayName),
    language_code: {
      comparators: ['='],
      test: ({ languageCode }, value) => sameText(languageCode || 'en-US', value),
    },
  });
}

/** `ListDocumentsRequest.filter`: which documents pass, undefined where all do. */
export function readDocumentFilter(text: string): ((document: Document) => boolean) | undefined {
  return readContentFilter(text, {
    display_name: containsText(({ displayName }) => displayName),
    knowledge_types: {
      comparators: [':', '='],
      values: KnowledgeType,
      test: ({ knowledgeTypes }, value) =>
        knowledgeTypes.includes(KnowledgeType[value as keyof typeof KnowledgeType]),
    },
    state: {
      comparators: ['='],
      values: DocumentState,
      test: ({ state }, value) => state === DocumentState[value as keyof typeof DocumentState],
    },
  });
}

/** What a field can be asked for that a list looks at in each of its resources. */
interface ContentField<Resource> {
  readonly comparators: readonly Comparator[];
  /** The names that it can have, where it is an enum. */
  readonly values?: object;
  readonly test: (resource: Resource, value: string) => boolean;
}

function readContentFilter<Resource>(
  text: string,
  fields: Readonly<Record<string, ContentField<Resource>>>,
): ((resource: Resource) => boolean) | undefined {
  if (isEmptyFilter(text)) return undefined;
  const filter = parseFilter(text);
  const fieldOf = (name: string): ContentField<Resource> | undefined => {
    const snake = name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
    return Object.hasOwn(fields, snake) ? fields[snake] : undefined;
  };
  checkRestrictions(filter, ({ field, value, comparator, column, valueColumn }) => {
    const known = fieldOf(field);
    if (known === undefined) throw unknownField(field, column);
    if (!known.comparators.includes(comparator)) throw unknownComparator(field, comparator, column);
    if (known.values !== undefined && (!Object.hasOwn(known.values, value) || /^\d/u.test(value))) {
      throw filterInvalid(`column ${valueColumn}: ${JSON.stringify(value)} is not a value of ${field}`);
    }
  });
  return (resource) => holds(filter, ({ field, value }) => fieldOf(field)?.test(resource, value) === true);
}

/** The documentation uses `:` and `=` alike for "contains". */
function containsText<Resource>(read: (resource: Resource) => string): ContentField<Resource> {
  return {
    comparators: [':', '='],
    test: (resource, value) => read(resource).toLowerCase().includes(value.toLowerCase()),
  };
}

function sameText(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function holds(filter: Filter, test: (restriction: Restriction) => boolean): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.operands.every((operand) => holds(operand, test));
    case 'or':
      return filter.operands.some((operand) => holds(operand, test));
    case 'not':
      return !holds(filter.operand, test);
    case 'restriction':
      return test(filter);
  }
}

function compare(left: number, comparator: Comparator, right: number): boolean {
  switch (comparator) {
    case '=':
    case ':':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** No create_time lies beyond: a filter that speaks of later times means this one. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER;
const ALWAYS: readonly TimeRange[] = [[0, END_OF_TIME]];

/** `ListMessagesRequest.filter`: the create times that pass, undefined where all do. */
export function readMessageFilter(text: string): readonly TimeRange[] | undefined {
  return isEmptyFilter(text) ? undefined : rangesOf(parseFilter(text));
}

function rangesOf(filter: Filter): readonly TimeRange[] {
  switch (filter.kind) {
    case 'and':
      return filter.operands.map(rangesOf).reduce(intersect, ALWAYS);
    case 'or':
      return complement(filter.operands.map(rangesOf).map(complement).reduce(intersect, ALWAYS));
    case 'not':
      return complement(rangesOf(filter.operand));
    case 'restriction':
      return rangesOfRestriction(filter);
  }
}

function rangesOfRestriction({
  field,
  comparator,
  value,
  column,
  valueColumn,
}: Restriction): readonly TimeRange[] {
  const [first, last] = readTimes(field, value, column, valueColumn);
  switch (comparator) {
    case '=':
      return [[first, last]];
    case '!=':
      return complement([[first, last]]);
    case '<':
      return upTo(first - 1);
    case '<=':
      return upTo(last);
    case '>':
      return complement(upTo(last));
    case '>=':
      return complement(upTo(first - 1));
    case ':':
      throw unknownComparator(field, comparator, column);
  }
}

function upTo(last: number): readonly TimeRange[] {
  return last < 0 ? [] : [[0, Math.min(last, END_OF_TIME)]];
}

/** The microseconds that a value stands for: one, or those of a whole millisecond. */
function readTimes(field: string, value: string, column: number, valueColumn: number): TimeRange {
  switch (field) {
    case 'create_time_epoch_microseconds':
    case 'createTimeEpochMicroseconds': {
      if (!/^-?\d{1,19}$/u.test(value)) {
        throw filterInvalid(
          `column ${valueColumn}: ${JSON.stringify(value)} is not a number of microseconds`,
        );
      }
      const time = Math.max(-1, Math.min(Number(value), END_OF_TIME));
      return [time, time];
    }
    case 'create_time':
    case 'createTime': {
      const milliseconds = readMilliseconds(value);
      if (milliseconds === undefined) {
        throw filterInvalid(`column ${valueColumn}: ${JSON.stringify(value)} is not an RFC 3339 time`);
      }
      return milliseconds < 0 ? [-1, -1] : [milliseconds * 1000, milliseconds * 1000 + 999];
    }
    default:
      throw unknownField(field, column);
  }
}

/** create_time is documented to be compared by the millisecond: further digits are cut off. */
function readMilliseconds(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/u.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', fraction = '', sign = '+', hours = '0', minutes = '0'] = match;
  const local = Date.parse(`${date}T${time}Z`);
  // Date.parse takes 30 February for 2 March, and 24:00 for the next day.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== `${date}T${time}`)
    return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return local + Number(fraction.padEnd(3, '0').slice(0, 3)) - (sign === '-' ? -offset : offset);
}

function intersect(left: readonly TimeRange[], right: readonly TimeRange[]): readonly TimeRange[] {
  const both: TimeRange[] = [];
  for (let i = 0, j = 0; ; ) {
    const [a, b] = [left[i], right[j]];
    if (a === undefined || b === undefined) return both;
    const range: TimeRange = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
    if (range[0] <= range[1]) both.push(range);
    if (a[1] < b[1]) i++;
    else j++;
  }
}

function complement(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const rest: TimeRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) rest.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= END_OF_TIME) rest.push([next, END_OF_TIME]);
  return rest;
}

function checkRestrictions(filter: Filter, check: (restriction: Restriction) => void): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const operand of filter.operands) checkRestrictions(operand, check);
      break;
    case 'not':
      checkRestrictions(filter.operand, check);
      break;
    case 'restriction':
      check(filter);
      break;
  }
}

function unknownField(field: string, column: number): Error {
  return filterInvalid(`column ${column}: this list cannot be filtered by ${JSON.stringify(field)}`);
}

function unknownComparator(field: string, comparator: Comparator, column: number): Error {
  return filterInvalid(`column ${column}: ${field} cannot be compared by ${JSON.stringify(comparator)}`);
}
