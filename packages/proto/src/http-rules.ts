import { create, type DescMethod, getOption, hasOption } from '@bufbuild/protobuf';
import { type HttpRule, HttpRuleSchema, http } from '@parleykit/proto/api';

/**
 * Bindings that stand in no .proto file: Dialogflow's service configuration (`dialogflow_v2beta1.yaml`, section
 * `http`) replaces the generic ones of the two mixed-in services. Google's Node client calls Locations under
 * `/v1/` instead, so that those paths are bindings too.
 */
const serviceConfig: Readonly<Record<string, readonly string[]>> = {
  'google.longrunning.Operations.ListOperations': [
    'GET /v2beta1/{name=projects/*}/operations',
    'GET /v2beta1/{name=projects/*/locations/*}/operations',
  ],
  'google.longrunning.Operations.GetOperation': [
    'GET /v2beta1/{name=projects/*/operations/*}',
    'GET /v2beta1/{name=projects/*/locations/*/operations/*}',
  ],
  'google.longrunning.Operations.CancelOperation': [
    'POST /v2beta1/{name=projects/*/operations/*}:cancel',
    'POST /v2beta1/{name=projects/*/locations/*/operations/*}:cancel',
  ],
  'google.longrunning.Operations.DeleteOperation': [],
  'google.longrunning.Operations.WaitOperation': [],
  'google.cloud.location.Locations.GetLocation': [
    'GET /v2beta1/{name=projects/*/locations/*}',
    'GET /v1/{name=projects/*/locations/*}',
  ],
  'google.cloud.location.Locations.ListLocations': [
    'GET /v2beta1/{name=projects/*}/locations',
    'GET /v1/{name=projects/*}/locations',
  ],
};

/** Every HTTP binding of a method, the primary one first; empty where the method has none. */
export function httpRules(method: DescMethod): readonly HttpRule[] {
  const configured = serviceConfig[`${method.parent.typeName}.${method.name}`];
  if (configured !== undefined) {
    return configured.map((binding) => {
      const [verb, path] = binding.split(' ') as [string, string];
      return create(HttpRuleSchema, { pattern: { case: verb === 'GET' ? 'get' : 'post', value: path } });
    });
  }
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings];
}
