import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it, type TestContext } from 'node:test';
import { Administration, ReplyModels } from '@parleykit/proto/admin';
import {
  AnswerRecords,
  ConversationProfiles,
  SuggestionFeature_Type as FeatureType,
  Generators,
  Document_KnowledgeType as KnowledgeType,
  Participant_Role,
  Participants,
} from '@parleykit/proto/v2beta1';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'puppeteer-core';
import { chromium } from './browser.ts';
import { createBase, createDocument, faq } from './cases/knowledge-scene.ts';
import { holdTalks, reached } from './cases/reply-scene.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  getConversation,
  ingest,
  listMessages,
  message,
  messages,
  say,
} from './cases/scene.ts';
import { launchBrowser } from './driven-browser.ts';
import { say as answer, ModelEndpoint } from './model-endpoint.ts';
import { giveUp } from './python-environment.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const { END_USER, HUMAN_AGENT, AUTOMATED_AGENT } = Participant_Role;

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 320, height: 640 };

/** Longer than anything takes that the page does, its pauses included. */
const PATIENCE_MS = 20_000;

/** What a page must not do, collected by the page itself. */
const WATCH_VIOLATIONS = `
  globalThis.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    violations.push(violatedDirective + ' ' + blockedURI);
  });
`;

/** The page as a reader has it open. */
class Reader {
  readonly page: Page;
  /** What no page of ours may do: ask another server, throw, load what is not there. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, origin: string): Promise<Reader> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const reader = new Reader(page);
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/`)) reader.faults.push(`asked ${request.url()}`);
    });
    page.on('pageerror', (error) => reader.faults.push(`threw ${String(error)}`));
    await page.evaluateOnNewDocument(WATCH_VIOLATIONS);
    await page.setViewport(WIDE);
    return reader;
  }

  async close(): Promise<void> {
    this.faults.push(...((await this.ask('violations')) as string[]));
    const cookies = await this.page.browserContext().cookies();
    this.faults.push(...cookies.map(({ name }) => `set the cookie ${name}`));
    await this.page.browserContext().close();
    assert.deepEqual(this.faults, []);
  }

  /** Evaluates an expression in the page. */
  ask(expression: string): Promise<unknown> {
    return this.page.evaluate(expression);
  }

  /** Waits until an expression holds in the page. */
  async until(expression: string): Promise<void> {
    try {
      await this.page.waitForFunction(expression);
    } catch (error) {
      const shown = await this.ask('document.body.innerText');
      throw new Error(`it never came to be that ${expression}; the page shows:\n${shown}`, { cause: error });
    }
  }

  /** Waits until an element shows a text. */
  async sees(selector: string, text: string): Promise<void> {
    const elements = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
    await this.until(
      `${elements}.some((each) => each.checkVisibility() && each.textContent.includes(${JSON.stringify(text)}))`,
    );
  }

  /** Clicks what has this accessible name. */
  async click(name: string, role = 'button'): Promise<void> {
    await this.page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
  }

  async type(selector: string, text: string): Promise<void> {
    await this.page.locator(`${selector}:enabled`).wait();
    await this.page.type(selector, text);
  }

  /** Who says what, as the transcript shows it. */
  async transcript(): Promise<[string, string][]> {
    return (await this.ask(`[...document.querySelectorAll('.entry')].map((entry) =>
      [entry.querySelector('.by').textContent.trim(), entry.querySelector('.text').textContent])`)) as [
      string,
      string,
    ][];
  }

  /** The ids of the conversations that are listed. */
  async listed(): Promise<string[]> {
    return (await this.ask(
      `[...document.querySelectorAll('#rows .row-id')].map((id) => id.textContent)`,
    )) as string[];
  }

  /** Goes on with Tab until what has the focus has this text, label or id. */
  async tabTo(name: string): Promise<void> {
    const reached: string[] = [];
    for (let pressed = 0; pressed < 60; pressed += 1) {
      await this.page.keyboard.press('Tab');
      const focused = String(
        await this.ask(`(() => {
          const { activeElement: element } = document;
          return [element.id, element.textContent.trim(), element.labels?.[0]?.textContent].join('|');
        })()`),
      );
      if (focused.split('|').includes(name)) {
        assert.equal(await this.ask(`document.activeElement.matches(':focus-visible')`), true, name);
        return;
      }
      reached.push(focused.slice(0, 40));
    }
    assert.fail(`${name} is not reached by Tab, but ${reached.join(', ')}`);
  }
}

