import { clone, create } from '@bufbuild/protobuf';
import type { StoredIntent } from '@parleykit/proto/stored';
import { type Intent, IntentSchema } from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../../resource-names.ts';
import type { Followups } from './agent-content.ts';

/** Of what the API says is the priority of an intent that says none. */
export const PRIORITY_DEFAULT = 500_000;

/** How an intent is to be answered. */
export interface IntentView {
  /** The agent's name, in the form of the caller. */
  readonly agent: ResourceName;
  /** A tag as the agent writes it. */
  readonly language: string;
  /** With training phrases. */
  readonly full: boolean;
  readonly followups: Followups;
}

/** An intent as the API answers it, in one language. */
export function viewIntent(
  id: string,
  stored: StoredIntent,
  { agent, language, full, followups }: IntentView,
): Intent {
  const intent = stored.intent === undefined ? create(IntentSchema) : clone(IntentSchema, stored.intent);
  const said = stored.languages[language];
  const nameOf = (each: string): string => agent.child('intents', each).toString();
  intent.name = nameOf(id);
  intent.priority ||= PRIORITY_DEFAULT;
  intent.mlEnabled = !intent.mlDisabled;
  intent.inputContextNames = intent.inputContextNames.map((name) => `${agent}/${name}`);
  for (const context of intent.outputContexts) context.name = `${agent}/${context.name}`;
  for (const parameter of intent.parameters) {
    parameter.prompts = [...(said?.prompts[parameter.name]?.prompts ?? [])];
  }
  intent.messages = [...(said?.messages ?? [])];
  intent.trainingPhrases = full ? [...(said?.trainingPhrases ?? [])] : [];
  const [parent, root] = [followups.parentOf(id), followups.rootOf(id)];
  intent.parentFollowupIntentName = parent === undefined ? '' : nameOf(parent);
  intent.rootFollowupIntentName = root === undefined ? '' : nameOf(root);
  for (const followup of followups.descendantsOf(id)) {
    intent.followupIntentInfo.push({
      $typeName: 'google.cloud.dialogflow.v2beta1.Intent.FollowupIntentInfo',
      followupIntentName: nameOf(followup.id),
      parentFollowupIntentName: nameOf(followup.parent),
    });
  }
  return intent;
}
