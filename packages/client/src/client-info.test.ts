import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { apiClientHeader, VERSION } from './client-info.ts';

const runtime = `gl-node/${process.versions.node}`;

describe('VERSION', () => {
  it('is that of the package', async () => {
    const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
    assert.equal(VERSION, JSON.parse(text).version);
  });
});

describe('apiClientHeader()', () => {
  it('names runtime, transport and client', () => {
    assert.equal(apiClientHeader('grpc'), `${runtime} grpc/${VERSION} gapic/${VERSION}`);
    assert.equal(apiClientHeader('rest'), `${runtime} rest/${VERSION} gapic/${VERSION}`);
  });

  it('names what the program says of itself', () => {
    const info = { userAgent: 'desk/3', clientLibraryVersion: '4.5', gapicVersion: '2.15.2' };
    assert.equal(apiClientHeader('rest', info), `desk/3 ${runtime} rest/${VERSION} gapic/2.15.2 gccl/4.5`);
  });
});
