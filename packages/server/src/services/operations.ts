import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import type {
  CancelOperationRequest,
  GetOperationRequest,
  ListOperationsRequest,
  Operations,
} from '@parleykit/proto/longrunning';
import { fieldUnimplemented } from '../errors.ts';
import type { OperationRunner } from '../operation/operation-runner.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Store } from '../storage/store.ts';
import { OPERATIONS } from './collections.ts';
import { decide } from './decide.ts';
import { readOperationFilter } from './list-filters.ts';
import { ResourceCollection } from './resource-collection.ts';

/** google.longrunning.Operations, as far as Dialogflow binds it: Delete and Wait it does not. */
export class OperationsService implements ServiceHandlers<typeof Operations> {
  readonly #operations: ResourceCollection;
  readonly #runner: OperationRunner;

  constructor(store: Store, runner: OperationRunner) {
    this.#operations = new ResourceCollection(store, OPERATIONS);
    this.#runner = runner;
  }

  /** The operations of a project and location, latest start first. */
  async listOperations(request: ListOperationsRequest, { resource: parent }: CallContext) {
    if (request.returnPartialSuccess) throw fieldUnimplemented('return_partial_success');
    return this.#operations.list(parent, request, readOperationFilter(request.filter));
  }

  async getOperation(_request: GetOperationRequest, { resource: name }: CallContext) {
    return this.#operations.get(name);
  }

  /** Ends an operation with CANCELLED; one that is done stays as it is. */
  async cancelOperation(_request: CancelOperationRequest, call: CallContext) {
    const { resource: name } = call;
    await decide(call, () => this.#runner.cancel(name));
    return create(EmptySchema);
  }
}
