#!/usr/bin/env -S node --max-semi-space-size=16
/** The command line. Only the guard stands before the commands, since what they import needs a newer Node. */

const NODE_MIN = [24, 15] as const;

function nodeIsTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
}

if (nodeIsTooOld()) {
  process.stderr.write(
    `parley needs Node ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}\n`,
  );
  process.exit(2);
}

// From sources, the types are stripped once and not at each start, nor again in each thread.
if (import.meta.url.endsWith('.ts')) {
  const { enableCompileCache } = await import('node:module');
  const { fileURLToPath } = await import('node:url');
  const folder = new URL('../../../node_modules/.cache/parley', import.meta.url);
  process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(folder);
  enableCompileCache(process.env['NODE_COMPILE_CACHE']);
}

const { runCommand } = await import('./command.ts');
process.exitCode = await runCommand(process.argv.slice(2));

export {};
