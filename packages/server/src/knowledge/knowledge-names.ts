import { ResourceName } from '../resource-names.ts';

/**
 * The name of a knowledge base, of a document or of what they lie in, without the deprecated `agent` in it:
 * `projects/p/agent/knowledgeBases/k` is `projects/p/knowledgeBases/k`.
 */
export function knowledgeName({ project, location, path }: ResourceName): ResourceName {
  return new ResourceName(project, location, path.replace(/^agent(?:\/|$)/u, ''));
}

/** The knowledge base of a document or of what lies in it, and of itself, in the same form. */
export function knowledgeBaseOf(name: ResourceName): ResourceName {
  return name.ancestor('knowledgeBases');
}
