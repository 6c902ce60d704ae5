import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { freePort } from './programs.ts';

/** How a container's command is run here: the program that stands for the image's entry point, and where its port is. */
export interface LocalImage {
  readonly name: string;
  /** The port that the program listens on in a container, such as `8470/tcp`. */
  readonly port: string;
  /** The command line for what follows the image's name, and the port of this machine to listen on. */
  command(
    args: readonly string[],
    port: number,
  ): { readonly program: string; readonly args: readonly string[] };
}

interface CreateRequest {
  readonly Image: string;
  readonly Cmd: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, object>>;
}

interface Container {
  readonly request: CreateRequest;
  readonly hostPort: number;
  child?: ChildProcess;
}

/**
 * The few calls of Docker's HTTP API by which Testcontainers runs a container, for one image, with processes of this
 * machine in place of containers.
 */
export class LocalDocker implements AsyncDisposable {
  readonly #image: LocalImage;
  readonly #containers = new Map<string, Container>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ message: String(error) }));
    });
  });

  private constructor(image: LocalImage) {
    this.#image = image;
  }

  static async open(image: LocalImage): Promise<LocalDocker> {
    const docker = new LocalDocker(image);
    docker.#server.listen(0, '127.0.0.1');
    await once(docker.#server, 'listening');
    return docker;
  }

  /** For DOCKER_HOST. */
  get host(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many containers there are, running or not. */
  get count(): number {
    return this.#containers.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.#containers.values()) await end(container);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', 'http://docker');
    const call = `${request.method} ${pathname.replace(/^\/v[\d.]+/u, '')}`;
    const reply = (status: number, body?: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const [, id = '', action = ''] = /^[A-Z]+ \/containers\/(c\d+)(?:\/(\w+))?$/u.exec(call) ?? [];
    const container = this.#containers.get(id);
    if (call === 'GET /info') return reply(200, { OperatingSystem: 'local', OSType: 'linux', Name: 'local' });
    // Helpers of Testcontainers, of which there are none.
    if (call === 'GET /containers/json') return reply(200, []);
    if (call === 'POST /containers/create') return reply(201, await this.#create(request));
    if (new RegExp(`^GET /images/${this.#image.name}(?::latest)?/json$`, 'u').test(call))
      return reply(200, { Id: 'i' });
    if (container === undefined) return reply(404, { message: `no such thing: ${call}` });
    if (action === 'json') return reply(200, this.#describe(id, container));
    if (action === 'start') {
      this.#start(container);
      return reply(204);
    }
    await end(container);
    if (request.method === 'DELETE') this.#containers.delete(id);
    return reply(204);
  }

  async #create(request: IncomingMessage): Promise<object> {
    const body = (await json(request)) as CreateRequest;
    const id = `c${this.#containers.size + 1}`;
    this.#containers.set(id, { request: body, hostPort: await freePort() });
    return { Id: id, Warnings: [] };
  }

  #start(container: Container): void {
    const { program, args } = this.#image.command(container.request.Cmd, container.hostPort);
    container.child = spawn(program, args, { stdio: 'ignore' });
  }

  #describe(id: string, { child, request, hostPort }: Container): object {
    const bound = Object.keys(request.ExposedPorts).map((port) => {
      // Nothing of the image answers on another port.
      return [port, port === this.#image.port ? [{ HostIp: '0.0.0.0', HostPort: String(hostPort) }] : null];
    });
    const isRunning = child !== undefined && child.exitCode === null && child.signalCode === null;
    return {
      Id: id,
      Name: `/${id}`,
      Config: { Hostname: id, Labels: {}, Image: request.Image },
      State: { Status: isRunning ? 'running' : 'exited', Running: isRunning },
      NetworkSettings: { Ports: Object.fromEntries(bound), Networks: {} },
    };
  }
}

async function end({ child }: Container): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
