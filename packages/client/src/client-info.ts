/** Of this package. */
export const VERSION = '0.1.0';

/** What a program says of itself to the server, in the header `x-goog-api-client`, with every call. */
export interface ClientInfo {
  /** Stands first, such as `my-program/1.2`. */
  readonly userAgent?: string | undefined;
  /** The version of a library that is built on this one; sent as `gccl/...`. */
  readonly clientLibraryVersion?: string | undefined;
  /** The version of the client itself; this package's by default. */
  readonly gapicVersion?: string | undefined;
}

/**
 * The value of `x-goog-api-client`: names and versions of what takes part in a call.
 * https://github.com/googleapis/google-cloud-python: google.api_core.client_info has the same words in the same order.
 */
export function apiClientHeader(kind: 'grpc' | 'rest', info: ClientInfo = {}): string {
  const { userAgent, clientLibraryVersion, gapicVersion = VERSION } = info;
  const words = [userAgent, runtimeWord(), `${kind}/${VERSION}`, `gapic/${gapicVersion}`];
  if (clientLibraryVersion !== undefined) words.push(`gccl/${clientLibraryVersion}`);
  return words.filter((word) => word !== undefined).join(' ');
}

function runtimeWord(): string {
  const versions = globalThis.process?.versions;
  // Deno and Bun say that they are Node, too.
  for (const name of ['deno', 'bun', 'node']) {
    const version = versions?.[name];
    if (version !== undefined) return `gl-${name}/${version}`;
  }
  return 'gl-web/0';
}
