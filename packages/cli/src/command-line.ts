import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ClientOptionsError, ServiceAccount } from '@parleykit/client';

/** A command line that is wrong. The message is one line for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where the commands look for a server when nothing else is said; `parley serve` listens there. */
export const defaultAddress = '127.0.0.1:8470';

/** The flags that every command has which talks to a server. */
export const serverFlags = {
  project: { type: 'string' },
  location: { type: 'string' },
  server: { type: 'string' },
  credentials: { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig;

/** What the help says of those flags, but for the project and the location. */
export const serverFlagsHelp = `  --server HOST:PORT     the server, or its URL with http:// or https://; else the environment's
                         DIALOGFLOW_EMULATOR_HOST, else ${defaultAddress}
  --credentials KEYFILE  call as the service account whose key is in this file. HOST:PORT is then spoken to over TLS,
                         unless it is this machine; credentials leave it in no other way. Without this flag HOST:PORT
                         is spoken to in plain text. NODE_EXTRA_CA_CERTS names an authority of your own
  --verbose              show where errors come from
  --help                 show this text
`;

/** Reads flags; throws a UsageError that says what is wrong with them. */
export function parseFlags<Flags extends ParseArgsOptionsConfig>(args: string[], options: Flags) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (cause) {
    // Node goes on to explain how to name a file that starts with a dash, which is hardly ever what was meant.
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/u);
    throw new UsageError(reason, { cause });
  }
}

/** `projects/P` or `projects/P/locations/L`; which of them there are is for the server to say. */
export function readParent(project: string | undefined, location: string | undefined): string {
  if (project === undefined) throw new UsageError('--project is missing');
  if (!isNameSegment(project)) throw new UsageError(`--project "${project}" is not a project id`);
  if (location === undefined) return `projects/${project}`;
  if (!isNameSegment(location)) throw new UsageError(`--location "${location}" is not a location id`);
  return `projects/${project}/locations/${location}`;
}

/** What may stand between two slashes of a resource name. */
export function isNameSegment(text: string): boolean {
  return /^[^\s/]+$/.test(text);
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration: a whole number and s, m, h or d. Throws a UsageError. */
export function readSeconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,12})([smhd])$/u.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new UsageError(`${JSON.stringify(text)} is not a duration, such as 90s, 30m, 24h or 30d`);
}

/** Which server to call, how, and as whom. */
export interface Target {
  /** As it was given, for messages. */
  readonly name: string;
  /** With http:// or https:// in front. */
  readonly url: string;
  readonly isLocal: boolean;
  readonly account: ServiceAccount | undefined;
}

/** Reads the flags that say which server is meant, and the file of a key; throws a UsageError. */
export function readTarget(
  { server, credentials }: { server?: string | undefined; credentials?: string | undefined },
  env: NodeJS.ProcessEnv,
): Target {
  const fromEnv = env['DIALOGFLOW_EMULATOR_HOST'] || undefined;
  const name = server ?? fromEnv ?? defaultAddress;
  const source = server === undefined ? 'DIALOGFLOW_EMULATOR_HOST' : '--server';
  const [, scheme, address = name] =
    (server === undefined ? null : /^(https?):\/\/(.*?)\/?$/i.exec(name)) ?? [];
  if (!isAddress(address) && (scheme === undefined || !isAddress(`${address}:443`))) {
    const urls = server === undefined ? '' : ' and no URL of a server';
    throw new UsageError(`${source} "${name}" is not HOST:PORT${urls}`);
  }
  const account = credentials === undefined ? undefined : readAccount(credentials);
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i.test(address);
  const isWanted = server !== undefined && account !== undefined && !isLocal;
  const protocol = scheme?.toLowerCase() ?? (isWanted ? 'https' : 'http');
  if (account !== undefined && protocol === 'http' && !isLocal) {
    throw new UsageError(
      `--credentials are not sent in plain text, as they would be to ${name}: give --server https://${address}`,
    );
  }
  return { name, url: `${protocol}://${address}`, isLocal, account };
}

/** A name, an IPv4 or a bracketed IPv6 address, and a port. */
function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/i.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

function readAccount(file: string): ServiceAccount {
  try {
    return ServiceAccount.fromFile(file);
  } catch (cause) {
    if (!(cause instanceof ClientOptionsError)) throw cause;
    throw new UsageError(`--credentials: ${cause.message}`, { cause });
  }
}
