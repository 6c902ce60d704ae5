import { ClientOptionsError } from '../../errors.ts';

/** In place of GrpcWire in the form for browsers and workers, where programs have no HTTP/2: cannot be made. */
export class GrpcWire {
  constructor() {
    throw new ClientOptionsError("there is no gRPC on this platform: give 'rest' as transport");
  }
}
