/**
 * The filters of the two lists: what they mean, and how they are written. The meaning is worked out here from the
 * API's words alone, message by message, and not as the server does it.
 */

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Of ListMessages. */
export type TimeFilter =
  | {
      /** `create_time_epoch_microseconds`, or `create_time`, which is compared by the millisecond. */
      readonly kind: 'microseconds' | 'milliseconds';
      readonly comparator: Comparator;
      readonly value: number;
      readonly quoted?: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly TimeFilter[] }
  | { readonly kind: 'not'; readonly operand: TimeFilter };

/** Of ListConversations. */
export interface StateFilter {
  readonly comparator: '=' | '!=';
  readonly state: 'IN_PROGRESS' | 'COMPLETED';
}

export function passesTime(filter: TimeFilter | undefined, createTime: number): boolean {
  switch (filter?.kind) {
    case undefined:
      return true;
    case 'and':
      return filter.operands.every((operand) => passesTime(operand, createTime));
    case 'or':
      return filter.operands.some((operand) => passesTime(operand, createTime));
    case 'not':
      return !passesTime(filter.operand, createTime);
    case 'microseconds':
      return compare(createTime, filter.comparator, filter.value);
    case 'milliseconds':
      return compare(Math.floor(createTime / 1000), filter.comparator, filter.value);
  }
}

export function passesState(filter: StateFilter | undefined, state: string): boolean {
  return filter === undefined || (state === filter.state) === (filter.comparator === '=');
}

function compare(left: number, comparator: Comparator, right: number): boolean {
  switch (comparator) {
    case '=':
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

export function writeTimeFilter(filter: TimeFilter | undefined): string {
  switch (filter?.kind) {
    case undefined:
      return '';
    case 'and':
    case 'or':
      return filter.operands
        .map((operand) => `(${writeTimeFilter(operand)})`)
        .join(filter.kind === 'and' ? ' AND ' : ' OR ');
    case 'not':
      return `NOT (${writeTimeFilter(filter.operand)})`;
    case 'microseconds': {
      const value = filter.quoted === true ? `"${filter.value}"` : filter.value;
      return `create_time_epoch_microseconds ${filter.comparator} ${value}`;
    }
    case 'milliseconds':
      return `create_time ${filter.comparator} "${new Date(filter.value).toISOString()}"`;
  }
}

export function writeStateFilter(filter: StateFilter | undefined): string {
  return filter === undefined ? '' : `lifecycle_state ${filter.comparator} "${filter.state}"`;
}
