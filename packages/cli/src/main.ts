#!/usr/bin/env node
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

const { runCommand } = await import('./command.ts');
process.exitCode = await runCommand(process.argv.slice(2));

export {};
