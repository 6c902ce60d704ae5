/** Automated agents without a server around them: training, and conversations a query at a time. */

export { converse, newSession } from './dialogue/converse.ts';
export type { DialoguePorts, DialogueQuery, DialogueResult } from './dialogue/dialogue-query.ts';
export { chooseLanguage } from './languages.ts';
export type { AgentDefinition } from './training/agent-definition.ts';
export { type AgentModel, AgentModelError, loadAgentModel } from './training/agent-model.ts';
export { type AgentTrainingOptions, type TrainingResult, trainAgent } from './training/train-agent.ts';
export { WebhookError } from './webhook.ts';
