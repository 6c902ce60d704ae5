import { BATCH_LIMIT_DEFAULT, BATCH_LIMIT_MAX } from './limits.ts';

/** What a server is started with. */
export interface Config {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The folder that holds everything. */
  readonly data: string;
  readonly batchLimit: number;
  readonly ingestCompleted: boolean;
  readonly demo: boolean;
  readonly insecure: boolean;
  readonly verbose: boolean;
}

interface Option {
  readonly flag: string;
  readonly value: 'string' | 'boolean';
  readonly default: string | boolean;
  readonly meaning: string;
}

/** Every option, once: flags, environment variables and the help are made from this table. */
export const options: readonly Option[] = [
  { flag: 'host', value: 'string', default: '127.0.0.1', meaning: 'address to listen on' },
  { flag: 'port', value: 'string', default: '8470', meaning: 'port for gRPC and REST; 0 takes a free one' },
  { flag: 'data', value: 'string', default: './parley-data', meaning: 'folder that holds everything' },
  {
    flag: 'store',
    value: 'string',
    default: '',
    meaning: 'a PostgreSQL store instead of --data (not built)',
  },
  { flag: 'auth', value: 'string', default: 'off', meaning: 'off: everybody may; verify (not built)' },
  { flag: 'tls', value: 'string', default: 'off', meaning: 'off: cleartext; other modes (not built)' },
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
    meaning: `messages that one batch may hold, up to ${BATCH_LIMIT_MAX}`,
  },
  {
    flag: 'ingest-completed',
    value: 'boolean',
    default: false,
    meaning: 'let BatchCreateMessages add to completed conversations',
  },
  {
    flag: 'demo',
    value: 'boolean',
    default: false,
    meaning: 'make the project "demo" and print commands to paste',
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
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const values = new Map(options.map((option) => [option.flag, readOption(option, flags, environment)]));
  const text = (flag: string): string => String(values.get(flag));
  const config: Config = {
    host: text('host'),
    port: readNumber('port', text('port'), 0, 65_535),
    data: text('data'),
    batchLimit: readNumber('batch-limit', text('batch-limit'), 1, BATCH_LIMIT_MAX),
    ingestCompleted: values.get('ingest-completed') === true,
    demo: values.get('demo') === true,
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
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): string | boolean {
  const flag = flags[option.flag];
  if (flag !== undefined) return flag;
  const variable = environmentVariable(option.flag);
  const value = environment[variable];
  if (value === undefined || value === '') return option.default;
  if (option.value === 'string') return value;
  if (value !== 'true' && value !== 'false') throw new ConfigError(`${variable} is neither true nor false`);
  return value === 'true';
}

function readNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/u.test(text) && value >= min && value <= max) return value;
  throw new ConfigError(`--${flag} ${text} is not a whole number from ${min} to ${max}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/u.test(host);
}
