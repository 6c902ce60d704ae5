import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Target } from './target.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** By their names in lower case; several of one name are joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection on which a test writes whatever bytes it likes. */
export class HttpConnection implements Disposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('end', () => {
      this.#ended = true;
    });
    // A server may end a connection before it has read everything. What it said until then is what counts.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  static async open({ host, port }: Pick<Target, 'host' | 'port'>): Promise<HttpConnection> {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new HttpConnection(socket);
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  write(bytes: string | Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Says that nothing more will be written; answers can still be read. */
  finish(): void {
    this.#socket.end();
  }

  /** Ends the connection in the rudest way. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** The next answer. Of those to HEAD no body is expected. */
  async readAnswer({ toHead = false } = {}): Promise<RawAnswer> {
    const head = await this.#take(() => {
      const end = this.#received.indexOf('\r\n\r\n');
      return end === -1 ? undefined : end + 4;
    });
    const [line = '', ...rest] = head.trimEnd().split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) /u.exec(line) ?? [];
    assert.ok(status, `the answer does not begin with a status line: ${line}`);
    const headers = new Map<string, string>();
    for (const header of rest) {
      const [, name = '', value = ''] = /^([^:]+):[ \t]*(.*)$/u.exec(header) ?? [];
      const key = name.toLowerCase();
      headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value);
    }
    const length = toHead || /^(1..|204)$/u.test(status) ? 0 : Number(headers.get('content-length'));
    assert.ok(!Number.isNaN(length), 'the answer says how long it is');
    const body = await this.#take(() => (this.#received.length >= length ? length : undefined));
    return { status: Number(status), headers, body };
  }

  /** Waits until a text has come; it is left unread. */
  async readUntil(text: string): Promise<void> {
    await this.#take(() => (this.#received.includes(text) ? 0 : undefined));
  }

  /** Waits until the server has ended the connection, and answers what is left unread. */
  async readToEnd(): Promise<string> {
    while (!this.#ended) await this.#change();
    return this.#received.toString();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Takes as many bytes as `measure` says, once it knows. */
  async #take(measure: () => number | undefined): Promise<string> {
    let length = measure();
    while (length === undefined) {
      assert.ok(!this.#ended, `the connection ended after ${JSON.stringify(this.#received.toString())}`);
      await this.#change();
      length = measure();
    }
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken.toString();
  }

  /** Waits until more has arrived or nothing will. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const changed = (): void => {
        for (const event of events) this.#socket.off(event, changed);
        resolve();
      };
      const events = ['data', 'end', 'close'] as const;
      for (const event of events) this.#socket.on(event, changed);
    });
  }
}

/** The bytes of a request. Headers are sent as they stand, in the order given, and no others. */
export function requestBytes(line: string, headers: readonly string[] = [], body = ''): string {
  return `${[`${line} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** Sends one request on a connection of its own. */
export async function exchange(
  target: Pick<Target, 'host' | 'port'>,
  line: string,
  headers: readonly string[] = [],
  body = '',
): Promise<RawAnswer> {
  using connection = await HttpConnection.open(target);
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  connection.write(requestBytes(line, [...headers, ...length], body));
  return await connection.readAnswer({ toHead: line.startsWith('HEAD ') });
}

/** What an answer must be to count as a refusal. */
export interface RawRefusal {
  readonly http: number;
  readonly status: string;
  readonly reason: string;
}

/** Asserts that an answer is a refusal in the API's JSON, in every respect, and answers its text. */
export function assertRefused(answer: RawAnswer, want: RawRefusal): string {
  const { error, ...others } = JSON.parse(answer.body);
  const [info] = error.details;
  assert.deepEqual(
    { http: answer.status, status: error.status, reason: info.reason },
    { http: want.http, status: want.status, reason: want.reason },
    answer.body,
  );
  assert.deepEqual(others, {});
  assert.equal(error.code, answer.status);
  assert.equal(info.domain, 'parley');
  assert.equal(info['@type'], 'type.googleapis.com/google.rpc.ErrorInfo');
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=UTF-8');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.doesNotMatch(answer.body, /HPE_|ERR_|node:|\.ts\b|\bat /u, 'nothing of the inside');
  return error.message;
}
