import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { LIMITS } from './archive-files.ts';
import { readAgentArchive } from './archive-reader.ts';
import { boats, type Files, zipOf } from './example-export.test.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'parley-exports-'));
after(() => rmSync(root, { recursive: true, force: true }));

const EMPTY = strToU8('{}');

/** A copy of bytes with some of them changed, found by what is in front of them. */
function patched(
  bytes: Uint8Array,
  signature: readonly number[],
  offset: number,
  values: readonly number[],
): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(Buffer.from(signature));
  assert.ok(at >= 0);
  copy.set(values, at + offset);
  return copy;
}

const CENTRAL = [0x50, 0x4b, 1, 2];
const LOCAL = [0x50, 0x4b, 3, 4];

function folderOf(name: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  return join(root, name);
}

describe('readAgentArchive(), of zips', () => {
  const good = zipSync({ 'agent.json': EMPTY });
  const large = zipSync({ 'agent.json': strToU8(`{"description":"${'a'.repeat(2 ** 21)}"}`) });
  const link = { os: 3, attrs: 0o120777 * 2 ** 16 } as const;
  const refusals: [what: string, zip: Uint8Array, line: RegExp][] = [
    ['nothing', new Uint8Array(), /^the zip is empty$/u],
    ['what is no zip', strToU8('hello'), /^this is no zip, nor a folder$/u],
    ['a zip that was cut off', good.subarray(0, good.length - 30), /^the zip is broken: /u],
    ['a zip whose list of files is broken', patched(good, CENTRAL, 0, [0]), /^the zip is broken: /u],
    ['a file that is broken', patched(good, LOCAL, 2, [0]), /^agent\.json: is broken in the zip: /u],
    [
      'a file with another checksum',
      patched(good, CENTRAL, 16, [1, 2, 3, 4]),
      /^agent\.json: is broken in the zip: it is not what was packed$/u,
    ],
    [
      'a file that is larger than it says',
      patched(large, CENTRAL, 24, [9, 0, 0, 0]),
      /^agent\.json: is broken in the zip: /u,
    ],
    [
      'a file that is encrypted',
      patched(good, CENTRAL, 8, [1]),
      /^agent\.json: is encrypted: export the agent without a password$/u,
    ],
    [
      'a file that is packed as nobody knows',
      patched(good, CENTRAL, 10, [99]),
      /^agent\.json: is packed by method 99, which is not known here$/u,
    ],
    [
      'a path that leads out',
      zipSync({ 'agent.json': EMPTY, '../x.json': EMPTY }),
      /^\.\.\/x\.json: has a path that leads out of the zip$/u,
    ],
    [
      'a path that leads out in the middle',
      zipSync({ 'a/../../x': EMPTY }),
      /has a path that leads out of the zip$/u,
    ],
    ['an absolute path', zipSync({ '/etc/passwd': EMPTY }), /^\/etc\/passwd: has an absolute path$/u],
    ['a drive', zipSync({ 'C:/x.json': EMPTY }), /^C:\/x\.json: has an absolute path$/u],
    ['backslashes', zipSync({ 'intents\\x.json': EMPTY }), /^intents\\x\.json: has a backslash in its name/u],
    [
      'a symbolic link',
      zipSync({ 'agent.json': [strToU8('/etc/passwd'), link] }),
      /^agent\.json: is a symbolic link$/u,
    ],
    ['a file that is there twice', twice(), /^b\.json: is in the zip twice$/u],
    ['what is packed too well', large, /^agent\.json: is more than 200 times larger than it is packed$/u],
  ];
  for (const [what, zip, line] of refusals) {
    it(`refuses ${what} in one line`, async () => {
      await assert.rejects(readAgentArchive(zip), { name: 'ArchiveError', message: line });
    });
  }

  const bounds: [what: string, limits: Partial<typeof LIMITS>, line: RegExp][] = [
    ['zip', { zipBytes: 100 }, /^the zip: it is larger than 0 MiB$/u],
    ['number of files', { files: 5 }, /^the zip has more than 5 files$/u],
    ['single file', { fileBytes: 1024 }, /^intents\/Book a boat\.json: it is larger than 0\.001 MiB$/u],
    ['number of values', { values: 50 }, /^the agent has more than 50 values$/u],
    ['sum of files', { totalBytes: 2048 }, /^the zip: what is in it is larger than 0\.002 MiB$/u],
  ];
  for (const [what, limits, line] of bounds) {
    it(`holds the bound on the ${what}`, async () => {
      const reading = readAgentArchive(zipOf(boats()), { ...LIMITS, ...limits });
      await assert.rejects(reading, { name: 'ArchiveError', message: line });
    });
  }

  it('does not unpack what it does not read', async () => {
    const { report } = await readAgentArchive(
      zipSync({ 'agent.json': EMPTY, 'fulfillment/data.bin': new Uint8Array(2 ** 24) }),
      { ...LIMITS, fileBytes: 100 },
    );
    assert.deepEqual(report.dropped, ['files that are no part of an agent: fulfillment/data.bin']);
  });

  it('reads files that are not packed', async () => {
    const { archive } = await readAgentArchive(
      zipSync({ 'agent.json': strToU8('{"language":"de"}') }, { level: 0 }),
    );
    assert.equal(archive.agent.agent?.defaultLanguageCode, 'de');
  });

  it('reads a part of a larger array', async () => {
    const whole = Buffer.concat([Buffer.alloc(7), good, Buffer.alloc(7)]);
    const { archive } = await readAgentArchive(whole.subarray(7, 7 + good.length));
    assert.equal(archive.agent.agent?.defaultLanguageCode, 'en');
  });
});

