import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema } from '@parleykit/proto/rpc';
import { newProject } from '../target.ts';
import { CallError, type HttpAnswer, type HttpRequest, refusalOf } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createProfile,
  createTalk,
  getConversation,
  ingest,
  listMessages,
  message,
  messages,
  openScene,
} from './scene.ts';

const scene = openScene();
const { rest } = scene;
const json = { 'content-type': 'application/json' };
/** What Google's clients append to every call: numbers for enums. */
const ALT = '$alt=json%3Benum-encoding%3Dint';

/** Any JSON object; a case names the keys that it means. */
// biome-ignore lint/suspicious/noExplicitAny: the very shape of an answer is what these cases look at.
type Json = any;

async function post(path: string, body: unknown): Promise<HttpAnswer> {
  return rest.send({ verb: 'POST', path: `/v2beta1/${path}`, headers: json, body: JSON.stringify(body) });
}

async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  return rest.send({ verb: 'GET', path: `/v2beta1/${path}`, headers });
}

function accepted(answer: HttpAnswer): Json {
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json\b/u);
  return JSON.parse(answer.text);
}

/** Asserts a refusal by its HTTP status and reason, and answers it. */
function rejected(answer: HttpAnswer, status: number, reason: string): CallError {
  assert.equal(answer.status, status, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json\b/u);
  const error = new CallError(refusalOf(answer));
  assert.equal(error.reason, reason, answer.text);
  assert.equal(error.domain, 'parley');
  return error;
}

describe('enums in JSON', () => {
  it('are names in an answer', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    const answer = accepted(await get(name));
    assert.equal(answer.lifecycleState, 'IN_PROGRESS');
    assert.equal(answer.conversationStage, 'HUMAN_ASSIST_STAGE');
  });

  it('are numbers in every answer to a caller that asks for them', async () => {
    const parent = `projects/${newProject()}`;
    const profile = await createProfile(rest, parent);
    const body = { conversationProfile: profile.name, conversationStage: 2 };
    const made = accepted(await post(`${parent}/conversations?conversationId=abc&${ALT}`, body));
    assert.deepEqual([made.lifecycleState, made.conversationStage], [1, 2]);
    const got = accepted(await get(`${made.name}?${ALT}`));
    assert.deepEqual([got.lifecycleState, got.conversationStage], [1, 2]);
    const listed = accepted(await get(`${parent}/conversations?pageSize=5&${ALT}`));
    assert.equal(listed.conversations[0].lifecycleState, 1);
    const speaker = accepted(await post(`${made.name}/participants?${ALT}`, { role: 3 }));
    assert.equal(speaker.role, 3);
    const batch = {
      requests: [
        { message: { content: 'x', participant: speaker.name, sendTime: '2026-01-01T00:00:00.000001Z' } },
      ],
    };
    const stored = accepted(await post(`${made.name}/messages:batchCreate?${ALT}`, batch));
    assert.equal(stored.messages[0].participantRole, 3);
    const read = accepted(await get(`${made.name}/messages?${ALT}`));
    assert.deepEqual(read.messages, stored.messages);
    const done = accepted(await post(`${made.name}:complete?${ALT}`, {}));
    assert.equal(done.lifecycleState, 2);
  });

  for (const alt of ['$alt=json;enum-encoding=int', '%24alt=json%3Benum-encoding%3Dint']) {
    it(`are numbers for ${alt} too`, async () => {
      const { name } = await createConversation(rest, `projects/${newProject()}`);
      assert.equal(accepted(await get(`${name}?${alt}`)).lifecycleState, 1);
    });
  }

  it('are names for $alt=json', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    assert.equal(accepted(await get(`${name}?$alt=json`)).lifecycleState, 'IN_PROGRESS');
  });

  for (const role of [3, 'END_USER']) {
    it(`may be ${JSON.stringify(role)} in a body`, async () => {
      const { name } = await createConversation(rest, `projects/${newProject()}`);
      assert.equal(accepted(await post(`${name}/participants`, { role })).role, 'END_USER');
    });
  }

  for (const role of ['NOBODY', 'end_user', 1.5, true, {}, []]) {
    it(`are refused when one is ${JSON.stringify(role)}`, async () => {
      const { name } = await createConversation(rest, `projects/${newProject()}`);
      const error = rejected(await post(`${name}/participants`, { role }), 400, 'REQUEST_INVALID');
      assert.deepEqual(
        error.violations.map(({ field }) => field),
        ['participant.role'],
      );
    });
  }
});

