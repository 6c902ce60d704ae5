import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { ConversationProfileSchema } from '@parleykit/proto/v2beta1';
import { AgentContents } from '../agent/content/agent-contents.ts';
import type { Clock } from '../clock.ts';
import { ResourceName } from '../resource-names.ts';
import { ConflictError, type Store } from '../storage/store.ts';
import { putProfile } from './conversation-profiles.ts';

/** An agent of our own, in the folder layout of Dialogflow's console: an example, which the build takes into the package. */
const DEMO_AGENT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../../examples/agent' : '../demo-agent', import.meta.url),
);

/** The profile that `--demo` makes in a project: its conversations begin in the assist stage. */
export function demoProfile(project: string): string {
  return `projects/${project}/locations/global/conversationProfiles/demo`;
}

/** The one whose conversations the project's agent begins. */
export function demoAgentProfile(project: string): string {
  return `${demoProfile(project)}-agent`;
}

/**
 * Makes what `--demo` has in a project, where it is not there yet: two profiles, and an agent. The agent is trained when
 * somebody speaks with it first: who does not, does not pay for it.
 */
export async function makeDemo(store: Store, clock: Clock, project: string): Promise<void> {
  const profiles = {
    [demoProfile(project)]: create(ConversationProfileSchema, { displayName: 'Demo' }),
    [demoAgentProfile(project)]: create(ConversationProfileSchema, {
      displayName: 'Demo with an agent',
      automatedAgentConfig: { agent: `projects/${project}/locations/global/agent/environments/-` },
    }),
  };
  for (const [name, profile] of Object.entries(profiles)) {
    const { key } = new ResourceName(
      project,
      '',
      `conversationProfiles/${name.slice(name.lastIndexOf('/') + 1)}`,
    );
    await unlessThere(() => putProfile(store, key, profile, clock.now()));
  }
  const contents = new AgentContents(store, clock);
  const parent = new ResourceName(project, '', '');
  if ((await contents.find(parent)) !== undefined) return;
  const { readAgentArchive } = await import('../agent/archive/archive-reader.ts');
  const { archive } = await readAgentArchive(DEMO_AGENT);
  await unlessThere(() => contents.commit(parent, contents.replace(parent, undefined, archive)));
}

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
