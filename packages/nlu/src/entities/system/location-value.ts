import type { EntityValue } from '../entity-type.ts';

/** The fields that every location has; what is not said is empty. */
const FIELDS = [
  'business-name',
  'shortcut',
  'street-address',
  'admin-area',
  'subadmin-area',
  'city',
  'country',
  'island',
  'zip-code',
] as const;
type Field = (typeof FIELDS)[number];

/** What is said of a location. */
export type LocationFields = Readonly<Partial<Record<Field, string>>>;

/** What stands in the place of a location and is none that is known: an address if it has a number, or else a name. */
export function locationOf(text: string): EntityValue {
  return locationValue(/\d/u.test(text) ? { 'street-address': text } : { 'business-name': text });
}

/** A location in the form of Dialogflow's values. */
export function locationValue(fields: LocationFields): EntityValue {
  return Object.fromEntries(FIELDS.map((field) => [field, fields[field] ?? '']));
}
