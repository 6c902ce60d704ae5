import { readFileSync } from 'node:fs';
import {
  BATCH_LIMIT_DEFAULT,
  BATCH_LIMIT_MAX,
  EVENTS_AGE_MAX_DEFAULT,
  EVENTS_BYTES_MAX_DEFAULT,
  MODEL_TIMEOUT_DEFAULT,
  MODEL_TIMEOUT_MS_MAX,
  RETENTION_DEFAULT,
  RETENTION_MAX,
} from './limits.ts';
import { PUBLISHED_LOCATIONS } from './locations.ts';

/** What of an automated agent's reply can begin the assist stage. */
export const HANDOFF_SIGNALS = ['live_agent_handoff', 'end_interaction', 'either'] as const;
export type HandoffSignal = (typeof HANDOFF_SIGNALS)[number];

/** Where events go. */
export type EventSink =
  | { readonly kind: 'webhook'; readonly url: URL; readonly secret: Uint8Array | undefined }
  /** `emulator` is the host and port of one that takes the place of the service. */
  | { readonly kind: 'pubsub'; readonly emulator: string | undefined };

/** Where the model is that writes texts: an endpoint that speaks OpenAI's form. */
export interface ModelConfig {
  /** Up to and with the version, such as `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  /** As the endpoint calls it. */
  readonly name: string;
  readonly apiKey: string | undefined;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** What a server is started with. */
export interface Config {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Names beside its own by which HTTP callers may address it, as browsers spell them. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call it, as browsers spell them. */
  readonly corsOrigins: readonly string[];
  /** The folder that holds everything. */
  readonly data: string;
  readonly batchLimit: number;
  readonly ingestCompleted: boolean;
  /** Answers for the agents that profiles name and projects have not stored. */
  readonly agentWebhook: URL | undefined;
  /** Signs the calls to webhooks of automated agents. */
  readonly agentSecret: Uint8Array | undefined;
  /** What of an agent's reply hands a conversation over. */
  readonly handoffOn: HandoffSignal;
  /** The ids of the locations that there are. */
  readonly locations: readonly string[];
  /** Without it nothing is told to anybody. */
  readonly events: EventSink | undefined;
  /** Whether messages of BatchCreateMessages are events. */
  readonly batchEvents: boolean;
  /** Events that wait longer, in milliseconds, or beyond so many bytes are given up. */
  readonly eventsAgeMax: number;
  readonly eventsBytesMax: number;
  /** Where the calls that the server makes itself may go: anywhere, or to addresses of the internet alone. */
  readonly webhookAddresses: 'any' | 'public';
  /** Without it nothing is generated, and summaries are put together from what was said. */
  readonly model: ModelConfig | undefined;
  /** Which documents may be fetched that knowledge bases name: none, those on the internet, or any that answers. */
  readonly documentUris: 'none' | 'public' | 'any';
  /** How long conversations are kept after their end, in microseconds; undefined for ever. */
  readonly retention: number | undefined;
  /** Whether somebody has said so. */
  readonly retentionIsGiven: boolean;
  readonly demo: boolean;
  /** Whether clocks can be moved and projects set back. */
  readonly dev: boolean;
  /** The project that `demo` is about. */
  readonly project: string;
  readonly insecure: boolean;
  readonly verbose: boolean;
}

/** What a flag or its variable says; a list where it may be given more than once. */
export type OptionValue = string | boolean | readonly string[];

/** A setting, as a flag and as a variable of the environment. */
export interface Option {
  readonly flag: string;
  /** `strings` is given any number of times, or once in the environment, with commas between. */
  readonly value: 'string' | 'strings' | 'boolean';
  readonly default: OptionValue;
  /** What the help calls the value; else the flag's own name. */
  readonly placeholder?: string;
  readonly meaning: string;
}

/** Every option, once: flags, environment variables and the help are made from this table. */
export const options: readonly Option[] = [
  { flag: 'host', value: 'string', default: '127.0.0.1', meaning: 'address to listen on' },
  { flag: 'port', value: 'string', default: '8470', meaning: 'port for gRPC and REST; 0 takes a free one' },
  {
    flag: 'allowed-host',
    value: 'strings',
    default: [],
    placeholder: 'HOST',
    meaning: 'name or address by which HTTP callers may address the server, beside loopback and --host',
  },
  {
    flag: 'cors-origin',
    value: 'strings',
    default: [],
    placeholder: 'ORIGIN',
    meaning: 'origin whose pages may call the server, such as http://localhost:3000',
  },
  {
    flag: 'data',
    value: 'string',
    default: './parley-data',
    placeholder: 'FOLDER',
    meaning: 'folder that holds everything',
  },
  {
    flag: 'store',
    value: 'string',
    default: '',
    placeholder: 'URL',
    meaning: 'a PostgreSQL store instead of --data (not built)',
  },
  {
    flag: 'auth',
    value: 'string',
    default: 'off',
    placeholder: 'MODE',
    meaning: 'off: everybody may; verify (not built)',
  },
  {
    flag: 'tls',
    value: 'string',
    default: 'off',
    placeholder: 'MODE',
    meaning: 'off: cleartext; other modes (not built)',
  },
  {
    flag: 'insecure',
    value: 'boolean',
    default: false,
    meaning: 'allow to listen beyond loopback without --auth',
  },
  {
    flag: 'batch-limit',
    value: 'string',
    default: String(BATCH_LIMIT_DEFAULT),
    placeholder: 'COUNT',
    meaning: `messages that one batch may hold, up to ${BATCH_LIMIT_MAX}`,
  },
  {
    flag: 'ingest-completed',
    value: 'boolean',
    default: false,
    meaning: 'let BatchCreateMessages add to completed conversations',
  },
  {
    flag: 'agent-webhook',
    value: 'string',
    default: '',
    placeholder: 'URL',
    meaning: 'webhook that answers for automated agents that the project has not stored',
  },
  {
    flag: 'agent-secret',
    value: 'string',
    default: '',
    placeholder: 'FILE',
    meaning:
      'file with the secret by which calls to the webhooks of automated agents are signed, as those of --events are',
  },
  {
    flag: 'handoff-on',
    value: 'string',
    default: 'live_agent_handoff',
    placeholder: 'SIGNAL',
    meaning: `what of an agent's reply begins the assist stage: ${HANDOFF_SIGNALS.join(', ')}`,
  },
  {
    flag: 'locations',
    value: 'string',
    default: PUBLISHED_LOCATIONS.join(','),
    placeholder: 'IDS',
    meaning: 'ids of the locations that there are, separated by commas',
  },
  {
    flag: 'events',
    value: 'string',
    default: '',
    placeholder: 'pubsub|URL',
    meaning: 'where events go that profiles name a topic for: Google Cloud Pub/Sub, or a webhook',
  },
  {
    flag: 'events-secret',
    value: 'string',
    default: '',
    placeholder: 'FILE',
    meaning: 'file with the secret by which calls to the webhook of --events are signed',
  },
  {
    flag: 'no-batch-events',
    value: 'boolean',
    default: false,
    meaning: 'make no events of messages that come by BatchCreateMessages',
  },
  {
    flag: 'events-age-max',
    value: 'string',
    default: EVENTS_AGE_MAX_DEFAULT,
    placeholder: 'DURATION',
    meaning: 'how long an event waits for who does not take it, such as 90s, 30m, 12h or 7d',
  },
  {
    flag: 'events-bytes-max',
    value: 'string',
    default: String(EVENTS_BYTES_MAX_DEFAULT),
    placeholder: 'BYTES',
    meaning: 'how many bytes of events may wait; beyond it the oldest are given up',
  },
  {
    flag: 'webhook-addresses',
    value: 'string',
    default: 'any',
    placeholder: 'any|public',
    meaning: 'where calls to webhooks may go; public: not to this machine and not to private networks',
  },
  {
    flag: 'model-url',
    value: 'string',
    default: '',
    placeholder: 'URL',
    meaning:
      "endpoint of the model that writes suggestions, in OpenAI's form, such as http://127.0.0.1:8080/v1",
  },
  {
    flag: 'model',
    value: 'string',
    default: '',
    placeholder: 'NAME',
    meaning: 'the model, as the endpoint of --model-url calls it',
  },
  {
    flag: 'model-key',
    value: 'string',
    default: '',
    placeholder: 'FILE',
    meaning:
      'file with the key for the endpoint of --model-url; without one, what PARLEY_MODEL_API_KEY holds is the key',
  },
  {
    flag: 'model-timeout',
    value: 'string',
    default: MODEL_TIMEOUT_DEFAULT,
    placeholder: 'DURATION',
    meaning: 'how long the model may take for an answer, such as 20s',
  },
  {
    flag: 'document-uris',
    value: 'string',
    default: 'none',
    placeholder: 'none|public|any',
    meaning:
      'which pages are fetched that documents of knowledge bases name; public: not from this machine and not from ' +
      'private networks',
  },
  {
    flag: 'retention',
    value: 'string',
    default: RETENTION_DEFAULT,
    meaning:
      'how long conversations are kept after their end: 30d, 12h or forever; where it is given, also those that ended before',
  },
  {
    flag: 'dev',
    value: 'boolean',
    default: false,
    meaning: 'for tests: let callers move clocks, reset projects and restore snapshots',
  },
  {
    flag: 'demo',
    value: 'boolean',
    default: false,
    meaning:
      'make a project with an agent and profiles "demo" and "demo-agent", the latter of which has the agent begin, and print ' +
      'commands to paste; implies --dev',
  },
  {
    flag: 'project',
    value: 'string',
    default: 'demo',
    placeholder: 'ID',
    meaning: 'the project that is made',
  },
  { flag: 'verbose', value: 'boolean', default: false, meaning: 'log stacks of errors' },
];

/** The environment variable of an option: PARLEY_BATCH_LIMIT for --batch-limit. */
export function environmentVariable(flag: string): string {
  return `PARLEY_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** An option has a value that cannot be used. The message is one line for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads a configuration from flags, else the environment, else the defaults. Throws ConfigError. */
export function readConfig(
  flags: Readonly<Record<string, OptionValue | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const values = new Map(options.map((option) => [option.flag, readOption(option, flags, environment)]));
  const text = (flag: string): string => String(values.get(flag));
  const list = (flag: string): readonly string[] => [values.get(flag) ?? []].flat().map(String);
  const config: Config = {
    host: text('host'),
    port: readNumber('port', text('port'), 0, 65_535),
    allowedHosts: list('allowed-host').map(readHost),
    corsOrigins: list('cors-origin').map(readOrigin),
    data: text('data'),
    batchLimit: readNumber('batch-limit', text('batch-limit'), 1, BATCH_LIMIT_MAX),
    ingestCompleted: values.get('ingest-completed') === true,
    agentWebhook: readUrl('agent-webhook', text('agent-webhook')),
    agentSecret: readSecret('agent-secret', text('agent-secret')),
    handoffOn: readChoice('handoff-on', text('handoff-on'), HANDOFF_SIGNALS),
    locations: readLocations(text('locations')),
    events: readEvents(text('events'), text('events-secret'), environment['PUBSUB_EMULATOR_HOST']),
    batchEvents: values.get('no-batch-events') !== true,
    eventsAgeMax: readDuration('events-age-max', text('events-age-max')),
    eventsBytesMax: readNumber('events-bytes-max', text('events-bytes-max'), 1, Number.MAX_SAFE_INTEGER),
    webhookAddresses: readChoice('webhook-addresses', text('webhook-addresses'), ['any', 'public']),
    model: readModel(text, environment['PARLEY_MODEL_API_KEY']),
    documentUris: readChoice('document-uris', text('document-uris'), ['none', 'public', 'any']),
    retention: readRetention(text('retention')),
    retentionIsGiven:
      (flags['retention'] ?? (environment[environmentVariable('retention')] || undefined)) !== undefined,
    demo: values.get('demo') === true,
    dev: values.get('dev') === true || values.get('demo') === true,
    project: readProject(text('project')),
    insecure: values.get('insecure') === true,
    verbose: values.get('verbose') === true,
  };
  if (text('store') !== '')
    throw new ConfigError('--store is not built yet: data lives in the folder of --data');
  if (text('auth') !== 'off') throw new ConfigError(`--auth ${text('auth')} is not built yet: only off is`);
  if (text('tls') !== 'off') throw new ConfigError(`--tls ${text('tls')} is not built yet: only off is`);
  if (!isLoopback(config.host) && !config.insecure) {
    throw new ConfigError(
      `--host ${config.host} lets others in without authentication: add --insecure if that is meant`,
    );
  }
  return config;
}

function readOption(
  option: Option,
  flags: Readonly<Record<string, OptionValue | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): OptionValue {
  const flag = flags[option.flag];
  // A script whose variable is not set must not leave out what was asked for, such as to sign.
  if (flag === '' && option.default === '') throw new ConfigError(`--${option.flag} is empty`);
  if (flag !== undefined) return flag;
  const variable = environmentVariable(option.flag);
  const value = environment[variable];
  if (value === undefined || value === '') return option.default;
  if (option.value === 'string') return value;
  if (option.value === 'strings') return value.split(',').map((part) => part.trim());
  if (value !== 'true' && value !== 'false') throw new ConfigError(`${variable} is neither true nor false`);
  return value === 'true';
}

function readUrl(flag: string, text: string): URL | undefined {
  if (text === '') return undefined;
  const url = /^https?:\/\//iu.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined)
    throw new ConfigError(`--${flag} ${text} is not a URL that begins with http:// or https://`);
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`--${flag} takes no user name and no password`);
  }
  return url;
}

