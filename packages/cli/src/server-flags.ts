import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigError, environmentVariable, type Option, type OptionValue } from '@parleykit/server';

/** What stands on a command line of such settings, with `help`. Throws ConfigError for anything else. */
export function readServerFlags(
  command: string,
  args: readonly string[],
  taken: readonly Option[],
): Record<string, OptionValue | undefined> {
  const config: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const { flag, value } of taken) {
    config[flag] = { type: value === 'boolean' ? 'boolean' : 'string', multiple: value === 'strings' };
  }
  try {
    return parseArgs({ args: [...args], options: config, strict: true, allowPositionals: false })
      .values as Record<string, OptionValue>;
  } catch (error) {
    // Node explains how to pass a dash as a value; what is wrong stands in the first sentence.
    throw new ConfigError(`${(error as Error).message.split(/\.\s/u)[0]}; see parley ${command} --help`);
  }
}

/** A line of help for each. */
export function describeServerFlags(taken: readonly Option[]): string {
  const rows = taken.map(({ flag, value, default: fallback, placeholder, meaning }) => {
    const name = placeholder ?? flag.toUpperCase().replaceAll('-', '_');
    const left = `  --${flag}${value === 'boolean' ? '' : ` ${name}`}${value === 'strings' ? ' ...' : ''}`;
    const shown = value === 'string' && fallback !== '' ? ` (default ${fallback})` : '';
    return `${left.padEnd(32)} ${meaning}${shown}; ${environmentVariable(flag)}`;
  });
  return `${rows.join('\n')}\n`;
}
