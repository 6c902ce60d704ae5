import { CONVERSATION } from './answers.ts';

/** A program that starts, makes one call, and tells what that has cost: run by `node --eval`. */
export interface StartingProgram {
  readonly name: string;
  /** Against which other it is held. */
  readonly peer: string | undefined;
  readonly module: boolean;
  readonly text: (ports: Ports) => string;
}

/** Where the stub server listens. */
export interface Ports {
  readonly grpc: { readonly plain: number; readonly tls: number };
  readonly rest: { readonly plain: number; readonly tls: number };
}

const TELL = `
const { user, system } = process.cpuUsage();
const told = { cpuMs: (user + system) / 1e3, rssMb: process.resourceUsage().maxRSS / 1024 };
process.stdout.write(JSON.stringify(told), () => process.exit(0));`;

const request = `{ name: '${CONVERSATION}' }`;

function ours(transport: 'grpc' | 'rest', port: number, load: string, call: string): string {
  return `${load}
const client = new ConversationsClient({
  transport: '${transport}', credentials: 'none', clientOptions: { apiEndpoint: 'http://localhost:${port}' },
});
${call}`;
}

function oursAsModule(transport: 'grpc' | 'rest', port: number, name = '@parleykit/client'): string {
  const load = `import { ConversationsClient } from '${name}';`;
  return ours(transport, port, load, `await client.getConversation(${request});${TELL}`);
}

function oursAsCommonJs(transport: 'grpc' | 'rest', port: number, name = '@parleykit/client'): string {
  const load = `const { ConversationsClient } = require('${name}');`;
  return ours(transport, port, load, `client.getConversation(${request}).then(() => {${TELL}});`);
}

function peers(options: string, port: number): string {
  return `const { v2beta1 } = require('@google-cloud/dialogflow');
const client = new v2beta1.ConversationsClient({
  apiEndpoint: 'localhost', port: ${port}, universeDomain: 'googleapis.com', ${options},
});
client.getConversation(${request}).then(() => {${TELL}});`;
}

/** The least that a call can cost: what the platform does for it. */
function bareHttp(port: number): string {
  return `const { Agent, request } = process.getBuiltinModule('node:http');
const agent = new Agent({ keepAlive: true });
await new Promise((resolve) => {
  request({ host: 'localhost', port: ${port}, path: '/v2beta1/${CONVERSATION}', agent }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => { text += chunk; });
    response.on('end', () => resolve(JSON.parse(text)));
  }).end();
});${TELL}`;
}

function bareHttp2(port: number): string {
  return `const session = process.getBuiltinModule('node:http2').connect('http://localhost:${port}');
await new Promise((resolve) => {
  const path = '/google.cloud.dialogflow.v2beta1.Conversations/GetConversation';
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  stream.on('data', () => {});
  stream.on('end', resolve);
  stream.end(Buffer.alloc(5));
});${TELL}`;
}

const INSECURE = "sslCreds: require('@grpc/grpc-js').credentials.createInsecure()";
const OVER_REST = "fallback: true, protocol: 'http', apiKey: 'any'";

export const startingPrograms: readonly StartingProgram[] = [
  { name: 'an empty program', peer: undefined, module: true, text: () => TELL },
  { name: 'the peer, gRPC', peer: undefined, module: false, text: ({ grpc }) => peers(INSECURE, grpc.plain) },
  {
    name: 'the peer, REST',
    peer: undefined,
    module: false,
    text: ({ rest }) => peers(OVER_REST, rest.plain),
  },
  {
    name: 'node:http2 alone',
    peer: 'the peer, gRPC',
    module: true,
    text: ({ grpc }) => bareHttp2(grpc.plain),
  },
  {
    name: 'node:http alone',
    peer: 'the peer, REST',
    module: true,
    text: ({ rest }) => bareHttp(rest.plain),
  },
  {
    name: 'ours, gRPC, import',
    peer: 'the peer, gRPC',
    module: true,
    text: ({ grpc }) => oursAsModule('grpc', grpc.plain),
  },
  {
    name: 'ours, gRPC, require',
    peer: 'the peer, gRPC',
    module: false,
    text: ({ grpc }) => oursAsCommonJs('grpc', grpc.plain),
  },
  {
    name: 'ours, REST, import',
    peer: 'the peer, REST',
    module: true,
    text: ({ rest }) => oursAsModule('rest', rest.plain),
  },
  {
    name: 'ours, REST, require',
    peer: 'the peer, REST',
    module: false,
    text: ({ rest }) => oursAsCommonJs('rest', rest.plain),
  },
  {
    name: 'ours, REST alone, import',
    peer: 'the peer, REST',
    module: true,
    text: ({ rest }) => oursAsModule('rest', rest.plain, '@parleykit/client/rest'),
  },
  {
    name: 'ours, REST alone, require',
    peer: 'the peer, REST',
    module: false,
    text: ({ rest }) => oursAsCommonJs('rest', rest.plain, '@parleykit/client/rest'),
  },
];

function threeLines(name: string): string {
  return `import { ConversationsClient } from '${name}';
const client = new ConversationsClient({ transport: 'rest' });
console.log(await client.getConversation({ name: 'projects/p/conversations/c' }));`;
}

/** The same three lines over REST with either client, to see how large they become. */
export const smallPrograms = {
  ours: threeLines('@parleykit/client'),
  'ours, REST alone': threeLines('@parleykit/client/rest'),
  peer: `import { v2beta1 } from '@google-cloud/dialogflow';
const client = new v2beta1.ConversationsClient({ fallback: true });
client.getConversation({ name: 'projects/p/conversations/c' }).then(console.log);`,
};
