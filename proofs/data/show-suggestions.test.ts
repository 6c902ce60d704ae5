import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const PROGRAM = fileURLToPath(new URL('./show-suggestions.ts', import.meta.url));

/** Conversations in the form of STAR, about one topic after another. */
function starLines(count: number): Buffer {
  const lines = Array.from({ length: count }, (_, index) => {
    const topic = ['parcel', 'password', 'refund'][index % 3];
    const said = [
      ['CUSTOMER', `I have a question about the ${topic}`],
      ['AGENT', `Which ${topic} do you mean?`],
      ['CUSTOMER', `the ${topic} of yesterday`],
      ['AGENT', index === 0 ? 'Let me think of something new.' : `The ${topic} is on its way.`],
    ];
    const entries = said.map(([role, text], at) => ({
      start_timestamp_usec: 1_600_000_000_000_000 + at,
      role,
      text,
      user_id: at % 2,
    }));
    return JSON.stringify({ conversation_id: `star-${index}`, entries });
  });
  return gzipSync(lines.join('\n'));
}

describe('show:suggestions', () => {
  it('shows a conversation that nothing was learned from, with what is suggested beside what was said', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-show-'));
    try {
      mkdirSync(join(folder, 'star'));
      writeFileSync(join(folder, 'star', 'star.jsonl.gz'), starLines(13));
      const flags = ['--conditions=source', PROGRAM, '--data', folder];
      const { stdout } = await promisify(execFile)(process.execPath, flags);
      assert.match(stdout, /learned 6 different replies of 24 in 12 conversations/u);
      assert.match(
        stdout,
        /customer {2}I have a question about the parcel\nagent {5}Which parcel do you mean\?\n {10}= 0\.\d\d {2}Which parcel do/u,
      );
      assert.match(
        stdout,
        /agent {5}Let me think of something new\.\n {12}0\.\d\d {2}The parcel is on its way\./u,
      );
      assert.match(stdout, /summary \(extractive-1\)\n {2}situation: I have a question about the parcel/u);
      assert.match(
        stdout,
        /2 turns of the agent; word for word the first suggestion 1 times, one of 3 1 times/u,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
