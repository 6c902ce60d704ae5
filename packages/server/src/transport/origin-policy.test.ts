import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { ServiceError } from '../errors.ts';
import { OriginPolicy } from './origin-policy.ts';
import { parseTarget } from './request-target.ts';

const RULES = { host: '0.0.0.0', allowedHosts: ['parley.example'], corsOrigins: [] };

/** What the policy says of a request for a host, from a page of an origin, to an address of this machine. */
function judge(policy: OriginPolicy, host: string, { origin = '', local = '127.0.0.1', url = '/' } = {}) {
  const headers = origin === '' ? {} : { origin };
  const request = {
    url,
    httpVersion: '1.1',
    rawHeaders: ['Host', host],
    headers,
    socket: { localAddress: local },
  };
  try {
    policy.admit(request as unknown as IncomingMessage, parseTarget(url));
    return 'admitted';
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return error.reason;
  }
}

// What is said of a host for the first time, and what once it is remembered, must be the same.
describe('OriginPolicy', () => {
  it('says the same of a host whenever it is asked', () => {
    const policy = new OriginPolicy(RULES);
    for (let round = 0; round < 3; round += 1) {
      assert.equal(judge(policy, 'parley.example:8470'), 'admitted');
      assert.equal(judge(policy, 'PARLEY.example:8470'), 'admitted');
      assert.equal(judge(policy, 'evil.example'), 'HOST_NOT_ALLOWED');
      assert.equal(judge(policy, 'parley.example:http'), 'HOST_INVALID');
      assert.equal(judge(policy, 'evil.example', { url: 'http://localhost/' }), 'admitted');
      assert.equal(judge(policy, 'localhost', { url: 'http://evil.example/' }), 'HOST_NOT_ALLOWED');
    }
  });

  it('takes an address for its own on the connections that were made to it alone', () => {
    const policy = new OriginPolicy(RULES);
    for (const [host, local] of [
      ['192.0.2.7:8470', '192.0.2.7'],
      ['192.0.2.8', '::ffff:192.0.2.8'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['[2001:DB8:0::2]:1', '2001:db8::2%eth0'],
    ] as const) {
      for (let round = 0; round < 3; round += 1) {
        assert.equal(judge(policy, host, { local }), 'admitted');
        assert.equal(judge(policy, host, { local: '127.0.0.1' }), 'HOST_NOT_ALLOWED');
      }
    }
  });

  it('tells its own origin from others, also by the port', () => {
    const policy = new OriginPolicy(RULES);
    for (let round = 0; round < 3; round += 1) {
      assert.equal(judge(policy, 'Localhost:8470', { origin: 'http://localhost:8470' }), 'admitted');
      assert.equal(judge(policy, 'Localhost:8470', { origin: 'http://localhost' }), 'ORIGIN_NOT_ALLOWED');
      assert.equal(judge(policy, 'localhost:80', { origin: 'http://localhost' }), 'admitted');
      assert.equal(judge(policy, 'localhost:', { origin: 'http://localhost:8470' }), 'ORIGIN_NOT_ALLOWED');
    }
  });

  it('is not confused by more spellings than it remembers', () => {
    const policy = new OriginPolicy(RULES);
    for (let port = 1; port < 1000; port += 1) {
      const origin = port === 80 ? 'http://localhost' : `http://localhost:${port}`;
      assert.equal(judge(policy, `localhost:${port}`, { origin }), 'admitted');
      assert.equal(judge(policy, `evil.example:${port}`), 'HOST_NOT_ALLOWED');
    }
  });
});
