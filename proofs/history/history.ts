import { readFileSync, writeFileSync } from 'node:fs';
import type { StateFilter, TimeFilter } from './list-filters.ts';

/**
 * What clients did and what they were told: one record for each operation, with times of one monotonic clock. It is
 * all that the checker looks at, so that it can be kept and checked again.
 */
export interface History {
  readonly seed: number;
  readonly clients: number;
  /** Of each client. */
  readonly operations: number;
  readonly records: readonly Operation[];
}

/** Names are given by their last segments: what they begin with is checked where they are received. */
export interface Operation {
  /** `<client>.<index>`: unique, and what the contents of its messages begin with. */
  readonly id: string;
  readonly wire: 'gRPC' | 'REST';
  /** In milliseconds, before the request went out and after the answer was there. */
  readonly invoked: number;
  readonly completed: number;
  /** Done when all clients had ended: what it shows is what there is. */
  readonly final?: true;
  readonly request: Request;
  readonly answer: Answer;
}

export interface BatchItem {
  readonly participant: string;
  /** Seconds and nanoseconds, as `12.000000034`. */
  readonly sendTime: string;
  /** `<operation>.<position>`: nobody else sends it. */
  readonly content: string;
  /** The id that the message is to get, where it is chosen. */
  readonly id?: string;
}

export type Request =
  | { readonly kind: 'createConversation' /** Empty for one of the server's choice. */; readonly id: string }
  | { readonly kind: 'createParticipant'; readonly conversation: string }
  | {
      readonly kind: 'batch';
      readonly conversation: string;
      readonly items: readonly BatchItem[];
      /** Names a participant that there is not: it can only be refused. */
      readonly stranger?: true;
    }
  | { readonly kind: 'complete'; readonly conversation: string }
  | { readonly kind: 'getConversation'; readonly conversation: string }
  | { readonly kind: 'listParticipants'; readonly conversation: string }
  | {
      readonly kind: 'listConversations';
      readonly filter?: StateFilter;
      readonly pageSize: number;
      /** The operation whose answer gave the page token. */
      readonly follows?: string;
    }
  | {
      readonly kind: 'listMessages';
      readonly conversation: string;
      readonly filter?: TimeFilter;
      readonly pageSize: number;
      readonly follows?: string;
    };

export type RequestOf<Kind extends Request['kind']> = Extract<Request, { readonly kind: Kind }>;

export interface MessageRecord {
  readonly id: string;
  readonly participant: string;
  readonly sendTime: string;
  /** In microseconds. */
  readonly createTime: number;
  readonly content: string;
}

export interface ConversationRecord {
  readonly id: string;
  readonly state: 'IN_PROGRESS' | 'COMPLETED';
  /** In microseconds. */
  readonly startTime: number;
  /** Only of one that is completed. */
  readonly endTime?: number;
}

export type Answer =
  | { readonly kind: 'conversation'; readonly conversation: ConversationRecord }
  | { readonly kind: 'participant'; readonly id: string }
  | { readonly kind: 'participants'; readonly ids: readonly string[] }
  /** In the order of the answer. `more`: it had a page token. */
  | {
      readonly kind: 'conversations';
      readonly conversations: readonly ConversationRecord[];
      readonly more: boolean;
    }
  | { readonly kind: 'messages'; readonly messages: readonly MessageRecord[]; readonly more: boolean }
  /** `code` by its name, such as NOT_FOUND. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** The caller did not wait for the answer: it may have happened, or not. */
  | { readonly kind: 'unknown'; readonly why: string };

export type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { readonly kind: Kind }>;

/** Whether a record is of an operation of some kind, which was answered as it should be. */
export function isAnswered<Asked extends Request['kind'], Answered extends Answer['kind']>(
  operation: Operation,
  asked: Asked,
  answered: Answered,
): operation is Operation & { readonly request: RequestOf<Asked>; readonly answer: AnswerOf<Answered> } {
  return operation.request.kind === asked && operation.answer.kind === answered;
}

const FORMAT = 'parley history 1';

/** One line that says what it is, then one for each operation. */
export function writeHistory(file: string, { records, ...head }: History): void {
  const lines = [{ format: FORMAT, ...head }, ...records].map((line) => JSON.stringify(line));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

export function readHistory(file: string): History {
  const [first = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const { format, ...head } = JSON.parse(first) as { format?: unknown } & Omit<History, 'records'>;
  if (format !== FORMAT) throw new Error(`${file} is no history that this version can read`);
  return { ...head, records: lines.map((line) => JSON.parse(line) as Operation) };
}
