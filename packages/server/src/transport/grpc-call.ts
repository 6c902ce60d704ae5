import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { IncomingCall } from '../rpc/call-context.ts';
import { createRequestId } from './request-id.ts';

/** A unary call as the dispatcher sees it. */
export class GrpcCall implements IncomingCall {
  readonly wire = 'grpc';
  readonly requestId = createRequestId();
  readonly #call: ServerUnaryCall<Buffer, Buffer>;
  #abort: AbortController | undefined;
  #answered = false;

  constructor(call: ServerUnaryCall<Buffer, Buffer>) {
    this.#call = call;
  }

  header(name: string): string | undefined {
    const [value] = this.#call.metadata.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** Whether nobody waits for the answer any more. The deadline is looked at: a busy server runs timers late. */
  get over(): boolean {
    return this.#call.cancelled || Date.now() >= Number(this.#call.getDeadline());
  }

  /** Made on first use: most calls are answered before anybody could ask. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.over) abort.abort();
      else {
        // grpc-js says so too when the deadline passes, and when the answer has gone out.
        this.#call.on('cancelled', () => {
          if (!this.#answered) abort.abort();
        });
      }
    }
    return this.#abort.signal;
  }

  /** The answer is being sent: nothing of it can be called off. */
  markAnswered(): void {
    this.#answered = true;
  }
}
