import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { Documents, KnowledgeBases } from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { createBase, createDocument } from './knowledge-scene.ts';
import { located, namesOf, openScene, refused } from './scene.ts';

const scene = openScene();
const { getKnowledgeBase, listKnowledgeBases, updateKnowledgeBase, deleteKnowledgeBase } =
  KnowledgeBases.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const invalid = (...fields: string[]) => ({ code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields });

/** A name with the deprecated `agent`, of one without. */
function ofAgent(name: string): string {
  return name.replace(/^(projects\/[^/]+)\//u, '$1/agent/');
}

for (const wire of scene.wires) {
  describe(`knowledge bases over ${wire.name}`, () => {
    it('are made, and read on both wires, in each form of their name', async () => {
      const made = await createBase(wire, undefined, { displayName: 'Zürich', languageCode: 'de' });
      assert.deepEqual([made.displayName, made.languageCode], ['Zürich', 'de']);
      for (const reader of scene.wires) {
        for (const name of [made.name, located(made.name), ofAgent(made.name)]) {
          assert.deepEqual(await reader.call(getKnowledgeBase, { name }), { ...made, name });
        }
      }
    });

    it('are made and listed under the agent of a project too, and in other locations apart', async () => {
      const project = `projects/${newProject()}`;
      const { name } = await createBase(wire, `${project}/agent`);
      assert.ok(name.startsWith(`${project}/agent/knowledgeBases/`), name);
      await createBase(wire, `${project}/locations/europe-west1`);
      for (const parent of [project, `${project}/agent`, `${project}/locations/global`]) {
        const { knowledgeBases } = await wire.call(listKnowledgeBases, { parent });
        assert.deepEqual(namesOf(knowledgeBases), [`${parent}/${name.slice(`${project}/agent/`.length)}`]);
      }
      const unknown = createBase(wire, `${project}/locations/nowhere`);
      await refused(unknown, { code: Code.INVALID_ARGUMENT, reason: 'LOCATION_UNKNOWN', fields: ['parent'] });
    });

    it('are listed ten at a time, a hundred at most', async () => {
      const parent = `projects/${newProject()}`;
      for (let count = 0; count < 12; count++) await createBase(wire, parent, { displayName: `n${count}` });
      const first = await wire.call(listKnowledgeBases, { parent });
      assert.equal(first.knowledgeBases.length, 10);
      const second = await wire.call(listKnowledgeBases, { parent, pageToken: first.nextPageToken });
      const named = [...first.knowledgeBases, ...second.knowledgeBases]
        .map((base) => Number(base.displayName.slice(1)))
        // Those of one millisecond are in any order.
        .toSorted((left, right) => left - right);
      assert.deepEqual(
        named,
        Array.from({ length: 12 }, (_, index) => index),
      );
      assert.equal(second.nextPageToken, '');
      const whole = await wire.call(listKnowledgeBases, { parent, pageSize: 5000 });
      assert.equal(whole.knowledgeBases.length, 12);
    });

    it('are filtered by what they are called and by language', async () => {
      const parent = `projects/${newProject()}`;
      for (const [displayName, languageCode] of [
        ['Best Articles', 'en-GB'],
        ['articles', ''],
        ['Other', 'de'],
      ] as const) {
        await createBase(wire, parent, { displayName, languageCode });
      }
      const found = async (filter: string, pageSize = 0) => {
        const named: string[] = [];
        let pageToken = '';
        do {
          const page = await wire.call(listKnowledgeBases, { parent, filter, pageSize, pageToken });
          named.push(...page.knowledgeBases.map((base) => base.displayName));
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        return named.toSorted();
      };
      assert.deepEqual(await found('display_name:articles'), ['Best Articles', 'articles']);
      assert.deepEqual(await found('display_name:articles', 1), ['Best Articles', 'articles']);
      assert.deepEqual(await found('displayName:"Best Articles"'), ['Best Articles']);
      assert.deepEqual(await found('language_code=en-us'), ['articles']);
      assert.deepEqual(await found('language_code=en-gb AND display_name=articles'), ['Best Articles']);
      assert.deepEqual(await found('NOT display_name:articles'), ['Other']);
      for (const filter of ['name=x', 'language_code:de', 'display_name', 'display_name>a']) {
        const refusal = { code: Code.INVALID_ARGUMENT, reason: 'FILTER_INVALID', fields: ['filter'] };
        await refused(wire.call(listKnowledgeBases, { parent, filter }), refusal);
      }
    });

    it('are called something else, and nothing else of them changes', async () => {
      const made = await createBase(wire, undefined, { languageCode: 'de' });
      const { name } = made;
      const paths = { paths: ['display_name'] };
      const masked = { knowledgeBase: { name, displayName: 'x', languageCode: 'fr' }, updateMask: paths };
      assert.deepEqual(await wire.call(updateKnowledgeBase, masked), { ...made, displayName: 'x' });
      const whole = { knowledgeBase: { ...made, displayName: 'y' } };
      assert.deepEqual(await wire.call(updateKnowledgeBase, whole), { ...made, displayName: 'y' });
      const other = { knowledgeBase: { ...made, languageCode: 'fr' } };
      await refused(wire.call(updateKnowledgeBase, other), invalid('update_mask'));
      const mask = { knowledgeBase: { name, displayName: 'z' }, updateMask: { paths: ['language_code'] } };
      await refused(wire.call(updateKnowledgeBase, mask), invalid('update_mask'));
      const long = { knowledgeBase: { name, displayName: 'é'.repeat(513) }, updateMask: paths };
      await refused(wire.call(updateKnowledgeBase, long), invalid('knowledge_base.display_name'));
      assert.deepEqual(await wire.call(getKnowledgeBase, { name }), { ...made, displayName: 'y' });
    });

    it('are deleted when they are empty, or with all that is in them where that is meant', async () => {
      const empty = await createBase(wire);
      await wire.call(deleteKnowledgeBase, { name: empty.name });
      await refused(wire.call(getKnowledgeBase, { name: empty.name }), notFound);
      await refused(wire.call(deleteKnowledgeBase, { name: empty.name }), notFound);
      const { name } = await createBase(wire);
      const document = await createDocument(wire, name);
      const refusal = { code: Code.FAILED_PRECONDITION, reason: 'KNOWLEDGE_BASE_NOT_EMPTY' };
      await refused(wire.call(deleteKnowledgeBase, { name }), refusal);
      await wire.call(deleteKnowledgeBase, { name, force: true });
      await refused(wire.call(getKnowledgeBase, { name }), notFound);
      await refused(wire.call(Documents.method.getDocument, { name: document.name }), notFound);
      await refused(wire.call(Documents.method.listDocuments, { parent: name }), notFound);
    });

    it('must be called something', async () => {
      const refusal = {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_REQUIRED',
        fields: ['knowledge_base.display_name'],
      };
      await refused(createBase(wire, undefined, { displayName: '' }), refusal);
      await refused(
        createBase(wire, undefined, { displayName: 'x'.repeat(1025) }),
        invalid('knowledge_base.display_name'),
      );
    });
  });
}
