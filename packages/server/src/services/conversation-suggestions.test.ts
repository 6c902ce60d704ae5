import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationSchema,
  type GeneratorSuggestion,
  MessageSchema,
  Participant_Role as Role,
  SuggestConversationSummaryRequestSchema,
} from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { encodeMessageBodies } from '../conversation/transcript.ts';
import { Generation } from '../generation/generation.ts';
import { LanguageModel } from '../generation/language-model.ts';
import { Summarizer } from '../generation/summarizer.ts';
import { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { withoutName } from '../storage/named-message.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { ConversationSuggestionsService, type RecordAnswers } from './conversation-suggestions.ts';

const NAME = new ResourceName('p', '', 'conversations/c');

describe('ConversationSuggestionsService', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-suggestions-'));
    store = await openSqliteStore(folder, new FakeClock());
    const body = withoutName(ConversationSchema, create(ConversationSchema));
    const said = create(MessageSchema, { content: 'My lamp is broken.', participantRole: Role.END_USER });
    const [message = new Uint8Array()] = encodeMessageBodies([said]);
    await store.commit({ partition: NAME.key, put: [{ name: NAME.key, holdsMessages: true, body }] });
    await store.commit({ partition: NAME.key, append: [[{ participant: 'x', body: message }]] });
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function summarize(recordAnswers?: RecordAnswers) {
    const model = new LanguageModel(undefined);
    const service = new ConversationSuggestionsService({
      store,
      clock: new FakeClock(),
      generation: new Generation(model),
      summarizer: new Summarizer(model),
      ...(recordAnswers && { recordAnswers }),
    });
    const call = { resource: NAME, signal: new AbortController().signal } as unknown as CallContext;
    return service.suggestConversationSummary(create(SuggestConversationSummaryRequestSchema), call);
  }

  it('names the record of a summary as whoever keeps it does', async () => {
    const kept: GeneratorSuggestion[] = [];
    const { summary } = await summarize(async (conversation, participant, answers) => {
      assert.deepEqual([conversation, participant], [NAME, undefined]);
      kept.push(...answers);
      return ['projects/p/answerRecords/r'];
    });
    assert.equal(summary?.answerRecord, 'projects/p/answerRecords/r');
    const [{ suggestion } = assert.fail('nothing is kept')] = kept;
    assert.ok(suggestion.case === 'summarySuggestion');
    assert.equal(suggestion.value.summarySections[0]?.summary, 'My lamp is broken.');
  });

  it('names none where nobody keeps it', async () => {
    assert.equal((await summarize()).summary?.answerRecord, '');
  });
});