describe('the web page', { timeout: 240_000 }, () => {
  let data = '';
  let model: ModelEndpoint;
  let server: OwnServer;
  let wire: GrpcWire;
  let browser: Browser;
  let reader: Reader;

  before(async () => {
    if (chromium === undefined) return;
    data = mkdtempSync(join(tmpdir(), 'parley-'));
    model = await ModelEndpoint.open();
    const flags = ['--model-url', model.url, '--model', 'writer', '--document-uris', 'any'];
    server = await startServer(data, '--demo', ...flags);
    wire = new GrpcWire(() => server);
    browser = await launchBrowser();
  });

  after(async () => {
    if (chromium === undefined) return;
    await browser.close();
    wire[Symbol.dispose]();
    await server.stop();
    await model[Symbol.asyncDispose]();
    rmSync(data, { recursive: true, force: true });
  });

  /** A case of what somebody does with the page. */
  function does(name: string, act: () => Promise<void>): void {
    it(name, async (test: TestContext) => {
      if (chromium === undefined) {
        giveUp(test, 'Chromium is not installed');
        return;
      }
      reader = await Reader.open(browser, server.url);
      try {
        await act();
      } finally {
        await reader.close();
      }
    });
  }

  function visit(hash: string): Promise<unknown> {
    return reader.page.goto(`${server.url}/${hash}`);
  }

  async function rolesSaid(conversation: string): Promise<string[]> {
    const said = await listMessages(wire, conversation);
    return said
      .map(({ participantRole, content }) => `${Participant_Role[participantRole]}: ${content}`)
      .reverse();
  }

  does('starts a conversation, speaks for both sides, hears others and completes it', async () => {
    await visit('');
    await reader.sees('#list-hint', 'There are no conversations yet.');
    await reader.click('New');
    await reader.sees('#new-profile', 'Demo');
    await reader.type('#new-id', 'first-talk');
    await reader.click('Start conversation');
    await reader.sees('h2', 'first-talk');
    await reader.sees('#transcript-hint', 'Nothing has been said yet.');
    assert.equal(await reader.ask('location.hash'), '#/projects/demo/conversations/first-talk');

    await reader.type('#content', 'Where is my order?\n');
    await reader.sees('.entry', 'Where is my order?');
    await reader.click('Human agent', 'radio');
    await reader.type('#content', 'It is on its way.');
    await reader.click('Send');
    await reader.sees('.entry', 'It is on its way.');
    assert.equal(await reader.ask(`document.querySelector('#content').value`), '');
    const conversation = 'projects/demo/conversations/first-talk';
    assert.deepEqual(await rolesSaid(conversation), [
      'END_USER: Where is my order?',
      'HUMAN_AGENT: It is on its way.',
    ]);

    const { name: automated } = await createParticipant(wire, conversation, AUTOMATED_AGENT);
    await ingest(wire, conversation, [message(automated, 0, 'It arrives tomorrow.')]);
    await reader.sees('.entry', 'It arrives tomorrow.');
    assert.deepEqual(await reader.transcript(), [
      ['End user', 'Where is my order?'],
      ['Human agent', 'It is on its way.'],
      ['Automated agent', 'It arrives tomorrow.'],
    ]);
    await reader.sees('#participants', 'Automated agent');

    await reader.click('Complete');
    await reader.sees('#complete-dialog', 'This cannot be undone.');
    await reader.page.keyboard.press('Escape');
    await reader.until(`!document.querySelector('#complete-dialog').open`);
    await reader.click('Complete');
    await reader.click('Complete conversation');
    await reader.sees('#conversation-state', 'Completed');
    await reader.sees('#rows .row[aria-current]', 'Completed');
    await reader.sees('#composer-note', 'nothing more can be said');
    assert.equal(await reader.ask(`document.querySelector('#content').matches(':disabled')`), true);
    const { endTime } = await getConversation(wire, conversation);
    assert.ok(endTime);
  });

  does('can be used by keyboard alone', async () => {
    const project = newProject();
    await visit(`#/projects/${project}`);
    await reader.sees('#list-hint', 'There are no conversations yet.');
    const { keyboard } = reader.page;
    await reader.tabTo('Skip to the conversation');
    await reader.tabTo('new-conversation');
    await keyboard.press('Enter');
    await reader.sees('#new-profile', 'Make a new profile');
    await reader.tabTo('new-profile-name');
    await keyboard.type(' of keys');
    await reader.tabTo('new-id');
    await keyboard.type('by-keys');
    await keyboard.press('Enter');
    await reader.sees('h2', 'by-keys');
    await reader.until(`document.activeElement.id === 'conversation-heading'`);
    await reader.until(`!document.querySelector('#composer-fields').disabled`);
    await reader.tabTo('End user');
    await keyboard.press('ArrowRight');
    await reader.tabTo('content');
    await keyboard.type('Hello');
    await keyboard.down('Shift');
    await keyboard.press('Enter');
    await keyboard.up('Shift');
    await keyboard.type('there');
    await keyboard.press('Enter');
    await reader.sees('.entry', 'Hello\nthere');
    assert.deepEqual(await rolesSaid(`projects/${project}/conversations/by-keys`), [
      'HUMAN_AGENT: Hello\nthere',
    ]);
    assert.equal(await reader.ask('document.activeElement.id'), 'content');
    await reader.tabTo('complete');
    await keyboard.press('Enter');
    await reader.tabTo('Complete conversation');
    await keyboard.press('Enter');
    await reader.sees('#conversation-state', 'Completed');
    assert.equal(await reader.ask('document.activeElement.id'), 'conversation-heading');
    const [profile] = (
      await wire.call(ConversationProfiles.method.listConversationProfiles, { parent: `projects/${project}` })
    ).conversationProfiles;
    assert.match(String(profile?.displayName), /of keys/u);
  });

  does('shows what the API says as text, whatever it looks like', async () => {
    const bait = `<img src="/page/none" onerror="violations.push('ran')"><b>bold</b>`;
    const project = newProject();
    const { name: conversationProfile } = await createProfile(wire, `projects/${project}`, {
      displayName: bait,
    });
    const { name: conversation } = await createConversation(wire, `projects/${project}`, {
      conversationProfile,
    });
    const { name: participant } = await wire.call(Participants.method.createParticipant, {
      parent: conversation,
      participant: { role: HUMAN_AGENT, obfuscatedExternalUserId: bait },
    });
    await ingest(wire, conversation, [message(participant, 0, bait)]);
    await visit(`#/${conversation}`);
    await reader.sees('.entry .text', bait);
    await reader.sees('.entry .by', bait);
    await reader.sees('#participants', bait);
    await reader.click('New');
    await reader.until(`document.querySelector('#new-profile').textContent.includes('onerror')`);
    assert.equal(await reader.ask(`document.querySelectorAll('img, b').length`), 0);
  });

  does('shows in each location and project what is there, by a link', async () => {
    const project = newProject();
    const parent = `projects/${project}/locations/europe-west1`;
    const { name } = await createConversation(wire, parent, {}, 'in-europe');
    const { name: elsewhere } = await createConversation(wire, `projects/${project}`, {}, 'elsewhere');
    await visit(`#/${name}`);
    await reader.sees('h2', 'in-europe');
    await reader.sees('#rows .row[aria-current]', 'in-europe');
    await reader.until(`document.querySelector('#location').value === 'europe-west1'`);
    assert.deepEqual(await reader.listed(), ['in-europe']);
    assert.equal(await reader.ask(`document.querySelector('#project').value`), project);
    // The name of the API is a link, too.
    await reader.ask(`location.hash = ${JSON.stringify(elsewhere)}`);
    await reader.sees('h2', 'elsewhere');
    await reader.sees('#rows .row[aria-current]', 'elsewhere');
    await reader.page.select('#location', 'us-east1');
    await reader.sees('#list-hint', 'There are no conversations yet.');
    assert.equal(await reader.ask('location.hash'), `#/projects/${project}/locations/us-east1`);
  });

  does('survives that the server goes away and comes back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-'));
    let own = await startServer(folder);
    const ownWire = new GrpcWire(() => own);
    try {
      const { conversation, participant } = await createTalk(ownWire, `projects/${newProject()}`);
      await ingest(ownWire, conversation, [message(participant, 0, 'before')]);
      reader.page.removeAllListeners('request');
      await reader.page.goto(`${own.url}/#/${conversation}`);
      await reader.sees('.entry', 'before');
      await reader.type('#content', 'kept meanwhile');
      await own.stop('SIGKILL');
      await reader.sees('#connection', 'The server does not answer.');
      await reader.page.keyboard.press('Enter');
      await reader.sees('#composer-error', 'The server does not answer (UNAVAILABLE)');
      await reader.sees('.entry', 'before');
      own = await startServer(folder, '--port', String(own.port));
      await reader.sees('#connection', 'The server is back.');
      await ingest(ownWire, conversation, [message(participant, 1, 'after')]);
      await reader.sees('.entry', 'after');
      await reader.page.focus('#content');
      await reader.page.keyboard.press('Enter');
      await reader.sees('.entry', 'kept meanwhile');
      assert.deepEqual(
        (await reader.transcript()).map(([, text]) => text),
        ['before', 'after', 'kept meanwhile'],
      );
    } finally {
      ownWire[Symbol.dispose]();
      await own.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  does('says a thing once, though the answer to it is lost', async () => {
    const { conversation } = await createTalk(wire, `projects/${newProject()}`);
    await visit(`#/${conversation}`);
    await reader.page.setRequestInterception(true);
    let lost = 0;
    reader.page.on('request', async (request) => {
      if (lost > 0 || !request.url().includes(':analyzeContent')) return request.continue();
      lost += 1;
      const headers = { 'content-type': 'application/json' };
      const body = request.postData() ?? '';
      const answer = await fetch(request.url(), { method: 'POST', headers, body });
      assert.equal(answer.status, 200);
      return request.abort();
    });
    await reader.type('#content', 'only once\n');
    await reader.sees('#composer-error', 'The server does not answer (UNAVAILABLE)');
    await reader.sees('.entry', 'only once');
    assert.equal(await reader.ask(`document.querySelector('#content').value`), 'only once');
    await reader.page.focus('#content');
    await reader.page.keyboard.press('Enter');
    await reader.until(`document.querySelector('#composer-error').hidden`);
    await reader.type('#content', 'only once\n');
    await reader.until(`document.querySelectorAll('.entry').length > 1`);
    assert.deepEqual(await rolesSaid(conversation), ['END_USER: only once', 'END_USER: only once']);
    assert.equal(lost, 1);
  });

  does('shows the newest of a long transcript, and older ones on demand', async () => {
    const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
    for (let from = 0; from < 700; from += 300) {
      await ingest(wire, conversation, messages(participant, Math.min(300, 700 - from), from));
    }
    const all = Array.from({ length: 700 }, (_, index) => `at ${index}`);
    const shown = async (): Promise<string[]> => (await reader.transcript()).map(([, text]) => text);
    await visit(`#/${conversation}`);
    await reader.sees('.entry', 'at 699');
    assert.deepEqual(await shown(), all.slice(500));
    await reader.until(`(({ scrollHeight, scrollTop, clientHeight }) =>
      scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#transcript'))`);

    // Two batches begin in the middle of these steps.
    for (const rest of [300, 100, 0]) {
      await reader.page.focus('#older');
      await reader.page.keyboard.press('Enter');
      await reader.until(`document.querySelectorAll('.entry').length === ${700 - rest}`);
      assert.deepEqual(await shown(), all.slice(rest));
    }
    await reader.until(`document.querySelector('#older').hidden`);
    assert.equal(await reader.ask('document.activeElement.id'), 'transcript');

    await reader.ask(`document.querySelector('#transcript').scrollTop = 0`);
    await ingest(wire, conversation, messages(participant, 2, 700));
    await reader.sees('#jump', '2 new messages');
    assert.equal(await reader.ask(`document.querySelector('#transcript').scrollTop`), 0);
    await reader.click('2 new messages');
    await reader.until(`document.querySelector('#jump').hidden`);
    await reader.until(`document.querySelector('#transcript').scrollTop > 1000`);
    assert.equal((await shown()).at(-1), 'at 701');
    // Only what is new is announced.
    assert.equal(await reader.ask(`document.querySelectorAll('[role=log] .entry').length`), 2);
  });

  does('lists the newest conversations, more on demand, by state, and keeps the place', async () => {
    const parent = `projects/${newProject()}`;
    const { name: conversationProfile } = await createProfile(wire, parent);
    const ids: string[] = [];
    const add = async (): Promise<void> => {
      const id = `talk-${ids.length}`;
      await createConversation(wire, parent, { conversationProfile }, id);
      ids.unshift(id);
    };
    for (let count = 0; count < 55; count += 1) await add();
    for (const id of ['talk-3', 'talk-54']) await completeConversation(wire, `${parent}/conversations/${id}`);
    await visit(`#/${parent}`);
    await reader.sees('#rows', 'talk-54');
    assert.deepEqual(await reader.listed(), ids.slice(0, 50));
    await reader.click('Show more conversations');
    await reader.sees('#rows', 'talk-0');
    assert.deepEqual(await reader.listed(), ids);

    await reader.ask(`document.querySelectorAll('.row')[2].focus()`);
    await reader.ask(`document.querySelector('#list-scroll').scrollTop = 400`);
    const place = `document.activeElement.getBoundingClientRect().top`;
    const before = await reader.ask(place);
    await add();
    await reader.sees('#rows', 'talk-55');
    assert.equal(await reader.ask(`document.activeElement.querySelector('.row-id')?.textContent`), 'talk-52');
    assert.ok(
      Math.abs(Number(await reader.ask(place)) - Number(before)) < 2,
      'the rows stay where they were',
    );

    await reader.click('Completed', 'radio');
    await reader.until(`document.querySelectorAll('.row').length === 2`);
    assert.deepEqual(await reader.listed(), ['talk-54', 'talk-3']);
    assert.equal(await reader.ask('location.hash'), `#/${parent}?state=COMPLETED`);
    await completeConversation(wire, `${parent}/conversations/talk-20`);
    await reader.sees('#rows', 'talk-20');
    await reader.click('In progress', 'radio');
    await reader.sees('#rows', 'talk-55');
    assert.ok(!(await reader.listed()).includes('talk-20'));
  });

  does('says what the API refuses where it belongs', async () => {
    const parent = `projects/${newProject()}`;
    await createConversation(wire, parent, {}, 'taken');
    await visit(`#/${parent}/conversations/missing`);
    await reader.sees('#conversation-error', '(NOT_FOUND)');
    await reader.sees('#transcript-error', '(NOT_FOUND)');
    assert.equal(await reader.ask(`document.querySelector('#content').matches(':disabled')`), true);
    await reader.click('New');
    await reader.sees('#new-profile', 'a profile');
    await reader.type('#new-id', 'taken');
    await reader.click('Start conversation');
    await reader.sees('#new-dialog .error', '(ALREADY_EXISTS)');
    await reader.page.keyboard.press('Escape');
    await visit('#/projects/%00');
    await reader.page.reload();
    await reader.sees('#list-error', '(INVALID_ARGUMENT)');
  });

  does('takes in participants, and speaks as the one that is chosen', async () => {
    const { conversation } = await createTalk(wire, `projects/${newProject()}`);
    await visit(`#/${conversation}`);
    await reader.sees('#participants', 'End user');
    for (const user of ['anna', 'bert']) {
      await reader.page.locator('#add-participant:enabled').click();
      await reader.page.select('#participant-role', 'HUMAN_AGENT');
      await reader.type('#participant-user', user);
      await reader.page.click('#participant-dialog [type=submit]');
      await reader.sees('#participants', user);
    }
    await reader.click('Human agent', 'radio');
    await reader.sees('#which', 'bert');
    const { participants } = await wire.call(Participants.method.listParticipants, { parent: conversation });
    const bert = participants.find(({ obfuscatedExternalUserId }) => obfuscatedExternalUserId === 'bert');
    await reader.page.select('#speaker', String(bert?.name));
    await reader.type('#content', 'This is Bert.\n');
    await reader.sees('.entry .by', 'bert');
    const [said] = await listMessages(wire, conversation);
    assert.equal(said?.participant, bert?.name);
    await completeConversation(wire, conversation);
    await reader.sees('#composer-note', 'nothing more can be said');
  });

  /** A conversation in its assist stage, which a generator helps with, and replies that nobody has learned. */
  async function openDesk(): Promise<{ conversation: string; customer: string; project: string }> {
    const project = newProject();
    const parent = `projects/${project}`;
    const { name: generator } = await wire.call(Generators.method.createGenerator, {
      parent,
      generator: { context: { case: 'freeFormContext', value: { text: 'Say what to say.' } } },
    });
    const { name: conversationProfile } = await createProfile(wire, parent, {
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: {
          featureConfigs: [{ suggestionFeature: { type: FeatureType.SMART_REPLY } }],
          generators: [generator],
        },
      },
    });
    const { name: conversation } = await createConversation(wire, parent, { conversationProfile });
    const { name: customer } = await createParticipant(wire, conversation, END_USER);
    model.questions.length = 0;
    model.answer = (response, { body }) => {
      if (body.response_format !== undefined) {
        answer(response, JSON.stringify({ situation: 'Asks', action: 'None', resolution: 'None' }));
        return;
      }
      const said = body.messages.at(-1)?.content.split('\n').at(-1) ?? '';
      answer(response, `As to "${said.replace(/^\w+: /u, '')}"`);
    };
    return { conversation, customer, project };
  }

  /** What became of what was suggested, the latest first, once that is so for all: the page tells it after the fact. */
  async function feedback(project: string, isThere: (displayed: number, clicked: number) => boolean) {
    const parent = `projects/${project}`;
    for (let asked = 0; asked < 5000; asked += 1) {
      const { features } = await wire.call(Administration.method.reportSuggestions, { parent });
      const displayed = features.reduce((sum, each) => sum + Number(each.displayedCount), 0);
      const clicked = features.reduce((sum, each) => sum + Number(each.clickedCount), 0);
      if (!isThere(displayed, clicked)) continue;
      const { answerRecords } = await wire.call(AnswerRecords.method.listAnswerRecords, { parent });
      return answerRecords.map(({ answerFeedback }) => answerFeedback);
    }
    return assert.fail('it was never told what became of the suggestions');
  }

  const suggested = `[...document.querySelectorAll('#suggestions .suggestion')].map((each) => each.textContent)`;

  does('suggests what to say to others, writes it at a click, and records both', async () => {
    const { conversation, customer, project } = await openDesk();
    await createParticipant(wire, conversation, HUMAN_AGENT);
    await visit(`#/${conversation}`);
    await reader.sees('#suggestions-hint', 'Nothing has been said yet.');
    await reader.type('#content', 'Well');
    await say(wire, customer, 'Where is my parcel?');
    await reader.sees('#suggestions .suggestion', 'As to "Where is my parcel?"');
    await reader.sees('#suggestions h4', 'Generated');
    await reader.sees('#suggestions-errors', 'SMART_REPLY');
    assert.equal(
      await reader.ask(`document.querySelector('#suggestions-status').textContent`),
      '1 suggestion',
    );
    // By the turn that was taken elsewhere, and by the page.
    assert.equal(model.questions.length, 2);
    const shown = await feedback(project, (displayed) => displayed === 1);
    assert.deepEqual(
      shown.map((each) => [each?.displayed, each?.displayTime !== undefined, each?.clicked]),
      [
        [true, true, false],
        [undefined, false, undefined],
      ],
    );

    await reader.click('As to "Where is my parcel?"');
    const content = `document.querySelector('#content').value`;
    await reader.until(`${content} === 'Well As to "Where is my parcel?"'`);
    assert.equal(await reader.ask('document.activeElement.id'), 'content');
    assert.equal(await reader.ask(`document.querySelector('[value=HUMAN_AGENT]').checked`), true);
    const [clicked] = await feedback(project, (_, count) => count === 1);
    assert.deepEqual([clicked?.displayed, clicked?.clickTime !== undefined], [true, true]);
    await reader.page.keyboard.down('Control');
    await reader.page.keyboard.press('z');
    await reader.page.keyboard.up('Control');
    assert.equal(await reader.ask(content), 'Well');

    // What comes with the reader's own message is taken as it is.
    await reader.page.keyboard.press('Enter');
    await reader.sees('#suggestions .suggestion', 'As to "Well"');
    assert.equal(model.questions.length, 3);
    assert.deepEqual(await reader.ask(suggested), ['As to "Well"']);
    await feedback(project, (displayed) => displayed === 2);
    // Nor is anything asked again for who comes back.
    await reader.ask(`location.hash = '#/projects/${project}'`);
    await reader.until(`document.querySelector('#conversation').hidden`);
    await visit(`#/${conversation}`);
    await reader.sees('#suggestions .suggestion', 'As to "Well"');
    assert.equal(model.questions.length, 3);
    assert.equal((await feedback(project, () => true)).filter((each) => each?.displayed).length, 2);
  });

  does('suggests replies, answers, articles and knowledge in the order of the profile', async () => {
    const project = newProject();
    const parent = `projects/${project}`;
    await holdTalks(wire, parent, 9);
    const { trainReplyModel } = ReplyModels.method;
    const training = await wire.call(trainReplyModel, { name: `${parent}/replyModel` });
    await reached(wire, training.name, ({ done }) => done);
    await using site = createServer((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<title>Lamps</title><p>A parcel that has not arrived is <b>looked for</b> by our courier.'),
    );
    await once(site.listen(0, '127.0.0.1'), 'listening');
    const uri = `http://127.0.0.1:${(site.address() as AddressInfo).port}/lamps`;
    const { name: base } = await createBase(wire, parent);
    await createDocument(wire, base, faq('Why has my parcel not arrived?,The <b>courier</b> was ill.\n'));
    await createDocument(wire, base, {
      displayName: 'Late parcels',
      mimeType: 'text/html',
      knowledgeTypes: [KnowledgeType.ARTICLE_SUGGESTION],
      source: { case: 'contentUri', value: uri },
    });
    const querySource = {
      case: 'knowledgeBaseQuerySource' as const,
      value: { knowledgeBases: [base] },
    };
    const { FAQ, SMART_REPLY, KNOWLEDGE_ASSIST, ARTICLE_SUGGESTION } = FeatureType;
    const { name: conversationProfile } = await createProfile(wire, parent, {
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: {
          featureConfigs: [FAQ, SMART_REPLY, KNOWLEDGE_ASSIST, ARTICLE_SUGGESTION].map((type) => ({
            suggestionFeature: { type },
            queryConfig: { querySource },
          })),
        },
      },
    });
    const { name: conversation } = await createConversation(wire, parent, { conversationProfile });
    const { name: customer } = await createParticipant(wire, conversation, END_USER);
    await createParticipant(wire, conversation, HUMAN_AGENT);
    await visit(`#/${conversation}`);
    await ingest(wire, conversation, [message(customer, 0, 'my parcel has not arrived')]);
    await reader.sees('#suggestions .suggestion', 'Which address was the parcel sent to?');
    const titles = `[...document.querySelectorAll('#suggestions h4')].map((each) => each.textContent)`;
    assert.deepEqual(await reader.ask(titles), [
      'FAQ answers',
      'Smart replies',
      'Knowledge assist',
      'Articles',
    ]);
    assert.equal(await reader.ask(`document.querySelector('#suggestions-errors').hidden`), true);
    assert.equal(await reader.ask(`document.querySelectorAll('#assist b').length`), 0);
    const link = `document.querySelector('#suggestions a')`;
    assert.deepEqual(await reader.ask(`[${link}.textContent, ${link}.href, ${link}.rel, ${link}.target]`), [
      uri,
      uri,
      'noopener noreferrer',
      '_blank',
    ]);
    const count = Number(await reader.ask(`document.querySelectorAll('#suggestions li').length`));
    await feedback(project, (displayed) => displayed === count);
    for (const [name, text] of [
      ['Why has my parcel not arrived? The <b>courier</b> was ill.', 'The <b>courier</b> was ill.'],
      ['Which address was the parcel sent to?', 'Which address was the parcel sent to?'],
    ]) {
      await reader.click(String(name));
      await reader.until(`document.querySelector('#content').value.endsWith(${JSON.stringify(text)})`);
    }
    assert.equal(
      await reader.ask(`document.querySelector('#content').value`),
      'The <b>courier</b> was ill. Which address was the parcel sent to?',
    );
    await feedback(project, (_, clicked) => clicked === 2);
    const { features } = await wire.call(Administration.method.reportSuggestions, { parent });
    assert.deepEqual(
      features.filter(({ clickedCount }) => clickedCount > 0n).map(({ feature }) => feature),
      ['FAQ', 'SMART_REPLY'],
    );
  });

  does('shows nothing that was suggested to an older message', async () => {
    const { conversation, customer } = await openDesk();
    await createParticipant(wire, conversation, HUMAN_AGENT);
    await say(wire, customer, 'first');
    await visit(`#/${conversation}`);
    await reader.sees('#suggestions .suggestion', 'As to "first"');
    const quick = model.answer;
    const waiting: Parameters<Exclude<typeof quick, string>>[] = [];
    model.answer = (...asked) => void waiting.push(asked);
    await reader.page.focus('#suggestions button');
    const second = say(wire, customer, 'second');
    await reader.sees('.entry', 'second');
    assert.deepEqual(await reader.ask(suggested), []);
    assert.equal(await reader.ask('document.activeElement.id'), 'assist');
    await reader.sees('#suggestions-hint', 'Looking for suggestions…');
    // An answer that comes too late is not shown either.
    const third = say(wire, customer, 'third');
    await reader.sees('.entry', 'third');
    while (waiting.length < 4) await new Promise((resolve) => setImmediate(resolve));
    model.answer = quick;
    for (const asked of waiting) (quick as Exclude<typeof quick, string>)(...asked);
    await Promise.all([second, third]);
    await reader.sees('#suggestions .suggestion', 'As to "third"');
    assert.deepEqual(await reader.ask(suggested), ['As to "third"']);
  });

  does('asks for nothing without a human agent, and shows what comes with a message', async () => {
    const { conversation, customer } = await openDesk();
    await say(wire, customer, 'Hello?');
    await visit(`#/${conversation}`);
    await reader.sees('#suggestions-hint', 'Suggestions come once a human agent takes part.');
    await reader.type('#content', 'Anybody there?\n');
    await reader.sees('#suggestions .suggestion', 'As to "Anybody there?"');
    assert.equal(model.questions.length, 2);
    // By keyboard: one Enter takes it, the next one sends it.
    await reader.tabTo('As to "Anybody there?"');
    await reader.page.keyboard.press('Enter');
    await reader.until(`document.activeElement.id === 'content'`);
    await reader.page.keyboard.press('Enter');
    await reader.sees('.entry.HUMAN_AGENT', 'As to "Anybody there?"');
    // From now on somebody is helped.
    await say(wire, customer, 'Good.');
    await reader.sees('#suggestions .suggestion', 'As to "Good."');
    await completeConversation(wire, conversation);
    await reader.sees('#conversation-state', 'Completed');
    await reader.until(`!document.querySelector('#assist').checkVisibility()`);
  });

  does('leaves the reader at the end of the transcript when there is less room for it', async () => {
    const { conversation, customer } = await openDesk();
    await createParticipant(wire, conversation, HUMAN_AGENT);
    await ingest(wire, conversation, messages(customer, 40));
    const isAtEnd = `(({ scrollHeight, scrollTop, clientHeight }) =>
      scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#transcript'))`;
    for (const width of [WIDE.width, 800, NARROW.width]) {
      await reader.page.setViewport({ width, height: 700 });
      await visit(`#/${conversation}`);
      await reader.page.reload();
      await reader.sees('#suggestions .suggestion', 'As to "at 39"');
      await reader.until(isAtEnd);
    }
  });

  does('lets go of the server when it is left, and goes on when the reader comes back', async () => {
    const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
    // More often than a browser has connections to one server.
    for (let time = 0; time < 8; time += 1) {
      await visit(`#/${conversation}`);
      await reader.sees('#participants', 'End user');
      await reader.page.goto('about:blank');
    }
    await reader.page.goBack();
    await ingest(wire, conversation, [message(participant, 0, 'Back again?')]);
    await reader.sees('.entry', 'Back again?');
  });

  does('shows what is suggested as text, whatever it looks like', async () => {
    const bait = `<img src="/page/none" onerror="violations.push('ran')"><b>bold</b>`;
    const { conversation } = await openDesk();
    model.answer = bait;
    await visit(`#/${conversation}`);
    await reader.type('#content', 'Hi\n');
    await reader.sees('#suggestions .suggestion', bait);
    assert.equal(await reader.ask(`document.querySelectorAll('img, b').length`), 0);
  });

  does('summarizes a conversation, in progress or completed', async () => {
    const { conversation, customer } = await openDesk();
    model.answer = JSON.stringify({ situation: 'A <b>lamp</b>', action: 'A refund', resolution: 'N/A' });
    await visit(`#/${conversation}`);
    await reader.sees('#transcript-hint', 'Nothing has been said yet.');
    assert.equal(await reader.ask(`document.querySelector('#summarize').disabled`), true);
    await ingest(wire, conversation, [message(customer, 0, 'My lamp is broken.')]);
    await reader.sees('.entry', 'My lamp');
    await reader.click('Summarize');
    await reader.sees('#summary-status', 'Of 1 message, by writer.');
    const sections = `[...document.querySelectorAll('#summary dt, #summary dd')].map((each) => each.textContent)`;
    assert.deepEqual(await reader.ask(sections), [
      ...['situation', 'A <b>lamp</b>'],
      ...['action', 'A refund'],
      ...['resolution', 'N/A'],
    ]);
    await ingest(wire, conversation, [message(customer, 1, 'Hello?')]);
    await reader.sees('#summary-status', 'What was said since is not in it.');
    await reader.click('Close the summary');
    assert.equal(await reader.ask('document.activeElement.id'), 'summarize');
    await completeConversation(wire, conversation);
    await reader.sees('#conversation-state', 'Completed');
    await reader.click('Summarize');
    await reader.sees('#summary-status', 'Of 2 messages, by writer.');
    model.answer = (response) => void response.destroy();
    await reader.click('Summarize');
    await reader.sees('#summary-error', '(UNAVAILABLE)');
    await reader.until(`document.querySelector('#summary').childElementCount === 0`);
  });

  for (const scheme of ['light', 'dark']) {
    does(`is accessible in ${scheme} colours, wide and narrow`, async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const { name: agent } = await createParticipant(wire, conversation, HUMAN_AGENT);
      const { name: automated } = await createParticipant(wire, conversation, AUTOMATED_AGENT);
      const speakers = [participant, agent, automated, automated];
      await ingest(
        wire,
        conversation,
        speakers.map((name, index) => message(name, index)),
      );
      await createConversation(wire, conversation.split('/conversations/')[0] ?? '');
      const desk = await openDesk();
      await createParticipant(wire, desk.conversation, HUMAN_AGENT);
      await say(wire, desk.customer, 'unbroken '.repeat(20).replaceAll(' ', ''));
      await reader.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      const check = async (state: string): Promise<void> => {
        await reader.page.evaluate(axe.source);
        const { violations } = (await reader.ask('axe.run()')) as AxeResults;
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(found, [], state);
        const overflow = await reader.ask('document.documentElement.scrollWidth - innerWidth');
        assert.ok(Number(overflow) <= 0, `${state}: nothing is cut off at the side`);
      };
      for (const viewport of [WIDE, NARROW]) {
        await reader.page.setViewport(viewport);
        await visit(`#/${conversation}`);
        await reader.page.reload();
        await reader.sees('.entry', 'at 3');
        await reader.until(`!document.querySelector('#composer-fields').disabled`);
        await check(`a conversation at ${viewport.width}`);
        await reader.click('Complete');
        await check(`a dialog at ${viewport.width}`);
        await reader.page.keyboard.press('Escape');
        await visit(`#/${desk.conversation}`);
        await reader.sees('#suggestions .suggestion', 'As to "unbroken');
        await reader.click('Summarize');
        await reader.sees('#summary-status', 'Of 1 message');
        await check(`suggestions and a summary at ${viewport.width}`);
        await reader.ask(`location.hash = '#/${conversation.split('/conversations/')[0]}'`);
        await reader.sees('#rows', 'In progress');
        await check(`the list at ${viewport.width}`);
      }
      await completeConversation(wire, conversation);
      await reader.page.setViewport(WIDE);
      await visit(`#/${conversation}`);
      await reader.sees('#composer-note', 'completed');
      await check('a completed conversation');
      await visit('#/projects/%00/conversations/x');
      await reader.page.reload();
      await reader.sees('#conversation-error', '(');
      await check('errors');
    });
  }

  afterEach(() => {
    // A server that fails says so in its log; a page must not be able to make it.
    if (chromium !== undefined) assert.ok(!server.takeStderr().includes('INTERNAL'));
  });
});
