import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  DocumentSchema,
  Documents,
  ImportDocumentsResponseSchema,
  KnowledgeBases,
  KnowledgeOperationMetadataSchema,
  Document_KnowledgeType as KnowledgeType,
  KnowledgeOperationMetadata_State as MetadataState,
  Document_State as State,
} from '@parleykit/proto/v2beta1';
import {
  beginDocument,
  createBase,
  createDocument,
  type DocumentInit,
  errorOf,
  faq,
  responseOf,
  unpacked,
} from './cases/knowledge-scene.ts';
import { finished, namesOf, refused } from './cases/scene.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

const { getDocument, listDocuments, reloadDocument, importDocuments, updateDocument } = Documents.method;
const { getOperation, cancelOperation } = Operations.method;

type Answer = (call: IncomingMessage, response: ServerResponse) => void;

describe('documents that are fetched', () => {
  let folder: string;
  let server: OwnServer;
  let wire: GrpcWire;
  let site: Server;
  let url: string;
  let answer: Answer;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-documents-'));
    site = createServer((call, response) => answer(call, response));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    wire[Symbol.dispose]();
    await server.stop();
    site.close();
    site.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(uris = 'any'): Promise<void> {
    server = await startServer(folder, '--document-uris', uris);
    wire = new GrpcWire(() => server);
  }

  async function restart(uris = 'any'): Promise<void> {
    await server.stop('SIGKILL');
    wire[Symbol.dispose]();
    await start(uris);
  }

  const page = (path = '/faq.csv', more: DocumentInit = {}): DocumentInit =>
    faq('', { source: { case: 'contentUri', value: `${url}${path}` }, ...more });
  const say = (response: ServerResponse, text: string | Buffer, headers: Record<string, string> = {}): void =>
    void response.writeHead(200, headers).end(text);
  const saying =
    (text: string | Buffer, headers: Record<string, string> = {}): Answer =>
    (_, response) =>
      say(response, text, headers);

  /** What the creation of a document ends with. */
  async function failureOf(
    document: DocumentInit,
  ): Promise<{ readonly code: number; readonly message: string }> {
    const base = await createBase(wire);
    const operation = await finished(wire, (await beginDocument(wire, base.name, document)).name);
    assert.deepEqual((await wire.call(listDocuments, { parent: base.name })).documents, []);
    return errorOf(operation);
  }

  /** Looks again and again until it holds. */
  async function until(look: () => Promise<boolean>): Promise<void> {
    for (let looks = 0; looks < 5000; looks++) if (await look()) return;
    assert.fail('it never came to be');
  }

  it('are read where they lie, also after a redirect, in the encoding that they come in', async () => {
    answer = ({ url: path }, response) => {
      if (path === '/faq.csv') response.writeHead(307, { location: '/moved' }).end();
      else say(response, Buffer.from('Où?,Là.', 'latin1'), { 'content-type': 'text/csv; charset=latin1' });
    };
    await start();
    const base = await createBase(wire);
    const made = await createDocument(wire, base.name, page());
    assert.deepEqual(made.source, { case: 'contentUri', value: `${url}/faq.csv` });
    assert.equal(made.latestReloadStatus?.status?.code, Code.OK);
  });

  it('are not kept where they cannot be had, and the operation says why', async () => {
    await start();
    answer = (_, response) => response.writeHead(404).end();
    assert.deepEqual((await failureOf(page())).code, Code.FAILED_PRECONDITION);
    answer = (_, response) => response.writeHead(503).end();
    const busy = await failureOf(page());
    assert.equal(busy.code, Code.UNAVAILABLE);
    assert.match(busy.message, /answered 503/);
    answer = ({ socket }) => socket.destroy();
    assert.equal((await failureOf(page())).code, Code.UNAVAILABLE);
    answer = saying('x'.repeat(16 * 1024 * 1024 + 1));
    assert.match((await failureOf(page())).message, /more than 16777216 bytes/);
    answer = saying('', { 'content-encoding': 'gzip' });
    assert.match((await failureOf(page())).message, /compressed as gzip/);
    answer = saying('one column');
    assert.match((await failureOf(page())).message, /has no answer/);
    const nowhere = faq('', { source: { case: 'contentUri', value: 'http://127.0.0.1:1/' } });
    assert.match((await failureOf(nowhere)).message, /cannot be reached/);
  });

  it('are given up while 100 MB of them come', async () => {
    let sent = 0;
    answer = (_, response) => {
      const chunk = Buffer.alloc(1_000_000, 'x');
      const send = (): void => {
        while (sent < 100_000_000 && !response.destroyed) {
          sent += chunk.byteLength;
          if (!response.write(chunk)) return void response.once('drain', send);
        }
        response.end();
      };
      send();
    };
    await start();
    assert.match((await failureOf(page())).message, /more than 16777216 bytes/);
    assert.ok(sent < 100_000_000, `${sent} bytes were sent`);
  });

  it('are not fetched from private addresses, where that is not allowed', async () => {
    let calls = 0;
    answer = (_, response) => response.end(`${++calls}`);
    await start('public');
    const { code, message } = await failureOf(page());
    assert.equal(code, Code.FAILED_PRECONDITION);
    assert.match(message, /127\.0\.0\.1 is not public/);
    const named = { case: 'contentUri', value: url.replace('127.0.0.1', 'localhost') } as const;
    assert.match((await failureOf(faq('', { source: named }))).message, /not public/);
    assert.equal(calls, 0);
  });

  it('stay as they were where they cannot be read again, and say so', async () => {
    answer = saying('Where?,Here.');
    await start();
    const base = await createBase(wire);
    const { name } = await createDocument(wire, base.name, page());
    answer = saying('broken');
    const failed = await finished(wire, (await wire.call(reloadDocument, { name })).name);
    assert.match(errorOf(failed).message, /has no answer/);
    const kept = await wire.call(getDocument, { name });
    assert.deepEqual(
      [kept.state, kept.latestReloadStatus?.status?.code],
      [State.ACTIVE, Code.INVALID_ARGUMENT],
    );
    answer = saying('Where?,There.');
    const again = await finished(wire, (await wire.call(reloadDocument, { name })).name);
    assert.equal(responseOf(again, DocumentSchema).latestReloadStatus?.status?.code, Code.OK);
    await restart('none');
    const urisOff = { code: Code.FAILED_PRECONDITION, reason: 'DOCUMENT_URIS_OFF' };
    await refused(wire.call(reloadDocument, { name }), urisOff);
    assert.equal((await wire.call(getDocument, { name })).state, State.ACTIVE);
  });

  it('are imported one by one, with a warning for each that cannot be read', async () => {
    answer = ({ url: path = '' }, response) => {
      if (path.startsWith('/broken')) response.end('x');
      else say(response, `Where is ${path}?,Here.`);
    };
    await start();
    const { name: parent } = await createBase(wire);
    const paths = ['/a.csv', '/broken/1', '/b%20c.csv', '/', '/broken/2', '/d', '/e', '/f'];
    const uris = paths.map((path) => `${url}${path}`);
    const documentTemplate = {
      mimeType: 'text/csv',
      knowledgeTypes: [KnowledgeType.FAQ],
      metadata: { a: 'b' },
    };
    const request = { parent, documentTemplate, source: { case: 'gcsSource', value: { uris } } } as const;
    const operation = await finished(wire, (await wire.call(importDocuments, request)).name);
    const { warnings } = responseOf(operation, ImportDocumentsResponseSchema);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      [Code.INVALID_ARGUMENT, Code.INVALID_ARGUMENT],
    );
    assert.match(warnings[0]?.message ?? '', /the document "1" cannot be read/);
    const { documents } = await wire.call(listDocuments, { parent });
    const host = new URL(url).host;
    assert.deepEqual(
      documents.map(({ displayName }) => displayName).toSorted(),
      ['a.csv', 'b c.csv', host, 'd', 'e', 'f'].toSorted(),
    );
    assert.ok(documents.every(({ state, metadata }) => state === State.ACTIVE && metadata['a'] === 'b'));
  });

  it('are read on after a kill, once the page answers', async () => {
    const begun = Promise.withResolvers<void>();
    answer = () => begun.resolve();
    await start();
    const base = await createBase(wire);
    const { name } = await beginDocument(wire, base.name, page());
    await begun.promise;
    await until(async () => {
      const { metadata } = await wire.call(getOperation, { name });
      return unpacked(metadata, KnowledgeOperationMetadataSchema).state === MetadataState.RUNNING;
    });
    const [document] = (await wire.call(listDocuments, { parent: base.name })).documents;
    assert.equal(document?.state, State.CREATING);
    const change = {
      document: { name: document.name, displayName: 'x' },
      updateMask: { paths: ['display_name'] },
    };
    const inProgress = { code: Code.ABORTED, reason: 'OPERATION_IN_PROGRESS' };
    await refused(wire.call(updateDocument, change), inProgress);
    answer = saying('Where?,Here.');
    await restart();
    const made = responseOf(await finished(wire, name), DocumentSchema);
    assert.deepEqual([made.name, made.state], [document.name, State.ACTIVE]);
  });

  it('are gone when they are cancelled, or their knowledge base is deleted, while the page is silent', async () => {
    answer = () => {};
    await start();
    const base = await createBase(wire);
    const cancelled = await beginDocument(wire, base.name, page());
    await wire.call(cancelOperation, { name: cancelled.name });
    const operation = await wire.call(getOperation, { name: cancelled.name });
    assert.equal(errorOf(operation).code, Code.CANCELLED);
    const { state } = unpacked(operation.metadata, KnowledgeOperationMetadataSchema);
    assert.equal(state, MetadataState.DONE);
    assert.deepEqual((await wire.call(listDocuments, { parent: base.name })).documents, []);
    const { name } = await beginDocument(wire, base.name, page());
    await wire.call(KnowledgeBases.method.deleteKnowledgeBase, { name: base.name, force: true });
    assert.equal(errorOf(await finished(wire, name)).code, Code.NOT_FOUND);
    answer = saying('Where?,Here.');
    const other = await createBase(wire);
    const made = await createDocument(wire, other.name, page());
    assert.deepEqual(namesOf((await wire.call(listDocuments, { parent: other.name })).documents), [
      made.name,
    ]);
  });
});
