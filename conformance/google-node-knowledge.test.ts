import assert from 'node:assert/strict';
import { it } from 'node:test';
import { protos } from '@google-cloud/dialogflow';
import { failureOf, type OpenedClients, onEveryWire } from './google-node-clients.ts';
import { namesOf } from './google-node-scene.ts';
import { newProject } from './target.ts';

const { KnowledgeType } = protos.google.cloud.dialogflow.v2beta1.Document;

onEveryWire("The knowledge bases of Google's Node client", (clients) => {
  for (const form of ['', '/locations/global', '/agent']) {
    it(`come and go with their documents, as its samples have it, under projects/*${form}`, () =>
      documentsComeAndGo(clients, `projects/${newProject()}${form}`));
  }
});

async function documentsComeAndGo(clients: OpenedClients, parent: string): Promise<void> {
  const { knowledgeBases, documents } = clients();
  const [base] = await knowledgeBases.createKnowledgeBase({ parent, knowledgeBase: { displayName: 'Help' } });
  const name = base.name ?? '';
  assert.ok(name.startsWith(`${parent}/knowledgeBases/`), name);
  const [begun] = await documents.createDocument({
    parent: name,
    document: {
      displayName: 'Questions',
      mimeType: 'text/csv',
      knowledgeTypes: [KnowledgeType.FAQ],
      rawContent: Buffer.from('Where are you?,In Berne.\n'),
      metadata: { team: 'x' },
    },
  });
  const [document, metadata] = await begun.promise();
  assert.equal(metadata.knowledgeBase, name);
  assert.deepEqual([document.displayName, document.metadata], ['Questions', { team: 'x' }]);
  const [listed] = await documents.listDocuments({
    parent: name,
    filter: 'knowledge_types:FAQ AND state=ACTIVE',
  });
  assert.deepEqual(namesOf(listed), [document.name]);
  const [found] = await documents.getDocument({ name: document.name ?? '' });
  assert.deepEqual([found.name, found.state, found.knowledgeTypes], [document.name, 'ACTIVE', ['FAQ']]);
  const [reloading] = await documents.reloadDocument({ name: document.name ?? '' });
  assert.equal((await reloading.promise())[0].name, document.name);
  const [renaming] = await documents.updateDocument({
    document: { name: document.name ?? '', displayName: 'Answers' },
    updateMask: { paths: ['display_name'] },
  });
  assert.equal((await renaming.promise())[0].displayName, 'Answers');
  const failure = await failureOf(clients(), knowledgeBases.deleteKnowledgeBase({ name }));
  assert.equal(failure.reason, 'KNOWLEDGE_BASE_NOT_EMPTY');
  const [deleting] = await documents.deleteDocument({ name: document.name ?? '' });
  await deleting.promise();
  await knowledgeBases.deleteKnowledgeBase({ name });
  const [left] = await knowledgeBases.listKnowledgeBases({ parent });
  assert.deepEqual(left, []);
}
