/** Calls in one process, 16 in flight, and tells what CPU each cost: `caller.ts SUBJECT OPERATION SECURITY PORT WARM CALLS`. */
import { readFileSync } from 'node:fs';
import { CONVERSATION } from './answers.ts';

const IN_FLIGHT = 16;

const [, , subject = '', operation = '', security = '', port = '', warm = '', calls = ''] = process.argv;

/** A call that is made again and again. */
type Call = () => PromiseLike<unknown>;

async function openOurs(transport: 'grpc' | 'rest', viaFetch: boolean): Promise<Call> {
  const { ConversationsClient, RestWire } = await import('@parleykit/client');
  const apiEndpoint = `${security === 'tls' ? 'https' : 'http'}://localhost:${port}`;
  const client = viaFetch
    ? new ConversationsClient({
        transport: new RestWire({
          host: `localhost:${port}`,
          tls: security === 'tls' ? {} : 'plaintext',
          fetch: globalThis.fetch,
        }),
      })
    : new ConversationsClient({ transport, credentials: 'none', clientOptions: { apiEndpoint } });
  if (operation === 'get') return () => client.getConversation({ name: CONVERSATION });
  return () => client.listMessages({ parent: CONVERSATION, pageSize: 100 }).firstPage();
}

async function openPeer(transport: 'grpc' | 'rest'): Promise<Call> {
  const { v2beta1 } = await import('@google-cloud/dialogflow');
  const { credentials } = await import('@grpc/grpc-js');
  const client = new v2beta1.ConversationsClient({
    apiEndpoint: 'localhost',
    port: Number(port),
    // Without it the client asks the metadata server of a cloud machine before its first call.
    universeDomain: 'googleapis.com',
    ...(transport === 'grpc'
      ? {
          sslCreds:
            security === 'tls'
              ? credentials.createSsl(readFileSync(process.env['NODE_EXTRA_CA_CERTS'] ?? ''))
              : credentials.createInsecure(),
        }
      : { fallback: true, protocol: security === 'tls' ? 'https' : 'http', apiKey: 'any' }),
  });
  if (operation === 'get') return () => client.getConversation({ name: CONVERSATION });
  return () => client.listMessages({ parent: CONVERSATION, pageSize: 100 }, { autoPaginate: false });
}

const subjects: Readonly<Record<string, () => Promise<Call>>> = {
  'ours grpc': () => openOurs('grpc', false),
  'ours rest': () => openOurs('rest', false),
  'ours fetch': () => openOurs('rest', true),
  'peer grpc': () => openPeer('grpc'),
  'peer rest': () => openPeer('rest'),
};

async function run(call: Call, count: number): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
}

const open = subjects[subject];
if (open === undefined) throw new Error(`there is no subject ${subject}`);
const call = await open();
await run(call, Number(warm));
const before = process.cpuUsage();
await run(call, Number(calls));
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ microseconds: (user + system) / Number(calls) }), () =>
  process.exit(0),
);
