import { type AdminCommand, adminOptions, runAdmin } from './admin.ts';
import type { CommandIo } from './command-io.ts';
import { readSeconds, UsageError } from './command-line.ts';
import type { Json, ServerContext } from './server-api.ts';

const usage = `Usage: parley clock show --project P [options]
       parley clock advance DURATION --project P [options]

Says what time it is in a project, or moves it forward: conversations end and are purged, operations go on, and it is
answered when all that has become due has happened. DURATION is a whole number and s, m, h or d, such as 24h.

${adminOptions}`;

/** Runs `parley clock`. Prints the project's time as RFC 3339, and how far it is ahead of the system's. */
export function clock(args: string[], io: CommandIo): Promise<number> {
  // Else the minus begins a flag, and it is that which is wrong.
  const back = args.find((arg) => /^-\d/u.test(arg));
  const forward = args.filter((arg) => arg !== back);
  const command: AdminCommand = { name: 'clock', usage, run: back === undefined ? run : () => refuse(back) };
  return runAdmin(command, forward, io);
}

async function refuse(back: string): Promise<never> {
  throw new UsageError(`clocks go forward, and ${JSON.stringify(back)} leads back`);
}

async function run(
  [action, ...rest]: readonly string[],
  { api, parent, stdout }: ServerContext,
): Promise<void> {
  const name = `${parent}/clock`;
  let answer: Json;
  if (action === 'show' && rest.length === 0) answer = await api.get(name, 'admin/v1');
  else if (action === 'advance' && rest.length === 1) {
    const duration = `${readSeconds(rest[0] ?? '')}s`;
    answer = await api.post(`${name}:advance`, { duration }, 'admin/v1');
  } else throw new UsageError('what is it to do: show, or advance DURATION?');
  stdout.write(`${answer['time']} (${describeOffset(String(answer['offset'] ?? '0s'))})\n`);
}

/** From the JSON of a Duration. */
function describeOffset(text: string): string {
  const seconds = Number.parseFloat(text);
  if (seconds === 0) return 'as the system';
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let rest = Math.round(Math.abs(seconds));
  const parts = units.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return `${parts.join(' ') || '0s'} ${seconds < 0 ? 'behind' : 'ahead of'} the system`;
}
