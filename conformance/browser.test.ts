import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Conversation_LifecycleState, ConversationProfiles } from '@parleykit/proto/v2beta1';
import { chromium, openPageServer, type Report, visit } from './browser.ts';
import { createConversation, getConversation } from './cases/scene.ts';
import { newProject, openTarget, type Target } from './target.ts';
import { GrpcWire } from './wires.ts';

const { IN_PROGRESS, COMPLETED } = Conversation_LifecycleState;

/** What a page did to a server, by its own word and by the server's. */
interface Visit {
  readonly report: Report;
  /** The name of the conversation that it went for. */
  readonly conversation: string;
  readonly lifecycleState: Conversation_LifecycleState;
  /** Profiles that were not there before. */
  readonly profilesMade: number;
}

interface Visitor {
  /** By which name the page is loaded; `page.example` is of another site, 127.0.0.1 of another port alone. */
  readonly pageHost: string;
  /** Whether that name is then made to lead to the server itself. */
  readonly rebinds?: boolean;
  /** Flags of the server, for a page of this origin. */
  readonly flags?: (origin: string) => readonly string[];
}

/** Starts a server with a conversation, opens the page, and looks what has become of both. */
async function letVisit({ pageHost, rebinds = false, flags = () => [] }: Visitor): Promise<Visit> {
  let behind: Target | undefined;
  await using pages = await openPageServer(() => (rebinds ? behind : undefined));
  const origin = `http://${pageHost}:${pages.port}`;
  await using target = await openTarget(...flags(origin));
  behind = target;
  using wire = new GrpcWire(() => target);
  const project = `projects/${newProject()}`;
  const { name: conversation } = await createConversation(wire, project);
  const countProfiles = async (): Promise<number> => {
    const method = ConversationProfiles.method.listConversationProfiles;
    return (await wire.call(method, { parent: project })).conversationProfiles.length;
  };
  const profilesBefore = await countProfiles();
  const parameters = new URLSearchParams({
    api: `${rebinds ? origin : target.url}/v2beta1`,
    project,
    conversation,
  });
  const report = await visit(`${origin}/page?${parameters}`, pages.report);
  return {
    report,
    conversation,
    lifecycleState: (await getConversation(wire, conversation)).lifecycleState,
    profilesMade: (await countProfiles()) - profilesBefore,
  };
}

/** Where there is no browser, a test of what one does can only be left out; under CI that is a failure. */
function needsChromium(test: TestContext): boolean {
  if (chromium !== undefined) return true;
  assert.ok(['', '0', 'false', undefined].includes(process.env['CI']), 'Chromium is not installed');
  test.skip('Chromium is not installed');
  return false;
}

function assertUnharmed({ lifecycleState, profilesMade }: Visit): void {
  assert.deepEqual({ lifecycleState, profilesMade }, { lifecycleState: IN_PROGRESS, profilesMade: 0 });
}

/** What becomes of the attempts of a page that may do nothing. */
const ATTEMPTS = {
  'fetch GET': 'denied',
  'fetch GET of what is not there': 'denied',
  'fetch GET of health': 'denied',
  'fetch GET without CORS': 'sent, and nothing read',
  'fetch GET with headers of a Google client': 'denied',
  'fetch POST of JSON': 'denied',
  'fetch POST of text': 'denied',
  'fetch POST of text without CORS': 'sent, and nothing read',
  'fetch POST without a type': 'sent, and nothing read',
  'fetch POST of nothing': 'sent, and nothing read',
  'fetch DELETE': 'denied',
  'a form of text': 'sent, and nothing read',
  'a form of fields': 'sent, and nothing read',
  'a form of parts': 'sent, and nothing read',
  'a form of nothing': 'sent, and nothing read',
  'an image': 'denied',
  'a script': 'denied',
  'a style sheet': 'denied',
  'a frame': 'loaded, and nothing read',
  'an EventSource': 'denied',
  'a WebSocket': 'denied',
} as const satisfies Report;

