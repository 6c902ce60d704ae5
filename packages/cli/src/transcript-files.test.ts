import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  isTranscriptName,
  measureTranscripts,
  type ReadingOptions,
  readTranscripts,
  type TranscriptReading,
} from './transcript-files.ts';

const line = (id: string) =>
  JSON.stringify({ conversation_id: id, entries: [{ role: 'AGENT', text: 'Hi' }] });

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function readAll(paths: string[], options?: ReadingOptions): Promise<TranscriptReading[]> {
  const readings: TranscriptReading[] = [];
  for await (const reading of readTranscripts(paths, options)) readings.push(reading);
  return readings;
}

/** `line id` for each transcript and `line !fault` for each refusal. */
function brief(readings: TranscriptReading[]): string[] {
  return readings.map((reading) =>
    'refusal' in reading
      ? `${reading.line} !${reading.refusal.fault}`
      : `${reading.line} ${reading.transcript.id}`,
  );
}

describe('isTranscriptName()', () => {
  for (const name of ['a.json', 'a.jsonl', 'a.json.gz', 'a.jsonl.gz', 'A.JSON']) {
    it(`takes ${name}`, () => assert.equal(isTranscriptName(name), true));
  }
  for (const name of ['a.txt', 'json', 'a.json.zip', 'a.jsonl.gz.part', 'a.gz']) {
    it(`leaves ${name}`, () => assert.equal(isTranscriptName(name), false));
  }
});

describe('readTranscripts()', () => {
  const lines = `${line('one')}\n\n${line('two')}\r\n${line('three')}`;
  const pretty = JSON.stringify(JSON.parse(line('whole')), undefined, 2);
  const cases: { name: string; content: string | Buffer; want: string[] }[] = [
    { name: 'lines.jsonl', content: lines, want: ['1 one', '3 two', '4 three'] },
    { name: 'lines.jsonl.gz', content: gzipSync(lines), want: ['1 one', '3 two', '4 three'] },
    { name: 'pretty.json', content: pretty, want: ['1 whole'] },
    { name: 'pretty.json.gz', content: gzipSync(pretty), want: ['1 whole'] },
    { name: 'marked.jsonl', content: `\ufeff${line('one')}\n`, want: ['1 one'] },
    {
      name: 'members.jsonl.gz',
      content: Buffer.concat([gzipSync(`${line('one')}\n`), gzipSync(line('two'))]),
      want: ['1 one', '2 two'],
    },
    { name: 'empty.jsonl', content: '', want: [] },
    { name: 'empty.json', content: '', want: ['1 !not-json'] },
    {
      name: 'broken.jsonl',
      content: `${line('one')}\n{"entries"\n${line('two')}\n`,
      want: ['1 one', '2 !not-json', '3 two'],
    },
    {
      name: 'latin1.jsonl',
      content: Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from(line('one'))]),
      want: ['1 !unreadable', '2 one'],
    },
    { name: 'text.jsonl.gz', content: line('one'), want: ['1 !unreadable'] },
    {
      name: 'cut.jsonl.gz',
      content: gzipSync(lines).subarray(0, -12),
      want: ['1 one', '3 two', '4 !unreadable'],
    },
  ];
  for (const { name, content, want } of cases) {
    it(`reads ${name}`, async () =>
      assert.deepEqual(brief(await readAll([await write(name, content)])), want));
  }

  it('refuses a line over the limit, wherever chunks end, and goes on', async () => {
    const long = `${JSON.stringify({ text: 'x'.repeat(200_000) })}\n`;
    const file = await write('long.jsonl', `${line('one')}\n${long}${line('two')}\n`);
    assert.deepEqual(brief(await readAll([file], { lineBytesMax: 150_000 })), [
      '1 one',
      '2 !too-long',
      '3 two',
    ]);
    assert.deepEqual(brief(await readAll([file])), ['1 one', '2 !no-entries', '3 two']);
  });

  it('walks folders in a stable order, leaving other files and linked folders', async () => {
    await write('tree/b.jsonl', line('bbb'));
    await write('tree/a/z.json', line('zzz'));
    await write('tree/c.jsonl.gz', gzipSync(line('ccc')));
    await write('tree/notes.txt', 'no');
    await symlink(join(folder, 'tree'), join(folder, 'tree', 'loop'));
    assert.deepEqual(brief(await readAll([join(folder, 'tree')])), ['1 zzz', '1 bbb', '1 ccc']);
  });

  it('refuses a link that leads nowhere, by its name, and goes on', async () => {
    await write('links/z.json', line('zzz'));
    await symlink(join(folder, 'nowhere'), join(folder, 'links', 'a.json'));
    const readings = await readAll([join(folder, 'links')]);
    assert.deepEqual(brief(readings), ['1 !unreadable', '1 zzz']);
    assert.equal(basename(readings[0]?.file ?? ''), 'a.json');
  });

  it('counts the bytes on the disk up to the size of all files', async () => {
    const paths = [await write('x.jsonl', lines), await write('y.json.gz', gzipSync(pretty))];
    const { files, bytes } = await measureTranscripts(paths);
    assert.equal(files, 2);
    assert.equal((await readAll(paths)).at(-1)?.readBytes, bytes);
  });

  it('ends when its signal aborts', async () => {
    const file = await write('aborted.jsonl', lines);
    const aborter = new AbortController();
    const seen: string[] = [];
    for await (const reading of readTranscripts([file, file], { signal: aborter.signal })) {
      seen.push(...brief([reading]));
      aborter.abort();
    }
    assert.deepEqual(seen, ['1 one']);
  });
});

describe('measureTranscripts()', () => {
  it('rejects a path that is not there', async () => {
    await assert.rejects(measureTranscripts([join(folder, 'nothing')]), { code: 'ENOENT' });
  });
});