describe('field names in JSON', () => {
  for (const key of ['conversationProfile', 'conversation_profile']) {
    for (const parameter of ['conversationId', 'conversation_id']) {
      it(`may be ${key} in a body and ${parameter} in a query`, async () => {
        const parent = `projects/${newProject()}`;
        const { name } = await createProfile(rest, parent);
        const made = accepted(await post(`${parent}/conversations?${parameter}=my-id`, { [key]: name }));
        assert.equal(made.name, `${parent}/conversations/my-id`);
        assert.equal(made.conversationProfile, name, 'an answer spells in camel case');
      });
    }
  }

  it('may be in either spelling inside a batch', async () => {
    const { conversation, participant } = await createTalk(rest, `projects/${newProject()}`);
    const requests = [
      { message: { content: 'a', participant, sendTime: '2026-01-01T00:00:00Z', languageCode: 'en' } },
      { message: { content: 'b', participant, send_time: '2026-01-01T00:00:01Z', language_code: 'en' } },
    ];
    const { messages: stored } = accepted(await post(`${conversation}/messages:batchCreate`, { requests }));
    assert.deepEqual(
      stored.map((each: Json) => [each.sendTime, each.languageCode]),
      [
        ['2026-01-01T00:00:00Z', 'en'],
        ['2026-01-01T00:00:01Z', 'en'],
      ],
    );
  });

  for (const { name, path, body, field } of [
    {
      name: 'in the body',
      path: '/conversations',
      body: { conversationProfil: 'x' },
      field: 'conversationProfil',
    },
    { name: 'of another message', path: '/conversations', body: { displayName: 'x' }, field: 'displayName' },
    {
      name: 'deep inside',
      path: '/conversationProfiles',
      body: { displayName: 'x', automatedAgentConfig: { agent: 'projects/p/agent', colour: 1 } },
      field: 'colour',
    },
    {
      name: 'inside a list',
      path: '/conversations/c/messages:batchCreate',
      body: { requests: [{}, { mesage: {} }] },
      field: 'mesage',
    },
    {
      name: 'called __proto__',
      path: '/conversations',
      body: JSON.parse('{"__proto__":{"x":1}}'),
      field: '__proto__',
    },
    { name: 'called constructor', path: '/conversations', body: { constructor: 1 }, field: 'constructor' },
  ]) {
    it(`are refused, and named, when one is unknown ${name}`, async () => {
      const error = rejected(await post(`projects/${newProject()}${path}`, body), 400, 'REQUEST_INVALID');
      const said = JSON.stringify([error.message, error.violations]);
      assert.ok(said.includes(field), said);
    });
  }

  it('may be missing where the message is empty, as in the maps that a Google client always sends', async () => {
    const parent = `projects/${newProject()}`;
    const { name: conversationProfile } = await createProfile(rest, parent);
    const body = { conversationProfile, ingestedContextReferences: {}, initialGeneratorContexts: {} };
    const made = accepted(await post(`${parent}/conversations?${ALT}`, body));
    assert.equal(made.conversationProfile, conversationProfile);
  });

  it('keep a map key that JavaScript has its own use for', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    const body = '{"role":"END_USER","documentsMetadataFilters":{"__proto__":"p","constructor":"c","":"e"}}';
    const path = `/v2beta1/${name}/participants`;
    const made = accepted(await rest.send({ verb: 'POST', path, headers: json, body }));
    const got = accepted(await get(made.name));
    for (const { documentsMetadataFilters } of [made, got]) {
      assert.deepEqual(Object.entries(documentsMetadataFilters).toSorted(), [
        ['', 'e'],
        ['__proto__', 'p'],
        ['constructor', 'c'],
      ]);
    }
  });
});

