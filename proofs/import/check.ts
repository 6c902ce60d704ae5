import { readLine, type Said, type Sample } from './transcripts.ts';

/** What an interrupted import, or an interrupted export, may not leave behind. */
export type FindingKind =
  | 'lost' // it is in the source, and not there
  | 'doubled' // it is there more than once
  | 'changed' // it is there with another time, text, role or user, or at another place
  | 'stranger' // it is there, and not in the source
  | 'open' // it was to be completed, and is not
  | 'closed' // it was to be left open, and is not
  | 'torn' // a file is neither the old nor the new one
  | 'stray' // a file is left that nobody asked for
  | 'refused'; // a command ended otherwise than it should

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

/** Holds an export in the transcript format against its source. */
export function checkTranscripts(samples: readonly Sample[], exported: string): Finding[] {
  const findings: Finding[] = [];
  const found = new Map<string, Sample>();
  for (const line of linesOf(exported)) {
    const sample = readLine(line);
    if (found.has(sample.id)) findings.push({ kind: 'doubled', text: `conversation ${sample.id}` });
    found.set(sample.id, sample);
  }
  for (const { id, said } of samples) {
    const there = found.get(id);
    found.delete(id);
    if (there === undefined) findings.push({ kind: 'lost', text: `conversation ${id}` });
    else findings.push(...compare(id, said, there.said));
  }
  for (const id of found.keys()) findings.push({ kind: 'stranger', text: `conversation ${id}` });
  return findings;
}

function compare(id: string, wanted: readonly Said[], there: readonly Said[]): Finding[] {
  const count = `conversation ${id}: ${there.length} messages, ${wanted.length} entries`;
  if (there.length < wanted.length) return [{ kind: 'lost', text: count }];
  if (there.length > wanted.length) return [{ kind: 'doubled', text: count }];
  const position = wanted.findIndex((said, index) => keyOf(said) !== keyOf(there[index]));
  if (position === -1) return [];
  const text = `conversation ${id}, entry ${position + 1}: ${keyOf(wanted[position])} became ${keyOf(there[position])}`;
  return [{ kind: 'changed', text }];
}

function keyOf(said: Said | undefined): string {
  return JSON.stringify([said?.usec, said?.role, said?.user, said?.text]);
}

interface StoredConversation {
  readonly conversation: { readonly name: string; readonly lifecycleState: string };
  readonly participants: readonly { readonly role: string; readonly obfuscatedExternalUserId: string }[];
  readonly messages: readonly { readonly participant: string; readonly sendTime: string }[];
}

/** Looks in an export of the API's JSON for what the transcript format does not show. */
export function checkStored(exported: string, { complete }: { complete: boolean }): Finding[] {
  return linesOf(exported).flatMap((line) => {
    const { conversation, participants, messages } = JSON.parse(line) as StoredConversation;
    const findings: Finding[] = [];
    const isCompleted = conversation.lifecycleState === 'COMPLETED';
    if (complete && !isCompleted) findings.push({ kind: 'open', text: conversation.name });
    if (!complete && isCompleted) findings.push({ kind: 'closed', text: conversation.name });
    const speakers = participants.map((each) => `${each.role} ${each.obfuscatedExternalUserId}`);
    if (new Set(speakers).size < speakers.length) {
      findings.push({
        kind: 'doubled',
        text: `participants of ${conversation.name}: ${speakers.join(', ')}`,
      });
    }
    const times = messages.map(({ participant, sendTime }) => `${participant} ${sendTime}`);
    if (new Set(times).size < times.length) {
      findings.push({ kind: 'doubled', text: `messages of ${conversation.name}` });
    }
    return findings;
  });
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.trimEnd().split('\n');
}
