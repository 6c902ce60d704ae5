import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Config,
  createLog,
  demoProfile,
  type EventSink,
  options,
  type RunningServer,
  readConfig,
  StoreUnusableError,
  startServer,
} from '@parleykit/server';
import type { CommandIo } from './command-io.ts';
import { releaseStartMemory } from './memory.ts';
import { describeServerFlags, readServerFlags } from './server-flags.ts';

/** Runs `parley serve` until it is asked to stop. */
export async function serve(args: string[], io: CommandIo): Promise<number> {
  let config: Config;
  try {
    const flags = readServerFlags('serve', args, options);
    if (flags['help'] === true) {
      io.stdout.write(
        `parley serve: runs a server, gRPC and REST on one port\n\n${describeServerFlags(options)}`,
      );
      return 0;
    }
    config = readConfig(flags, io.env);
  } catch (error) {
    io.stderr.write(`parley serve: ${(error as Error).message}\n`);
    return 2;
  }
  const isNew = !existsSync(resolve(config.data, 'parley.sqlite'));
  let server: RunningServer;
  try {
    const log = createLog(io.stderr, { verbose: config.verbose });
    server = await startServer(config, { log });
  } catch (error) {
    io.stderr.write(`parley serve: ${explainFailure(error, config)}\n`);
    return 1;
  }
  releaseStartMemory();
  io.stderr.write(banner(config, server, isNew));
  io.stdout.write(`parley ready on ${server.url}\n`);
  if (!io.signal.aborted) await once(io.signal, 'abort');
  await server.close();
  return 0;
}

function explainFailure(error: unknown, config: Config): string {
  if (error instanceof StoreUnusableError) return error.message;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return `port ${config.port} on ${config.host} is taken: choose another with --port, or 0 for a free one`;
  }
  if (code === 'EACCES') return `port ${config.port} may not be used by this user`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${config.host} is no address of this machine`;
  return config.verbose ? (stack ?? message) : message;
}

/** What an operator wants to know before trusting it with anything. */
function banner(config: Config, server: RunningServer, isNew: boolean): string {
  const lines = [
    `data in ${resolve(config.data)} (${isNew ? 'new' : 'continued'}); it outlives this process`,
    config.insecure && config.host !== '127.0.0.1'
      ? 'anybody who reaches this port may read and write everything (--insecure)'
      : 'anybody on this machine may read and write everything (no authentication)',
  ];
  if (config.dev) lines.push('they may move clocks, reset projects and restore snapshots, too (--dev)');
  if (config.events !== undefined) lines.push(`events go to ${targetOf(config.events)}`);
  if (config.demo) {
    const commands = demoCommands(server.url, config.project).map((line) => `  ${line}`.trimEnd());
    lines.push('', `Open ${server.url} in a browser, and try:`, '', ...commands, '');
  }
  return `${lines.join('\n')}\n`;
}

function targetOf(events: EventSink): string {
  if (events.kind === 'webhook') {
    return `${events.url.origin}${events.secret === undefined ? ', unsigned (no --events-secret)' : ', signed'}`;
  }
  return events.emulator === undefined
    ? 'Google Cloud Pub/Sub'
    : `the Pub/Sub emulator at ${events.emulator}`;
}

function demoCommands(url: string, project: string): string[] {
  const json = `-H 'content-type: application/json'`;
  const base = `${url}/v2beta1/projects/${project}`;
  return [
    `curl ${json} -d '{"conversationProfile":"${demoProfile(project)}"}' '${base}/conversations?conversationId=hello'`,
    `curl ${base}/conversations/hello`,
    `curl -X POST ${base}/conversations/hello:complete`,
    '',
    '# and what an automated agent says:',
    `curl ${json} -d '{"queryInput":{"text":{"text":"Where is my order?","languageCode":"en"}}}' '${base}/agent/sessions/hello:detectIntent'`,
  ];
}
