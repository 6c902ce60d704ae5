import type { QueryParameters } from '@parleykit/proto/v2beta1';
import { contextId } from '../agent/context-names.ts';
import { readSessionName, type SessionName, standsFor } from '../agent/session/session-names.ts';
import { fieldInvalid, fieldsRequired, resourceNameInvalid } from '../errors.ts';

/**
 * Throws where a query brings contexts or entities for another session than its own, or under names that are none. `-` stands
 * for any session, and so for this one.
 */
export function checkQueryParams(queryParams: QueryParameters | undefined, session: SessionName): void {
  const { contexts = [], sessionEntityTypes = [] } = queryParams ?? {};
  for (const [index, { name }] of contexts.entries()) {
    const field = `query_params.contexts[${index}].name`;
    contextId(field, idWithin(session, { field, name, collection: 'contexts' }));
  }
  for (const [index, { name }] of sessionEntityTypes.entries()) {
    const field = `query_params.session_entity_types[${index}].name`;
    idWithin(session, { field, name, collection: 'entityTypes' });
  }
}

function idWithin(
  session: SessionName,
  { field, name, collection }: { field: string; name: string; collection: string },
): string {
  if (name === '') throw fieldsRequired([field]);
  const within = readSessionName(name);
  const [, id] = new RegExp(`/sessions/[^/]+/${collection}/([^/]+)$`, 'u').exec(name) ?? [];
  if (within === undefined || id === undefined) {
    throw resourceNameInvalid(field, name, [`${session.name}/${collection}/*`]);
  }
  if (!standsFor(within, session)) {
    throw fieldInvalid(field, `is of another session than the query, which is in ${session.name}`);
  }
  return id;
}
