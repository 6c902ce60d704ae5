/** Replies alone, for who suggests them: without all else of language understanding, which takes a while to load. */
export type { Dialogue, Turn } from './dialogue.ts';
export { REPLY_LENGTH_MAX } from './dialogue.ts';
export { ModelFileError, type ModelFileFault } from './model-file.ts';
export { Mask, maskPersonalData, namesGiven } from './personal-data.ts';
export type { ReplyCatalog } from './reply-catalog.ts';
export { type AllowedReplies, ReplyModel, type ReplySuggestion, type SuggestOptions } from './reply-model.ts';
export type { LearnedReplies } from './reply-thread.ts';
export { learnReplies, type TrainReplyModelOptions, trainReplyModel } from './reply-trainer.ts';
export type { TrainingPhase, TrainingProgress } from './reply-training.ts';