describe('a body', () => {
  for (const body of ['{}', '""', '', ' {\n} ']) {
    it(`may be ${JSON.stringify(body)} where nothing is to be said`, async () => {
      const { name } = await createConversation(rest, `projects/${newProject()}`);
      const answer = await rest.send({
        verb: 'POST',
        path: `/v2beta1/${name}:complete`,
        headers: json,
        body,
      });
      assert.equal(accepted(answer).lifecycleState, 'COMPLETED');
    });
  }

  it('may be left out where nothing is to be said', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    const answer = await rest.send({ verb: 'POST', path: `/v2beta1/${name}:complete` });
    assert.equal(accepted(answer).lifecycleState, 'COMPLETED');
  });

  it('may say its charset', async () => {
    const parent = `projects/${newProject()}`;
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    const path = `/v2beta1/${parent}/conversationProfiles`;
    const body = '{"displayName":"Zoë 💬"}';
    const made = accepted(await rest.send({ verb: 'POST', path, headers, body }));
    assert.equal(made.displayName, 'Zoë 💬');
  });

  const broken: { name: string; body: string | Uint8Array }[] = [
    { name: 'half an object', body: '{"displayName":"x"' },
    { name: 'a trailing comma', body: '{"displayName":"x",}' },
    { name: 'two values', body: '{"displayName":"x"}{}' },
    { name: 'single quotes', body: "{'displayName':'x'}" },
    { name: 'a list', body: '[{"displayName":"x"}]' },
    { name: 'a number', body: '7' },
    { name: 'true', body: 'true' },
    { name: 'a text', body: '"displayName"' },
    { name: 'a form', body: 'displayName=x' },
    { name: 'a NUL', body: '\u0000' },
    { name: 'a bare control character in a text', body: '{"displayName":"a\u0001b"}' },
    { name: 'a broken escape', body: '{"displayName":"\\u12"}' },
    { name: 'bytes that are no UTF-8', body: Buffer.from('{"displayName":"a\xff\xfeb"}', 'latin1') },
    { name: 'half a surrogate pair', body: '{"displayName":"a\\ud83d"}' },
    { name: 'the other half', body: '{"displayName":"\\udcacb"}' },
    { name: '100,000 brackets', body: '['.repeat(100_000) },
    { name: '100,000 objects', body: '{"automatedAgentConfig":'.repeat(100_000) },
  ];
  for (const { name, body } of broken) {
    it(`is refused when it is ${name}`, async () => {
      const path = `/v2beta1/projects/${newProject()}/conversationProfiles`;
      const error = rejected(
        await rest.send({ verb: 'POST', path, headers: json, body }),
        400,
        'REQUEST_INVALID',
      );
      assert.notEqual(error.message, '');
    });
  }

  for (const { name, body, field } of [
    { name: 'a number for a text', body: { displayName: 7 }, field: 'display_name' },
    { name: 'a list for a text', body: { displayName: ['x'] }, field: 'display_name' },
    {
      name: 'a text for a message',
      body: { displayName: 'x', loggingConfig: 'on' },
      field: 'logging_config',
    },
    {
      name: 'a text for a boolean',
      body: { displayName: 'x', loggingConfig: { enableStackdriverLogging: 'yes' } },
      field: 'logging_config.enable_stackdriver_logging',
    },
    {
      name: 'a bad duration',
      body: { displayName: 'x', automatedAgentConfig: { agent: 'projects/p/agent', sessionTtl: '5' } },
      field: 'automated_agent_config.session_ttl',
    },
    {
      name: 'an object for a list',
      body: {
        displayName: 'x',
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs: {} } },
      },
      field: 'human_agent_assistant_config.human_agent_suggestion_config.feature_configs',
    },
  ]) {
    it(`is refused, and the field named, when it holds ${name}`, async () => {
      const answer = await post(`projects/${newProject()}/conversationProfiles`, body);
      const error = rejected(answer, 400, 'REQUEST_INVALID');
      assert.deepEqual(
        error.violations.map((violation) => violation.field),
        [`conversation_profile.${field}`],
      );
    });
  }

  for (const sendTime of [
    'yesterday',
    '2026-01-01',
    '2026-13-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.0000000001Z',
    1767225600,
    {},
  ]) {
    it(`is refused when a time in it is ${JSON.stringify(sendTime)}`, async () => {
      const { conversation, participant } = await createTalk(rest, `projects/${newProject()}`);
      const requests = [{ message: { content: 'x', participant, sendTime } }];
      rejected(await post(`${conversation}/messages:batchCreate`, { requests }), 400, 'REQUEST_INVALID');
      assert.deepEqual(await listMessages(rest, conversation), []);
    });
  }

  it('may hold a time with an offset, which is the same moment', async () => {
    const { conversation, participant } = await createTalk(rest, `projects/${newProject()}`);
    const times = ['2026-01-01T01:30:00.25+01:30', '2026-01-01T00:00:00.250Z'];
    const requests = times.map((sendTime) => ({ message: { content: sendTime, participant, sendTime } }));
    const { messages: stored } = accepted(await post(`${conversation}/messages:batchCreate`, { requests }));
    assert.deepEqual(stored[1], stored[0]);
    assert.equal(stored[0].sendTime, '2026-01-01T00:00:00.250Z');
  });
});

