import type { CallOptions } from '../call/call-options.ts';
import type { List, Page, Pager } from './list.ts';
import type { PendingReply } from './pending-reply.ts';

/** A method as gen/types.d.ts has it: the properties of an interface such as `ConversationsService`. */
export interface MethodTypes {
  readonly kind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly request: object;
  readonly response: object;
  /** Of a list, else never. */
  readonly item: object;
}

/** The keyword form of a call: the request as a whole, beside which no field may stand. */
export type WholeRequest<Request> = { readonly request: Request } & {
  readonly [Field in keyof Request]?: undefined;
};

/** What a method takes: the fields of its request, or `{ request }`. */
export type Arguments<Request> = (Request & { readonly request?: undefined }) | WholeRequest<Request>;

/** Messages that a stream sends, as they come. */
export type Requests<Request> = AsyncIterable<Request> | Iterable<Request>;

/** An answer in many messages. Leaving the loop early cancels the call. */
export interface ReplyStream<Response> extends AsyncIterable<Response> {
  /** Resolves when the answer has begun. */
  readonly headers: Promise<Readonly<Record<string, string>>>;
  /** Resolves when it has ended well. */
  readonly trailers: Promise<Readonly<Record<string, string>>>;
}

/** A method of a service as a member of a client; `await` of a list answers `Awaited`. */
type Member<Method extends MethodTypes, Awaited> = Method['kind'] extends 'unary'
  ? [Method['item']] extends [never]
    ? (request: Arguments<Method['request']>, options?: CallOptions) => PendingReply<Method['response']>
    : (
        request: Arguments<Method['request']>,
        options?: CallOptions,
      ) => List<Method['item'], Method['response'] & Page, Awaited>
  : (requests: Requests<Method['request']>, options?: CallOptions) => ReplyStream<Method['response']>;

/** The members that a service gives to its client: `await` of a list answers a pager. */
export type Members<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends MethodTypes
    ? Member<Service[Name], Pager<Service[Name]['item'], Service[Name]['response'] & Page>>
    : never;
};

/** The members of a service that is mixed in: `await` of a list answers the first page as it came. */
export type MixinMembers<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends MethodTypes
    ? Member<Service[Name], Service[Name]['response']>
    : never;
};
