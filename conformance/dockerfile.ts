import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One step of a Dockerfile, its continued lines joined. */
export interface Instruction {
  readonly name: string;
  /** Those before the arguments, such as `from` and `chown` of COPY. */
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The user `node` of Node's images. */
const NODE_USER = 1000;

/** Reads what Dockerfiles of one project need: no heredocs, no escape directive, no variables in arguments. */
export function parseDockerfile(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/u.test(line));
  const joined = lines
    .join('\n')
    .replaceAll(/\\\n\s*/gu, '')
    .split('\n');
  return joined.flatMap((line) => {
    const match = /^([A-Z]+)\s+((?:--[a-z-]+=\S+\s+)*)(.*)$/u.exec(line.trim());
    if (match === null) return [];
    const [, name = '', flags = '', rest = ''] = match;
    const pairs = [...flags.matchAll(/--([a-z-]+)=(\S+)/gu)].map(([, flag = '', value = '']) => [
      flag,
      value,
    ]);
    return [{ name, flags: Object.fromEntries(pairs), text: rest }];
  });
}

/** What a stage has become: a folder in place of its root, and what its containers are started with. */
class Stage {
  readonly root: string;
  readonly env: Record<string, string> = {};
  readonly labels: Record<string, string> = {};
  readonly volumes: string[] = [];
  readonly settings = new Map<string, string>();
  workdir = '/';

  constructor(root: string) {
    this.root = root;
    mkdirSync(root);
  }

  /** Where a path of the container lies. */
  at(path: string): string {
    return path.startsWith('/') ? join(this.root, path) : join(this.root, this.workdir, path);
  }
}

/** An image without layers: its steps are run as they stand, in folders, on this machine. */
export class FolderImage implements Disposable {
  readonly stage: Stage;
  readonly #folder: string;

  constructor(folder: string, stage: Stage) {
    this.#folder = folder;
    this.stage = stage;
  }

  /** Runs the steps of a Dockerfile over a context, of which only what .dockerignore leaves is seen. */
  static build(context: string): FolderImage {
    const folder = mkdtempSync(join(tmpdir(), 'parley-image-'));
    // The user of the container, who is another one, must be able to look into it.
    chmodSync(folder, 0o755);
    try {
      const stages = new Map<string, Stage>();
      let stage: Stage | undefined;
      for (const instruction of parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'))) {
        if (instruction.name === 'FROM') {
          const [, name = 'last'] = / AS (\S+)$/u.exec(instruction.text) ?? [];
          stage = new Stage(join(folder, name));
          stages.set(name, stage);
        } else if (stage !== undefined) take(instruction, { stage, stages, context });
      }
      if (stage === undefined) throw new Error('the Dockerfile has no FROM');
      return new FolderImage(folder, stage);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** Starts what the image is for, or another command of it, as its user; the environment is added to the image's. */
  start(args: readonly string[] | undefined, env: Readonly<Record<string, string>>): ChildProcess {
    const command = args ?? this.#list('CMD');
    return this.#spawn([...this.#list('ENTRYPOINT'), ...command], env);
  }

  /** Starts the health check beside it. */
  checkHealth(env: Readonly<Record<string, string>>): ChildProcess {
    return this.#spawn(JSON.parse(this.#setting('HEALTHCHECK').replace(/^CMD /u, '')), env);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #spawn([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const { stage } = this;
    const volumes = new Set(stage.volumes);
    const placed = Object.entries({ ...stage.env, ...env }).map(([name, value]) => {
      return [name, volumes.has(value) ? stage.at(value) : value];
    });
    if (this.#setting('USER') !== 'node') throw new Error("the user is not the one of Node's images");
    const user = process.getuid?.() === 0 ? { uid: NODE_USER, gid: NODE_USER } : {};
    return spawn(program === 'node' ? this.#node() : program, args, {
      cwd: stage.at('.'),
      env: Object.fromEntries(placed),
      ...user,
    });
  }

  /** The Node of the base image: a copy, since this one may lie where another user may not look. */
  #node(): string {
    const path = join(this.#folder, 'node');
    if (!existsSync(path)) copyFileSync(process.execPath, path);
    return path;
  }

  #setting(name: string): string {
    return this.stage.settings.get(name) ?? '';
  }

  #list(name: string): string[] {
    return JSON.parse(this.#setting(name)) as string[];
  }
}

interface Build {
  readonly stage: Stage;
  readonly stages: ReadonlyMap<string, Stage>;
  readonly context: string;
}

function take({ name, flags, text }: Instruction, { stage, stages, context }: Build): void {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = text;
      mkdirSync(stage.at('.'), { recursive: true });
      return;
    case 'ENV':
      Object.assign(stage.env, pairsOf(text));
      return;
    case 'LABEL':
      Object.assign(stage.labels, pairsOf(text));
      return;
    case 'VOLUME':
      stage.volumes.push(text);
      return;
    case 'RUN':
      run(text, stage);
      return;
    case 'COPY': {
      const [from = '', to = ''] = text.split(' ');
      const source = stages.get(flags['from'] ?? '');
      if (source === undefined) copyContext(context, stage.at(to));
      else cpSync(source.at(from), stage.at(to), { recursive: true, verbatimSymlinks: true });
      if (flags['chown'] !== undefined && process.getuid?.() === 0) {
        execFileSync('chown', ['-R', `${NODE_USER}:${NODE_USER}`, stage.at(to)]);
      }
      return;
    }
    default:
      stage.settings.set(name, text);
  }
}

function pairsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/gu);
  return Object.fromEntries([...pairs].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}

function run(text: string, stage: Stage): void {
  // Here it would be a path of this machine.
  if (/(?:^|[\s=])\//u.test(text)) throw new Error(`RUN ${text}: it leaves its WORKDIR`);
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], {
    cwd: stage.at('.'),
    env: { ...process.env, npm_config_prefer_offline: 'true', ...stage.env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`RUN ${text}: ${stdout}${stderr}`);
}

/** Copies what .dockerignore leaves: a later line is stronger, and `!` lets in again. */
function copyContext(context: string, target: string): void {
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n');
  const rules = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ lets: line.startsWith('!'), pattern: patternOf(line.replace(/^!/u, '')) }));
  const isIgnored = (path: string): boolean => {
    let ignored = false;
    for (const { lets, pattern } of rules) {
      if (parentsOf(path).some((parent) => pattern.test(parent))) ignored = !lets;
    }
    return ignored;
  };
  for (const path of walk(context, '')) {
    if (isIgnored(path)) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(context, path), join(target, path));
  }
}

/** A star is any part of one name, two of them any folders; unlike in shells, names may begin with a dot. */
function patternOf(line: string): RegExp {
  const source = line.replaceAll('.', '\\.').replaceAll('**/', '(?:.+/)?').replaceAll('*', '[^/]*');
  return new RegExp(`^${source}$`, 'u');
}

/** The files below a folder, but for what no rule could let in. */
function* walk(context: string, folder: string): Iterable<string> {
  for (const name of readdirSync(join(context, folder))) {
    if (name === 'node_modules' || name === '.git') continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (lstatSync(join(context, path)).isDirectory()) yield* walk(context, path);
    else yield path;
  }
}

/** A path and the folders that it lies in. */
function parentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}
