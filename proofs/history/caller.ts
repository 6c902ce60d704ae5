import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Target } from '../../conformance/target.ts';
import { RestWire } from '../../conformance/wires.ts';
import { GrpcChannel } from './grpc-channel.ts';

/** One caller of the server, with a connection of its own. */
export interface Caller extends AsyncDisposable {
  readonly wire: 'gRPC' | 'REST';
  /** Throws a CallError for what the server refused, an OutcomeUnknown for what it did not answer. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    signal?: AbortSignal,
  ): Promise<MessageShape<O>>;
}

export async function openGrpcCaller({ url }: Target): Promise<Caller> {
  const channel = await GrpcChannel.open(url);
  return {
    wire: 'gRPC',
    call: (method, request, signal) => channel.call(method, request, signal),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

/** Waits for every answer: it heeds no signal. */
export function openRestCaller(target: Target): Caller {
  const wire = new RestWire(() => target);
  return {
    wire: 'REST',
    call: (method, request) => wire.call(method, request),
    async [Symbol.asyncDispose]() {
      wire[Symbol.dispose]();
    },
  };
}
