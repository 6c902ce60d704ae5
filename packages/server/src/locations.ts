import { locationUnknown } from './errors.ts';
import type { ResourceName } from './resource-names.ts';

/**
 * The regions that Dialogflow publishes, ES and CX together.
 * https://cloud.google.com/dialogflow/es/docs/how/region, https://cloud.google.com/dialogflow/cx/docs/concept/region
 */
export const PUBLISHED_LOCATIONS: readonly string[] = [
  'global',
  'us',
  'asia-northeast1',
  'asia-south1',
  'asia-southeast1',
  'australia-southeast1',
  'europe-west1',
  'europe-west2',
  'europe-west3',
  'northamerica-northeast1',
  'us-central1',
  'us-east1',
  'us-west1',
];

/** The locations of a server. Naming none means the default one. */
export class Locations {
  readonly ids: readonly string[];

  constructor(ids: readonly string[]) {
    this.ids = ids;
  }

  /** Throws INVALID_ARGUMENT where something would be made in a location that there is not. */
  require({ location }: ResourceName): void {
    if (location !== '' && !this.ids.includes(location)) throw locationUnknown(location);
  }
}