/** What a page of an allowed origin can read the answer of. */
const READABLE = [
  'fetch GET',
  'fetch GET of what is not there',
  'fetch GET of health',
  'fetch GET with headers of a Google client',
  'fetch POST of JSON',
  'fetch POST of text',
  'fetch DELETE',
] as const;

function pick(report: Report, names: readonly string[]): Report {
  return Object.fromEntries(names.map((name) => [name, String(report[name])]));
}

describe('a page in a browser', { timeout: 180_000 }, () => {
  for (const pageHost of ['page.example', '127.0.0.1', 'localhost']) {
    it(`of ${pageHost} can neither read nor change anything`, async (test) => {
      if (!needsChromium(test)) return;
      const outcome = await letVisit({ pageHost });
      assert.deepEqual(outcome.report, ATTEMPTS);
      assertUnharmed(outcome);
    });
  }

  it('of another origin than the allowed one can neither read nor change anything', async (test) => {
    if (!needsChromium(test)) return;
    const outcome = await letVisit({
      pageHost: 'page.example',
      flags: (origin) => ['--cors-origin', origin.replace('page.', 'other.')],
    });
    assert.deepEqual(outcome.report, ATTEMPTS);
    assertUnharmed(outcome);
  });

  it('of an allowed origin can call, and read answers and errors', async (test) => {
    if (!needsChromium(test)) return;
    const { report, conversation, lifecycleState, profilesMade } = await letVisit({
      pageHost: 'page.example',
      flags: (origin) => ['--cors-origin', origin],
    });
    assert.deepEqual({ ...report, ...pick(ATTEMPTS, READABLE) }, ATTEMPTS, 'it can read nothing else');
    for (const attempt of ['fetch GET', 'fetch GET with headers of a Google client'] as const) {
      assert.ok(report[attempt]?.startsWith('read 200 {'), report[attempt]);
      assert.ok(report[attempt]?.includes(conversation), report[attempt]);
    }
    assert.equal(report['fetch GET of health'], 'read 200 ok\n');
    assert.match(String(report['fetch POST of JSON']), /^read 200 .*"made by a page"/u);
    assert.match(String(report['fetch GET of what is not there']), /^read 404 .*RESOURCE_NOT_FOUND/u);
    assert.match(String(report['fetch POST of text']), /^read 400 .*CONTENT_TYPE_UNSUPPORTED/u);
    assert.match(String(report['fetch DELETE']), /^read 405 .*VERB_NOT_ALLOWED/u);
    // Of its own origin even a call of nothing is no forgery.
    assert.deepEqual({ lifecycleState, profilesMade }, { lifecycleState: COMPLETED, profilesMade: 1 });
  });

  it('whose name is made to lead to the server reads nothing but that this is not its name', async (test) => {
    if (!needsChromium(test)) return;
    const outcome = await letVisit({ pageHost: 'evil.example', rebinds: true });
    for (const [attempt, result] of Object.entries(outcome.report)) {
      if (result !== 'denied' && result !== 'loaded') assert.match(result, /HOST_NOT_ALLOWED/u, attempt);
    }
    assert.match(String(outcome.report['fetch GET']), /^read 403 /u);
    assert.match(String(outcome.report['fetch POST of JSON']), /^read 403 /u);
    assertUnharmed(outcome);
  });

  it('whose name the server goes by can call', async (test) => {
    if (!needsChromium(test)) return;
    const { report, lifecycleState, profilesMade } = await letVisit({
      pageHost: 'evil.example',
      rebinds: true,
      flags: () => ['--allowed-host', 'evil.example'],
    });
    assert.match(String(report['fetch GET']), /^read 200 /u);
    assert.match(String(report['fetch POST of JSON']), /^read 200 /u);
    assert.deepEqual({ lifecycleState, profilesMade }, { lifecycleState: COMPLETED, profilesMade: 1 });
  });
});
