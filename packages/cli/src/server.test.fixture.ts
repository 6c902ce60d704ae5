import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createLog, type RunningServer, readConfig, startServer } from '@parleykit/server';
import { type Clients, openClients } from './clients.ts';
import type { CommandIo } from './command-io.ts';
import { readTarget } from './command-line.ts';

/** A folder that is gone afterwards. */
export async function openFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-cli-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server of our own in this process, on a free port unless one is named. */
export function startTestServer(data: string, port = 0): Promise<RunningServer> {
  const config = readConfig({ port: String(port), data }, {});
  return startServer(config, { log: createLog(new PassThrough().resume(), { verbose: false }) });
}

export function clientsOf(address: string): Clients {
  return openClients(readTarget({ server: address }, {}));
}

/** Fails calls of one method: before they reach the server, or after it, when only the answer gets lost. */
export interface Fault {
  readonly method: string;
  readonly code: number;
  times: number;
  readonly takesEffect?: boolean;
}

/** Stands between a client and a server, knows nothing of messages, and lets calls fail on demand. */
export class FaultProxy implements AsyncDisposable {
  faults: Fault[] = [];
  /** The methods that were called, in order. */
  calls: string[] = [];
  /** The headers that came with the last call. */
  headers: IncomingHttpHeaders = {};
  onCall: (method: string) => void = () => {};
  readonly #server: Http2Server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #upstream: ClientHttp2Session;

  constructor(url: string) {
    this.#upstream = connect(url);
    this.#upstream.on('error', () => {});
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      // Where either side goes away there is nobody left to answer.
      this.#serve(stream, headers).catch(() => stream.destroy());
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(method: string): number {
    return this.calls.filter((call) => call === method).length;
  }

  /** Forgets what was asked of it. */
  reset(): void {
    this.faults = [];
    this.calls = [];
    this.onCall = () => {};
  }

  /** Breaks all connections, as a server does that is killed. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const path = String(headers[':path']);
    const method = path.slice(path.lastIndexOf('/') + 1);
    this.calls.push(method);
    this.headers = headers;
    this.onCall(method);
    const fault = this.faults.find((candidate) => candidate.method === method && candidate.times > 0);
    if (fault !== undefined) fault.times--;
    const request: Buffer[] = [];
    for await (const chunk of stream) request.push(chunk as Buffer);
    if (fault !== undefined && fault.takesEffect !== true) return fail(stream, fault);
    const call = this.#upstream.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.on('error', () => {});
    call.end(Buffer.concat(request));
    let trailers: IncomingHttpHeaders = {};
    let head: IncomingHttpHeaders = {};
    call.on('response', (answered) => {
      head = answered;
    });
    call.on('trailers', (answered) => {
      trailers = answered;
    });
    const answer: Buffer[] = [];
    for await (const chunk of call) answer.push(chunk as Buffer);
    if (stream.destroyed) return;
    if (fault !== undefined) return fail(stream, fault);
    if (head['grpc-status'] !== undefined) return stream.respond(visible(head), { endStream: true });
    stream.on('wantTrailers', () => stream.sendTrailers(visible(trailers)));
    stream.respond(visible(head), { waitForTrailers: true });
    stream.end(Buffer.concat(answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.breakConnections();
    this.#server.close();
    this.#upstream.destroy();
  }
}

function visible(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'date'));
}

function fail(stream: ServerHttp2Stream, { code }: Fault): void {
  if (stream.destroyed) return;
  const status = { 'grpc-status': String(code), 'grpc-message': 'a fault' };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true });
}

export const UNAVAILABLE = 14;

/** What a command has written, and its exit code. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as `parley` does, but with streams of its own. Durations are written as T. */
export async function runCommand<Io extends CommandIo>(
  command: (args: string[], io: Io) => Promise<number>,
  args: string[],
  more: Partial<Io> = {},
): Promise<Finished> {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const io = { ...streams, env: {}, signal: new AbortController().signal, ...more };
  const code = await command(args, io as unknown as Io);
  await new Promise(setImmediate);
  const timeless = (text: string) => text.replace(/[\d.]+ s$/gm, 'T s');
  return { code, stdout: timeless(texts.stdout), stderr: timeless(texts.stderr) };
}
