import { type AdminCommand, adminOptions, runAdmin } from './admin.ts';
import type { CommandIo } from './command-io.ts';
import { UsageError } from './command-line.ts';
import type { Json, ServerContext } from './server-api.ts';

const usage = `Usage: parley snapshot save [ID] --project P [options]
       parley snapshot restore ID --project P [options]
       parley snapshot list --project P [options]
       parley snapshot delete ID --project P [options]

Keeps all that a project has stored, its clock included, and sets it back to that later. Events that wait to be told and
dead letters are not kept. A snapshot of the same ID is replaced; without ID, save makes one and prints it.

${adminOptions}`;

/** Runs `parley snapshot`. Prints a line for each snapshot: its id, the project's time then, how many messages. */
export function snapshot(args: string[], io: CommandIo): Promise<number> {
  return runAdmin({ name: 'snapshot', usage, run } satisfies AdminCommand, args, io);
}

async function run(args: readonly string[], { api, parent, stdout }: ServerContext): Promise<void> {
  const [action, id = ''] = args;
  const collection = `${parent}/snapshots`;
  if (id.includes('/')) throw new UsageError(`${JSON.stringify(id)} is not the id of a snapshot`);
  const print = (each: Json): void => void stdout.write(`${describe(each)}\n`);
  if (action === 'save' && args.length <= 2) {
    const query = id === '' ? '' : `?snapshotId=${encodeURIComponent(id)}`;
    print(await api.post(`${collection}${query}`, {}, 'admin/v1'));
  } else if (action === 'restore' && args.length === 2) {
    print(await api.post(`${collection}/${encodeURIComponent(id)}:restore`, {}, 'admin/v1'));
  } else if (action === 'delete' && args.length === 2) {
    await api.delete(`${collection}/${encodeURIComponent(id)}`, 'admin/v1');
  } else if (action === 'list' && args.length === 1) {
    for (let pageToken = ''; ; ) {
      const query = pageToken === '' ? '' : `?pageToken=${pageToken}`;
      const page = await api.get(`${collection}${query}`, 'admin/v1');
      for (const each of (page['snapshots'] ?? []) as Json[]) print(each);
      pageToken = String(page['nextPageToken'] ?? '');
      if (pageToken === '') return;
    }
  } else throw new UsageError('what is it to do: save [ID], restore ID, list, or delete ID?');
}

function describe({ name, createTime, messageCount = '0' }: Json): string {
  const id = String(name).split('/').at(-1);
  return `${id}  ${createTime}  ${messageCount} ${messageCount === '1' ? 'message' : 'messages'}`;
}
