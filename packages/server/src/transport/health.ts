import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@parleykit/proto/health';
import { requestUndecodable, serverStopping, serviceUnknown } from '../errors.ts';
import type { GrpcMethod } from './grpc-call.ts';

/**
 * grpc.health.v1.Health: the server, under the empty name, and each of its services are well until it stops.
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  /** Aborted when the server stops. */
  readonly #stopping = new AbortController();

  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  /** A method by its name in the proto. */
  method(name: string): GrpcMethod {
    switch (name) {
      case 'Check':
        return { kind: 'unary', answer: async (request) => this.#check(request) };
      case 'List':
        return { kind: 'unary', answer: async () => this.#list() };
      case 'Watch':
        return {
          kind: 'stream',
          requestStream: false,
          answer: (requests, { signal }) => this.#watch(requests, signal),
        };
      default:
        throw new Error(`${name} is not built`);
    }
  }

  /** Tells all who watch, and sends them off: a stream without end would hold up the server's. */
  stop(): void {
    this.#stopping.abort();
  }

  #check(request: Uint8Array): Uint8Array {
    const { service } = decodeCheck(request);
    if (!this.#services.has(service)) throw serviceUnknown(service);
    return toBinary(HealthCheckResponseSchema, this.#statusOf(service));
  }

  #list(): Uint8Array {
    const statuses = [...this.#services].map((service) => [service, this.#statusOf(service)] as const);
    const response = create(HealthListResponseSchema, { statuses: Object.fromEntries(statuses) });
    return toBinary(HealthListResponseSchema, response);
  }

  /** A service that is not known may be known to the next server, so that watching for it is no error. */
  async *#watch(requests: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const request of requests) {
      const { service } = decodeCheck(request);
      yield toBinary(HealthCheckResponseSchema, this.#statusOf(service));
      if (!this.#stopping.signal.aborted) {
        await aborted(AbortSignal.any([signal, this.#stopping.signal]));
        if (signal.aborted) return;
        if (this.#services.has(service)) yield toBinary(HealthCheckResponseSchema, this.#statusOf(service));
      }
      throw serverStopping();
    }
  }

  #statusOf(service: string): HealthCheckResponse {
    const known = this.#stopping.signal.aborted ? ServingStatus.NOT_SERVING : ServingStatus.SERVING;
    const status = this.#services.has(service) ? known : ServingStatus.SERVICE_UNKNOWN;
    return create(HealthCheckResponseSchema, { status });
  }
}

function decodeCheck(bytes: Uint8Array) {
  try {
    return fromBinary(HealthCheckRequestSchema, bytes);
  } catch (error) {
    throw requestUndecodable(HealthCheckRequestSchema.typeName, error);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
