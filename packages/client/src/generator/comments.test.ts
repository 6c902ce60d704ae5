import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const types = readFileSync(new URL('../../gen/types.d.ts', import.meta.url), 'utf8');

describe('the comments in gen/types.d.ts', () => {
  it('are those of the .proto files', () => {
    assert.match(
      types,
      /\/\*\* Output only\. The time the conversation was started\. \*\/\n {2}startTime\?: Timestamp \| undefined;/,
    );
    assert.match(types, /\/\*\* Retrieves the specific conversation\. \*\/\n {2}getConversation: \{/);
    assert.match(types, /\/\*\* Conversation has been completed\. \*\/\n {2}\| 'COMPLETED';/);
  });

  it('refer to nothing in a way that only protoc understands', () => {
    assert.doesNotMatch(types, /\]\s*(?:\*\s*)?\[google\./);
  });

  it('say which members of a oneof exclude each other', () => {
    assert.match(types, /Excludes `response`\.\n {3}\*\/\n {2}error\?: Status \| undefined;/);
  });
});
