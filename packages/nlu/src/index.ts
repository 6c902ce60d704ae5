/**
 * Language understanding in process: intents with confidence, entities and replies from text. It takes text and
 * plain data, and knows no API.
 */

export type { IntentPhrases, TrainingSet } from './classifier/examples.ts';
export {
  type Classification,
  type ClassifyOptions,
  type IntentModel,
  loadIntentModel,
  type ScoredIntent,
} from './classifier/intent-model.ts';
export { IntentModelError, type IntentModelFault } from './classifier/model-file.ts';
export { type IntentTrainingOptions, trainIntentModel } from './classifier/train-intent-model.ts';
export type { IntentTrainingPhase, IntentTrainingProgress, TrainingMode } from './classifier/training.ts';
export { Anchors, type PhrasePart } from './entities/anchors.ts';
export { annotateText, phraseTemplate } from './entities/annotation.ts';
export {
  type EntityEntry,
  type EntityKind,
  type EntitySpan,
  type EntityTypeDefinition,
  EntityTypeError,
  type EntityTypeFault,
  type EntityValue,
} from './entities/entity-type.ts';
export {
  EntityRecognizer,
  type EntityTypeOverride,
  type RecognitionRequest,
  recognizedLengthMax,
} from './entities/recognizer.ts';
export {
  type SystemEntitySupport,
  systemEntitySupport,
  systemEntityTypes,
  unsupportedSystemEntityTypes,
} from './entities/system/system-entities.ts';
export type { EndpointOptions } from './models/model-endpoint.ts';
export {
  type ChatMessage,
  type Embedding,
  type Generation,
  type GenerationRequest,
  type JsonForm,
  type ModelCall,
  ModelError,
  type ModelFailure,
  type TextEmbedder,
  type TextGenerator,
} from './models/model-ports.ts';
export {
  createEmbedder,
  createGenerator,
  type EmbedderOptions,
  type GeneratorOptions,
  type ModelOptions,
} from './models/openai-models.ts';
export * from './replies/index.ts';
export { PassageIndex, queryWords } from './search/passage-index.ts';
export type { Passage, PassageHit, PassageQuery, PassageSearch } from './search/passage-search.ts';
export {
  type ConversationSummary,
  type SummaryOptions,
  type SummaryTurn,
  summarize,
} from './summary/conversation-summary.ts';
export { isSmallTalk } from './summary/small-talk.ts';
export { type FeatureKeys, type FeatureShape, featureKeys } from './text/feature-keys.ts';
export { normalizeText } from './text/normalization.ts';
export { splitWords } from './text/words.ts';
