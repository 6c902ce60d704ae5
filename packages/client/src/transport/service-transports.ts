import { checkExclusiveCredentials } from '../auth/credentials.ts';
import type { Credentials } from '../auth/header-source.ts';
import type { ClientInfo } from '../client-info.ts';
import { type ClientOptions, getMtlsEndpointAndCertSource } from '../client-options.ts';
import { emulatorHost } from '../emulator.ts';
import { ClientOptionsError } from '../errors.ts';
import { canSpeakGrpc } from './can-speak-grpc.ts';
import { GrpcWire } from './grpc/grpc-wire.ts';
import { RestWire, type RestWireOptions } from './rest/rest-wire.ts';
import { TRANSPORT_OPTIONS, type TransportOptions } from './transport-options.ts';
import { type ServiceTransport, WiredTransport } from './wired-transport.ts';

export type { TransportOptions } from './transport-options.ts';
export type { ServiceTransport } from './wired-transport.ts';

/** TransportOptions, with what REST can be made of. */
export interface RestTransportOptions extends TransportOptions {
  /** In place of node:http, which is the default in Node; other runtimes use their own. */
  readonly fetch?: RestWireOptions['fetch'];
}

/** The class of a transport. */
export type TransportClass = new (options: TransportOptions) => ServiceTransport;

/** Calls by gRPC. */
export class GrpcTransport extends WiredTransport {
  /** Throws ClientOptionsError for options that exclude each other or are not of their kind. */
  constructor(options: TransportOptions = {}) {
    super('grpc', options, TRANSPORT_OPTIONS, (host, tls) => new GrpcWire({ host, tls }));
  }
}

/** Calls by HTTP and JSON. It has no methods that stream requests. */
export class RestTransport extends WiredTransport {
  /** Throws ClientOptionsError for options that exclude each other or are not of their kind. */
  constructor(options: RestTransportOptions = {}) {
    super(
      'rest',
      options,
      [...TRANSPORT_OPTIONS, 'fetch'],
      (host, tls) => new RestWire({ host, tls, fetch: options.fetch }),
    );
    if (options.fetch !== undefined && options.clientCertSourceForMtls !== undefined) {
      throw new ClientOptionsError(
        'fetch takes no client certificate: give it to what makes its connections',
      );
    }
  }
}

const transportClasses: Readonly<Record<string, TransportClass>> = {
  grpc: GrpcTransport,
  grpc_asyncio: GrpcTransport,
  rest: RestTransport,
};

/** The names that transports go by. */
export type TransportLabel = 'grpc' | 'grpc_asyncio' | 'rest';

/**
 * The class that a label stands for: `grpc`, `grpc_asyncio`, which is the same here, or `rest`. Without one, that of gRPC
 * where this platform can speak it, else that of REST. Throws ClientOptionsError for a label that there is not.
 */
export function getTransportClass(label?: TransportLabel): TransportClass {
  if (label === undefined) return canSpeakGrpc() ? GrpcTransport : RestTransport;
  const found = Object.hasOwn(transportClasses, label) ? transportClasses[label] : undefined;
  if (found === undefined) {
    throw new ClientOptionsError(`there is no transport '${label}': there are grpc, grpc_asyncio and rest`);
  }
  return found;
}

/** What a client is made with. */
export interface ClientSettings {
  /** Who calls; Application Default Credentials by default. */
  readonly credentials?: Credentials | undefined;
  /** By its label, by its class, or ready. By default gRPC, or REST where the platform cannot speak that. */
  readonly transport?: TransportLabel | TransportClass | ServiceTransport | null | undefined;
  readonly clientOptions?: ClientOptions | undefined;
  readonly clientInfo?: ClientInfo | undefined;
}

const SETTINGS: readonly string[] = ['credentials', 'transport', 'clientOptions', 'clientInfo'];

/**
 * The transport that a client is to use: the instance that is given, else a new one. Throws ClientOptionsError for
 * settings that exclude each other or are not of their kind, whichever transport is given; opens no connection.
 */
export function openTransport(settings: ClientSettings = {}): ServiceTransport {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new ClientOptionsError(
      'a client is made with an object: { credentials, transport, clientOptions, clientInfo }',
    );
  }
  for (const name of Object.keys(settings)) {
    if (!SETTINGS.includes(name)) throw new ClientOptionsError(`a client does not accept '${name}'`);
  }
  const { credentials, transport, clientInfo, clientOptions: options = {} } = settings;
  const [endpoint, certSource] = getMtlsEndpointAndCertSource(options);
  if (options.apiKey !== undefined && credentials !== undefined) {
    throw new ClientOptionsError('clientOptions.apiKey and credentials are mutually exclusive');
  }
  if (isInstance(transport)) {
    if (credentials !== undefined || options.credentialsFile !== undefined || options.apiKey !== undefined) {
      throw new ClientOptionsError('When providing a transport instance, provide its credentials directly.');
    }
    if (options.scopes !== undefined) {
      throw new ClientOptionsError('When providing a transport instance, provide its scopes directly.');
    }
    return transport;
  }
  const Class = classOf(transport);
  checkExclusiveCredentials({ ...options, credentials });
  const emulator = emulatorHost();
  if (emulator !== undefined) return new Class({ host: `http://${emulator}`, clientInfo });
  const { credentialsFile, scopes, apiKey, apiAudience, quotaProjectId, universeDomain } = options;
  const who = { credentials, credentialsFile, apiKey, scopes, quotaProjectId, apiAudience, universeDomain };
  return new Class({
    host: endpoint,
    ...who,
    clientCertSourceForMtls: certSource,
    clientInfo,
    alwaysUseJwtAccess: true,
  });
}

function isInstance(transport: ClientSettings['transport']): transport is ServiceTransport {
  return typeof transport === 'object' && transport !== null && typeof transport.unary === 'function';
}

function classOf(transport: Exclude<ClientSettings['transport'], ServiceTransport>): TransportClass {
  if (transport === null || transport === undefined) return getTransportClass();
  if (typeof transport === 'function') return transport;
  if (typeof transport === 'string') return getTransportClass(transport);
  throw new ClientOptionsError('transport must be a label, a class or an instance of a transport');
}
