import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameSource } from './frame-source.ts';

/** Frames that show what they are made of. */
function frame(request: object): Uint8Array {
  return Buffer.from((request as { text: string }).text);
}

async function textAt(source: FrameSource, index: number): Promise<string | undefined> {
  const bytes = await source.at(index);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

describe('FrameSource', () => {
  for (const kind of ['a list', 'a generator', 'an async generator']) {
    it(`gives the requests of ${kind}, and the same again`, async () => {
      const list = [{ text: 'a' }, { text: 'b' }];
      function* generator(): Generator<object> {
        yield* list;
      }
      async function* asyncGenerator(): AsyncGenerator<object> {
        yield* list;
      }
      const requests = { 'a list': list, 'a generator': generator(), 'an async generator': asyncGenerator() }[
        kind
      ];
      const source = new FrameSource(requests ?? [], frame);
      for (let times = 0; times < 2; times++) {
        assert.deepEqual(
          [await textAt(source, 0), await textAt(source, 1), await textAt(source, 2)],
          ['a', 'b', undefined],
        );
      }
      assert.equal(source.isReplayable, true);
    });
  }

  it('gives a request that is waited for to whoever begins anew meanwhile', async () => {
    const made = Promise.withResolvers<object>();
    async function* requests(): AsyncGenerator<object> {
      yield { text: 'a' };
      yield await made.promise;
    }
    const source = new FrameSource(requests(), frame);
    await source.at(0);
    const [first, , second] = [source.at(1), source.at(0), source.at(1)];
    made.resolve({ text: 'b' });
    assert.equal(await first, await second);
    assert.equal(await textAt(source, 1), 'b');
  });

  it('throws an error of its requests whenever it is asked', async () => {
    const mine = new Error('mine');
    function* requests(): Generator<object> {
      yield { text: 'a' };
      throw mine;
    }
    const source = new FrameSource(requests(), frame);
    await source.at(0);
    await assert.rejects(source.at(1), mine);
    await assert.rejects(source.at(1), mine);
    assert.equal(await textAt(source, 0), 'a');
  });

  it('keeps no more than 256 KiB', async () => {
    const text = 'x'.repeat(100 * 1024);
    const source = new FrameSource([{ text }, { text }, { text }, { text: 'last' }], frame);
    for (let index = 0; index < 3; index++) await source.at(index);
    assert.equal(source.isReplayable, true);
    assert.equal(await textAt(source, 3), 'last');
    assert.equal(source.isReplayable, false);
    assert.equal(await source.at(4), undefined);
  });

  it('goes on where it keeps nothing', async () => {
    const source = new FrameSource([{ text: 'a' }, { text: 'b' }], frame);
    await source.at(0);
    source.keepNothing();
    assert.deepEqual([await textAt(source, 1), await textAt(source, 2)], ['b', undefined]);
  });

  it('tells the maker of the requests to stop, and reads nothing more', async () => {
    let stopped = 0;
    function* requests(): Generator<object> {
      try {
        for (;;) yield { text: 'a' };
      } finally {
        stopped++;
      }
    }
    const source = new FrameSource(requests(), frame);
    await source.at(0);
    await source.stop();
    await source.stop();
    assert.equal(await source.at(1), undefined);
    assert.equal(stopped, 1);
  });
});
