import { ConversationProfiles } from '../../gen/tables.js';
import type { ConversationProfilesService } from '../../gen/types.js';
import { serviceTable } from '../codec/service-table.ts';
import { type Mixins, mixins } from './mixins.ts';
import { clientClass } from './service-client.ts';
import type { Members } from './service-members.ts';

/** The service for profiles: how the conversations that use one are handled. Called as ConversationsClient is. */
export const ConversationProfilesClient = /* @__PURE__ */ clientClass<
  Members<ConversationProfilesService> & Mixins
>('ConversationProfilesClient', () => [
  { table: serviceTable(ConversationProfiles), awaited: 'pager' },
  ...mixins(),
]);
export type ConversationProfilesClient = InstanceType<typeof ConversationProfilesClient>;