describe('a query', () => {
  it('may be empty', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    assert.equal(accepted(await get(`${name}?`)).name, name);
  });

  for (const parameter of ['pageSize', 'page_size']) {
    it(`may spell ${parameter}`, async () => {
      const { conversation, participant } = await createTalk(rest, `projects/${newProject()}`);
      await ingest(rest, conversation, messages(participant, 3));
      const page = accepted(await get(`${conversation}/messages?${parameter}=2`));
      assert.equal(page.messages.length, 2);
      const token = parameter === 'pageSize' ? 'pageToken' : 'page_token';
      const next = accepted(
        await get(`${conversation}/messages?${parameter}=2&${token}=${page.nextPageToken}`),
      );
      assert.equal(next.messages.length, 1);
      assert.equal(next.nextPageToken ?? '', '');
    });
  }

  it('may say that nothing is filtered and no page begun', async () => {
    const parent = `projects/${newProject()}`;
    assert.equal(
      accepted(await get(`${parent}/conversations?filter=&pageToken=&pageSize=2`)).nextPageToken ?? '',
      '',
    );
  });

  for (const query of [
    'pageSize=many',
    'pageSize=1.5',
    'pageSize=99999999999',
    'colour=red',
    'pagesize=1',
    'parent.x=1',
    '__proto__=1',
    'pageSize=',
    'pageSize=0x10',
  ]) {
    it(`is refused when it is ${query}`, async () => {
      const { conversation } = await createTalk(rest, `projects/${newProject()}`);
      const error = rejected(await get(`${conversation}/messages?${query}`), 400, 'REQUEST_INVALID');
      const said = JSON.stringify([error.message, error.violations]).toLowerCase().replaceAll('_', '');
      const [parameter = ''] = query.split('=');
      assert.ok(said.includes(parameter.toLowerCase().replaceAll('_', '')), said);
    });
  }

  it('does not lend a body its fields', async () => {
    const parent = `projects/${newProject()}`;
    const { name } = await createProfile(rest, parent);
    const answer = await post(`${parent}/conversations?conversation.conversationProfile=${name}`, {});
    assert.equal(answer.status, 400, answer.text);
  });
});

