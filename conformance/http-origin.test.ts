import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertRefused, exchange, HttpConnection, type RawAnswer, requestBytes } from './http-connection.ts';
import { newProject, openTarget, type Target } from './target.ts';

const HOST_NOT_ALLOWED = { http: 403, status: 'PERMISSION_DENIED', reason: 'HOST_NOT_ALLOWED' };
const HOST_INVALID = { http: 400, status: 'INVALID_ARGUMENT', reason: 'HOST_INVALID' };
const ORIGIN_NOT_ALLOWED = { http: 403, status: 'PERMISSION_DENIED', reason: 'ORIGIN_NOT_ALLOWED' };
const TYPE_UNSUPPORTED = { http: 400, status: 'INVALID_ARGUMENT', reason: 'CONTENT_TYPE_UNSUPPORTED' };
const ENCODING_UNSUPPORTED = {
  http: 400,
  status: 'INVALID_ARGUMENT',
  reason: 'CONTENT_ENCODING_UNSUPPORTED',
};

const CONSOLE = 'https://console.example';
const PROFILE = '{"displayName":"x"}';
const JSON_TYPE = 'Content-Type: application/json';

/** Both kinds of what HTTP answers: a page that is no call, and a call. */
const paths = ['/healthz', '/v2beta1/projects/p/conversations'];

/** Opens a server for a suite. */
function openForSuite(...flags: string[]): () => Target {
  let target: Target | undefined;
  before(async () => {
    target = await openTarget(...flags);
  });
  after(() => target?.[Symbol.asyncDispose]());
  return () => {
    assert.ok(target);
    return target;
  };
}

function assertAnswered(answer: RawAnswer): void {
  assert.equal(answer.status, 200, answer.body);
}

/** The names of all profiles of a project. */
async function profilesOf(target: Target, project: string): Promise<unknown[]> {
  const path = `/v2beta1/projects/${project}/conversationProfiles`;
  const answer = await exchange(target, `GET ${path}`, [`Host: ${target.address}`]);
  assertAnswered(answer);
  return JSON.parse(answer.body).conversationProfiles ?? [];
}

describe('the Host of a request', () => {
  const target = openForSuite('--allowed-host', 'Parley.example', '--allowed-host', '192.0.2.7');

  for (const host of [
    'localhost',
    'LocalHost:PORT',
    'localhost:',
    '127.0.0.1:PORT',
    // What a tunnel or a container has on the other side.
    '127.0.0.1:9999',
    '127.8.9.10',
    '127.1',
    '[::1]:PORT',
    '[0:0:0:0:0:0:0:1]',
    'parley.example',
    'PARLEY.EXAMPLE:80',
    '192.0.2.7:PORT',
  ]) {
    it(`may be ${host}`, async () => {
      for (const path of paths) {
        const header = `Host: ${host.replace('PORT', String(target().port))}`;
        assertAnswered(await exchange(target(), `GET ${path}`, [header]));
      }
    });
  }

  for (const host of [
    'evil.example',
    'evil.example:PORT',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notlocalhost',
    'localhost.',
    'sub.parley.example',
    'parley.example.evil.example',
    '0.0.0.0:PORT',
    '192.0.2.1',
    '128.0.0.1',
    '169.254.169.254',
    '[::]',
    '[2001:db8::1]:PORT',
    '[::ffff:127.0.0.1]',
  ]) {
    it(`must not be ${host}`, async () => {
      for (const path of paths) {
        const header = `Host: ${host.replace('PORT', String(target().port))}`;
        const text = assertRefused(await exchange(target(), `GET ${path}`, [header]), HOST_NOT_ALLOWED);
        assert.match(text, /--allowed-host/u);
      }
    });
  }

  for (const { name, headers } of [
    { name: 'be missing', headers: [] },
    { name: 'be empty', headers: ['Host:'] },
    { name: 'be given twice', headers: ['Host: localhost', 'Host: localhost'] },
    { name: 'be given twice, differently', headers: ['Host: localhost', 'Host: evil.example'] },
    { name: 'be two in one', headers: ['Host: localhost, evil.example'] },
    { name: 'name a user', headers: ['Host: user@localhost'] },
    { name: 'have a port that is none', headers: ['Host: localhost:http'] },
    { name: 'have a path', headers: ['Host: localhost/evil'] },
    { name: 'be half an address', headers: ['Host: [::1'] },
    { name: 'be an address that is none', headers: ['Host: 127.0.0.256'] },
  ]) {
    it(`must not ${name}`, async () => {
      for (const path of paths) {
        assertRefused(await exchange(target(), `GET ${path}`, headers), HOST_INVALID);
      }
    });
  }

  it('may be missing in HTTP/1.0, which no browser speaks', async () => {
    using connection = await HttpConnection.open(target());
    connection.write('GET /healthz HTTP/1.0\r\n\r\n');
    assertAnswered(await connection.readAnswer());
  });

  it('is overruled by an absolute target', async () => {
    const good = 'GET http://localhost:1/healthz';
    assertAnswered(await exchange(target(), good, ['Host: evil.example']));
    const bad = 'GET http://evil.example/healthz';
    assertRefused(await exchange(target(), bad, ['Host: localhost']), HOST_NOT_ALLOWED);
  });

  it('keeps a call from being made when it is refused', async () => {
    const project = newProject();
    const line = `POST /v2beta1/projects/${project}/conversationProfiles`;
    const answer = await exchange(target(), line, ['Host: evil.example', JSON_TYPE], PROFILE);
    assertRefused(answer, HOST_NOT_ALLOWED);
    assert.deepEqual(await profilesOf(target(), project), []);
  });
});

