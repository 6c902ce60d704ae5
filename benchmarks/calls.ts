import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { ConversationSchema, GetConversationRequestSchema } from '@parleykit/proto/v2beta1';
import { loadGrpc, loadHttp } from './load.ts';
import { type Case, type Row, toCase } from './measure.ts';
import { type Subject, startSubject } from './subject.ts';

const GET = '/google.cloud.dialogflow.v2beta1.Conversations/GetConversation';
/** The compiler has made up its mind by then. */
const WARM_UP = 20_000;

/** GetConversation and its errors over both wires, against handlers that do nothing. */
export async function callRows(parley: Subject, stack: AsyncDisposableStack, calls: number): Promise<Row[]> {
  const { name, json } = await createConversation(parley.port);
  const answer = fromJson(ConversationSchema, JSON.parse(json), { registry });
  const encoded = Buffer.from(toBinary(ConversationSchema, answer)).toString('base64');
  const emptyGrpc = stack.use(await startSubject('empty grpc-js', './floors/empty-grpc.ts', encoded));
  const jsonArgument = Buffer.from(json).toString('base64');
  const emptyHttp = stack.use(await startSubject('empty node:http', './floors/empty-http.ts', jsonArgument));

  const grpc = (title: string, subject: Subject, of: string, status: number): Case => {
    const message = toBinary(
      GetConversationRequestSchema,
      create(GetConversationRequestSchema, { name: of }),
    );
    const run = (count: number) => loadGrpc(subject.port, { path: GET, message, status }, count);
    return toCase(title, subject, { units: calls, warmUp: WARM_UP, run });
  };
  const rest = (title: string, subject: Subject, of: string, status: number): Case => {
    const run = (count: number) => loadHttp(subject.port, { path: `/v2beta1/${of}`, status }, count);
    return toCase(title, subject, { units: calls, warmUp: WARM_UP, run });
  };
  const unknown = `${name}-unknown`;
  const [get, getRest] = [
    grpc('GetConversation, gRPC', parley, name, 0),
    rest('GetConversation, REST', parley, name, 200),
  ];
  return [
    {
      what: 'GetConversation over gRPC / empty grpc-js handler',
      measured: get,
      floor: [grpc('empty grpc-js', emptyGrpc, name, 0)],
      goal: 1.25,
    },
    {
      what: 'GetConversation over REST / node:http, same bytes',
      measured: getRest,
      floor: [rest('empty node:http', emptyHttp, name, 200)],
      goal: 2.5,
    },
    {
      what: 'an error / an answer, gRPC',
      measured: grpc('NOT_FOUND, gRPC', parley, unknown, 5),
      floor: [get],
      goal: 1,
    },
    {
      what: 'an error / an answer, REST',
      measured: rest('NOT_FOUND, REST', parley, unknown, 404),
      floor: [getRest],
      goal: 1,
    },
  ];
}

async function createConversation(port: number): Promise<{ name: string; json: string }> {
  const url = `http://127.0.0.1:${port}/v2beta1/projects/demo/conversations?conversationId=bench`;
  const profile = 'projects/demo/locations/global/conversationProfiles/demo';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ conversationProfile: profile }),
  });
  const json = await response.text();
  return { name: (JSON.parse(json) as { name: string }).name, json };
}
