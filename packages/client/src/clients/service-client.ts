import { ServiceAccount } from '../auth/service-account.ts';
import { callStream, callUnary } from '../call/call.ts';
import type { CallOptions } from '../call/call-options.ts';
import { getMtlsEndpointAndCertSource } from '../client-options.ts';
import type { MethodTable, ServiceTable } from '../codec/tables.ts';
import * as paths from '../names/seed-paths.ts';
import {
  type ClientSettings,
  getTransportClass,
  openTransport,
  type ServiceTransport,
} from '../transport/service-transports.ts';
import type { TransportReply } from '../transport/transport.ts';
import { List, openPager, type Page, type PageSource } from './list.ts';
import { PendingReply } from './pending-reply.ts';
import { requestOf } from './request-argument.ts';
import type { Requests } from './service-members.ts';

/** A client that comes with its credentials: everything but those may be set. */
export type AccountSettings = Omit<ClientSettings, 'credentials'>;

/** What the clients of all services have in common: how they are made and closed. */
export class ServiceClient implements AsyncDisposable {
  /** The class of transports that a name stands for: `grpc`, `grpc_asyncio`, `rest`. */
  static readonly getTransportClass = getTransportClass;
  /** The endpoint that options and environment choose, and who answers the client's certificate. */
  static readonly getMtlsEndpointAndCertSource = getMtlsEndpointAndCertSource;

  /** What calls go through: the instance that was given, or the one that this client made. */
  readonly transport: ServiceTransport;

  /**
   * Connects to nothing: that happens at the first call. Throws ClientOptionsError for settings that exclude each other or
   * are not of their kind.
   */
  constructor(settings: ClientSettings = {}) {
    this.transport = openTransport(settings);
  }

  /** A client that calls as the service account whose key is in a file, which is read here and now. */
  static fromServiceAccountFile<Client>(
    this: new (
      settings: ClientSettings,
    ) => Client,
    filename: string,
    settings: AccountSettings = {},
  ): Client {
    return new this({ ...settings, credentials: ServiceAccount.fromFile(filename) });
  }

  /** The same as `fromServiceAccountFile`. */
  static fromServiceAccountJson<Client>(
    this: new (
      settings: ClientSettings,
    ) => Client,
    filename: string,
    settings: AccountSettings = {},
  ): Client {
    return new this({ ...settings, credentials: ServiceAccount.fromFile(filename) });
  }

  /** A client that calls as the service account whose key is given: what the JSON of its file says. */
  static fromServiceAccountInfo<Client>(
    this: new (
      settings: ClientSettings,
    ) => Client,
    info: object,
    settings: AccountSettings = {},
  ): Client {
    return new this({ ...settings, credentials: new ServiceAccount(info) });
  }

  /**
   * Ends calls under way with CANCELLED and lets go of all connections; calls after it are refused. A transport that was
   * given as an instance is closed too, for all who use it.
   */
  async close(): Promise<void> {
    await this.transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A service whose methods a client has. */
export interface ClientService {
  readonly table: ServiceTable;
  /** What `await` answers for a list: a pager, or the first page as it came. */
  readonly awaited: 'pager' | 'page';
  /** All of them by default. */
  readonly methods?: readonly string[];
}

/** The class of a client: made with or without settings, and helpers for paths on it and on each client. */
export type ClientClass<Members> = Omit<typeof ServiceClient, 'prototype'> &
  typeof paths &
  (new (
    settings?: ClientSettings,
  ) => ServiceClient & typeof paths & Members);

/**
 * Makes the class of a client with the methods of services; `Members` says what they are. Services come by a function,
 * and the class is a constant, so that bundlers can leave out both where nobody uses them.
 */
export function clientClass<Members>(
  name: string,
  services: () => readonly ClientService[],
): ClientClass<Members> {
  class Client extends ServiceClient {}
  define(Client, 'name', name);
  for (const { table, awaited, methods = Object.keys(table.methods) } of services()) {
    for (const member of methods) {
      define(Client.prototype, member, memberOf(table, member, awaited));
    }
  }
  for (const [helper, value] of Object.entries(paths)) {
    define(Client, helper, value);
    define(Client.prototype, helper, value);
  }
  return Client as unknown as ClientClass<Members>;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

function memberOf(
  table: ServiceTable,
  member: string,
  awaited: ClientService['awaited'],
): (...given: never[]) => unknown {
  if (!Object.hasOwn(table.methods, member)) throw new Error(`${table.name} has no method ${member}`);
  return function (this: ServiceClient, given: object | undefined, options?: CallOptions) {
    const method = table.methods[member] as MethodTable;
    if (method.kind !== 'unary') {
      return callStream(this.transport, method, given as Requests<object>, options);
    }
    return method.pagedField === undefined
      ? new PendingReply(ask(this, method, given, options))
      : listOf(this, method, method.pagedField, awaited, given, options);
  };
}

function listOf(
  client: ServiceClient,
  method: MethodTable,
  itemsField: string,
  awaited: ClientService['awaited'],
  argument: object | undefined,
  options: CallOptions | undefined,
): List<unknown, Page, unknown> {
  // Copied, so that a request or options which are changed meanwhile do not change the pages to come.
  const given = copyOf(argument);
  const kept = copyOf(options);
  const source: PageSource<Page> = {
    itemsField,
    fetch: (pageToken) => new PendingReply(ask(client, method, given, kept, pageToken)),
  };
  return new List(source, (first) => (awaited === 'page' ? first : openPager(source, first)));
}

/** Rejects, as everything that is wrong with a call does, where the argument is none. */
async function ask(
  client: ServiceClient,
  method: MethodTable,
  argument: object | undefined,
  options: CallOptions | undefined,
  pageToken?: string,
): Promise<TransportReply> {
  const request = requestOf(argument);
  return await callUnary(
    client.transport,
    method,
    pageToken === undefined ? request : { ...request, pageToken },
    options,
  );
}

function copyOf<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? { ...value } : value;
}
