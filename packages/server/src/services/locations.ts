import { create } from '@bufbuild/protobuf';
import {
  type GetLocationRequest,
  type ListLocationsRequest,
  ListLocationsResponseSchema,
  type Location,
  LocationSchema,
  type Locations as LocationsProto,
} from '@parleykit/proto/location';
import { filterInvalid, notFound } from '../errors.ts';
import { isEmptyFilter } from '../filter.ts';
import type { Locations } from '../locations.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { Pagination } from './pagination.ts';

/** google.cloud.location.Locations: every project has the locations of the server. */
export class LocationsService implements ServiceHandlers<typeof LocationsProto> {
  readonly #locations: Locations;
  readonly #secret: Uint8Array;

  constructor(locations: Locations, secret: Uint8Array) {
    this.#locations = locations;
    this.#secret = secret;
  }

  async listLocations(request: ListLocationsRequest, { resource: project }: CallContext) {
    if (!isEmptyFilter(request.filter)) throw filterInvalid('locations cannot be filtered');
    const pagination = new Pagination<{ after: string }>(this.#secret, `${project.key}/locations`);
    const { after, limit } = pagination.read(request);
    const { ids } = this.#locations;
    const first = after === undefined ? 0 : ids.indexOf(after.after) + 1;
    const page = ids.slice(first, first + limit);
    const last = page.at(-1);
    const more = last !== undefined && first + limit < ids.length;
    return create(ListLocationsResponseSchema, {
      locations: page.map((id) => toLocation(project, id)),
      nextPageToken: more ? pagination.tokenAfter({ after: last }) : '',
    });
  }

  async getLocation(_request: GetLocationRequest, { resource: name }: CallContext) {
    if (!this.#locations.ids.includes(name.location)) throw notFound('Location', name.toString());
    return toLocation(name, name.location);
  }
}

function toLocation({ project }: ResourceName, id: string): Location {
  return create(LocationSchema, {
    name: `projects/${project}/locations/${id}`,
    locationId: id,
    displayName: id,
  });
}
