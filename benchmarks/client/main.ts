/**
 * Holds the client against Google's own, side by side in one run: what is compared is measured in turns, so that whatever
 * else the machine does meets all of it. `--rounds N`, `--only start,calls,sizes,types`.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { childCpuMs } from './child-cpu.ts';
import { type Ports, startingPrograms } from './programs.ts';
import { type BundleSize, bundle, ourInstall, peerInstall } from './sizes.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    calls: { type: 'string', default: '2000' },
    only: { type: 'string', default: 'start,calls,sizes,types' },
  },
});
const rounds = Number(values.rounds);
const calls = Number(values.calls);
const parts = values.only.split(',');

const scratch = mkdtempSync(join(tmpdir(), 'parley-bench-'));

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Of the median of the rounds' own ratios, with the range. */
function ratio(measured: readonly number[], base: readonly number[]): string {
  const ratios = measured.map((value, round) => value / (base[round] ?? Number.NaN));
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(3)} (${least.toFixed(3)}-${most.toFixed(3)})`;
}

/** Runs Node on something and answers the JSON that it prints. */
function runNode(options: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, options, {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(scratch, 'cert.pem'), NODE_OPTIONS: '' },
  });
  if (status !== 0) throw new Error(`${options.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

interface Start {
  readonly cpuMs: number;
  readonly rssMb: number;
}

function measureStarts(ports: Ports): void {
  const taken = new Map(
    startingPrograms.map(({ name }) => [name, { cpu: [] as number[], rss: [] as number[] }]),
  );
  for (let round = 1; round <= rounds; round++) {
    progress(`starts, round ${round} of ${rounds}`);
    for (const { name, module, text } of startingPrograms) {
      const type = `--input-type=${module ? 'module' : 'commonjs'}`;
      const { cpuMs, rssMb } = runNode([type, '--eval', text(ports)]) as Start;
      taken.get(name)?.cpu.push(cpuMs);
      taken.get(name)?.rss.push(rssMb);
    }
  }
  say(
    '| start to the first answer | CPU ms | to the peer (range) | goal | RSS MB | to the peer (range) | goal |',
  );
  say('|---|---|---|---|---|---|---|');
  for (const { name, peer } of startingPrograms) {
    const { cpu = [], rss = [] } = taken.get(name) ?? {};
    const base = taken.get(peer ?? '');
    const against = (own: number[], other: number[] | undefined): string =>
      other === undefined ? '' : ratio(own, other);
    const [cpuGoal, rssGoal] = name.startsWith('ours') ? ['0.1', '0.45'] : ['', ''];
    say(
      `| ${name} | ${median(cpu).toFixed(0)} | ${against(cpu, base?.cpu)} | ${cpuGoal} | ${median(rss).toFixed(0)} | ${against(rss, base?.rss)} | ${rssGoal} |`,
    );
  }
  say();
}

/** What is called, and the share of the peer's CPU that it may cost. */
interface CallRow {
  readonly subject: string;
  readonly peer: string;
  readonly security: 'plain' | 'tls';
  readonly goals: Readonly<Record<string, string>>;
}

const callRows: readonly CallRow[] = [
  { subject: 'ours rest', peer: 'peer rest', security: 'plain', goals: { get: '0.25', list: '0.25' } },
  { subject: 'ours fetch', peer: 'peer rest', security: 'plain', goals: { get: '0.6', list: '0.6' } },
  { subject: 'ours grpc', peer: 'peer grpc', security: 'plain', goals: { get: '0.5', list: '0.65' } },
  { subject: 'ours rest', peer: 'peer rest', security: 'tls', goals: { get: '0.33', list: '0.33' } },
  { subject: 'ours grpc', peer: 'peer grpc', security: 'tls', goals: { get: '0.5', list: '0.65' } },
];

const operations = { get: 'GetConversation', list: 'ListMessages(100)' } as const;

function measureCalls(ports: Ports): void {
  const taken = new Map<string, number[]>();
  const runs = new Set(
    callRows.flatMap(({ subject, peer, security }) => [`${subject}|${security}`, `${peer}|${security}`]),
  );
  for (let round = 1; round <= rounds; round++) {
    progress(`calls, round ${round} of ${rounds}`);
    for (const operation of Object.keys(operations)) {
      for (const run of runs) {
        const [subject = '', security = ''] = run.split('|');
        const port = ports[subject.endsWith('grpc') ? 'grpc' : 'rest'][security as 'plain' | 'tls'];
        const count = operation === 'get' ? calls : Math.round(calls / 2);
        const options = [subject, operation, security, String(port), String(count), String(count)];
        const { microseconds } = runNode([join(here, 'caller.ts'), ...options]) as { microseconds: number };
        const key = `${run}|${operation}`;
        taken.set(key, [...(taken.get(key) ?? []), microseconds]);
      }
    }
  }
  say('| a call, 16 in flight | us CPU | the peer | to the peer (range) | goal |');
  say('|---|---|---|---|---|');
  for (const { subject, peer, security, goals } of callRows) {
    for (const [operation, name] of Object.entries(operations)) {
      const own = taken.get(`${subject}|${security}|${operation}`) ?? [];
      const base = taken.get(`${peer}|${security}|${operation}`) ?? [];
      const wire = { 'ours rest': 'REST on node:http', 'ours fetch': 'REST on fetch', 'ours grpc': 'gRPC' }[
        subject
      ];
      const secure = security === 'tls' ? ', TLS' : '';
      say(
        `| ${name}, ${wire}${secure} | ${median(own).toFixed(0)} | ${median(base).toFixed(0)} | ${ratio(own, base)} | ${goals[operation]} |`,
      );
    }
  }
  say();
}

async function measureSizes(): Promise<void> {
  const [own, peer] = [ourInstall(), peerInstall('@google-cloud/dialogflow')];
  const inBrowser = await bundle('ours', 'browser');
  const [inNode, peerInNode] = [await bundle('ours', 'node'), await bundle('peer', 'node')];
  const kb = (bytes: number): string => (bytes / 1000).toFixed(0);
  say('| size | ours | the peer | goal |');
  say('|---|---|---|---|');
  say(`| packages installed | ${own.packages} | ${peer.packages} | 1 |`);
  say(`| KB installed (packed) | ${kb(own.bytes)} (${kb(own.packed)}) | ${kb(peer.bytes)} | 1000 |`);
  const zipped = ({ bytes, zipped: rest }: BundleSize): string => `${kb(bytes)} (${kb(rest)})`;
  const what = 'KB of three lines over REST, minified (gzip)';
  say(`| ${what}, for browsers | ${zipped(inBrowser)} | there is none | 70 |`);
  const alone = await bundle('ours, REST alone', 'node');
  say(`| ${what}, for Node, of the form for REST alone | ${zipped(alone)} | ${zipped(peerInNode)} | 70 |`);
  say(`| ${what}, for Node, of the whole | ${zipped(inNode)} | ${zipped(peerInNode)} | 70 |`);
  say();
}

const typedPrograms = {
  empty: 'export {};\n',
  ours: `import { ConversationsClient } from '@parleykit/client';
export const client = new ConversationsClient();
export const name: Promise<string> = client.getConversation({ name: 'x' }).then((found) => found.name);
`,
  peer: `import { v2beta1 } from '@google-cloud/dialogflow';
export const client = new v2beta1.ConversationsClient();
export const name: Promise<unknown> = client.getConversation({ name: 'x' }).then(([found]) => found.name);
`,
};

function measureTypes(): void {
  const taken: Record<string, number[]> = { empty: [], ours: [], peer: [] };
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }\n');
  const common = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
  for (const [name, text] of Object.entries(typedPrograms)) writeFileSync(join(scratch, `${name}.ts`), text);
  for (let round = 1; round <= rounds; round++) {
    progress(`types, round ${round} of ${rounds}`);
    for (const name of Object.keys(typedPrograms)) {
      const before = childCpuMs();
      const options = [...common, '--types', 'node', `${name}.ts`];
      const { status, stdout } = spawnSync('tsc', options, { cwd: scratch, encoding: 'utf8' });
      if (status !== 0) throw new Error(`tsc ${name}.ts: ${stdout}`);
      taken[name]?.push(childCpuMs() - before);
    }
  }
  const added = (name: string): number => median(taken[name] ?? []) - median(taken['empty'] ?? []);
  say('| added CPU of tsc, ms | ours | the peer | ratio | goal |');
  say('|---|---|---|---|---|');
  const [own, peer] = [added('ours'), added('peer')];
  say(
    `| beside ${median(taken['empty'] ?? []).toFixed(0)} for an empty file | ${own.toFixed(0)} | ${peer.toFixed(0)} | ${(own / peer).toFixed(2)} | 0.1 |`,
  );
  say();
}

/** Made anew for each run, for a server on this machine. */
function createCertificate(): readonly [key: string, certificate: string] {
  const files = [join(scratch, 'key.pem'), join(scratch, 'cert.pem')] as const;
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...key, '-keyout', files[0], '-out', files[1], ...subject], {
    stdio: 'ignore',
  });
  return files;
}

const stub = spawn(process.execPath, [join(here, 'stub-server.ts'), ...createCertificate()], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
try {
  const [line] = (await once(createInterface({ input: stub.stdout }), 'line')) as [string];
  const ports = JSON.parse(line) as Ports;
  say(`Node ${process.versions.node}, ${rounds} rounds`);
  say();
  if (parts.includes('sizes')) await measureSizes();
  if (parts.includes('types')) measureTypes();
  if (parts.includes('start')) measureStarts(ports);
  if (parts.includes('calls')) measureCalls(ports);
} finally {
  stub.stdin.end();
  rmSync(scratch, { recursive: true, force: true });
}
