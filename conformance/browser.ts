import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Target } from './target.ts';

/** Chromium's command, where there is one. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** How it is started. Every name under `.example` leads to this machine. */
export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-proxy-server',
  // It is the server that is to keep pages out, not the browser.
  '--disable-features=LocalNetworkAccessChecks',
  '--host-resolver-rules=MAP *.example 127.0.0.1',
];

const PAGE = readFileSync(new URL('browser-page.html', import.meta.url));

/** What became of each attempt of the page, by its name. */
export type Report = Readonly<Record<string, string>>;

/** A web server that has the page. */
export interface PageServer extends AsyncDisposable {
  readonly port: number;
  /** What the page told it. */
  readonly report: Promise<Report>;
}

/** Everything but the page's own paths is handed on to what `locate` answers. */
export async function openPageServer(locate: () => Target | undefined): Promise<PageServer> {
  const { promise: report, resolve } = Promise.withResolvers<Report>();
  const server = createServer(async (incoming, response) => {
    const behind = locate();
    const [path] = incoming.url?.split('?') ?? [];
    if (path === '/page') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    } else if (path === '/report') {
      resolve(JSON.parse(await text(incoming)) as Report);
      response.end();
    } else if (path !== '/blank' && behind !== undefined) {
      handOn(incoming, response, behind);
    } else {
      response.end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    report,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Hands a request on as it came, Host included: so it looks to a server whose address a name was made to have. */
function handOn(incoming: IncomingMessage, response: ServerResponse, { host, port }: Target): void {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ host, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
}

/** Opens an address in Chromium, which is gone with all that it wrote once `done` is settled. */
export async function visit<Outcome>(url: string, done: Promise<Outcome>): Promise<Outcome> {
  if (chromium === undefined) throw new Error('there is no Chromium');
  const folder = await mkdtemp(join(tmpdir(), 'parley-chromium-'));
  const browser = spawn(chromium, [...FLAGS, `--user-data-dir=${folder}`, url], {
    // With a group of its own its helpers can be ended with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder },
  });
  const complaints = text(browser.stderr);
  const exit = once(browser, 'exit');
  try {
    const died = exit.then(async () => {
      throw new Error(`Chromium ended before the page was done: ${await complaints}`);
    });
    return await Promise.race([done, died]);
  } finally {
    if (browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
    await exit;
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
