/**
 * Language understanding in process: intents with confidence, entities and replies from text. It takes text and
 * plain data, and knows no API.
 */

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
export { type FeatureKeys, type FeatureShape, featureKeys } from './text/feature-keys.ts';
export { normalizeText } from './text/normalization.ts';
export { splitWords } from './text/words.ts';
