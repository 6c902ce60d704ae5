import type { CommandIo } from './command-io.ts';

const USAGE = `parley: Dialogflow's v2beta1 Conversations API on your own machine

  parley serve     runs a server
  parley import    fills a server with conversation transcripts

Each command explains itself with --help.
`;

/** Answers the exit code: 0 done, 1 the work failed, 2 the command line is wrong. */
export async function runCommand([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    (name === undefined ? process.stderr : process.stdout).write(USAGE);
    return name === undefined ? 2 : 0;
  }
  const command = await loadCommand(name);
  if (command === undefined) {
    process.stderr.write(`parley: there is no command ${JSON.stringify(name)}; see parley --help\n`);
    return 2;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // Asked a second time, the process ends at once, as it does by default.
      stopping.abort();
    });
  }
  const { stdout, stderr, env } = process;
  return command([...args], { stdout, stderr, env, signal: stopping.signal });
}

/** Commands are loaded one at a time: a client should not wait for a server it does not start. */
async function loadCommand(
  name: string,
): Promise<((args: string[], io: CommandIo) => Promise<number>) | undefined> {
  switch (name) {
    case 'serve':
      return (await import('./serve.ts')).serve;
    case 'import':
      return (await import('./import.ts')).importTranscripts;
    default:
      return undefined;
  }
}
