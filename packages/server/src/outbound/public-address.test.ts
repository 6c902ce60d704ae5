import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPublicAddress, lookupPublic } from './public-address.ts';

describe('isPublicAddress()', () => {
  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    '2001:0:1::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'localhost',
    '',
  ]) {
    it(`refuses ${JSON.stringify(address)}`, () => assert.equal(isPublicAddress(address), false));
  }

  for (const address of [
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:830::200e',
  ]) {
    it(`takes ${address}`, () => assert.equal(isPublicAddress(address), true));
  }
});

describe('lookupPublic()', () => {
  for (const all of [true, false]) {
    it(`refuses a name of this machine, asked for ${all ? 'all addresses' : 'one address'}`, async () => {
      const answer = await new Promise<Error | null>((resolve) => {
        lookupPublic('localhost', { all }, (error) => resolve(error));
      });
      assert.match(String(answer), /PrivateAddressError: localhost is \S+, which is not public/u);
    });
  }

  it('says of a name that there is none what the system says', async () => {
    const answer = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      lookupPublic('name.invalid', {}, (error) => resolve(error));
    });
    assert.match(answer?.code ?? '', /^(?:ENOTFOUND|EAI_AGAIN)$/u);
  });
});
