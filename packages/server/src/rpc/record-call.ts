import type { DescMethod } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import type { ServiceError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { IncomingCall } from './call-context.ts';

/** Leaves one line and one count behind for each call. Neither holds anything that was said in it. */
export class CallRecorder {
  readonly #log: Log;
  readonly #metrics: Metrics;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** `milliseconds` from the whole request to the answer; without an error the call went well. */
  ended(method: DescMethod, incoming: IncomingCall, milliseconds: number, error?: ServiceError): void {
    const code = Code[error?.code ?? Code.OK];
    this.#metrics.callEnded(method.parent.typeName, method.name, code, milliseconds / 1000);
    this.#log.info('call', {
      requestId: incoming.requestId,
      wire: incoming.wire,
      method: `${method.parent.typeName}/${method.name}`,
      code,
      ...(error && { reason: error.reason }),
      ms: Math.round(milliseconds * 1000) / 1000,
    });
  }

  /** A fault of the server, with its cause: the only place where it is told. */
  failed(method: DescMethod, incoming: IncomingCall, cause: unknown): void {
    this.#log.error('call failed', {
      requestId: incoming.requestId,
      method: `${method.parent.typeName}/${method.name}`,
      error: cause,
    });
  }
}
