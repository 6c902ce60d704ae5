import { Participants } from '../../gen/tables.js';
import type { ParticipantsService } from '../../gen/types.js';
import { serviceTable } from '../codec/service-table.ts';
import { type Mixins, mixins } from './mixins.ts';
import { clientClass } from './service-client.ts';
import type { Members } from './service-members.ts';

/** The service for those who take part in conversations. Called as ConversationsClient is. */
export const ParticipantsClient = /* @__PURE__ */ clientClass<Members<ParticipantsService> & Mixins>(
  'ParticipantsClient',
  () => [{ table: serviceTable(Participants), awaited: 'pager' }, ...mixins()],
);
export type ParticipantsClient = InstanceType<typeof ParticipantsClient>;
