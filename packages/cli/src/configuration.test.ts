import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { environmentVariable, type Option, options } from '@parleykit/server';
import { execOptions } from './exec.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const PAGE = new URL('../../../docs/configuration.md', import.meta.url);

/** Those whose settings are the server's; what the others take stands in their help alone. */
const SERVERS: Readonly<Record<string, readonly Option[]>> = { serve: options, exec: execOptions };

const INTRODUCTION = `# Configuration

<!-- Made by npm run docs from the table of settings in packages/server/src/config.ts and from what the commands say. -->

A setting of the server is a flag, else a variable of the environment, else its default. An empty variable counts as none;
one for a flag without a value is \`true\` or \`false\`, one for a flag that may be repeated has commas between.
`;

const REST = `
## Other variables

| variable | read by | meaning |
|---|---|---|
| \`DIALOGFLOW_EMULATOR_HOST\` | \`import\` and the other commands that call a server, [\`@parleykit/client\`](../packages/client/README.md) | HOST:PORT of a server that is spoken to in plain text and without credentials. Google's clients take their endpoint from code alone: a program that uses them reads it itself |
| \`PARLEY_MODEL_API_KEY\` | the server | the key for the endpoint of \`--model-url\`, where \`--model-key\` names no file |
| \`TMPDIR\` | \`exec\` | where the folder of a throw-away server is made |
| \`SQLITE_TMPDIR\` | the server | where SQLite puts what it sorts and no longer fits into memory; the container's is its volume |

\`exec\` sets for its command: \`DIALOGFLOW_EMULATOR_HOST\` (127.0.0.1:PORT), \`PARLEY_PORT\` and \`GOOGLE_CLOUD_PROJECT\`.
What clients take from the environment beside that stands in [client-api.md](client-api.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | done; for \`serve\`, ended because it was asked to |
| 1 | the work failed: a port that is taken, data that cannot be opened, a line that was refused |
| 2 | the command line is wrong, or this Node is too old |

\`exec\` ends with the code of its command: 128 and the number of the signal that ended it, 127 where it is not found, 126
where it cannot be run. An error is one line on stderr, with a stack only under \`--verbose\`.

## Signals

\`serve\` takes nothing more on SIGINT or SIGTERM, answers what is under way for at most ten seconds, and ends with 0; asked a
second time it ends at once. \`exec\` passes signals on to its command and waits for it; asked a second time it kills it.
`;

async function say(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', MAIN, ...args]);
  return stdout;
}

function describeOption({ flag, value, default: fallback, placeholder, meaning }: Option): string {
  const name = placeholder ?? flag.toUpperCase().replaceAll('-', '_');
  const shown = value === 'boolean' ? `--${flag}` : `--${flag} ${name}`;
  const repeated = value === 'strings' ? ' (may be repeated)' : '';
  const standard =
    value === 'string' && fallback !== '' ? `\`${String(fallback).replaceAll(',', ', ')}\`` : '';
  return `| \`${shown}\`${repeated} | \`${environmentVariable(flag)}\` | ${standard} | ${meaning} |`;
}

async function describeCommand(name: string): Promise<string> {
  const own = SERVERS[name];
  const help = (await say(name, '--help')).trimEnd();
  if (own === undefined) return `\n## parley ${name}\n\n\`\`\`\n${help}\n\`\`\`\n`;
  const [title = ''] = help.split('\n');
  const table = ['| flag | variable | default | meaning |', '|---|---|---|---|', ...own.map(describeOption)];
  return `\n## parley ${name}\n\n\`${title}\`\n\n${table.join('\n')}\n`;
}

describe('the configuration page', () => {
  it('is up to date: npm run docs makes it', async () => {
    const names = [...(await say('--help')).matchAll(/^ {2}parley (\S+)/gmu)].map(([, name = '']) => name);
    assert.ok(names.includes('serve') && names.includes('exec'));
    const commands = await Promise.all(names.map(describeCommand));
    const page = [INTRODUCTION, ...commands, REST].join('');
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
    assert.equal(readFileSync(PAGE, 'utf8'), page);
  });
});
