/**
 * Callers who mean no harm, in a process of their own: told for how many seconds, they get a conversation at a fixed
 * rate over each wire, whether or not earlier calls are answered, and say how long each took. Times are taken from when
 * a call was to be made, so that a server which stops answering does not hide by that how long it stopped.
 */
import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { GetConversationRequestSchema } from '@parleykit/proto/v2beta1';

/** What the callers of one wire have met. */
export interface Account {
  /** Of each call, in milliseconds. */
  readonly milliseconds: number[];
  /** Of those that failed, why and how many. */
  readonly failures: Record<string, number>;
}

/** What they are told. */
export interface Order {
  /** How long they call before it counts, so that connections are open. */
  readonly leadInMs: number;
  readonly seconds: number;
}

export interface Accounts {
  readonly grpc: Account;
  readonly rest: Account;
}

/** Each wire's, in milliseconds. */
const INTERVAL = 5;
/** A call that takes longer counts as failed. */
const PATIENCE = 5000;
const CONNECTIONS = 4;
const PATH = '/google.cloud.dialogflow.v2beta1.Conversations/GetConversation';

type MakeCall = () => Promise<void>;

function grpcCaller(port: number, conversation: string): MakeCall {
  const message = toBinary(
    GetConversationRequestSchema,
    create(GetConversationRequestSchema, { name: conversation }),
  );
  const frame = Buffer.concat([Buffer.alloc(5), message]);
  frame.writeUInt32BE(message.byteLength, 1);
  const sessions: ClientHttp2Session[] = [];
  let next = 0;
  const session = (): ClientHttp2Session => {
    const index = next++ % CONNECTIONS;
    const known = sessions[index];
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const opened = connect(`http://127.0.0.1:${port}`);
    opened.on('error', () => {});
    sessions[index] = opened;
    return opened;
  };
  return () =>
    new Promise((resolve, reject) => {
      const stream = session().request({
        ':method': 'POST',
        ':path': PATH,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let status: unknown;
      const look = (headers: Record<string, unknown>): void => {
        status = headers['grpc-status'] ?? status;
      };
      stream.on('response', look).on('trailers', look).on('error', reject).resume();
      stream.once('close', () => {
        if (Number(status) === 0) resolve();
        else reject(new Error(`${PATH} answered ${status}`));
      });
      stream.setTimeout(PATIENCE, () => stream.destroy(new Error('no answer')));
      stream.end(frame);
    });
}

function restCaller(port: number, conversation: string): MakeCall {
  const agent = new Agent({ keepAlive: true });
  return () =>
    new Promise((resolve, reject) => {
      const path = `/v2beta1/${conversation}`;
      const request = httpRequest({ host: '127.0.0.1', port, path, agent, timeout: PATIENCE }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
        response.resume().once('end', resolve);
      });
      request.once('timeout', () => request.destroy(new Error('no answer')));
      request.on('error', reject).end();
    });
}

/** Makes calls at a fixed rate, and answers once the last has its answer. */
async function callFor(makeCall: MakeCall, { leadInMs, seconds }: Order): Promise<Account> {
  const account: Account = { milliseconds: [], failures: {} };
  const calls: Promise<void>[] = [];
  const start = performance.now();
  const end = leadInMs + seconds * 1000;
  const call = async (at: number): Promise<void> => {
    const from = Math.min(start + at, performance.now());
    const failure = await makeCall().then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (at < leadInMs) return;
    account.milliseconds.push(performance.now() - from);
    if (failure !== undefined) account.failures[failure] = (account.failures[failure] ?? 0) + 1;
  };
  for (let slot = 0; slot < end; slot += INTERVAL) {
    // Timers know whole milliseconds; a fixed beat might keep time with the attacker's.
    const at = slot + Math.floor(Math.random() * INTERVAL);
    const wait = start + at - performance.now();
    if (wait > 0.5) await new Promise((resolve) => setTimeout(resolve, Math.round(wait)));
    calls.push(call(at));
  }
  await Promise.all(calls);
  return account;
}

const [port, conversation = ''] = process.argv.slice(2);
const callGrpc = grpcCaller(Number(port), conversation);
const callRest = restCaller(Number(port), conversation);
process.on('message', async (order: Order) => {
  const [grpc, rest] = await Promise.all([callFor(callGrpc, order), callFor(callRest, order)]);
  process.send?.({ grpc, rest } satisfies Accounts);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
