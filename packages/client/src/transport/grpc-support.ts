/** What there is of gRPC in this form of the package; grpc-support.absent.ts is what there is without. */
export { GrpcWire, type GrpcWireOptions } from './grpc/grpc-wire.ts';

/** Browsers and workers have no HTTP/2 that a program could use. */
export function canSpeakGrpc(): boolean {
  return globalThis.process?.versions?.node !== undefined;
}