describe('a path', () => {
  it('is read with its escapes undone', async () => {
    const parent = `projects/${newProject()}`;
    const { name } = await createConversation(rest, parent, {}, 'Abc-1');
    assert.equal(accepted(await get(`${parent}/conversations/%41b%63%2D1`)).name, name);
  });

  for (const path of [
    '/v2beta1',
    '/v2beta1/',
    '/v2beta1/nothing',
    '/v2beta1/projects',
    '/v2beta1/projects/p',
    '/v3/projects/p/conversations',
    '/v2/projects/p/conversations',
    '/V2beta1/projects/p/conversations',
    '/v2beta1/projects/p/conversations/',
    '/v2beta1//projects/p/conversations',
    '/v2beta1/projects/p/conversations/c/unknown',
    '/v2beta1/projects/p/locations/l/conversations/c/d/e/f',
  ]) {
    it(`that leads nowhere is not found: ${path}`, async () => {
      const answer = await rest.send({ verb: 'GET', path });
      rejected(answer, 404, 'ROUTE_UNKNOWN');
    });
  }

  for (const path of [
    'projects/p/conversations/c:finish',
    'projects/p/conversations/c/messages:batchDestroy',
    'projects/p/conversations/c/suggestions:make',
  ]) {
    it(`with an unknown verb after its colon is not found: ${path}`, async () => {
      const answer = await post(path, {});
      assert.ok([404, 405].includes(answer.status), answer.text);
    });
  }

  for (const { verb, path, allow } of [
    { verb: 'DELETE', path: 'projects/p/conversations', allow: ['GET', 'POST'] },
    { verb: 'PUT', path: 'projects/p/locations/global/conversations/c', allow: ['GET'] },
    { verb: 'GET', path: 'projects/p/conversations/c/messages:batchCreate', allow: ['POST'] },
    { verb: 'POST', path: 'projects/p/conversations/c/messages', allow: ['GET'] },
    { verb: 'PATCH', path: 'projects/p/conversations/c/participants', allow: ['GET', 'POST'] },
  ]) {
    it(`answers ${allow.join(' and ')} alone, not ${verb}: ${path}`, async () => {
      const answer = await rest.send({ verb, path: `/v2beta1/${path}`, headers: json, body: '{}' });
      assert.equal(answer.status, 405, answer.text);
      const allowed = String(answer.headers.allow).split(/\s*,\s*/u);
      for (const each of allow) assert.ok(allowed.includes(each), answer.headers.allow);
      assert.ok(!allowed.includes(verb), answer.headers.allow);
      assert.equal(JSON.parse(answer.text).error.code, 405);
    });
  }

  for (const path of [
    '%',
    '%zz',
    '%ff',
    'projects/%c0%80/conversations',
    'projects/p/conversations/%e0%a4',
    'projects/p%2fq/conversations/c',
    '%2e%2e/%2e%2e/etc/passwd',
    '../../etc/passwd',
    '?',
    '??&&==&=;',
    '#',
  ]) {
    it(`is a caller's mistake when it is ${path}`, async () => {
      const { status, text } = await get(path);
      assert.ok(status >= 400 && status < 500, `${status} ${text}`);
      assert.equal(JSON.parse(text).error.code, status);
    });
  }
});

describe('an answer', () => {
  it('to GET is the same with a content type in the request', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    assert.equal((await get(name, json)).text, (await get(name)).text);
  });

  it('leaves out what is not set', async () => {
    const { name } = await createConversation(rest, `projects/${newProject()}`);
    const keys = Object.keys(accepted(await get(name)));
    assert.deepEqual(keys.toSorted(), [
      'conversationProfile',
      'conversationStage',
      'initialConversationProfile',
      'lifecycleState',
      'name',
      'startTime',
    ]);
  });

  it('spells times as RFC 3339 with no more digits than they have', async () => {
    const { conversation, participant } = await createTalk(rest, `projects/${newProject()}`);
    await ingest(rest, conversation, [
      { ...message(participant, 0), sendTime: { seconds: 1n, nanos: 120_000_000 } } as never,
    ]);
    const [stored] = accepted(await get(`${conversation}/messages`)).messages;
    assert.equal(stored.sendTime, '1970-01-01T00:00:01.120Z');
    assert.match(stored.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z$/u);
  });

  it('that lists nothing is an object', async () => {
    const answer = accepted(await get(`projects/${newProject()}/conversations`));
    assert.deepEqual(answer.conversations ?? [], []);
    assert.equal(answer.nextPageToken ?? '', '');
  });

  it('says over REST what gRPC says of the same thing', async () => {
    const parent = `projects/${newProject()}`;
    const { name } = await createConversation(scene.grpc, parent);
    await completeConversation(scene.rest, name);
    assert.deepEqual(await getConversation(scene.rest, name), await getConversation(scene.grpc, name));
  });
});