describe('a server beyond loopback', () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  const target = openForSuite('--host', '0.0.0.0', '--insecure');

  it('answers to the address that a connection was made to', {
    skip: address === undefined && 'this machine has no address beside loopback',
  }, async () => {
    const { port } = target();
    const beside = { host: String(address), port };
    assertAnswered(await exchange(beside, 'GET /healthz', [`Host: ${address}:${port}`]));
    const refused = await exchange({ host: '127.0.0.1', port }, 'GET /healthz', [`Host: ${address}:${port}`]);
    assertRefused(refused, HOST_NOT_ALLOWED);
  });

  it('answers to what it was told to listen on, and to no other name', async () => {
    const { port } = target();
    const here = { host: '127.0.0.1', port };
    assertAnswered(await exchange(here, 'GET /healthz', [`Host: 0.0.0.0:${port}`]));
    assertRefused(await exchange(here, 'GET /healthz', ['Host: evil.example']), HOST_NOT_ALLOWED);
  });

  for (const flags of [
    ['--host', '0.0.0.0'],
    ['--host', '::'],
    ['--host', 'parley.example'],
  ]) {
    it(`is not started by ${flags.join(' ')} alone, and exits with 2`, async () => {
      const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
      const args = ['--conditions=source', main, 'serve', '--port', '0', ...flags];
      const { promise, resolve } = Promise.withResolvers<[unknown, string]>();
      execFile(process.execPath, args, (error, _stdout, stderr) => resolve([error?.code, stderr]));
      const [code, stderr] = await promise;
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--insecure/u);
    });
  }
});

