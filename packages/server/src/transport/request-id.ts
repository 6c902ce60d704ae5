import { randomBytes } from 'node:crypto';

const PREFIX = randomBytes(6).toString('base64url');
let count = 0;

/** Names a call in the log: unique among the calls of this process, and hardly ever met in another one. */
export function createRequestId(): string {
  return `${PREFIX}-${(count++).toString(36)}`;
}
