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

const CONNECTIONS = 8;
const IN_FLIGHT = 128;

/** Makes a number of calls over gRPC, a fixed number of them in flight. Throws on an answer of another status. */
export async function loadGrpc(port: number, call: Call, count: number): Promise<void> {
  const sessions = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const session = connect(`http://127.0.0.1:${port}`);
      await once(session, 'connect');
      return session;
    }),
  );
  const frame = Buffer.concat([Buffer.alloc(5), call.message ?? new Uint8Array()]);
  frame.writeUInt32BE(frame.byteLength - 5, 1);
  await inFlight(count, (index) => {
    const session = sessions[index % CONNECTIONS];
    if (session === undefined) throw new Error('there is no connection');
    return callGrpc(session, call, frame);
  });
  for (const session of sessions) session.close();
}

function callGrpc(session: ClientHttp2Session, { path, status }: Call, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const check = (headers: Record<string, unknown>): void => {
      const answered = headers['grpc-status'];
      if (answered === undefined) return;
      if (Number(answered) === status) resolve();
      else reject(new Error(`${path} answered ${answered}: ${headers['grpc-message']}`));
    };
    stream.on('response', check).on('trailers', check).on('error', reject).resume();
    stream.end(frame);
  });
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

async function inFlight(count: number, call: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
