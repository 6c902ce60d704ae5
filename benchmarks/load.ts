import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';

/** A call that is made again and again. */
export interface Call {
  /** Such as `/google.cloud.dialogflow.v2beta1.Conversations/GetConversation`, or a path of REST. */
  readonly path: string;
  /** The encoded request, over gRPC. */
  readonly message?: Uint8Array;
  /** The gRPC or HTTP status that every answer must have. */
  readonly status: number;
}

export const IN_FLIGHT = 128;
const CONNECTIONS = 8;

/** Connections to a gRPC server. */
export class GrpcLoad implements Disposable {
  readonly #sessions: readonly ClientHttp2Session[];
  #next = 0;

  private constructor(sessions: readonly ClientHttp2Session[]) {
    this.#sessions = sessions;
  }

  static async open(port: number): Promise<GrpcLoad> {
    const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://127.0.0.1:${port}`));
    await Promise.all(sessions.map((session) => once(session, 'connect')));
    return new GrpcLoad(sessions);
  }

  /** Makes one call and answers its message. Throws on another status than 0. */
  call(path: string, message: Uint8Array): Promise<Buffer> {
    return this.#call({ path, message, status: 0 }, true);
  }

  /** As `call`, for callers to whom the status alone matters. */
  async check(call: Call): Promise<void> {
    await this.#call(call, false);
  }

  #call({ path, message = new Uint8Array(), status }: Call, keep: boolean): Promise<Buffer> {
    const session = this.#sessions[this.#next++ % CONNECTIONS];
    return new Promise((resolve, reject) => {
      const stream = session?.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      if (stream === undefined) throw new Error('there is no connection');
      const chunks: Buffer[] = [];
      const check = (headers: Record<string, unknown>): void => {
        const answered = headers['grpc-status'];
        if (answered === undefined) return;
        if (Number(answered) === status) resolve(Buffer.concat(chunks).subarray(5));
        else reject(new Error(`${path} answered ${answered}: ${headers['grpc-message']}`));
      };
      stream.on('response', check).on('trailers', check).on('error', reject);
      if (keep) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      else stream.resume();
      const frame = Buffer.alloc(5 + message.byteLength);
      frame.writeUInt32BE(message.byteLength, 1);
      frame.set(message, 5);
      stream.end(frame);
    });
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/** Makes a number of equal calls over gRPC, a fixed number of them in flight. Throws on an answer of another status. */
export async function loadGrpc(port: number, call: Call, count: number): Promise<void> {
  using load = await GrpcLoad.open(port);
  await inFlight(count, () => load.check(call));
}

/** Makes a number of GET requests over HTTP/1.1, a fixed number of them in flight. */
export async function loadHttp(port: number, call: Call, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  await inFlight(count, () => callHttp(agent, port, call));
  agent.destroy();
}

function callHttp(agent: Agent, port: number, { path, status }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent }, (response) => {
      if (response.statusCode !== status) reject(new Error(`${path} answered ${response.statusCode}`));
      response.resume().on('end', resolve);
    });
    request.on('error', reject).end();
  });
}

export async function inFlight(
  count: number,
  call: (index: number) => Promise<void>,
  atOnce = IN_FLIGHT,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
