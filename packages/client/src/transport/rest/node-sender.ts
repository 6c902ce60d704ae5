import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { builtIn } from '../../built-in.ts';
import { VERSION } from '../../client-info.ts';
import { type ApiError, apiError, ClientOptionsError } from '../../errors.ts';
import type { Headers, TlsOptions } from '../transport.ts';
import type { Attempt } from './attempt.ts';
import type { HttpForm } from './http-rule.ts';
import { brokenOff, type HttpAnswer, joinChunks, type Sender, tooLarge, unreachable } from './sender.ts';

/** How long a connection is kept that nobody uses, where the server does not say how long it would keep it. */
const FREE_SOCKET_MS = 30_000;

export interface NodeSenderOptions {
  /** With its port. */
  readonly host: string;
  readonly tls: TlsOptions | 'plaintext';
  /** Calls beyond that wait for a connection. */
  readonly socketsMax: number;
  /** Whether to ask for answers in gzip. */
  readonly compressed: boolean;
}

/** Resolves to a sender on node:http or node:https. Throws a ClientOptionsError for certificates that are none. */
export async function createNodeSender(options: NodeSenderOptions): Promise<Sender> {
  const agentOptions = {
    keepAlive: true,
    maxSockets: options.socketsMax,
    // The one used last is the one that the server is least likely to have given up.
    scheduling: 'lifo',
    timeout: FREE_SOCKET_MS,
  } as const;
  const { tls } = options;
  if (tls === 'plaintext') {
    const { Agent, request } = await builtIn('node:http');
    return new NodeSender(options, new Agent(agentOptions), request);
  }
  const [https, { createSecureContext }] = await Promise.all([builtIn('node:https'), builtIn('node:tls')]);
  const { ca, cert, key, servername, rejectUnauthorized } = tls;
  let secureContext: ReturnType<typeof createSecureContext>;
  try {
    // Made once: given to the agent as they are, certificates would be part of the name that each call looks up.
    secureContext = createSecureContext(mutableTls({ ca, cert, key }));
  } catch (cause) {
    throw new ClientOptionsError(`the certificates of the connection to ${options.host} cannot be read`, {
      cause,
    });
  }
  const agent = new https.Agent({
    ...agentOptions,
    secureContext,
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
  return new NodeSender(options, agent, https.request);
}

type Pem = string | Buffer;

/** As Node's types want them. */
function mutableTls({ ca, cert, key }: Pick<TlsOptions, 'ca' | 'cert' | 'key'>): {
  ca?: Pem | Pem[];
  cert?: Pem;
  key?: Pem;
} {
  const pem = (one: string | Uint8Array): Pem => (typeof one === 'string' ? one : Buffer.from(one));
  return {
    ...(ca === undefined
      ? {}
      : { ca: typeof ca === 'string' || ca instanceof Uint8Array ? pem(ca) : ca.map(pem) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
  };
}

class NodeSender implements Sender {
  readonly #host: string;
  readonly #hostHeader: string;
  readonly #hostname: string;
  readonly #port: string;
  readonly #accepted: string;
  readonly #userAgent: string;
  readonly #agent: Agent;
  readonly #request: typeof import('node:http').request;

  constructor(options: NodeSenderOptions, agent: Agent, request: typeof import('node:http').request) {
    const colon = options.host.lastIndexOf(':');
    this.#host = options.host;
    this.#hostname = options.host.slice(0, colon).replace(/^\[|\]$/g, '');
    this.#port = options.host.slice(colon + 1);
    // As every other client has it: without the port that goes without saying.
    const isUsual = this.#port === (options.tls === 'plaintext' ? '80' : '443');
    this.#hostHeader = isUsual ? options.host.slice(0, colon) : options.host;
    this.#accepted = options.compressed ? 'gzip' : 'identity';
    // Google's servers compress only for who says so here, too:
    // https://developers.google.com/authorized-buyers/apis/guides/performance
    this.#userAgent = `parley-client/${VERSION}${options.compressed ? ' (gzip)' : ''}`;
    this.#agent = agent;
    this.#request = request;
  }

  open(form: HttpForm, headers: Headers, attempt: Attempt): Promise<HttpAnswer> {
    return this.#open(form, headers, attempt, true);
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(form: HttpForm, headers: Headers, attempt: Attempt, again: boolean): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const request = this.#start(form, headers);
      let answer: NodeAnswer | undefined;
      attempt.whenEnded((error) => {
        reject(error);
        request.destroy();
      });
      request.on('response', (response: IncomingMessage) => {
        answer = new NodeAnswer(this.#host, response, attempt);
        resolve(answer);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (answer !== undefined) return;
        // A connection that the server gave up at the very moment when it was taken up again: nobody read the request.
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (stale && again && form.verb === 'GET') {
          this.#open(form, headers, attempt, false).then(resolve, reject);
        } else {
          reject(unreachable(this.#host, error));
        }
      });
      request.end(form.body);
    });
  }

  #start(form: HttpForm, headers: Headers): ClientRequest {
    const { body } = form;
    // A list is written out as it is, where an object goes through one check and one copy for each header more.
    const list = ['host', this.#hostHeader];
    if (headers['accept-encoding'] === undefined) list.push('accept-encoding', this.#accepted);
    if (headers['user-agent'] === undefined) list.push('user-agent', this.#userAgent);
    for (const name in headers) list.push(name, headers[name] ?? '');
    if (body !== undefined) {
      list.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
    } else if (form.verb !== 'GET') {
      list.push('content-length', '0');
    }
    return this.#request({
      host: this.#hostname,
      port: this.#port,
      method: form.verb,
      path: form.target,
      headers: list,
      agent: this.#agent,
    });
  }
}

class NodeAnswer implements HttpAnswer {
  readonly status: number;
  readonly #host: string;
  readonly #response: IncomingMessage;
  readonly #attempt: Attempt;

  constructor(host: string, response: IncomingMessage, attempt: Attempt) {
    this.status = response.statusCode ?? 0;
    this.#host = host;
    this.#response = response;
    this.#attempt = attempt;
    // Said by whoever reads the body; until then it must not go unheard.
    response.on('error', () => undefined);
  }

  get headers(): Headers {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#response.headers)) {
      if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
    return headers;
  }

  async bytes(max: number): Promise<Uint8Array> {
    const bytes = await this.#collect(max);
    if (this.#encoding === 'identity') return bytes;
    if (this.#encoding === 'gzip') return await this.#unzip(bytes, max);
    throw this.#encodedWrongly();
  }

  get #encoding(): string {
    return this.#response.headers['content-encoding']?.toLowerCase() ?? 'identity';
  }

  #encodedWrongly(): ApiError {
    return apiError('INTERNAL', `the answer is encoded as ${this.#encoding}, which nobody asked for`);
  }

  #collect(max: number): Promise<Uint8Array> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      const fail = (error: ApiError): void => {
        reject(error);
        response.destroy();
      };
      const chunks: Uint8Array[] = [];
      let length = 0;
      this.#attempt.whenEnded(fail);
      response.on('data', (chunk: Uint8Array) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > max) fail(tooLarge(max));
      });
      response.on('end', () => resolve(joinChunks(chunks, length)));
      response.on('error', (error) => fail(brokenOff(this.#host, error)));
      response.on('close', () => {
        if (!response.complete) fail(brokenOff(this.#host));
      });
    });
  }

  async #unzip(bytes: Uint8Array, max: number): Promise<Uint8Array> {
    const { gunzip } = await builtIn('node:zlib');
    return new Promise((resolve, reject) => {
      this.#attempt.whenEnded(reject);
      gunzip(bytes, { maxOutputLength: max }, (error: NodeJS.ErrnoException | null, plain) => {
        if (error === null) resolve(plain);
        else if (error.code === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge(max));
        else reject(apiError('INTERNAL', `the answer is not gzip: ${error.message}`, { cause: error }));
      });
    });
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    let ended: ApiError | undefined;
    this.#attempt.whenEnded((error) => {
      ended = error;
      this.#response.destroy();
    });
    // Who takes an answer in pieces asks for it as it is.
    if (this.#encoding !== 'identity') {
      this.#response.destroy();
      throw this.#encodedWrongly();
    }
    try {
      for await (const chunk of this.#response) yield chunk as Uint8Array;
    } catch (error) {
      throw ended ?? brokenOff(this.#host, error);
    }
    if (ended !== undefined) throw ended;
  }
}
