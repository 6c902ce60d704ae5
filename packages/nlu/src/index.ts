/**
 * Language understanding in process: intents with confidence, entities and replies from text. It takes text and
 * plain data, and knows no API.
 */

export { type FeatureKeys, type FeatureShape, featureKeys } from './text/feature-keys.ts';
export { normalizeText } from './text/normalization.ts';
export { splitWords } from './text/words.ts';