describe('a refusal in JSON', () => {
  const cases: (HttpRequest & {
    name: string;
    http: number;
    status: string;
    reason: string;
    field?: string;
  })[] = [
    {
      name: 'a bad argument',
      verb: 'GET',
      path: 'conversations?pageSize=-1',
      http: 400,
      status: 'INVALID_ARGUMENT',
      reason: 'PAGE_SIZE_NEGATIVE',
      field: 'page_size',
    },
    {
      name: 'a missing field',
      verb: 'POST',
      path: 'conversationProfiles',
      body: '{}',
      http: 400,
      status: 'INVALID_ARGUMENT',
      reason: 'FIELD_REQUIRED',
      field: 'conversation_profile.display_name',
    },
    {
      name: 'a completed conversation',
      verb: 'POST',
      path: 'conversations/done/participants',
      body: '{"role":3}',
      http: 400,
      status: 'FAILED_PRECONDITION',
      reason: 'CONVERSATION_COMPLETED',
    },
    {
      name: 'something absent',
      verb: 'GET',
      path: 'conversations/absent',
      http: 404,
      status: 'NOT_FOUND',
      reason: 'RESOURCE_NOT_FOUND',
    },
    {
      name: 'an unknown path',
      verb: 'GET',
      path: 'nothing/at/all',
      http: 404,
      status: 'NOT_FOUND',
      reason: 'ROUTE_UNKNOWN',
    },
    {
      name: 'an id that is taken',
      verb: 'POST',
      path: 'conversations?conversationId=done',
      body: '{"conversationProfile":"PROFILE"}',
      http: 409,
      status: 'ALREADY_EXISTS',
      reason: 'RESOURCE_ALREADY_EXISTS',
    },
    {
      name: 'a method that is not built',
      verb: 'GET',
      path: 'phoneNumbers',
      http: 501,
      status: 'UNIMPLEMENTED',
      reason: 'METHOD_UNIMPLEMENTED',
    },
  ];
  for (const { name, http, status, reason, field, verb, path, body = '' } of cases) {
    it(`of ${name} has HTTP status ${http} and says so`, async () => {
      const parent = `projects/${newProject()}/locations/global`;
      const { name: done, conversationProfile } = await createConversation(rest, parent, {}, 'done');
      await completeConversation(rest, done);
      const answer = await rest.send({
        verb,
        path: `/v2beta1/${parent}/${path}`,
        headers: json,
        ...(body === '' ? {} : { body: String(body).replace('PROFILE', conversationProfile) }),
      });
      rejected(answer, http, reason);
      const { error, ...others } = JSON.parse(answer.text);
      assert.deepEqual(others, {});
      assert.deepEqual(Object.keys(error).toSorted(), ['code', 'details', 'message', 'status']);
      assert.deepEqual([error.code, error.status], [http, status]);
      const [info, ...more] = error.details.filter(
        (each: Json) => each['@type'] === `type.googleapis.com/${ErrorInfoSchema.typeName}`,
      );
      assert.deepEqual(more, []);
      assert.deepEqual([info.reason, info.domain], [reason, 'parley']);
      const violated = refusalOf(answer).details.flatMap(
        (any) => anyUnpack(any, BadRequestSchema)?.fieldViolations ?? [],
      );
      assert.deepEqual(
        violated.map((each) => each.field),
        field === undefined ? [] : [field],
      );
    });
  }
});
