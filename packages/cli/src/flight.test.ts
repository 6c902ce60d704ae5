import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Flight } from './flight.ts';

/** Starts a piece that lasts until `finish` is called. */
function start(flight: Flight, id: string, sizeBytes = 1): { finish: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  flight.start(id, { sizeBytes, work: promise });
  return { finish: resolve };
}

/** Whether a piece is admitted before anything else happens. */
async function isAdmitted(flight: Flight, id: string, sizeBytes = 1): Promise<boolean> {
  let admitted = false;
  void flight.admit(id, sizeBytes).then(() => {
    admitted = true;
  });
  await new Promise(setImmediate);
  return admitted;
}

describe('Flight', () => {
  it('admits 64 pieces, and the next when one has finished', async () => {
    const flight = new Flight();
    const pieces = Array.from({ length: 64 }, (_, index) => start(flight, `piece-${index}`));
    const nextOne = flight.admit('next one', 1);
    assert.equal(await isAdmitted(flight, 'another'), false);
    pieces[7]?.finish();
    await nextOne;
  });

  it('never admits an id that is under way', async () => {
    const flight = new Flight();
    const first = start(flight, 'same');
    assert.equal(await isAdmitted(flight, 'other'), true);
    assert.equal(await isAdmitted(flight, 'same'), false);
    first.finish();
    await flight.admit('same', 1);
  });

  it('bounds the bytes, but admits any size to an empty flight', async () => {
    const flight = new Flight();
    const large = 2 ** 30;
    assert.equal(await isAdmitted(flight, 'large', large), true);
    const alone = start(flight, 'large', large);
    assert.equal(await isAdmitted(flight, 'small'), false);
    alone.finish();
    await flight.admit('small', 1);
  });

  it('lands when the last piece has finished', async () => {
    const flight = new Flight();
    const pieces = ['a', 'b'].map((id) => start(flight, id));
    let landed = false;
    const landing = flight.land().then(() => {
      landed = true;
    });
    pieces[0]?.finish();
    await new Promise(setImmediate);
    assert.equal(landed, false);
    pieces[1]?.finish();
    await landing;
  });
});
