/** Exports of agents without a server around them. */
export { ArchiveError } from './findings.ts';
export { packAgent } from './pack-agent.ts';
