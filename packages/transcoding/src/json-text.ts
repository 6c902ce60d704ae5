import type { JsonValue } from '@bufbuild/protobuf';
import { memberPath, TranscodingError } from './transcoding-error.ts';

/** The nesting that Google's parsers allow; it also keeps every later walk over the value off the stack's end. */
const maxDepth = 100;

/** Ten times what the largest batch needs, and few enough that a body of nothing but `{}` holds nobody up. */
const maxValues = 100_000;

/** What is of no interest to the structure. */
const plain = /[^{}[\],"]+/y;

/**
 * Reads the body of a request as JSON; undefined if there is nothing but white space. Beyond what JSON.parse
 * refuses, this refuses what it would read quietly in a way the caller cannot mean: bytes that are not UTF-8,
 * a key given twice, half a surrogate pair, a number that would become Infinity, nesting that only serves to exhaust
 * a stack and values that only serve to exhaust time and memory. A byte order mark is skipped, as RFC 8259 permits. https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
export function parseJson(body: Uint8Array): JsonValue | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new TranscodingError('', 'the body is not valid UTF-8', { cause });
  }
  if (/^[ \t\r\n]*$/.test(text)) return undefined;
  checkStructure(text);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new TranscodingError('', `the body is not valid JSON${syntaxProblem(cause)}`, { cause });
  }
  const flaw = findFlaw(value);
  if (flaw) throw new TranscodingError(formatPath(flaw.keys), flaw.problem);
  return value;
}

/** The part of JSON.parse's message that does not quote the body. */
function syntaxProblem(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const match =
    /^Unexpected token '.{1,2}'/su.exec(message) ??
    /^Unexpected end of JSON input/.exec(message) ??
    /^[^"]{1,80} \(line \d+ column \d+\)$/.exec(message);
  return match ? `: ${match[0]}` : '';
}

/** An object or array that is still open. `seen` is undefined for an array, whose `key` counts the elements. */
interface OpenValue {
  readonly seen: Set<string> | undefined;
  key: string | number;
}

/**
 * Checks depth and doubled keys over the text, before JSON.parse recurses into the one and drops the other. It
 * need not notice malformed JSON, which JSON.parse refuses afterwards; on such text it only must end.
 */
function checkStructure(text: string): void {
  const open: OpenValue[] = [];
  let expectsKey = false;
  let values = 0;
  const countValue = (): void => {
    values += 1;
    if (values > maxValues) throw new TranscodingError('', `the body holds more than ${maxValues} values`);
  };
  for (let at = 0; at < text.length; at += 1) {
    const top = open.at(-1);
    switch (text[at]) {
      case '{':
      case '[':
        if (open.length === maxDepth) {
          throw new TranscodingError('', `the body nests deeper than ${maxDepth} levels`);
        }
        countValue();
        expectsKey = text[at] === '{';
        open.push(expectsKey ? { seen: new Set(), key: '' } : { seen: undefined, key: 0 });
        break;
      case '}':
      case ']':
        open.pop();
        expectsKey = false;
        break;
      case ',':
        countValue();
        expectsKey = top?.seen !== undefined;
        if (typeof top?.key === 'number') top.key += 1;
        break;
      case '"': {
        const end = closingQuote(text, at);
        if (expectsKey && top) addKey(open, top, text.slice(at, end + 1));
        expectsKey = false;
        at = end;
        break;
      }
      default:
        plain.lastIndex = at;
        plain.test(text);
        at = plain.lastIndex - 1;
    }
  }
}

function addKey(open: readonly OpenValue[], top: OpenValue, token: string): void {
  let key = token.slice(1, -1);
  if (key.includes('\\')) {
    try {
      key = JSON.parse(token) as string;
    } catch {
      return;
    }
  }
  top.key = key;
  if (top.seen?.has(key)) {
    const keys = open.map((value) => value.key);
    throw new TranscodingError(formatPath(keys), 'is given more than once');
  }
  top.seen?.add(key);
}

function formatPath(keys: readonly (string | number)[]): string {
  return keys.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : memberPath(path, key)),
    '',
  );
}

/** Where the string that opens at `start` closes; the end of the text if it never does. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slash = end;
    while (text[slash - 1] === '\\') slash -= 1;
    if ((end - slash) % 2 === 0) return end;
  }
  return text.length;
}

/** A value that JSON can write and no message should hold, with the keys that lead to it. */
interface Flaw {
  readonly keys: readonly (string | number)[];
  readonly problem: string;
}

function findFlaw(value: JsonValue): Flaw | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : { keys: [], problem: 'contains half of a surrogate pair' };
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { keys: [], problem: 'is too large a number' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    const flaw = findFlaw(key) ?? findFlaw(member);
    if (flaw) return { keys: [key, ...flaw.keys], problem: flaw.problem };
  }
  return undefined;
}
