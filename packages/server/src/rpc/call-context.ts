import type { ResourceName } from '../resource-names.ts';

/** Who calls. With authentication off everybody is nobody in particular. */
export interface Principal {
  readonly subject: string;
}

export const ANYBODY: Principal = { subject: 'anybody' };

/** What a transport knows of a call before anything of it was looked at. */
export interface IncomingCall {
  readonly wire: 'grpc' | 'rest';
  /** Names the call in the log and in internal errors. */
  readonly requestId: string;
  /** A header or metadata value, by its lower-case name. */
  header(name: string): string | undefined;
  /** Aborted when the caller goes away or its deadline passes; its reason is the ServiceError that says so. */
  readonly signal: AbortSignal;
}

/** What a handler may know of the call that it answers, beside the request. */
export interface CallContext extends IncomingCall {
  readonly principal: Principal;
  /** The resource that the call addresses: its `name`, `parent` or whatever its HTTP path carries. */
  readonly resource: ResourceName;
}