function readProject(text: string): string {
  if (/^[^\s/\p{Cc}]+$/u.test(text) && text.isWellFormed()) return text;
  throw new ConfigError(`--project ${JSON.stringify(text)} is not the id of a project`);
}

function readLocations(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim());
  const wrong = ids.find((id) => !/^[a-z][a-z0-9-]*$/u.test(id));
  if (wrong !== undefined)
    throw new ConfigError(`--locations: ${JSON.stringify(wrong)} is not the id of a location`);
  return [...new Set(ids)];
}

function readNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/u.test(text) && value >= min && value <= max) return value;
  throw new ConfigError(`--${flag} ${text} is not a whole number from ${min} to ${max}`);
}

function readEvents(text: string, secretFile: string, emulator: string | undefined): EventSink | undefined {
  const isWebhook = /^https?:/iu.test(text);
  if (secretFile !== '' && !isWebhook) {
    throw new ConfigError('--events-secret signs calls to a webhook: it needs --events with an http(s) URL');
  }
  if (text === '') return undefined;
  if (text === 'pubsub') return { kind: 'pubsub', emulator: readEmulator(emulator) };
  if (!isWebhook || !URL.canParse(text)) {
    throw new ConfigError(`--events ${text} is neither pubsub nor an http(s) URL`);
  }
  return { kind: 'webhook', url: new URL(text), secret: readSecret('events-secret', secretFile) };
}

