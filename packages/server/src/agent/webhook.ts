import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import {
  type Fulfillment,
  type WebhookRequest,
  WebhookRequestSchema,
  type WebhookResponse,
  WebhookResponseSchema,
} from '@parleykit/proto/v2beta1';
import { JSON_VALUE_DEPTH_MAX } from '../limits.ts';
import { OutboundError, type OutboundReply, printable } from '../outbound/exchange.ts';
import type { HttpPoster } from '../outbound/http-poster.ts';
import { SIGNATURE_HEADER, sign, TIMESTAMP_HEADER } from '../outbound/signature.ts';

/** As long as Dialogflow waits for a webhook, and as much as it takes of one. */
const TIMEOUT_MS = 5_000;
const RESPONSE_BYTES_MAX = 64 * 1024;

/** Clients follow what is passed on to them a hundred levels deep: what callers may send, in what stands around it. */
const RESPONSE_DEPTH_MAX = JSON_VALUE_DEPTH_MAX + 4;

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/u;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/u;

/** What the connection is made of, and who is asked: not for agents and callers to say. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'from',
  'host',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-forwarded-for',
  SIGNATURE_HEADER,
  TIMESTAMP_HEADER,
]);

/** A webhook was not reached, or did not answer as it must. The message is one line for people. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly code: Code;
  /** Whether it may answer when it is called again. */
  readonly transient: boolean;

  constructor(code: Code, message: string, { transient, cause }: { transient: boolean; cause: unknown }) {
    super(message, { cause });
    this.code = code;
    this.transient = transient;
  }
}

/** Where a webhook is, and what it is called with. */
export interface WebhookSettings {
  readonly url: URL;
  readonly username?: string;
  readonly password?: string;
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs each call. */
  readonly secret?: Uint8Array | undefined;
}

/** What one call is made with. */
export interface WebhookCallOptions {
  readonly signal: AbortSignal;
  /** Beside the settings' and, of the same name, in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The settings of an agent's fulfillment; nothing where it is off or says no address that can be called. */
export function webhookSettings({ enabled, fulfillment }: Fulfillment): WebhookSettings | undefined {
  if (!enabled || fulfillment.case !== 'genericWebService') return undefined;
  const { uri, username, password, requestHeaders } = fulfillment.value;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
  return { url, username, password, headers: requestHeaders };
}

/** A webhook that speaks Dialogflow's format: https://cloud.google.com/dialogflow/es/docs/fulfillment-webhook */
export class Webhook {
  readonly #settings: WebhookSettings;
  readonly #poster: HttpPoster;

  constructor(settings: WebhookSettings, poster: HttpPoster) {
    this.#settings = settings;
    this.#poster = poster;
  }

  /** What it answers. Throws a WebhookError where that cannot be used, and the signal's reason when that aborts. */
  async call(
    request: WebhookRequest,
    { signal, headers = {} }: WebhookCallOptions,
  ): Promise<WebhookResponse> {
    const body = Buffer.from(JSON.stringify(toJson(WebhookRequestSchema, request, { registry })));
    let answer: OutboundReply;
    try {
      answer = await this.#poster.post(this.#settings.url, {
        body,
        headers: this.#headersOf(body, request.responseId, headers),
        signal,
        timeoutMs: TIMEOUT_MS,
        responseBytesMax: RESPONSE_BYTES_MAX,
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OutboundError)) throw error;
      // Whoever wrote the webhook reads this; it comes into no log.
      const text = error.excerpt === '' ? error.message : `${error.message}: ${error.excerpt}`;
      throw new WebhookError(codeOf(error), text, { transient: mayPass(error), cause: error });
    }
    return readResponse(answer.body);
  }

  #headersOf(
    body: Buffer,
    responseId: string,
    more: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> {
    const { username = '', password = '', headers = {}, secret } = this.#settings;
    const signed = secret === undefined ? {} : signatureOf(secret, body);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    return {
      ...(username !== '' && { authorization: `Basic ${credentials}` }),
      ...allowedHeaders(headers),
      ...allowedHeaders(more),
      'content-type': 'application/json',
      'idempotency-key': responseId,
      ...signed,
    };
  }
}

function signatureOf(secret: Uint8Array, body: Buffer): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: sign(secret, timestamp, body) };
}

function allowedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name, value]) => isHeader(name, value)),
  );
}

/** Whether it is for agents and callers to say that a webhook is called with this header. */
export function isHeader(name: string, value: string): boolean {
  return HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !RESERVED_HEADERS.has(name.toLowerCase());
}

function readResponse(body: Buffer): WebhookResponse {
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue;
    if (isDeeper(json, RESPONSE_DEPTH_MAX))
      throw new Error(`it nests deeper than ${RESPONSE_DEPTH_MAX} levels`);
    return fromJson(WebhookResponseSchema, json, { registry, ignoreUnknownFields: true });
  } catch (cause) {
    // What is wrong repeats what the answer says.
    const message = `its answer is not a WebhookResponse in JSON: ${printable((cause as Error).message)}`;
    throw new WebhookError(Code.INVALID_ARGUMENT, message, { transient: false, cause });
  }
}

function isDeeper(json: JsonValue, levels: number): boolean {
  if (typeof json !== 'object' || json === null) return false;
  return levels === 0 || Object.values(json).some((entry) => isDeeper(entry as JsonValue, levels - 1));
}

/** Whether the same call may be answered a little later. */
function mayPass({ kind, status = 0 }: OutboundError): boolean {
  return (
    kind === 'connection' || kind === 'timeout' || (kind === 'status' && (status >= 500 || status === 429))
  );
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
function codeOf({ kind, status = 0 }: OutboundError): Code {
  if (kind === 'timeout') return Code.DEADLINE_EXCEEDED;
  if (kind === 'too-large') return Code.INVALID_ARGUMENT;
  if (kind === 'refused-address') return Code.FAILED_PRECONDITION;
  if (kind !== 'status') return Code.UNAVAILABLE;
  const known: Readonly<Record<number, Code>> = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    429: Code.RESOURCE_EXHAUSTED,
  };
  return known[status] ?? Code.UNAVAILABLE;
}
