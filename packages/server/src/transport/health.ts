import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@parleykit/proto/health';
import { requestUndecodable, ServiceError, serverStopping, serviceUnknown } from '../errors.ts';
import { toGrpcError } from './grpc-answer.ts';

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type WatchCall = ServerWritableStream<Buffer, Buffer>;

/**
 * grpc.health.v1.Health: the server, under the empty name, and each of its services are well until it stops.
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #watches = new Map<WatchCall, string>();
  #stopping = false;

  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  readonly handlers = {
    Check: (call: UnaryCall, answer: sendUnaryData<Buffer>): void =>
      reply(answer, () => {
        const { service } = decodeCheck(call.request);
        if (!this.#services.has(service)) throw serviceUnknown(service);
        return encode(HealthCheckResponseSchema, this.#statusOf(service));
      }),
    List: (_call: UnaryCall, answer: sendUnaryData<Buffer>): void =>
      reply(answer, () => {
        const statuses = [...this.#services].map((service) => [service, this.#statusOf(service)] as const);
        const response = create(HealthListResponseSchema, { statuses: Object.fromEntries(statuses) });
        return encode(HealthListResponseSchema, response);
      }),
    Watch: (call: WatchCall): void => this.#watch(call),
  };

  /** Tells all who watch, and sends them off: a stream without end would hold up the server's. */
  stop(): void {
    this.#stopping = true;
    for (const [call, service] of this.#watches) {
      if (this.#services.has(service)) this.#tell(call, service);
      call.emit('error', toGrpcError(serverStopping()));
    }
    this.#watches.clear();
  }

  /** A service that is not known may be known to the next server, so that watching for it is no error. */
  #watch(call: WatchCall): void {
    try {
      const { service } = decodeCheck(call.request);
      this.#tell(call, service);
      if (this.#stopping) throw serverStopping();
      this.#watches.set(call, service);
      call.on('cancelled', () => this.#watches.delete(call));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      call.emit('error', toGrpcError(error));
    }
  }

  #tell(call: WatchCall, service: string): void {
    call.write(encode(HealthCheckResponseSchema, this.#statusOf(service)));
  }

  #statusOf(service: string): HealthCheckResponse {
    const known = this.#stopping ? ServingStatus.NOT_SERVING : ServingStatus.SERVING;
    const status = this.#services.has(service) ? known : ServingStatus.SERVICE_UNKNOWN;
    return create(HealthCheckResponseSchema, { status });
  }
}

function decodeCheck(bytes: Buffer) {
  try {
    return fromBinary(HealthCheckRequestSchema, bytes);
  } catch (error) {
    throw requestUndecodable(HealthCheckRequestSchema.typeName, error);
  }
}

function reply(answer: sendUnaryData<Buffer>, make: () => Buffer): void {
  try {
    answer(null, make());
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    answer(toGrpcError(error));
  }
}

function encode<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  return Buffer.from(toBinary(schema, message));
}