/** Some of Google's clients take an address with its scheme, so some have it so in their environment. */
function readEmulator(text = ''): string | undefined {
  if (text === '') return undefined;
  const address = text.replace(/^http:\/\//iu, '').replace(/\/$/u, '');
  if (URL.canParse(`http://${address}`) && new URL(`http://${address}`).host === address) return address;
  throw new ConfigError(`PUBSUB_EMULATOR_HOST ${text} is not a host and a port, such as localhost:8085`);
}

/** What editors and `echo` put behind a line is no part of it. */
function readSecret(flag: string, file: string): Uint8Array | undefined {
  if (file === '') return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'latin1').replace(/[\r\n]+$/u, '');
  } catch (error) {
    throw new ConfigError(`--${flag}: ${(error as Error).message}`);
  }
  if (text === '') throw new ConfigError(`--${flag}: ${file} is empty`);
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function readModel(text: (flag: string) => string, keyInEnvironment = ''): ModelConfig | undefined {
  const [name, keyFile] = [text('model'), text('model-key')];
  const url = readUrl('model-url', text('model-url'));
  const timeoutMs = readDuration('model-timeout', text('model-timeout'));
  if (timeoutMs > MODEL_TIMEOUT_MS_MAX) {
    throw new ConfigError(
      `--model-timeout ${text('model-timeout')} is longer than any call waits: 10m at most`,
    );
  }
  if (url === undefined) {
    const flag = name === '' ? 'model-key' : 'model';
    if (name === '' && keyFile === '') return undefined;
    throw new ConfigError(`--${flag} is about the endpoint of a model: it needs --model-url`);
  }
  if (name === '')
    throw new ConfigError('--model-url needs --model: which of its models the endpoint is to use');
  if (url.search !== '' || url.hash !== '')
    throw new ConfigError('--model-url takes no query and no fragment');
  const apiKey =
    keyFile === ''
      ? keyInEnvironment
      : Buffer.from(readSecret('model-key', keyFile) ?? []).toString('latin1');
  // A header would not take it, and its error would repeat it.
  if (!/^[\x21-\x7e]*$/u.test(apiKey)) {
    const source = keyFile === '' ? 'PARLEY_MODEL_API_KEY' : `--model-key: ${keyFile}`;
    throw new ConfigError(`${source} holds more than a key: printable ASCII without spaces`);
  }
  return { url: url.href, name, apiKey: apiKey === '' ? undefined : apiKey, timeoutMs };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds. */
function readDuration(flag: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/u.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new ConfigError(`--${flag} ${text} is not a duration, such as 90s, 30m, 12h or 7d`);
}

function readChoice<Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new ConfigError(`--${flag} ${text} is none of ${choices.join(', ')}`);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function readRetention(text: string): number | undefined {
  if (text === 'forever') return undefined;
  const [, count, unit = ''] = /^(\d{1,12})([smhd])$/u.exec(text) ?? [];
  const microseconds = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN) * 1_000_000;
  if (microseconds >= 1_000_000 && microseconds <= RETENTION_MAX) return microseconds;
  throw new ConfigError(
    `--retention ${text} is neither forever nor a whole number with s, m, h or d behind it, such as 30d, up to 36500d`,
  );
}

