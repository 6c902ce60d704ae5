import { after, before, describe } from 'node:test';
import { v2beta1 } from '@google-cloud/dialogflow';
import { credentials, status } from '@grpc/grpc-js';
import { openTarget, type Target } from './target.ts';

/** The two ways in which Google's Node client speaks to a server. */
export type Wire = 'grpc' | 'rest';

/** Google's own Node clients of these services, all on one wire. */
export interface GoogleClients extends AsyncDisposable {
  readonly wire: Wire;
  readonly conversations: v2beta1.ConversationsClient;
  readonly profiles: v2beta1.ConversationProfilesClient;
  readonly participants: v2beta1.ParticipantsClient;
  readonly agents: v2beta1.AgentsClient;
  readonly intents: v2beta1.IntentsClient;
  readonly entityTypes: v2beta1.EntityTypesClient;
  readonly versions: v2beta1.VersionsClient;
  readonly environments: v2beta1.EnvironmentsClient;
  readonly fulfillments: v2beta1.FulfillmentsClient;
  readonly contexts: v2beta1.ContextsClient;
  readonly sessionEntityTypes: v2beta1.SessionEntityTypesClient;
  readonly sessions: v2beta1.SessionsClient;
  readonly knowledgeBases: v2beta1.KnowledgeBasesClient;
  readonly documents: v2beta1.DocumentsClient;
  readonly answerRecords: v2beta1.AnswerRecordsClient;
  readonly generators: v2beta1.GeneratorsClient;
  readonly sipTrunks: v2beta1.SipTrunksClient;
}

/** A failed call as both wires tell it. */
export interface Failure {
  /** The canonical code over gRPC, the HTTP status over REST. */
  readonly code: number;
  /** The name of the canonical code, such as `NOT_FOUND`. */
  readonly status: string;
  /** Of the ErrorInfo. */
  readonly reason: string | undefined;
  /** Of the ErrorInfo. */
  readonly domain: string | undefined;
  /** The fields that a BadRequest names. */
  readonly fields: readonly string[];
}

/** Opens Google's clients on a cleartext server. */
export function openGoogleClients(
  address: { readonly host: string; readonly port: number },
  wire: Wire,
): GoogleClients {
  const options = {
    apiEndpoint: address.host,
    port: address.port,
    // Without it the client asks the metadata server of a cloud machine before its first call.
    universeDomain: 'googleapis.com',
    // The REST client insists on credentials; a key is the only kind that needs no call of its own.
    ...(wire === 'grpc'
      ? { sslCreds: credentials.createInsecure() }
      : { fallback: true, protocol: 'http', apiKey: 'any' }),
  };
  const clients = {
    conversations: new v2beta1.ConversationsClient(options),
    profiles: new v2beta1.ConversationProfilesClient(options),
    participants: new v2beta1.ParticipantsClient(options),
    agents: new v2beta1.AgentsClient(options),
    intents: new v2beta1.IntentsClient(options),
    entityTypes: new v2beta1.EntityTypesClient(options),
    versions: new v2beta1.VersionsClient(options),
    environments: new v2beta1.EnvironmentsClient(options),
    fulfillments: new v2beta1.FulfillmentsClient(options),
    contexts: new v2beta1.ContextsClient(options),
    sessionEntityTypes: new v2beta1.SessionEntityTypesClient(options),
    sessions: new v2beta1.SessionsClient(options),
    knowledgeBases: new v2beta1.KnowledgeBasesClient(options),
    documents: new v2beta1.DocumentsClient(options),
    answerRecords: new v2beta1.AnswerRecordsClient(options),
    generators: new v2beta1.GeneratorsClient(options),
    sipTrunks: new v2beta1.SipTrunksClient(options),
  };
  return {
    wire,
    ...clients,
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(clients).map((client) => client.close()));
    },
  };
}

/** The clients of a suite; they are open while its cases run. */
export type OpenedClients = () => GoogleClients;

/** Describes the same cases over gRPC and over REST, each on a target of its own that is started with the flags. */
export function onEveryWire(
  subject: string,
  cases: (clients: OpenedClients, target: () => Target) => void,
  flags: () => readonly string[] = () => [],
): void {
  for (const wire of ['grpc', 'rest'] as const) {
    describe(`${subject} over ${wire}`, () => {
      let target: Target;
      let clients: GoogleClients;
      before(async () => {
        target = await openTarget(...flags());
        clients = openGoogleClients(target, wire);
      });
      after(async () => {
        await clients[Symbol.asyncDispose]();
        await target[Symbol.asyncDispose]();
      });
      cases(
        () => clients,
        () => target,
      );
    });
  }
}

/** What a call fails with. A call that succeeds is an error here. */
export async function failureOf({ wire }: GoogleClients, call: Promise<unknown>): Promise<Failure> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('the call succeeded');
  return wire === 'grpc' ? grpcFailure(error) : restFailure(error);
}

/** The text of a field that every stored resource has. */
export function present(value: string | null | undefined): string {
  if (value === undefined || value === null || value === '') throw new Error('the field is empty');
  return value;
}

interface GrpcError extends Error {
  code?: number;
  reason?: string;
  domain?: string;
  statusDetails?: readonly { fieldViolations?: readonly { field: string }[] }[];
}

function grpcFailure(error: GrpcError): Failure {
  const code = error.code ?? -1;
  return {
    code,
    status: status[code] ?? `no canonical code: ${error.message}`,
    reason: error.reason,
    domain: error.domain,
    fields: (error.statusDetails ?? []).flatMap(({ fieldViolations = [] }) =>
      fieldViolations.map(({ field }) => field),
    ),
  };
}

interface RestBody {
  readonly error: {
    readonly code: number;
    readonly status: string;
    readonly details?: readonly RestDetail[];
  };
}

interface RestDetail {
  readonly '@type': string;
  readonly reason?: string;
  readonly domain?: string;
  readonly fieldViolations?: readonly { field: string }[];
}

/** This version of the client hands the body of a failed REST call on as the message of the error. */
function restFailure(error: Error & { status?: number }): Failure {
  const body: RestBody = JSON.parse(error.message);
  const { code, status: name, details = [] } = body.error;
  if (code !== error.status) throw new Error(`HTTP status ${error.status}, but the body says ${code}`);
  const of = (type: string): readonly RestDetail[] =>
    details.filter((detail) => detail['@type'] === `type.googleapis.com/google.rpc.${type}`);
  return {
    code,
    status: name,
    reason: of('ErrorInfo')[0]?.reason,
    domain: of('ErrorInfo')[0]?.domain,
    fields: of('BadRequest').flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field)),
  };
}
