import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { ErrorInfoSchema, StatusSchema } from '@parleykit/proto/rpc';
import {
  ConversationSchema,
  GetConversationRequestSchema,
  StreamingAnalyzeContentRequestSchema,
  StreamingAnalyzeContentResponseSchema,
} from '@parleykit/proto/v2beta1';
import { PYTHON, PYTHON_FOLDER } from '../python-environment.ts';

/** A server of gRPC that somebody else wrote. What it answers depends on the id of the conversation it is asked for. */
export interface ForeignServer extends AsyncDisposable {
  /** Such as `127.0.0.1:8470`. */
  readonly host: string;
}

/** A certificate and its key, in files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The text that large answers are made of. */
export const LARGE = 'five megabytes '.repeat(350_000);

/** grpcio, in a process of its own. */
export async function openGrpcio(certificate?: CertificateFiles): Promise<ForeignServer> {
  const files = certificate === undefined ? [] : [certificate.cert, certificate.key];
  const child = spawn(PYTHON, ['grpc_server.py', ...files], {
    cwd: PYTHON_FOLDER,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONWARNINGS: 'ignore' },
  });
  const exit = once(child, 'exit');
  const [port] = await Promise.race([once(child.stdout, 'data'), exit.then(() => ['none'])]);
  return {
    host: `127.0.0.1:${Number(port)}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exit;
    },
  };
}

/** grpc-js, in this process. */
export async function openGrpcJs(certificate?: { cert: Buffer; key: Buffer }): Promise<ForeignServer> {
  const server = new Server({ 'grpc.max_concurrent_streams': 8 });
  server.addService(
    {
      getConversation: definition('Conversations', 'GetConversation', false),
      streamingAnalyzeContent: definition('Participants', 'StreamingAnalyzeContent', true),
    },
    {
      getConversation: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
        getConversation(server, call, done),
      streamingAnalyzeContent,
    },
  );
  const credentials =
    certificate === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: certificate.cert, private_key: certificate.key }]);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', credentials);
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** Messages pass as bytes. */
function definition(service: string, name: string, streams: boolean) {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/google.cloud.dialogflow.v2beta1.${service}/${name}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

function getConversation(
  server: Server,
  call: ServerUnaryCall<Buffer, Buffer>,
  done: sendUnaryData<Buffer>,
): void {
  const { name } = fromBinary(GetConversationRequestSchema, call.request);
  const answer = (conversationProfile: string, trailers?: Metadata): void => {
    const conversation = create(ConversationSchema, { name, conversationProfile });
    done(null, Buffer.from(toBinary(ConversationSchema, conversation)), trailers);
  };
  const behaviours: Record<string, () => void> = {
    headers: () => {
      const headers = new Metadata();
      headers.set('x-seen', String(call.metadata.get('x-goog-request-params')[0]));
      headers.add('x-twice', 'a');
      headers.add('x-twice', 'b');
      call.sendMetadata(headers);
      const trailers = new Metadata();
      trailers.set('x-behind', 'yes');
      answer('', trailers);
    },
    error: () => {
      const info = create(ErrorInfoSchema, { reason: 'GONE', domain: 'test', metadata: { id: '1' } });
      const message = 'no such nöte';
      const detailed = create(StatusSchema, { code: 5, message, details: [anyPack(ErrorInfoSchema, info)] });
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, detailed)));
      done({ code: status.NOT_FOUND, details: message, metadata });
    },
    never: () => {},
    large: () => answer(LARGE),
    stop: () => {
      // New calls are refused from here on; this one is answered.
      server.tryShutdown(() => {});
      setImmediate(answer, '');
    },
  };
  const behaviour = behaviours[name.slice(name.lastIndexOf('/') + 1)];
  if (behaviour === undefined) answer('');
  else behaviour();
}

async function streamingAnalyzeContent(call: ServerDuplexStream<Buffer, Buffer>): Promise<void> {
  const answer = async (replyText: string): Promise<void> => {
    const response = create(StreamingAnalyzeContentResponseSchema, { replyText });
    const isTaken = call.write(Buffer.from(toBinary(StreamingAnalyzeContentResponseSchema, response)));
    if (!isTaken) await once(call, 'drain');
  };
  // A call that is destroyed would end without a status.
  for await (const bytes of call.iterator({ destroyOnReturn: false })) {
    const { input } = fromBinary(StreamingAnalyzeContentRequestSchema, bytes);
    const text = input.case === 'inputText' ? input.value : '';
    if (text === 'stop') {
      // Not before the loop has let go of the call.
      setImmediate(() => call.emit('error', { code: status.ABORTED, details: 'stopped' }));
      return;
    }
    if (text === 'many') {
      for (let number = 0; number < 1000; number++) await answer(`${number} ${LARGE.slice(0, 10_000)}`);
    }
    await answer(text);
  }
  call.end();
}