/** A zip with two files of one name: two names of the same length, one of them written over. */
function twice(): Uint8Array {
  const zip = Buffer.from(zipSync({ 'a.json': EMPTY, 'b.json': EMPTY }));
  for (let at = zip.indexOf('a.json'); at >= 0; at = zip.indexOf('a.json')) zip.write('b.json', at);
  return zip;
}

describe('readAgentArchive(), of files and folders', () => {
  it('reads the same from a zip in memory, a zip on the disk and a folder', async () => {
    const zip = zipOf(boats());
    writeFileSync(join(root, 'boats.zip'), zip);
    const [inMemory, onDisk, folder] = [
      await readAgentArchive(zip),
      await readAgentArchive(join(root, 'boats.zip')),
      await readAgentArchive(folderOf('boats', boats())),
    ];
    assert.deepEqual(onDisk, inMemory);
    assert.deepEqual(folder, inMemory);
  });

  it('finds the agent in a folder within, beside a program', async () => {
    const inside = Object.fromEntries(Object.entries(boats()).map(([path, json]) => [`agent/${path}`, json]));
    const folder = folderOf('repository', {
      'package.json': { name: 'hook', dependencies: {} },
      'node_modules/x/agent.json': {},
      '.git/agent.json': {},
      'index.js': strToU8('x'),
      ...inside,
    });
    const { archive, report } = await readAgentArchive(folder);
    assert.equal(archive.intents.length, 3);
    assert.deepEqual(report.dropped, ['files that are no part of an agent: index.js, package.json']);
  });

  it('refuses a folder with a symbolic link for a file', async () => {
    const folder = folderOf('linked', { 'agent.json': {}, 'intents/a.json': { name: 'a' } });
    symlinkSync('/etc/hostname', join(folder, 'intents', 'b.json'));
    await assert.rejects(readAgentArchive(folder), { message: 'intents/b.json: is a symbolic link' });
  });

  it('refuses what is not there, and what is neither', async () => {
    await assert.rejects(readAgentArchive(join(root, 'nothing')), {
      message: `${join(root, 'nothing')}: is not there`,
    });
    await assert.rejects(readAgentArchive('/dev/null'), {
      message: '/dev/null: is neither a file nor a folder',
    });
    const text = join(folderOf('texts', { 'a.txt': strToU8('hello') }), 'a.txt');
    await assert.rejects(readAgentArchive(text), { message: /no zip/u });
  });

  it('holds the bounds on folders', async () => {
    const folder = folderOf('bounded', boats());
    for (const [limits, line] of [
      [{ files: 5 }, /has more than 5 files$/u],
      [{ fileBytes: 1024 }, /^intents\/Book a boat\.json: it is larger/u],
      [{ totalBytes: 2048 }, /what is in it is larger/u],
    ] as const) {
      await assert.rejects(readAgentArchive(folder, { ...LIMITS, ...limits }), { message: line });
    }
  });
});
