import type { BreachList } from './breach.ts';
import { isAnswered, type Operation } from './history.ts';

/**
 * Participants come in no order that lists would have to show: a list has those that were acknowledged before it
 * began, each once, and none that was asked for only after it ended.
 */
export function checkParticipants(
  conversation: string,
  operations: readonly Operation[],
  list: BreachList,
): void {
  const created = new Map<string, Operation>();
  for (const operation of operations) {
    if (!isAnswered(operation, 'createParticipant', 'participant')) continue;
    const { id } = operation.answer;
    const other = created.get(id);
    if (other !== undefined)
      list.add('doubled', `${conversation}: two participants are ${id}`, operation, other);
    created.set(id, operation);
  }
  for (const operation of operations) {
    if (!isAnswered(operation, 'listParticipants', 'participants')) continue;
    const { ids } = operation.answer;
    const where = `a list of participants of ${conversation}`;
    if (new Set(ids).size < ids.length) list.add('page-repeats', `${where} has one twice`, operation);
    for (const id of ids) {
      const creation = created.get(id);
      if (creation === undefined) list.add('invented', `${where} has ${id}, which nobody created`, operation);
      else if (creation.invoked > operation.completed) {
        list.add('read-from-the-future', `${where} has ${id}, asked for later`, operation, creation);
      }
    }
    for (const [id, creation] of created) {
      if (creation.completed >= operation.invoked || ids.includes(id)) continue;
      const kind = operation.final === true ? 'lost' : 'stale-read';
      list.add(kind, `${where} lacks ${id}, acknowledged before`, operation, creation);
    }
  }
}
