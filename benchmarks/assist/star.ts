import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Turn } from '@parleykit/nlu';
import type { Draw } from './draw.ts';

/** A conversation of STAR: what was said, and for what the agent picked from a list, from where in it. */
export interface StarConversation {
  readonly turns: readonly (Turn & { readonly label?: string })[];
}

/** A turn of the agent with all that came before it. */
export interface StarExample {
  readonly context: readonly Turn[];
  readonly reply: string;
  /** Which template the agent picked; absent where they typed. */
  readonly label?: string;
}

export interface StarSplit {
  readonly train: readonly StarConversation[];
  readonly test: readonly StarConversation[];
  /** Where the test comes from. */
  readonly origin: string;
}

const OWN_TEST_PART = 0.2;

/** STAR in the folder: its own test, or else every fifth conversation by chance. */
export function readStar(folder: string, draw: Draw): StarSplit {
  const all = readConversations(join(folder, 'star', 'star.jsonl.gz'));
  const testFile = join(folder, 'star', 'test.jsonl.gz');
  if (existsSync(testFile))
    return { train: all, test: readConversations(testFile), origin: 'star/test.jsonl.gz' };
  const shuffled = draw.shuffled(all);
  const count = Math.ceil(all.length * OWN_TEST_PART);
  return {
    train: shuffled.slice(count),
    test: shuffled.slice(0, count),
    origin: `${count} of ${all.length} conversations of star/star.jsonl.gz, held out by chance`,
  };
}

export function examplesOf(conversations: readonly StarConversation[]): StarExample[] {
  return conversations.flatMap(({ turns }) =>
    turns.flatMap(({ speaker, text, label }, index) => {
      if (speaker !== 'agent' || index === 0) return [];
      return [{ context: turns.slice(0, index), reply: text, ...(label !== undefined && { label }) }];
    }),
  );
}

interface Transcript {
  readonly entries: readonly {
    readonly text: string;
    readonly role: 'CUSTOMER' | 'AGENT';
    readonly action_label?: string;
  }[];
}

function readConversations(file: string): StarConversation[] {
  const lines = gunzipSync(readFileSync(file)).toString().split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { entries } = JSON.parse(line) as Transcript;
      return {
        turns: entries.map(({ text, role, action_label: label }) => ({
          speaker: role === 'AGENT' ? 'agent' : 'customer',
          text,
          ...(label && { label }),
        })),
      };
    });
}
