import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import type { DescMethod } from '@bufbuild/protobuf';
import { httpRules } from '@parleykit/proto';
import { Conversations } from '@parleykit/proto/v2beta1';
import { newProject, openTarget, type Target } from './target.ts';

const isCi = !['', '0', 'false'].includes(process.env['CI'] ?? '');
/** A check that CI leaves out unnoticed is none. */
const skip = !hasCurl() && !isCi && 'curl is not installed';

/** Any JSON object; a line of the table names the keys that it means. */
// biome-ignore lint/suspicious/noExplicitAny: the very shape of an answer is what these lines look at.
type Json = any;

/** What stands in a project before a line is run. Names are without location, as they were made. */
interface Scene {
  /** Such as `http://127.0.0.1:8470/v2beta1`. */
  readonly api: string;
  readonly project: string;
  readonly profile: string;
  /** The id of a conversation in progress, in which one message was said. */
  readonly id: string;
  readonly participant: string;
}

interface Line {
  /** What is typed behind `curl`. */
  readonly curl: (scene: Scene) => readonly string[];
  /** Looks at the answer, which came with status 200. */
  readonly check: (answer: Json, scene: Scene) => void;
}

const JSON_TYPE = ['-H', 'content-type: application/json'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/u;

function assertInProgress(conversation: Json, name: string): void {
  assert.equal(conversation.name, name);
  assert.equal(conversation.lifecycleState, 'IN_PROGRESS');
  assert.equal(conversation.conversationStage, 'HUMAN_ASSIST_STAGE');
  assert.match(conversation.startTime, TIME);
  assert.equal(conversation.endTime, undefined);
}

function assertCompleted(conversation: Json, name: string): void {
  assert.equal(conversation.name, name);
  assert.equal(conversation.lifecycleState, 'COMPLETED');
  assert.match(conversation.endTime, TIME);
}

/** A message of the same speaker and time as an earlier one would be taken for that. */
const HELLO = { content: 'Hello?', sendTime: '2026-01-01T12:00:00Z' };
const ORDER = { content: 'Where is my order? ä €', sendTime: '2026-01-01T12:00:01Z' };

function assertMessage(message: Json, want: typeof HELLO, conversation: string): void {
  assert.ok(message.name.startsWith(`${conversation}/messages/`), message.name);
  assert.equal(message.content, want.content);
  assert.equal(message.sendTime, want.sendTime);
  assert.equal(message.participantRole, 'END_USER');
  assert.match(message.createTime, TIME);
}

function batchOf(participant: string, said: typeof HELLO): string {
  return JSON.stringify({ requests: [{ message: { participant, ...said } }] });
}

/** One line of curl for each HTTP binding of the six core methods. */
const lines: Readonly<Record<string, Readonly<Record<string, Line>>>> = {
  CreateConversation: {
    'POST /v2beta1/{parent=projects/*}/conversations': {
      curl: ({ api, project, profile }) => [
        `${api}/projects/${project}/conversations?conversationId=hello`,
        ...JSON_TYPE,
        ...['-d', JSON.stringify({ conversationProfile: profile })],
      ],
      check: (answer, { project, profile }) => {
        assertInProgress(answer, `projects/${project}/conversations/hello`);
        assert.equal(answer.conversationProfile, profile);
      },
    },
    'POST /v2beta1/{parent=projects/*/locations/*}/conversations': {
      curl: ({ api, project, profile }) => [
        `${api}/projects/${project}/locations/global/conversations`,
        ...JSON_TYPE,
        ...['-d', JSON.stringify({ conversationProfile: profile })],
      ],
      check: (answer, { project }) => {
        const [id] = answer.name.split('/').slice(-1);
        assert.match(id, /^[a-zA-Z0-9_-]+$/u);
        assertInProgress(answer, `projects/${project}/locations/global/conversations/${id}`);
      },
    },
  },
  ListConversations: {
    'GET /v2beta1/{parent=projects/*}/conversations': {
      curl: ({ api, project }) => [
        '-G',
        `${api}/projects/${project}/conversations`,
        ...['--data-urlencode', 'filter=lifecycle_state = "IN_PROGRESS"'],
      ],
      check: ({ conversations, nextPageToken }, { project, id }) => {
        assert.equal(conversations.length, 1);
        assertInProgress(conversations[0], `projects/${project}/conversations/${id}`);
        assert.equal(nextPageToken, undefined);
      },
    },
    'GET /v2beta1/{parent=projects/*/locations/*}/conversations': {
      curl: ({ api, project }) => [`${api}/projects/${project}/locations/global/conversations?pageSize=10`],
      check: ({ conversations, nextPageToken }, { project, id }) => {
        assert.equal(conversations.length, 1);
        assertInProgress(conversations[0], `projects/${project}/locations/global/conversations/${id}`);
        assert.equal(nextPageToken, undefined);
      },
    },
  },
  GetConversation: {
    'GET /v2beta1/{name=projects/*/conversations/*}': {
      curl: ({ api, project, id }) => [`${api}/projects/${project}/conversations/${id}`],
      check: (answer, { project, id }) => assertInProgress(answer, `projects/${project}/conversations/${id}`),
    },
    'GET /v2beta1/{name=projects/*/locations/*/conversations/*}': {
      curl: ({ api, project, id }) => [`${api}/projects/${project}/locations/global/conversations/${id}`],
      check: (answer, { project, id }) =>
        assertInProgress(answer, `projects/${project}/locations/global/conversations/${id}`),
    },
  },
  CompleteConversation: {
    'POST /v2beta1/{name=projects/*/conversations/*}:complete': {
      curl: ({ api, project, id }) => [
        '-X',
        'POST',
        `${api}/projects/${project}/conversations/${id}:complete`,
      ],
      check: (answer, { project, id }) => assertCompleted(answer, `projects/${project}/conversations/${id}`),
    },
    'POST /v2beta1/{name=projects/*/locations/*/conversations/*}:complete': {
      curl: ({ api, project, id }) => [
        `${api}/projects/${project}/locations/global/conversations/${id}:complete`,
        ...JSON_TYPE,
        ...['-d', '{}'],
      ],
      check: (answer, { project, id }) =>
        assertCompleted(answer, `projects/${project}/locations/global/conversations/${id}`),
    },
  },
  BatchCreateMessages: {
    'POST /v2beta1/{parent=projects/*/conversations/*}/messages:batchCreate': {
      curl: ({ api, project, id, participant }) => [
        `${api}/projects/${project}/conversations/${id}/messages:batchCreate`,
        ...JSON_TYPE,
        ...['-d', batchOf(participant, ORDER)],
      ],
      check: ({ messages }, { project, id }) => {
        assert.equal(messages.length, 1);
        assertMessage(messages[0], ORDER, `projects/${project}/conversations/${id}`);
      },
    },
    'POST /v2beta1/{parent=projects/*/locations/*/conversations/*}/messages:batchCreate': {
      curl: ({ api, project, id, participant }) => [
        `${api}/projects/${project}/locations/global/conversations/${id}/messages:batchCreate`,
        ...JSON_TYPE,
        ...['-d', batchOf(participant, ORDER)],
      ],
      check: ({ messages }, { project, id }) => {
        assert.equal(messages.length, 1);
        const conversation = `projects/${project}/locations/global/conversations/${id}`;
        assertMessage(messages[0], ORDER, conversation);
      },
    },
  },
  ListMessages: {
    'GET /v2beta1/{parent=projects/*/conversations/*}/messages': {
      curl: ({ api, project, id }) => [`${api}/projects/${project}/conversations/${id}/messages`],
      check: ({ messages, nextPageToken }, { project, id }) => {
        assert.equal(messages.length, 1);
        assertMessage(messages[0], HELLO, `projects/${project}/conversations/${id}`);
        assert.equal(nextPageToken, undefined);
      },
    },
    'GET /v2beta1/{parent=projects/*/locations/*/conversations/*}/messages': {
      curl: ({ api, project, id }) => [
        '-G',
        `${api}/projects/${project}/locations/global/conversations/${id}/messages`,
        ...['-d', 'pageSize=5'],
        ...['--data-urlencode', 'filter=create_time > "2020-01-01T00:00:00Z"'],
      ],
      check: ({ messages, nextPageToken }, { project, id }) => {
        assert.equal(messages.length, 1);
        const conversation = `projects/${project}/locations/global/conversations/${id}`;
        assertMessage(messages[0], HELLO, conversation);
        assert.equal(nextPageToken, undefined);
      },
    },
  },
};

/** A line that is refused. */
interface RefusedLine extends Pick<Line, 'curl'> {
  readonly http: number;
  readonly status: string;
  readonly reason: string;
  /** The verbs that the path knows, where it is about that. */
  readonly allow?: string;
}

const refusedLines: Readonly<Record<string, RefusedLine>> = {
  'GET of a conversation that does not exist': {
    curl: ({ api, project }) => [`${api}/projects/${project}/conversations/absent`],
    http: 404,
    status: 'NOT_FOUND',
    reason: 'RESOURCE_NOT_FOUND',
  },
  'POST of a conversation that exists': {
    curl: ({ api, project, profile, id }) => [
      `${api}/projects/${project}/conversations?conversationId=${id}`,
      ...JSON_TYPE,
      ...['-d', JSON.stringify({ conversationProfile: profile })],
    ],
    http: 409,
    status: 'ALREADY_EXISTS',
    reason: 'RESOURCE_ALREADY_EXISTS',
  },
  'POST of JSON without saying so, which curl calls a form': {
    curl: ({ api, project, profile }) => [
      `${api}/projects/${project}/conversations`,
      ...['-d', JSON.stringify({ conversationProfile: profile })],
    ],
    http: 400,
    status: 'INVALID_ARGUMENT',
    reason: 'CONTENT_TYPE_UNSUPPORTED',
  },
  'POST of what is no JSON': {
    curl: ({ api, project }) => [
      `${api}/projects/${project}/conversations`,
      ...JSON_TYPE,
      ...['-d', '{nonsense'],
    ],
    http: 400,
    status: 'INVALID_ARGUMENT',
    reason: 'REQUEST_INVALID',
  },
  'DELETE of a conversation, for which there is no method': {
    curl: ({ api, project, id }) => ['-X', 'DELETE', `${api}/projects/${project}/conversations/${id}`],
    http: 405,
    status: 'UNIMPLEMENTED',
    reason: 'VERB_NOT_ALLOWED',
    allow: 'GET',
  },
  'PUT of conversations, which can be listed and created': {
    curl: ({ api, project }) => [
      `${api}/projects/${project}/conversations`,
      ...['-X', 'PUT'],
      ...JSON_TYPE,
      ...['-d', '{}'],
    ],
    http: 405,
    status: 'UNIMPLEMENTED',
    reason: 'VERB_NOT_ALLOWED',
    allow: 'GET, POST',
  },
  'GET of what only POST does': {
    curl: ({ api, project, id }) => [`${api}/projects/${project}/conversations/${id}:complete`],
    http: 405,
    status: 'UNIMPLEMENTED',
    reason: 'VERB_NOT_ALLOWED',
    allow: 'POST',
  },
  'GET of a path that there is not': {
    curl: ({ api, project }) => [`${api}/projects/${project}/dialogues`],
    http: 404,
    status: 'NOT_FOUND',
    reason: 'ROUTE_UNKNOWN',
  },
};

describe('curl', { skip }, () => {
  let target: Target;
  before(async () => {
    assert.ok(hasCurl(), 'curl is installed');
    target = await openTarget();
  });
  after(() => target?.[Symbol.asyncDispose]());

  const setScene = async (): Promise<Scene> => {
    const api = `${target.url}/v2beta1`;
    const project = newProject();
    const id = 'scene';
    const post = (path: string, body: string) =>
      accepted([`${api}/projects/${project}/${path}`, ...JSON_TYPE, '-d', body]);
    const { name: profile } = await post('conversationProfiles', '{"displayName":"x"}');
    await post(`conversations?conversationId=${id}`, JSON.stringify({ conversationProfile: profile }));
    const { name: participant } = await post(`conversations/${id}/participants`, '{"role":"END_USER"}');
    await post(`conversations/${id}/messages:batchCreate`, batchOf(participant, HELLO));
    return { api, project, profile, id, participant };
  };

  for (const [method, byBinding] of Object.entries(lines)) {
    describe(method, () => {
      for (const [binding, { curl, check }] of Object.entries(byBinding)) {
        it(binding, async () => {
          const scene = await setScene();
          check(await accepted(curl(scene)), scene);
        });
      }

      it('has no other bindings', () => {
        const described = Conversations.methods.find(({ name }) => name === method);
        assert.ok(described !== undefined, `Conversations has ${method}`);
        assert.deepEqual(Object.keys(byBinding).sort(), bindingsOf(described).sort());
      });
    });
  }

  describe('is refused', () => {
    for (const [name, { curl, http, status, reason, allow }] of Object.entries(refusedLines)) {
      it(name, async () => {
        const answer = await run(curl(await setScene()));
        assert.equal(answer.status, http, answer.body);
        const { error } = JSON.parse(answer.body);
        assert.deepEqual(
          { code: error.code, status: error.status, reason: error.details[0].reason },
          { code: http, status, reason },
        );
        assert.notEqual(error.message, '');
        assert.equal(answer.headers.get('content-type'), 'application/json; charset=UTF-8');
        assert.equal(answer.headers.get('allow'), allow);
      });
    }
  });

  it('completes a conversation twice, and nothing changes', async () => {
    const { api, project, id } = await setScene();
    const name = `projects/${project}/conversations/${id}`;
    const complete = ['-X', 'POST', `${api}/${name}:complete`];
    const first = await accepted(complete);
    assertCompleted(first, name);
    assert.deepEqual(await accepted(complete), first);
    assert.deepEqual(await accepted([`${api}/${name}`]), first);
  });
});

/** Such as `GET /v2beta1/{name=projects/*}`. */
function bindingsOf(method: DescMethod): string[] {
  return httpRules(method).map(({ pattern }) => {
    assert.ok(pattern.case !== undefined && pattern.case !== 'custom', 'a rule has one of HTTP’s own verbs');
    return `${pattern.case.toUpperCase()} ${pattern.value}`;
  });
}

interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Runs curl and answers the JSON of what went well. */
async function accepted(args: readonly string[]): Promise<Json> {
  const { status, headers, body } = await run(args);
  assert.equal(status, 200, body);
  assert.equal(headers.get('content-type'), 'application/json; charset=UTF-8');
  return JSON.parse(body);
}

/** Without the settings of whoever runs it, and never through a proxy: the server is on this machine. */
const ALWAYS = ['-q', '-sS', '-i', '--noproxy', '*', '--max-time', '30', '-w', '\n%{http_code}'];

function run(args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile('curl', [...ALWAYS, ...args], (error, stdout, stderr) => {
      if (error === null) resolve(parse(stdout));
      else reject(new Error(`curl ${args.join(' ')}: ${stderr}`, { cause: error }));
    });
  });
}

/** The headers, the body and, on a line of its own, the status. */
function parse(output: string): Answer {
  const bodyAt = output.indexOf('\r\n\r\n') + 4;
  const statusAt = output.lastIndexOf('\n');
  const [, ...headers] = output.slice(0, bodyAt).trimEnd().split('\r\n');
  return {
    status: Number(output.slice(statusAt + 1)),
    headers: new Map(
      headers.map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
      }),
    ),
    body: output.slice(bodyAt, statusAt),
  };
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
