/**
 * A client for Dialogflow's v2beta1 Conversations API: Google's endpoint or a Parley server. Begin with
 * ConversationsClient.
 */
export type * from '../gen/types.js';
export {
  type ClientCertSource,
  defaultClientCertSource,
  defaultClientEncryptedCertSource,
  type EncryptedCertSource,
  type Pem,
} from './auth/client-certificate.ts';
export type {
  AuthClient,
  AuthHeaders,
  Credentials,
  HeaderSource,
  TokenFunction,
} from './auth/header-source.ts';
export { ServiceAccount } from './auth/service-account.ts';
export { type CallOptions, isTransient, type RetryPolicy } from './call/call-options.ts';
export type { ClientInfo } from './client-info.ts';
export { type ClientOptions, getMtlsEndpointAndCertSource } from './client-options.ts';
export { ConversationProfilesClient } from './clients/conversation-profiles-client.ts';
export { ConversationsAsyncClient, ConversationsClient } from './clients/conversations-client.ts';
export type { List, Page, Pager, PagerIteration } from './clients/list.ts';
export { ParticipantsClient } from './clients/participants-client.ts';
export type { FullReply, PendingReply } from './clients/pending-reply.ts';
export type { AccountSettings, ServiceClient } from './clients/service-client.ts';
export type { Arguments, ReplyStream, Requests, WholeRequest } from './clients/service-members.ts';
export type { WatchOptions } from './clients/watch-messages.ts';
export {
  AbortedError,
  AlreadyExistsError,
  ApiError,
  CancelledError,
  ClientOptionsError,
  CODES,
  type Code,
  DataLossError,
  DeadlineExceededError,
  type ErrorCode,
  type ErrorContext,
  type ErrorDetail,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  InvalidRequestError,
  NotFoundError,
  OutOfRangeError,
  PermissionDeniedError,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
  UnknownError,
} from './errors.ts';
export {
  conversationName,
  conversationProfileName,
  messageName,
  type NameParts,
  operationName,
  parentName,
  participantName,
  type ResourceName,
  ResourceNameError,
} from './names/resource-name.ts';
export * from './names/seed-paths.ts';
export { fromEpochMicros, toDate, toEpochMicros } from './time.ts';
export { GrpcWire, type GrpcWireOptions } from './transport/grpc/grpc-wire.ts';
export { RestWire, type RestWireOptions } from './transport/rest/rest-wire.ts';
export {
  type ClientSettings,
  GrpcTransport,
  getTransportClass,
  RestTransport,
  type RestTransportOptions,
  type TransportClass,
  type TransportLabel,
} from './transport/service-transports.ts';
export type {
  Headers,
  TlsOptions,
  Transport,
  TransportCall,
  TransportReply,
  TransportStream,
} from './transport/transport.ts';
export type { TransportOptions } from './transport/transport-options.ts';
export type { ServiceTransport } from './transport/wired-transport.ts';
