import { fromEpochMicros, type Message, toEpochMicros } from '@parleykit/client';
import { neutralise, widthOf, wrap } from './terminal-text.ts';

const roleNames: ReadonlyMap<string | number, string> = new Map([
  ['HUMAN_AGENT', 'AGENT'],
  ['AUTOMATED_AGENT', 'AUTOMATED AGENT'],
  ['END_USER', 'CUSTOMER'],
]);

/** Columns for the speaker, so that most texts stand below each other. */
const speakerWidth = 12;

/** Below so many columns for the text it stands on lines of its own. */
const textWidthMin = 24;
const indent = '  ';

/**
 * A message for people: when, who, what; everything foreign in it neutralised. On a terminal of so many columns it is
 * wrapped between words, elsewhere it is one line.
 */
export function formatMessage(
  { content, participantRole, sendTime, createTime }: Message,
  userId: string,
  columns: number | undefined,
): string {
  const time = sendTime ?? createTime;
  const role = roleNames.get(participantRole) ?? 'SOMEBODY';
  const speaker = userId === '' ? role : `${role} ${neutralise(userId)}`;
  const at = time === undefined ? '' : toSeconds(time);
  const head = `${at}  ${speaker.padEnd(speakerWidth)}  `;
  const text = neutralise(content);
  if (columns === undefined) return `${head}${text}\n`;
  // Some terminals already wrap when the last column is filled.
  const room = Math.max(columns, 20) - 1;
  const headWidth = widthOf(head);
  if (room - headWidth >= textWidthMin) {
    return `${head}${wrap(text, room - headWidth).join(`\n${' '.repeat(headWidth)}`)}\n`;
  }
  const heading = headWidth <= room ? [head.trimEnd()] : [...wrap(at, room), ...wrap(speaker, room)];
  const lines = [...heading, ...wrap(text, room - indent.length).map((line) => `${indent}${line}`)];
  return `${lines.join('\n')}\n`;
}

/** `2020-05-13 13:14:57Z` */
function toSeconds(timestamp: string): string {
  const micros = toEpochMicros(timestamp);
  const text = fromEpochMicros(micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n));
  return text.replace('T', ' ');
}
