/**
 * Loaded before the server, this breaks it: now and then a call that it makes is said to be answered, and was never made.
 * The proof must notice.
 */
interface Poster {
  post(url: URL, request: unknown): Promise<{ status: number; body: Buffer }>;
}

/** One call in so many. */
const LOST_EVERY = 50;

const module = new URL('../../packages/server/src/outbound/http-poster.ts', import.meta.url);
const { HttpPoster } = (await import(module.href)) as { HttpPoster: { prototype: Poster } };
const { post } = HttpPoster.prototype;
let calls = 0;
HttpPoster.prototype.post = function (url, request) {
  calls++;
  if (calls % LOST_EVERY === 0) return Promise.resolve({ status: 204, body: Buffer.alloc(0) });
  return post.call(this, url, request);
};
