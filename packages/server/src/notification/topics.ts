import { readResourceName } from '../resource-names.ts';

/**
 * A topic as Pub/Sub names it. Profiles may name it with a location, as the proto documents it; Pub/Sub knows none:
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
 */
export function pubsubTopic(topic: string): string {
  const name = readResourceName(topic);
  return name === undefined ? topic : `projects/${name.project}/${name.path}`;
}
