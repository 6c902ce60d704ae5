import { normalizeText } from '../text/normalization.ts';
import { splitWords } from '../text/words.ts';
import { centralityOf } from './centrality.ts';
import { type DialogueAct, dialogueActsOf } from './dialogue-acts.ts';
import { splitSentences } from './sentences.ts';
import { isSmallTalk } from './small-talk.ts';

/** What somebody said in a conversation. */
export interface SummaryTurn {
  readonly speaker: 'customer' | 'agent' | 'bot';
  readonly text: string;
}

/** Sentences of a conversation that stand for it; empty where it has none of the kind. */
export interface ConversationSummary {
  /** What the customer came for. */
  readonly situation: string;
  /** What was done about it. */
  readonly action: string;
  /** What came of it. */
  readonly resolution: string;
}

export interface SummaryOptions {
  /** Of situation and of action; a resolution is one sentence. Default: 2. */
  readonly sentencesMax?: number;
}

const SENTENCES_MAX = 2;
/** Of one message, in characters and sentences: of what is longer, the beginning counts. */
const TURN_LENGTH_MAX = 2000;
const TURN_SENTENCES_MAX = 12;
/** Of a whole conversation: where there is more, less of each message counts, and then only the last ones. */
const CONVERSATION_LENGTH_MAX = 200_000;
const CONVERSATION_SENTENCES_MAX = 2000;
/** A second sentence stands beside the best one only where it is nearly as good. */
const NEARLY = 0.75;
/** What tells of no result counts as one only where it stands near the end and is a sentence. */
const RESULT_SCORE_MIN = 0.65;

interface Sentence {
  readonly text: string;
  readonly speaker: SummaryTurn['speaker'];
  readonly acts: ReadonlySet<DialogueAct>;
  /** From 0, at the beginning of the conversation, to 1. */
  readonly position: number;
  readonly centrality: number;
  /** How much of a sentence it is, from 0 to 1: a word or two say little by themselves. */
  readonly fullness: number;
}

/**
 * What a conversation was about, in its own sentences: chosen by who says them, where they stand, what they do and how
 * much they have in common with the rest. The same turns always make the same summary. Greetings and the like are left
 * out. Words tell what a sentence does in some European and Asian languages; in all others the rest has to do.
 */
export function summarize(
  turns: readonly SummaryTurn[],
  { sentencesMax = SENTENCES_MAX }: SummaryOptions = {},
): ConversationSummary {
  const sentences = readSentences(turns.slice(-CONVERSATION_SENTENCES_MAX));
  const customers = sentences.filter(({ speaker }) => speaker === 'customer');
  const agents = sentences.filter(({ speaker, acts }) => speaker !== 'customer' && !acts.has('question'));
  const situation = choose(customers, situationScore, sentencesMax);
  const others = sentences.filter((sentence) => !situation.includes(sentence));
  const resolution = choose(others, resolutionScore, 1, RESULT_SCORE_MIN);
  // What is the only thing that was done is the action and the result of it.
  const rest = agents.filter((sentence) => !resolution.includes(sentence));
  const action = choose(rest.length > 0 ? rest : agents, actionScore, sentencesMax);
  return { situation: join(situation), action: join(action), resolution: join(resolution) };
}

function readSentences(turns: readonly SummaryTurn[]): Sentence[] {
  const share = (most: number, all: number): number =>
    Math.max(1, Math.min(most, Math.floor(all / Math.max(1, turns.length))));
  const count = share(TURN_SENTENCES_MAX, CONVERSATION_SENTENCES_MAX);
  const length = share(TURN_LENGTH_MAX, CONVERSATION_LENGTH_MAX);
  const last = Math.max(1, turns.length - 1);
  const found = turns.flatMap(({ speaker, text }, index) =>
    splitSentences(beginningOf(text, length), count)
      .filter((sentence) => !isSmallTalk(sentence))
      .map((sentence) => ({ text: sentence, speaker, position: index / last })),
  );
  const words = found.map(({ text }) => splitWords(normalizeText(text)));
  const centrality = centralityOf(words);
  return found.map((sentence, index) => ({
    ...sentence,
    acts: dialogueActsOf(sentence.text),
    centrality: centrality[index] ?? 0,
    fullness: Math.min(1, (words[index]?.length ?? 0) / 6),
  }));
}

/** Half of a surrogate pair at its end is left out. */
function beginningOf(text: string, length: number): string {
  return text.slice(0, length).replace(/\p{Cs}$/u, '');
}

/** The first that a customer asks for or complains about. */
function situationScore({ acts, position, centrality, fullness }: Sentence): number {
  const asks = acts.has('request') ? 0.8 : acts.has('question') ? 0.3 : 0;
  return asks + 0.8 * (1 - position) + 0.4 * centrality + 0.5 * fullness;
}

/** What an agent does. */
function actionScore({ acts, speaker, centrality, fullness }: Sentence): number {
  const does = (acts.has('action') ? 0.6 : 0) + (acts.has('result') ? 0.4 : 0);
  return does + (speaker === 'agent' ? 0.2 : 0) + 0.5 * centrality + 0.5 * fullness;
}

/** The last that tells how it ended. */
function resolutionScore({ acts, speaker, position, centrality, fullness }: Sentence): number {
  if (acts.has('question') || position < 0.5) return 0;
  const tells = (acts.has('result') ? 0.6 : 0) - (speaker === 'customer' && acts.has('request') ? 0.4 : 0);
  return (
    tells + (speaker === 'customer' ? 0 : 0.1) + 0.6 * (position - 0.5) + 0.2 * centrality + 0.3 * fullness
  );
}

/** The best sentences, in the order in which they were said. */
function choose(
  sentences: readonly Sentence[],
  scoreOf: (sentence: Sentence) => number,
  count: number,
  least = Number.NEGATIVE_INFINITY,
): Sentence[] {
  const scored = sentences
    .map((sentence, index) => ({ sentence, index, score: scoreOf(sentence) }))
    .filter(({ score }) => score >= least)
    .sort((a, b) => b.score - a.score || a.index - b.index);
  const best = scored[0]?.score ?? 0;
  const texts = new Set<string>();
  return scored
    .filter(({ sentence, score }) => score >= best * NEARLY && isNew(texts, sentence.text))
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ sentence }) => sentence);
}

function isNew(texts: Set<string>, text: string): boolean {
  const { size } = texts;
  return texts.add(normalizeText(text)).size > size;
}

function join(sentences: readonly Sentence[]): string {
  const last = sentences.length - 1;
  return sentences.map(({ text }, index) => (index === last ? text : ended(text))).join(' ');
}

/** Chat goes without full stops; two sentences beside one another do not. */
function ended(text: string): string {
  return /\p{P}$/u.test(text) ? text : `${text}.`;
}
