import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type {
  Conversation,
  ConversationInit,
  ConversationLifecycleState,
  ConversationsService,
  CreateConversationRequest,
  Message,
  ParticipantsService,
  UpdateConversationProfileRequest,
} from '../../gen/types.js';

const here = dirname(fileURLToPath(import.meta.url));

/** Fails to compile unless both types are the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

function holds<T extends true>(_?: T): void {}

describe('gen/types.d.ts', () => {
  it('compiles by itself, where nobody skips the checks of libraries', () => {
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const files = ['types.d.ts', 'tables.d.ts'].map((name) => join(here, '../../gen', name));
    const flags = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--types',
      'node',
    ];
    const arguments_ = [tsc, ...flags, '--skipLibCheck', 'false', '--module', 'nodenext', ...files];
    assert.equal(execFileSync(process.execPath, arguments_, { encoding: 'utf8' }), '');
  });

  it('has what answers are read as', () => {
    holds<Same<Conversation['name'], string>>();
    holds<Same<Conversation['lifecycleState'], ConversationLifecycleState | number>>();
    holds<Same<Conversation['startTime'], string | undefined>>();
    type Sentiment = NonNullable<NonNullable<Message['sentimentAnalysis']>['queryTextSentiment']>;
    holds<Same<Sentiment, { score: number; magnitude: number }>>();
    holds<Same<Conversation['ingestedContextReferences'][string]['languageCode'], string>>();
  });

  it('has what requests may be', () => {
    const request: CreateConversationRequest = {
      parent: 'projects/p',
      conversation: {
        conversationProfile: 'p',
        conversationStage: 'HUMAN_ASSIST_STAGE',
        startTime: new Date(),
      },
    };
    assert.ok(request);
    // @ts-expect-error a field that does not exist
    const misspelt: ConversationInit = { conversationProfile: 'p', conversationStag: 'HUMAN_ASSIST_STAGE' };
    // @ts-expect-error a value that the enum has not
    const nope: ConversationInit = { conversationProfile: 'p', conversationStage: 'NOPE' };
    // @ts-expect-error a field that is required
    const incomplete: ConversationInit = {};
    // With a mask, what is not to be updated need not be there.
    const update: UpdateConversationProfileRequest = {
      conversationProfile: { name: 'p', languageCode: 'de' },
      updateMask: ['languageCode'],
    };
    assert.ok([misspelt, nope, incomplete, update]);
  });

  it('lets answers be sent again', () => {
    const send = (conversation: Conversation): ConversationInit => conversation;
    assert.ok(send);
  });

  it('has the methods of services', () => {
    holds<Same<ConversationsService['listMessages']['item'], Message>>();
    holds<Same<ConversationsService['createConversation']['flattened'], 'parent' | 'conversation'>>();
    holds<Same<ConversationsService['batchCreateMessages']['flattened'], 'parent'>>();
    holds<Same<ConversationsService['searchKnowledge']['flattened'], never>>();
    holds<Same<ParticipantsService['streamingAnalyzeContent']['kind'], 'bidi_streaming'>>();
  });
});
