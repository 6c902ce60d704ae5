import { ClientOptionsError } from '../../errors.ts';

/** In place of GrpcWire in the forms of the package that speak REST alone: cannot be made. */
export class GrpcWire {
  constructor() {
    throw new ClientOptionsError("there is no gRPC in this form of the client: give 'rest' as transport");
  }
}