/** Whether a host, in any spelling that is canonical, can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true;
  return /^127(\.\d{1,3}){3}$/u.test(host) && canonicalHost(host) === host;
}

/** A name that no reader takes for a number: its last part begins with a letter. */
const PLAIN_NAME = /^(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*$/u;
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_.-]+)$/u;

/** A host as browsers spell it in Host and Origin, IPv6 in brackets; undefined for what is none. */
export function canonicalHost(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (PLAIN_NAME.test(lower)) return lower;
  const host = lower.includes(':') && !lower.startsWith('[') ? `[${lower}]` : lower;
  const url = `http://${host}/`;
  return HOST.test(host) && URL.canParse(url) ? new URL(url).hostname : undefined;
}

function readHost(text: string): string {
  const host = canonicalHost(text);
  if (host !== undefined) return host;
  throw new ConfigError(
    `--allowed-host ${text} is neither a name nor an address: write it without scheme and port`,
  );
}

function readOrigin(text: string): string {
  const parsed = /^https?:/iu.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  // Patterns, that is: a browser never sends one.
  const url = parsed !== undefined && canonicalHost(parsed.hostname) !== undefined ? parsed : undefined;
  if (url?.origin === text) return text;
  const hint = url === undefined ? 'such as http://localhost:3000' : `${url.origin} perhaps`;
  throw new ConfigError(`--cors-origin ${text} is not an origin as browsers send it: ${hint}`);
}
