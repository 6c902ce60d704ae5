import type { CommandIo } from './command-io.ts';

const USAGE = `parley: Dialogflow's v2beta1 Conversations API on your own machine

  parley serve        runs a server
  parley exec         runs a command beside a throw-away server
  parley import       fills a server with conversation transcripts
  parley export       writes the conversations of a project into a file
  parley tail         follows a conversation
  parley agent        imports, exports and trains automated agents, and talks with them
  parley suggestions  trains what is suggested to human agents, and says what became of it
  parley clock        shows what time it is in a project, or moves it forward
  parley snapshot     keeps a project as it is, and sets it back to that

Each command explains itself with --help.
`;

const SHELL_WATCH_MS = 500;

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
  const ends = ['SIGINT', 'SIGTERM'] as const;
  const stop = () => {
    stopping.abort();
    // Asked a second time, the process ends at once, as it does by default: shells show that as 130 for Ctrl-C.
    for (const signal of ends) process.off(signal, stop);
  };
  for (const signal of ends) process.on(signal, stop);
  stopWithoutShell();
  const { stdout, stderr, env } = process;
  // A reader who goes away, as `head` does, is no reason to end with a stack; commands that live by it look themselves.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  return command([...args], { stdout, stderr, env, signal: stopping.signal });
}

/**
 * npm runs a script through a shell, and passes signals to that shell alone. Once the shell has gone there is nobody
 * left through whom the command could be asked to end, so that counts as having been asked.
 */
function stopWithoutShell(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.emit('SIGTERM', 'SIGTERM');
  }, SHELL_WATCH_MS);
  watch.unref();
}

/** Commands are loaded one at a time: a client should not wait for a server it does not start. */
async function loadCommand(
  name: string,
): Promise<((args: string[], io: CommandIo) => Promise<number>) | undefined> {
  switch (name) {
    case 'serve':
      return (await import('./serve.ts')).serve;
    case 'exec':
      return (await import('./exec.ts')).exec;
    case 'import':
      return (await import('./import.ts')).importTranscripts;
    case 'export':
      return (await import('./export.ts')).exportConversations;
    case 'tail':
      return (await import('./tail.ts')).tail;
    case 'agent':
      return (await import('./agent.ts')).agent;
    case 'suggestions':
      return (await import('./suggestions.ts')).suggestions;
    case 'clock':
      return (await import('./clock.ts')).clock;
    case 'snapshot':
      return (await import('./snapshot.ts')).snapshot;
    default:
      return undefined;
  }
}
