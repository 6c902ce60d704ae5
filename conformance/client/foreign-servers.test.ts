import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import {
  ConversationsClient,
  DeadlineExceededError,
  GrpcTransport,
  NotFoundError,
  ParticipantsClient,
  type StreamingAnalyzeContentRequest,
  UnimplementedError,
} from '@parleykit/client';
import { giveUp, preparePython } from '../python-environment.ts';
import {
  type CertificateFiles,
  type ForeignServer,
  LARGE,
  openGrpcio,
  openGrpcJs,
} from './foreign-servers.ts';

interface Kind {
  open(certificate?: CertificateFiles): Promise<ForeignServer>;
  /** Answers why there is none. */
  prepare(): Promise<string | undefined>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'grpc-js': {
    open: (files) => openGrpcJs(files && { cert: readFileSync(files.cert), key: readFileSync(files.key) }),
    prepare: async () => undefined,
  },
  grpcio: { open: openGrpcio, prepare: preparePython },
};

function nameOf(what: string): string {
  return `projects/p/conversations/${what}`;
}

function saying(inputText: string): StreamingAnalyzeContentRequest {
  return { participant: `${nameOf('c')}/participants/p`, inputText };
}

function openConversations(url: string) {
  return new ConversationsClient({
    credentials: 'none',
    transport: 'grpc',
    clientOptions: { apiEndpoint: url },
  });
}

for (const [kind, { open, prepare }] of Object.entries(KINDS)) {
  describe(`a server of ${kind}`, () => {
    let missing: string | undefined;
    let server: ForeignServer | undefined;
    let conversations: ConversationsClient;
    let participants: ParticipantsClient;
    before(async () => {
      missing = await prepare();
      if (missing !== undefined) return;
      server = await open();
      conversations = openConversations(`http://${server.host}`);
      participants = new ParticipantsClient({
        credentials: 'none',
        transport: 'grpc',
        clientOptions: { apiEndpoint: `http://${server.host}` },
      });
    });
    after(async () => {
      await conversations?.close();
      await participants?.close();
      await server?.[Symbol.asyncDispose]();
    });

    /** A case that is skipped where there is no such server. */
    function does(what: string, run: (test: TestContext) => Promise<void>): void {
      it(what, async (test) => {
        if (missing === undefined) await run(test);
        else giveUp(test, missing);
      });
    }

    does('answers', async () => {
      const conversation = await conversations.getConversation({ name: nameOf('plain') });
      assert.equal(conversation.name, nameOf('plain'));
    });

    does('sees the headers, and sends its own before and behind an answer', async () => {
      const { headers, trailers } = await conversations
        .getConversation({ name: nameOf('headers') })
        .withResponse();
      assert.equal(headers['x-seen'], 'name=projects/p/conversations/headers');
      assert.equal(headers['x-twice'], 'a, b');
      assert.equal(trailers['x-behind'], 'yes');
    });

    does('fails with a message and details', async () => {
      await assert.rejects(conversations.getConversation({ name: nameOf('error') }), (error) => {
        assert.ok(error instanceof NotFoundError);
        assert.equal(error.message, 'no such nöte');
        assert.deepEqual([error.reason, error.domain, error.metadata], ['GONE', 'test', { id: '1' }]);
        return true;
      });
    });

    does('does not know a method', async () => {
      await assert.rejects(
        conversations.listConversations({ parent: 'projects/p' }).firstPage(),
        UnimplementedError,
      );
    });

    does('answers with 5 MB', async () => {
      const conversation = await conversations.getConversation({ name: nameOf('large') });
      assert.equal(conversation.conversationProfile, LARGE);
    });

    does('hears that a call is over: its deadline has passed', async () => {
      const never = conversations.getConversation({ name: nameOf('never') }, { timeoutMs: 100 });
      await assert.rejects(never, DeadlineExceededError);
    });

    does('answers 300 calls at a time, of which it takes 8 over each connection', async () => {
      const names = Array.from({ length: 300 }, (_, index) => nameOf(`c${index}`));
      const answers = await Promise.all(names.map((name) => conversations.getConversation({ name })));
      assert.deepEqual(
        answers.map(({ name }) => name),
        names,
      );
    });

    does('streams both ways by turns', async () => {
      const texts = ['one', 'two', 'three'];
      const answered: string[] = [];
      let next = Promise.withResolvers<void>();
      async function* requests() {
        for (const inputText of texts) {
          yield saying(inputText);
          await next.promise;
          next = Promise.withResolvers();
        }
      }
      for await (const { replyText } of participants.streamingAnalyzeContent(requests())) {
        answered.push(replyText);
        next.resolve();
      }
      assert.deepEqual(answered, texts);
    });

    does('streams a thousand answers of 10 kB to a slow reader', async () => {
      let number = 0;
      for await (const { replyText } of participants.streamingAnalyzeContent([saying('many')])) {
        const expected = number === 1000 ? 'many' : `${number} ${LARGE.slice(0, 10_000)}`;
        assert.equal(replyText, expected);
        number++;
        if (number % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(number, 1001);
    });

    does('fails in the middle of a stream', async () => {
      const answered: string[] = [];
      const reading = (async () => {
        const requests = [saying('one'), saying('stop')];
        for await (const { replyText } of participants.streamingAnalyzeContent(requests))
          answered.push(replyText);
      })();
      await assert.rejects(reading, { code: 'ABORTED', message: 'stopped' });
      assert.deepEqual(answered, ['one']);
    });

    does('is left in the middle of a stream, and answers other calls', async () => {
      for await (const _answer of participants.streamingAnalyzeContent([saying('many')])) break;
      assert.equal((await conversations.getConversation({ name: nameOf('on') })).name, nameOf('on'));
    });

    does('shuts down: the call that is under way is answered', async () => {
      await using other = await open();
      const client = openConversations(`http://${other.host}`);
      try {
        assert.equal((await client.getConversation({ name: nameOf('first') })).name, nameOf('first'));
        assert.equal((await client.getConversation({ name: nameOf('stop') })).name, nameOf('stop'));
      } finally {
        await client.close();
      }
    });

    does('answers over TLS', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'parley-foreign-'));
      const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
      const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.key];
      execFileSync('openssl', ['req', '-x509', ...key, '-out', files.cert, '-days', '1', ...name], {
        stdio: 'ignore',
      });
      try {
        await using secure = await open(files);
        const transport = new GrpcTransport({
          host: secure.host,
          credentials: 'none',
          sslCredentials: { ca: readFileSync(files.cert, 'utf8') },
        });
        const client = new ConversationsClient({ transport });
        assert.equal((await client.getConversation({ name: nameOf('safe') })).name, nameOf('safe'));
        await client.close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
}

describe('a server of grpcio that compresses', () => {
  it('is understood', async (test) => {
    const missing = await preparePython();
    if (missing !== undefined) return giveUp(test, missing);
    await using server = await openGrpcio();
    const client = openConversations(`http://${server.host}`);
    const { response, headers } = await client.getConversation({ name: nameOf('gzip') }).withResponse();
    await client.close();
    assert.equal(headers['grpc-encoding'], 'gzip');
    assert.equal(response.conversationProfile, LARGE.slice(0, 10_000));
  });
});