describe('the Origin of a request', () => {
  const target = openForSuite('--cors-origin', CONSOLE, '--cors-origin', 'http://localhost:3000');
  const own = (): string => `http://${target().address}`;

  for (const origin of [CONSOLE, 'http://localhost:3000']) {
    for (const path of [...paths, '/v2beta1/nothing', '/v2beta1/projects/p/conversations?pageSize=-1']) {
      it(`may be ${origin}, which is told that it may read ${path}`, async () => {
        const headers = [`Host: ${target().address}`, `Origin: ${origin}`, 'Sec-Fetch-Site: cross-site'];
        const answer = await exchange(target(), `GET ${path}`, headers);
        assert.notEqual(answer.status, 403, answer.body);
        assert.equal(answer.headers.get('access-control-allow-origin'), origin);
        assert.equal(answer.headers.get('vary'), 'origin');
        assert.equal(answer.headers.has('access-control-allow-credentials'), false);
      });
    }
  }

  it('may be the server itself, which needs no leave', async () => {
    for (const path of paths) {
      const headers = [`Host: ${target().address}`, `Origin: ${own()}`, 'Sec-Fetch-Site: same-origin'];
      const answer = await exchange(target(), `GET ${path}`, headers);
      assertAnswered(answer);
      assert.equal(answer.headers.has('access-control-allow-origin'), false);
    }
  });

  it('may be the server at the end of a tunnel', async () => {
    const headers = ['Host: localhost:9999', 'Origin: http://localhost:9999'];
    assertAnswered(await exchange(target(), 'GET /healthz', headers));
  });

  for (const origin of [
    'null',
    '',
    'http://evil.example',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT',
    'http://console.example',
    'https://console.example:444',
    'https://sub.console.example',
    'https://console.example.evil.example',
    'https://console.example, https://console.example',
    '*',
  ]) {
    it(`must not be ${JSON.stringify(origin)}, which is told nothing and changes nothing`, async () => {
      const project = newProject();
      const header = `Origin: ${origin.replace('PORT', String(target().port))}`;
      const headers = [`Host: ${target().address}`, header];
      const path = `/v2beta1/projects/${project}/conversationProfiles`;
      for (const answer of [
        await exchange(target(), 'GET /healthz', headers),
        await exchange(target(), `GET ${path}`, headers),
        await exchange(target(), `POST ${path}`, [...headers, JSON_TYPE], PROFILE),
        await exchange(target(), `POST ${path}`, headers),
      ]) {
        assertRefused(answer, ORIGIN_NOT_ALLOWED);
        assert.equal(answer.headers.has('access-control-allow-origin'), false);
      }
      assert.deepEqual(await profilesOf(target(), project), []);
    });
  }

  it('is asked about before a call', async () => {
    const headers = [
      `Host: ${target().address}`,
      `Origin: ${CONSOLE}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: content-type,x-goog-api-client',
    ];
    const answer = await exchange(target(), 'OPTIONS /v2beta1/projects/p/conversations', headers);
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), CONSOLE);
    assert.equal(answer.headers.get('vary'), 'origin');
    assert.equal(answer.headers.get('access-control-max-age'), '7200');
    const list = (name: string): string[] => answer.headers.get(name)?.split(', ') ?? [];
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      assert.ok(list('access-control-allow-methods').includes(method), method);
    }
    for (const header of [
      'authorization',
      'content-type',
      'x-goog-api-client',
      'x-goog-request-params',
      'x-goog-user-project',
      'x-request-id',
    ]) {
      assert.ok(list('access-control-allow-headers').includes(header), header);
    }
  });

  it('is answered no before a call, too', async () => {
    const headers = [
      `Host: ${target().address}`,
      'Origin: http://evil.example',
      'Access-Control-Request-Method: POST',
    ];
    const answer = await exchange(target(), 'OPTIONS /v2beta1/projects/p/conversations', headers);
    assertRefused(answer, ORIGIN_NOT_ALLOWED);
    assert.deepEqual(
      [...answer.headers.keys()].filter((name) => name.startsWith('access-control-')),
      [],
    );
  });
});

describe('a request of a page that does not say its origin', () => {
  const target = openForSuite();
  const visit = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'];

  for (const { name, headers } of [
    { name: 'typed by a person', headers: ['Sec-Fetch-Site: none', ...visit] },
    { name: 'of the server itself', headers: ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors'] },
    { name: 'that follows a link', headers: ['Sec-Fetch-Site: cross-site', ...visit] },
    { name: 'of no page at all', headers: [] },
  ]) {
    it(`is answered when it is one ${name}`, async () => {
      for (const path of paths) {
        assertAnswered(await exchange(target(), `GET ${path}`, [`Host: ${target().address}`, ...headers]));
      }
    });
  }

  for (const site of ['cross-site', 'same-site', 'unheard-of']) {
    for (const { name, line = 'GET', headers } of [
      { name: 'for an image', headers: ['Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'] },
      { name: 'for a script', headers: ['Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: script'] },
      { name: 'for a frame', headers: ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'] },
      { name: 'for a form that posts', line: 'POST', headers: visit },
      { name: 'that says no more', headers: [] },
    ]) {
      it(`is refused when it is ${site} and one ${name}`, async () => {
        for (const path of paths) {
          const all = [`Host: ${target().address}`, `Sec-Fetch-Site: ${site}`, ...headers];
          assertRefused(await exchange(target(), `${line} ${path}`, all), ORIGIN_NOT_ALLOWED);
        }
      });
    }
  }
});

describe('the content of a request', () => {
  const target = openForSuite();
  const post = async (project: string, headers: readonly string[], body = PROFILE): Promise<RawAnswer> => {
    const path = `/v2beta1/projects/${project}/conversationProfiles`;
    return exchange(target(), `POST ${path}`, [`Host: ${target().address}`, ...headers], body);
  };

  for (const headers of [
    [JSON_TYPE],
    ['content-type:application/json;charset=utf-8'],
    ['Content-Type: Application/JSON ; Charset="UTF-8"'],
    ['Content-Type: application/json; profile=x'],
    [JSON_TYPE, 'Content-Encoding: identity'],
  ]) {
    it(`may be said to be ${headers.join(', ')}`, async () => {
      assertAnswered(await post(newProject(), headers));
    });
  }

  for (const { headers, want } of [
    { headers: [], want: TYPE_UNSUPPORTED },
    ...[
      'text/plain',
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'application/jsonp',
      'application/json-patch+json',
      'application/json, text/plain',
      'text/plain; application/json',
      'text/json',
      'application/grpc',
      '*/*',
      'json',
      '',
      'application/json; charset=utf-16',
      'application/json; charset=iso-8859-1',
      'application/json; charset=utf-8; charset=utf-7',
    ].map((type) => ({ headers: [`Content-Type: ${type}`], want: TYPE_UNSUPPORTED })),
    { headers: [JSON_TYPE, 'Content-Type: text/plain'], want: TYPE_UNSUPPORTED },
    ...['gzip', 'deflate', 'br', 'identity, gzip', 'x'].map((encoding) => ({
      headers: [JSON_TYPE, `Content-Encoding: ${encoding}`],
      want: ENCODING_UNSUPPORTED,
    })),
  ]) {
    it(`must not be said to be ${headers.join(', ') || 'nothing'}, whatever it is`, async () => {
      const project = newProject();
      for (const body of [PROFILE, '{}', '""', `{"displayName":"${'x'.repeat(100_000)}"}`]) {
        assertRefused(await post(project, headers, body), want);
      }
      assert.deepEqual(await profilesOf(target(), project), []);
    });
  }

  it('must have a type when its length is not known before', async () => {
    using connection = await HttpConnection.open(target());
    const path = `/v2beta1/projects/${newProject()}/conversationProfiles`;
    const headers = [`Host: ${target().address}`, 'Transfer-Encoding: chunked'];
    connection.write(requestBytes(`POST ${path}`, headers, '2\r\n{}\r\n0\r\n\r\n'));
    assertRefused(await connection.readAnswer(), TYPE_UNSUPPORTED);
  });

  it('must not be a form or a text even when there is none', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const line = 'POST /v2beta1/projects/p/conversations/c:complete';
      const headers = [`Host: ${target().address}`, `Content-Type: ${type}`, 'Content-Length: 0'];
      assertRefused(await exchange(target(), line, headers), TYPE_UNSUPPORTED);
    }
  });

  it('may be none, with or without a type', async () => {
    for (const headers of [[], [JSON_TYPE], [JSON_TYPE, 'Content-Length: 0'], ['Content-Length: 0']]) {
      const all = [`Host: ${target().address}`, ...headers];
      assertAnswered(await exchange(target(), 'GET /v2beta1/projects/p/conversations', all));
      const line = 'POST /v2beta1/projects/p/conversations/absent:complete';
      const answer = await exchange(target(), line, all);
      assertRefused(answer, { http: 404, status: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' });
    }
  });
});
