import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../limits.ts';
import { Pagination } from './pagination.ts';

const secret = Buffer.alloc(32, 1);
const open = (...list: string[]) => new Pagination<{ id: string }>(secret, ...list);

describe('Pagination', () => {
  const sizes = [
    { asked: 0, limit: PAGE_SIZE_DEFAULT },
    { asked: 7, limit: 7 },
    { asked: 5000, limit: PAGE_SIZE_MAX },
  ];
  for (const { asked, limit } of sizes) {
    it(`takes a page size of ${asked} for ${limit}`, () => {
      assert.equal(open('a').read({ pageSize: asked, pageToken: '' }).limit, limit);
    });
  }

  it('refuses a negative page size', () => {
    assert.throws(() => open('a').read({ pageSize: -1, pageToken: '' }), { reason: 'PAGE_SIZE_NEGATIVE' });
  });

  it('finds its own tokens again', () => {
    const pageToken = open('a', 'b').tokenAfter({ id: 'x' });
    assert.deepEqual(open('a', 'b').read({ pageSize: 1, pageToken }).after, { id: 'x' });
  });

  it('signs by HMAC', () => {
    const token = Buffer.from(open('a', 'b').tokenAfter({ id: 'x' }), 'base64url');
    const hmac = createHmac('sha256', Buffer.alloc(32, 1)).update('["a","b"]\0').update('{"id":"x"}');
    assert.deepEqual(token.subarray(0, 16), hmac.digest().subarray(0, 16));
  });

  it('refuses tokens of another list, of another key, cut or altered', () => {
    const token = open('a', 'b').tokenAfter({ id: 'x' });
    const other = new Pagination(Buffer.alloc(32, 2), 'a', 'b').tokenAfter({ id: 'x' });
    const altered = (token.startsWith('A') ? 'B' : 'A') + token.slice(1);
    for (const pageToken of [
      open('ab').tokenAfter({ id: 'x' }),
      other,
      token.slice(1),
      `${token}=`,
      altered,
      '-',
    ]) {
      assert.throws(() => open('a', 'b').read({ pageSize: 1, pageToken }), { reason: 'PAGE_TOKEN_INVALID' });
    }
  });

  it('refuses whatever else is called a token', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (pageToken) => {
        assert.throws(() => open('a').read({ pageSize: 1, pageToken }), { reason: 'PAGE_TOKEN_INVALID' });
      }),
    );
  });
});
