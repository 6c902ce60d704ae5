import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Findings } from './findings.ts';
import { toPlainText } from './plain-text.ts';

/** How deep lists and objects may lie in each other. What is stored of them is a few times deeper. */
const DEPTH_MAX = 20;
/** As in the names of files: `en`, `pt-br`, `zh-Hans-CN`. */
export const LANGUAGE_PATTERN = '[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*';
const LANGUAGE = new RegExp(`^${LANGUAGE_PATTERN}$`, 'u');
const INT32_MAX = 2 ** 31 - 1;

/**
 * A value in a file of an export, read tolerantly: what is missing or null has its default, numbers and truth values
 * may be texts. What cannot be read as what it must be is a finding that names the file and the place, and reads as
 * the default.
 */
export class JsonNode {
  /** Undefined where there is nothing, or null. */
  readonly value: JsonValue | undefined;
  readonly file: string;
  readonly #findings: Findings;
  readonly #parent: JsonNode | undefined;
  readonly #key: string | number;

  constructor(
    value: JsonValue | undefined,
    file: string,
    findings: Findings,
    parent?: JsonNode,
    key: string | number = '',
  ) {
    this.value = value ?? undefined;
    this.file = file;
    this.#findings = findings;
    this.#parent = parent;
    this.#key = key;
  }

  get present(): boolean {
    return this.value !== undefined;
  }

  /** What lies under a key; nothing, where this is nothing. */
  at(key: string): JsonNode {
    const value = this.object();
    return this.#child(value !== undefined && Object.hasOwn(value, key) ? value[key] : undefined, key);
  }

  /** The elements of a list. */
  items(): JsonNode[] {
    const { value } = this;
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map((each, index) => this.#child(each, index));
    this.#complain('a list');
    return [];
  }

  /** The values of an object with their keys. */
  entries(): [string, JsonNode][] {
    return Object.entries(this.object() ?? {}).map(([key, each]) => [key, this.#child(each, key)]);
  }

  object(): JsonObject | undefined {
    const { value } = this;
    if (value === undefined || isObject(value)) return value;
    this.#complain('an object');
    return undefined;
  }

  text(otherwise = ''): string {
    const { value } = this;
    if (value === undefined) return otherwise;
    if (typeof value === 'object') {
      this.#complain('a text');
      return otherwise;
    }
    return String(value);
  }

  /** A list of texts, or one alone. */
  texts(): string[] {
    if (Array.isArray(this.value)) return this.items().map((item) => item.text());
    return this.present ? [this.text()] : [];
  }

  /** Names: each a text, or an object with a `name`. */
  names(): string[] {
    return this.items().map((item) => (isObject(item.value) ? item.at('name').text() : item.text()));
  }

  /** A language tag. */
  language(otherwise: string): string {
    const tag = this.text() || otherwise;
    if (LANGUAGE.test(tag)) return tag;
    this.#complain('a language tag such as en or pt-br');
    return otherwise;
  }

  flag(otherwise = false): boolean {
    const { value } = this;
    if (value === undefined) return otherwise;
    if (value === true || value === 'true' || value === 1) return true;
    if (value === false || value === 'false' || value === 0 || value === '') return false;
    this.#complain('true or false');
    return otherwise;
  }

  number(otherwise = 0): number {
    const { value } = this;
    if (value === undefined) return otherwise;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    this.#complain('a number');
    return otherwise;
  }

  /** A whole number of 32 bits. */
  whole(otherwise = 0): number {
    const number = this.number(otherwise);
    if (Number.isInteger(number) && Math.abs(number) <= INT32_MAX) return number;
    this.#complain('a whole number of 32 bits');
    return otherwise;
  }

  /** Makes this a reason to refuse the export. */
  refuse(what: string): void {
    const place = this.#place();
    this.#findings.refuse(place === '' ? `${this.file}: ${what}` : `${this.file}: ${place} ${what}`);
  }

  #complain(wanted: string): void {
    const { value } = this;
    const found = Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : toPlainText(JSON.stringify(value), 40);
    this.refuse(`${this.#key === '' ? 'it' : ''} is ${found}, not ${wanted}`.trim());
  }

  #child(value: JsonValue | undefined, key: string | number): JsonNode {
    return new JsonNode(value, this.file, this.#findings, this, key);
  }

  #place(): string {
    const above = this.#parent === undefined ? '' : this.#parent.#place();
    const key = this.#key;
    if (typeof key === 'number') return `${above}[${key}]`;
    return above === '' ? toPlainText(key, 60) : `${above}.${toPlainText(key, 60)}`;
  }
}

/** Whether a value is an object, and no list. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a file. One that is not JSON is a finding with its line and column, and undefined. */
export function parseJson(bytes: Uint8Array, file: string, findings: Findings): JsonNode | undefined {
  let text: string;
  try {
    // Takes a byte order mark for what it is.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    findings.refuse(`${file}: is not text in UTF-8`);
    return undefined;
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    findings.refuse(`${file}: ${explain(error as Error, text)}`);
    return undefined;
  }
  const flaw = mend(value, 0);
  if (flaw !== undefined) {
    findings.refuse(`${file}: ${flaw}`);
    return undefined;
  }
  return new JsonNode(value, file, findings);
}

/** How many values a file has at most, without reading it: what takes up memory is their number more than its size. */
export function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count += 1;
  return count;
}

function explain({ message }: Error, text: string): string {
  const at = Number(/at position (\d+)/u.exec(message)?.[1] ?? text.length);
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  if (text.trim() === '') return 'is empty';
  if (at >= text.length)
    return `is not JSON: it ends in the middle of something, at line ${line}, column ${column}`;
  return `is not JSON: ${toPlainText(JSON.stringify(text.slice(at, at + 1)), 10)} is not expected at line ${line}, column ${column}`;
}

/**
 * What cannot be stored of a value, in words. Halves of characters become the sign for what is unreadable, where they
 * stand.
 */
function mend(value: JsonValue, depth: number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'has a number that is too large';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX} levels`;
  const within = value as Record<string, JsonValue>;
  for (const key of Object.keys(within)) {
    const each = within[key] as JsonValue;
    if (typeof each === 'string') {
      if (!each.isWellFormed()) within[key] = each.toWellFormed();
    } else {
      const flaw = mend(each, depth + 1);
      if (flaw !== undefined) return flaw;
    }
    if (key === '__proto__' || !key.isWellFormed()) return 'has a key that cannot be kept';
  }
  return undefined;
}
