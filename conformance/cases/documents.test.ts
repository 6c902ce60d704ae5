import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  DocumentSchema,
  Documents,
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
} from './knowledge-scene.ts';
import { finished, located, namesOf, nanos, openScene, refused } from './scene.ts';

const scene = openScene();
const { getDocument, listDocuments, updateDocument, deleteDocument, reloadDocument, importDocuments } =
  Documents.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const invalid = (...fields: string[]) => ({ code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields });
const required = (...fields: string[]) => ({ code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED', fields });
const inStorage = { code: Code.UNIMPLEMENTED, reason: 'CLOUD_STORAGE_UNSUPPORTED' };
const urisOff = { code: Code.FAILED_PRECONDITION, reason: 'DOCUMENT_URIS_OFF' };

/** A PDF of one page. */
function pdf(text: string): Buffer {
  const content = `BT /F1 12 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Count 1/Kids[4 0 R]>>',
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>',
    `<</Length ${content.length}>>\nstream\n${content}\nendstream`,
  ];
  const bodies = objects.map((object, index) => `${index + 1} 0 obj\n${object}\nendobj\n`);
  return Buffer.from(`%PDF-1.4\n${bodies.join('')}trailer<</Size 6/Root 1 0 R>>\n%%EOF`);
}

function text(mimeType: string, content: string | Buffer, ...knowledgeTypes: KnowledgeType[]): DocumentInit {
  return faq('', { mimeType, knowledgeTypes, source: { case: 'rawContent', value: Buffer.from(content) } });
}

for (const wire of scene.wires) {
  describe(`documents over ${wire.name}`, () => {
    it('are made by an operation, and answered without their content on both wires', async () => {
      const base = await createBase(wire);
      const metadata = { url: 'https://example.com', Größe: '1' };
      const begun = await beginDocument(
        wire,
        base.name,
        faq(undefined, { metadata, enableAutoReload: true }),
      );
      assert.match(begun.name, /^projects\/[^/]+\/operations\/[^/]+$/);
      const before = unpacked(begun.metadata, KnowledgeOperationMetadataSchema);
      assert.deepEqual([before.state, before.knowledgeBase], [MetadataState.PENDING, base.name]);
      const operation = await finished(wire, begun.name);
      const after = unpacked(operation.metadata, KnowledgeOperationMetadataSchema);
      assert.deepEqual([after.state, after.knowledgeBase], [MetadataState.DONE, base.name]);
      assert.ok(nanos(after.doneTime) > 0n);
      const made = responseOf(operation, DocumentSchema);
      assert.ok(made.name.startsWith(`${base.name}/documents/`));
      assert.equal(made.state, State.ACTIVE);
      assert.equal(made.latestReloadStatus?.status?.code, Code.OK);
      assert.deepEqual(made.source, { case: undefined });
      assert.deepEqual(
        [made.displayName, made.mimeType, made.knowledgeTypes, made.enableAutoReload, made.metadata],
        ['a document', 'text/csv', [KnowledgeType.FAQ], true, metadata],
      );
      for (const reader of scene.wires) {
        for (const name of [made.name, located(made.name)]) {
          assert.deepEqual(await reader.call(getDocument, { name }), { ...made, name });
        }
      }
    });

    const kinds: { name: string; document: DocumentInit }[] = [
      { name: 'the deprecated content', document: faq('', { source: { case: 'content', value: 'a,b' } }) },
      {
        name: 'HTML with questions and an article in one',
        document: text(
          'text/html; charset=utf-8',
          '<h1>Help</h1><dl><dt>Where?<dd>Here.</dl>',
          KnowledgeType.FAQ,
          KnowledgeType.ARTICLE_SUGGESTION,
        ),
      },
      { name: 'plain text', document: text('text/plain', 'Some text.', KnowledgeType.EXTRACTIVE_QA) },
      { name: 'Markdown', document: text('text/markdown', '# A\n\ntext', KnowledgeType.ARTICLE_SUGGESTION) },
      { name: 'a PDF', document: text('application/pdf', pdf('Hello'), KnowledgeType.ARTICLE_SUGGESTION) },
      { name: 'replies', document: text('text/plain', 'Hello!\nBye!', KnowledgeType.SMART_REPLY) },
    ];
    for (const { name, document } of kinds) {
      it(`are made of ${name}`, async () => {
        const base = await createBase(wire);
        assert.equal((await createDocument(wire, base.name, document)).state, State.ACTIVE);
      });
    }

    const unreadable: { name: string; document: DocumentInit; says: RegExp }[] = [
      { name: 'a CSV with one column', document: faq('Where are you?\n'), says: /line 1 has no answer/ },
      { name: 'a CSV of commas', document: faq(',,,\n,\n'), says: /no text in it/ },
      { name: 'a CSV with an open quote', document: faq('a,b\n"c,d\n'), says: /is no CSV/ },
      {
        name: 'bytes that are no text',
        document: text('text/plain', Buffer.from([0xff, 0xfb, 0x90]), KnowledgeType.EXTRACTIVE_QA),
        says: /no text in utf-8/,
      },
      {
        name: 'HTML without questions',
        document: text('text/html', '<p>Hello</p>', KnowledgeType.FAQ),
        says: /no questions with answers/,
      },
      {
        name: 'HTML of scripts alone',
        document: text('text/html', '<script>x</script>', KnowledgeType.ARTICLE_SUGGESTION),
        says: /no text in it/,
      },
      {
        name: 'what is no PDF',
        document: text('application/pdf', 'Hello', KnowledgeType.ARTICLE_SUGGESTION),
        says: /no PDF/,
      },
    ];
    for (const { name, document, says } of unreadable) {
      it(`are not kept of ${name}`, async () => {
        const base = await createBase(wire);
        const operation = await finished(wire, (await beginDocument(wire, base.name, document)).name);
        const { code, message } = errorOf(operation);
        assert.equal(code, Code.INVALID_ARGUMENT);
        assert.match(message, says);
        const { state } = unpacked(operation.metadata, KnowledgeOperationMetadataSchema);
        assert.equal(state, MetadataState.DONE);
        assert.deepEqual((await wire.call(listDocuments, { parent: base.name })).documents, []);
      });
    }

    const bad: { name: string; document: DocumentInit; refusal: Parameters<typeof refused>[1] }[] = [
      {
        name: 'nothing',
        document: faq('', { displayName: '', mimeType: '', knowledgeTypes: [] }),
        refusal: required('document.display_name', 'document.mime_type', 'document.knowledge_types'),
      },
      { name: 'no content', document: faq(''), refusal: required('document.raw_content') },
      {
        name: 'no source',
        document: faq('', { source: { case: undefined } }),
        refusal: required('document.raw_content'),
      },
      {
        name: 'a long name',
        document: faq(undefined, { displayName: 'x'.repeat(1025) }),
        refusal: invalid('document.display_name'),
      },
      {
        name: 'a MIME type that is not read',
        document: faq(undefined, { mimeType: 'image/png' }),
        refusal: invalid('document.mime_type'),
      },
      {
        name: 'questions in plain text',
        document: faq(undefined, { mimeType: 'text/plain' }),
        refusal: invalid('document.knowledge_types[0]'),
      },
      {
        name: 'a type of knowledge that nobody knows',
        document: faq(undefined, { knowledgeTypes: [KnowledgeType.FAQ, 77 as KnowledgeType] }),
        refusal: invalid('document.knowledge_types[1]'),
      },
      {
        name: 'long metadata',
        document: faq(undefined, { metadata: { a: 'é'.repeat(513) } }),
        refusal: invalid('document.metadata'),
      },
      {
        name: 'too much metadata',
        document: faq(undefined, {
          metadata: Object.fromEntries(Array.from({ length: 20 }, (_, key) => [key, 'x'.repeat(1000)])),
        }),
        refusal: invalid('document'),
      },
      {
        name: 'a file in Cloud Storage',
        document: faq('', { source: { case: 'contentUri', value: 'gs://bucket/a.csv' } }),
        refusal: inStorage,
      },
      {
        name: 'a page, where none are fetched',
        document: faq('', { source: { case: 'contentUri', value: 'https://example.com/a.csv' } }),
        refusal: urisOff,
      },
      {
        name: 'a file of the server',
        document: faq('', { source: { case: 'contentUri', value: 'file:///etc/passwd' } }),
        refusal: invalid('document.content_uri'),
      },
      {
        name: 'a password in an address',
        document: faq('', { source: { case: 'contentUri', value: 'https://a:b@example.com/' } }),
        refusal: invalid('document.content_uri'),
      },
    ];
    for (const { name, document, refusal } of bad) {
      it(`are refused with ${name}`, async () => {
        const base = await createBase(wire);
        await refused(beginDocument(wire, base.name, document), refusal);
        assert.deepEqual((await wire.call(listDocuments, { parent: base.name })).documents, []);
      });
    }

    it('need a knowledge base', async () => {
      const { name } = await createBase(wire);
      await refused(beginDocument(wire, `${name}x`), notFound);
      await refused(wire.call(getDocument, { name: `${name}/documents/none` }), notFound);
      await refused(wire.call(deleteDocument, { name: `${name}/documents/none` }), notFound);
      await refused(wire.call(reloadDocument, { name: `${name}/documents/none` }), notFound);
    });

    it('are listed by pages, filtered by type, name and state', async () => {
      const base = await createBase(wire);
      const made: string[] = [];
      for (let count = 0; count < 11; count++) {
        made.push((await createDocument(wire, base.name, faq(undefined, { displayName: `n${count}` }))).name);
      }
      const article = text('text/plain', 'x', KnowledgeType.ARTICLE_SUGGESTION);
      made.push((await createDocument(wire, base.name, article)).name);
      const list = (filter: string, pageToken = '') =>
        wire.call(listDocuments, { parent: base.name, filter, pageToken });
      const first = await list('');
      assert.deepEqual(namesOf(first.documents), made.slice(0, 10));
      assert.deepEqual(namesOf((await list('', first.nextPageToken)).documents), made.slice(10));
      assert.deepEqual(namesOf((await list('display_name:N1')).documents), [made[1], made[10]]);
      assert.deepEqual(namesOf((await list('knowledge_types:ARTICLE_SUGGESTION')).documents), made.slice(11));
      const faqs = await list('knowledge_types:FAQ AND state=ACTIVE');
      assert.deepEqual(namesOf(faqs.documents), made.slice(0, 10));
      const rest = await list('knowledge_types:FAQ AND state=ACTIVE', faqs.nextPageToken);
      assert.deepEqual([namesOf(rest.documents), rest.nextPageToken], [[made[10]], '']);
      assert.deepEqual((await list('state=CREATING')).documents, []);
      for (const filter of ['state=active', 'state:ACTIVE', 'knowledge_types:4', 'mime_type="text/csv"']) {
        const refusal = { code: Code.INVALID_ARGUMENT, reason: 'FILTER_INVALID', fields: ['filter'] };
        await refused(list(filter), refusal);
      }
    });

    it('are called something else by an operation, and nothing else of them changes', async () => {
      const { name: parent } = await createBase(wire);
      const made = await createDocument(wire, parent);
      const { name } = made;
      const updateMask = { paths: ['display_name'] };
      const begun = await wire.call(updateDocument, { document: { name, displayName: 'x' }, updateMask });
      const updated = responseOf(await finished(wire, begun.name), DocumentSchema);
      assert.deepEqual(updated, { ...made, displayName: 'x' });
      assert.deepEqual(await wire.call(getDocument, { name }), updated);
      const whole = await wire.call(updateDocument, { document: { ...updated, displayName: 'y' } });
      assert.equal(responseOf(await finished(wire, whole.name), DocumentSchema).displayName, 'y');
      for (const path of ['mime_type', 'metadata', 'raw_content']) {
        const document = { ...faq(), name };
        const refusal = invalid('update_mask');
        await refused(wire.call(updateDocument, { document, updateMask: { paths: [path] } }), refusal);
      }
      const other = { ...updated, mimeType: 'text/html' };
      await refused(wire.call(updateDocument, { document: other }), invalid('update_mask'));
    });

    it('are read again by an operation', async () => {
      const { name: parent } = await createBase(wire);
      const made = await createDocument(wire, parent);
      const { name } = made;
      const operation = await finished(wire, (await wire.call(reloadDocument, { name })).name);
      const again = responseOf(operation, DocumentSchema);
      assert.deepEqual(
        { ...again, latestReloadStatus: undefined },
        { ...made, latestReloadStatus: undefined },
      );
      assert.ok(nanos(again.latestReloadStatus?.time) > nanos(made.latestReloadStatus?.time));
      const gcsSource = { case: 'gcsSource', value: { uri: 'gs://bucket/a' } } as const;
      await refused(wire.call(reloadDocument, { name, source: gcsSource }), inStorage);
    });

    it('are deleted by an operation', async () => {
      const { name: parent } = await createBase(wire);
      const { name } = await createDocument(wire, parent);
      const operation = await finished(wire, (await wire.call(deleteDocument, { name })).name);
      responseOf(operation, EmptySchema);
      await refused(wire.call(getDocument, { name }), notFound);
      await refused(wire.call(deleteDocument, { name }), notFound);
      assert.deepEqual((await wire.call(listDocuments, { parent })).documents, []);
    });

    it('are imported from where they may be fetched alone, 350 at most', async () => {
      const { name: parent } = await createBase(wire);
      const documentTemplate = { mimeType: 'text/html', knowledgeTypes: [KnowledgeType.ARTICLE_SUGGESTION] };
      const from = (...uris: string[]) =>
        wire.call(importDocuments, {
          parent,
          documentTemplate,
          source: { case: 'gcsSource', value: { uris } },
        });
      await refused(from('gs://bucket/*.html'), inStorage);
      await refused(from('https://example.com/'), urisOff);
      const many = Array.from({ length: 351 }, (_, index) => `https://example.com/${index}`);
      await refused(from(...many), invalid('gcs_source.uris'));
      await refused(wire.call(importDocuments, { parent, documentTemplate }), required('gcs_source.uris'));
    });

    it('go under the agent of a project too', async () => {
      const { name } = await createBase(wire);
      const parent = name.replace(/^(projects\/[^/]+)\//u, '$1/agent/');
      const made = await createDocument(wire, parent);
      assert.ok(made.name.startsWith(`${parent}/documents/`), made.name);
      const { documents } = await wire.call(listDocuments, { parent: name });
      assert.deepEqual(namesOf(documents), [made.name.replace('/agent/', '/')]);
    });

    it('are cancelled while they are read, and then not there', async () => {
      const { name: parent } = await createBase(wire);
      const long = text('application/pdf', pdf('x'), KnowledgeType.ARTICLE_SUGGESTION);
      const { name } = await beginDocument(wire, parent, long);
      await wire.call(Operations.method.cancelOperation, { name });
      const operation = await finished(wire, name);
      const { documents } = await wire.call(listDocuments, { parent });
      // Whichever was faster, both say the same.
      const wasCancelled = operation.result.case === 'error';
      if (wasCancelled) assert.equal(errorOf(operation).code, Code.CANCELLED);
      assert.equal(documents.length, wasCancelled ? 0 : 1);
      assert.ok(documents.every(({ state }) => state === State.ACTIVE));
    });
  });
}
