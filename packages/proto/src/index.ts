/**
 * Every message and service of Dialogflow v2beta1, with the two services that all Google clients expect
 * beside it. The messages themselves are in the entry points next to this one: `@parleykit/proto/v2beta1`,
 * `/longrunning`, `/location`, `/rpc`, `/api`, `/type`; what is about gRPC itself and no part of the API lies in
 * `/health`, `/reflection` and `/reflection-v1alpha`.
 */
import { createRegistry, type DescService, type Registry } from '@bufbuild/protobuf';
import { file_google_protobuf_empty, file_google_protobuf_struct } from '@bufbuild/protobuf/wkt';
import { files } from '@parleykit/proto/files';

export { httpRules } from './http-rules.ts';

/**
 * All types that may stand in a `google.protobuf.Any` on either wire: those of the API, and the well-known ones that
 * operations say nothing with.
 */
export const registry: Registry = createRegistry(
  ...files,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
);

/** The services that the server answers for: all of v2beta1, then Operations and Locations. */
export const services: readonly DescService[] = files.flatMap((file) => file.services);
