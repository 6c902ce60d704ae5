import { Locations, Operations } from '../../gen/tables.js';
import type { LocationsService, OperationsService } from '../../gen/types.js';
import { serviceTable } from '../codec/service-table.ts';
import type { ClientService } from './service-client.ts';
import type { MixinMembers } from './service-members.ts';

const OPERATIONS = ['getOperation', 'listOperations', 'cancelOperation'] as const;
const LOCATIONS = ['getLocation', 'listLocations'] as const;

/** The methods of the services that every client has beside its own: those that the API binds to HTTP. */
export type Mixins = MixinMembers<
  Pick<OperationsService, (typeof OPERATIONS)[number]> & Pick<LocationsService, (typeof LOCATIONS)[number]>
>;

/** The services that every client has beside its own. */
export function mixins(): readonly ClientService[] {
  return [
    { table: serviceTable(Operations), awaited: 'page', methods: OPERATIONS },
    { table: serviceTable(Locations), awaited: 'page', methods: LOCATIONS },
  ];
}
