/** Knowledge bases without a server around them, for those who measure what is found in them. */

export { parseResourceName, type ResourceName } from '../resource-names.ts';
export { Knowledge, type KnowledgeQuery } from './knowledge.ts';
export { KnowledgeContents } from './knowledge-contents.ts';
export { encodePassages } from './reading/passage-rows.ts';
export { readDocument } from './reading/read-document.ts';
export type { KnowledgeHit } from './search/base-index.ts';
