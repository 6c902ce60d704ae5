/** In place of grpc-support.ts in the forms of the package that speak REST alone. */
export { GrpcWire } from './grpc/grpc-wire.browser.ts';

export function canSpeakGrpc(): boolean {
  return false;
}
