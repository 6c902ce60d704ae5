import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { Contexts } from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { namesOf, openScene, refused } from './scene.ts';

const scene = openScene();
const { createContext, getContext, listContexts, updateContext, deleteContext, deleteAllContexts } =
  Contexts.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

/** The four ways to name a session of the draft, of no user in particular. */
function formsOf(project: string, id: string): string[] {
  return ['', '/locations/global'].flatMap((location) => [
    `projects/${project}${location}/agent/sessions/${id}`,
    `projects/${project}${location}/agent/environments/-/users/-/sessions/${id}`,
  ]);
}

function set(wire: Wire, parent: string, id: string, lifespanCount = 5, parameters = {}) {
  const context = { name: `${parent}/contexts/${id}`, lifespanCount, parameters };
  return wire.call(createContext, { parent, context });
}

async function idsIn(wire: Wire, parent: string): Promise<string[]> {
  const { contexts } = await wire.call(listContexts, { parent });
  return namesOf(contexts).map((name) => name.slice(`${parent}/contexts/`.length));
}

for (const wire of scene.wires) {
  describe(`CreateContext over ${wire.name}`, () => createCases(wire));
  describe(`the names of sessions over ${wire.name}`, () => sessionCases(wire));
  describe(`UpdateContext over ${wire.name}`, () => updateCases(wire));
  describe(`lists and removals of contexts over ${wire.name}`, () => removalCases(wire));
}

function createCases(wire: Wire): void {
  it('keeps all that it is told, under an id in small letters', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    const parameters = { city: 'Zürich', 'city.original': 'zurich', list: [1, null, { a: true }] };
    const made = await set(wire, parent, 'Booking_%2D', 7, parameters);
    assert.deepEqual(
      [made.name, made.lifespanCount, made.parameters],
      [`${parent}/contexts/booking_%2d`, 7, parameters],
    );
    for (const id of ['booking_%2d', 'BOOKING_%2D']) {
      for (const reader of scene.wires) {
        // A percent sign of an id is one like any other, and is encoded in a URL.
        assert.deepEqual(await reader.call(getContext, { name: `${parent}/contexts/${id}` }), made);
      }
    }
  });

  it('puts a context in the place of the one that is there', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    await set(wire, parent, 'a', 5, { old: 1 });
    const made = await set(wire, parent, 'A', 2, { new: 2 });
    assert.deepEqual(await wire.call(getContext, { name: made.name }), made);
    assert.deepEqual([made.lifespanCount, made.parameters], [2, { new: 2 }]);
  });

  it('ends a context that has no lifespan at once', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    await set(wire, parent, 'a');
    await set(wire, parent, 'b');
    const made = await set(wire, parent, 'a', 0);
    assert.deepEqual([made.name, made.lifespanCount], [`${parent}/contexts/a`, 0]);
    await refused(wire.call(getContext, { name: made.name }), notFound);
    assert.deepEqual(await idsIn(wire, parent), ['b']);
  });

  it('loses none of those that race', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    await Promise.all([...'abcdefgh'].map((id) => set(wire, parent, id)));
    assert.deepEqual(await idsIn(wire, parent), [...'abcdefgh']);
  });

  const bad: { name: string; context: (parent: string) => object; reason?: string; field: string }[] = [
    { name: 'no name', context: () => ({ name: '' }), reason: 'FIELD_REQUIRED', field: 'context.name' },
    {
      name: 'an id alone',
      context: () => ({ name: 'a' }),
      reason: 'RESOURCE_NAME_INVALID',
      field: 'context.name',
    },
    {
      name: 'a context of another session',
      context: (parent) => ({ name: `${parent}x/contexts/a` }),
      field: 'context.name',
    },
    {
      name: 'a context of another user',
      context: (parent) => ({
        name: `${parent.replace('/sessions', '/environments/-/users/u/sessions')}/contexts/a`,
      }),
      field: 'context.name',
    },
    {
      name: 'an id with a dot',
      context: (parent) => ({ name: `${parent}/contexts/a.b` }),
      field: 'context.name',
    },
    {
      name: 'an id of 251 characters',
      context: (parent) => ({ name: `${parent}/contexts/${'a'.repeat(251)}` }),
      field: 'context.name',
    },
    {
      name: 'a negative lifespan',
      context: (parent) => ({ name: `${parent}/contexts/a`, lifespanCount: -1 }),
      field: 'context.lifespan_count',
    },
    ...['__system_counters__', 'x_ID_dialog_context', 'x_dialog_params_size'].map((id) => ({
      name: `the reserved ${id}`,
      context: (parent: string) => ({ name: `${parent}/contexts/${id}` }),
      field: 'context.name',
    })),
  ];
  for (const { name, context, reason = 'FIELD_INVALID', field } of bad) {
    it(`refuses ${name}`, async () => {
      const parent = `projects/${newProject()}/agent/sessions/s`;
      const call = wire.call(createContext, { parent, context: { lifespanCount: 5, ...context(parent) } });
      await refused(call, { code: Code.INVALID_ARGUMENT, reason, fields: [field] });
      assert.deepEqual(await idsIn(wire, parent), []);
    });
  }

  it('refuses the session that stands for any', async () => {
    const parent = `projects/${newProject()}/agent/sessions/-`;
    await refused(set(wire, parent, 'a'), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_INVALID',
      fields: ['parent'],
    });
  });
}

function sessionCases(wire: Wire): void {
  it('are one session in all four forms, each answered in its own', async () => {
    const project = newProject();
    for (const [index, form] of formsOf(project, 's').entries()) await set(wire, form, `c${index}`);
    for (const form of formsOf(project, 's')) {
      assert.deepEqual(await idsIn(wire, form), ['c0', 'c1', 'c2', 'c3']);
      const { name } = await wire.call(getContext, { name: `${form}/contexts/c2` });
      assert.equal(name, `${form}/contexts/c2`);
    }
  });

  it('are others by user, session, location and project', async () => {
    const project = newProject();
    const parent = `projects/${project}/agent/sessions/s`;
    await set(wire, parent, 'a');
    for (const other of [
      `projects/${project}/agent/sessions/t`,
      `projects/${project}/agent/environments/draft/users/u/sessions/s`,
      `projects/${project}/locations/europe-west1/agent/sessions/s`,
      `projects/${newProject()}/agent/sessions/s`,
    ]) {
      assert.deepEqual(await idsIn(wire, other), []);
      await set(wire, other, 'b');
      assert.deepEqual(await idsIn(wire, other), ['b']);
    }
    assert.deepEqual(await idsIn(wire, parent), ['a']);
  });

  it('are not there in an environment that is not there', async () => {
    const parent = `projects/${newProject()}/agent/environments/production/users/-/sessions/s`;
    const error = await refused(wire.call(listContexts, { parent }), notFound);
    assert.ok(error.message.includes('environments/production"'), error.message);
    await refused(set(wire, parent, 'a'), notFound);
    await refused(wire.call(deleteAllContexts, { parent }), notFound);
  });
}

function updateCases(wire: Wire): void {
  it('changes what the mask names alone, and all without one', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    const made = await set(wire, parent, 'a', 5, { x: 1 });
    const { name } = made;
    const masked = await wire.call(updateContext, {
      context: { name, lifespanCount: 9, parameters: { y: 1 } },
      updateMask: { paths: ['lifespan_count'] },
    });
    assert.deepEqual(masked, { ...made, lifespanCount: 9 });
    const all = await wire.call(updateContext, { context: { name, lifespanCount: 3 } });
    assert.deepEqual([all.lifespanCount, all.parameters], [3, undefined]);
    assert.deepEqual(await wire.call(getContext, { name }), all);
  });

  it('ends a context whose lifespan it takes away', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    const { name } = await set(wire, parent, 'a');
    await wire.call(updateContext, { context: { name } });
    await refused(wire.call(getContext, { name }), notFound);
  });

  it('refuses what is not there', async () => {
    const name = `projects/${newProject()}/agent/sessions/s/contexts/a`;
    await refused(wire.call(updateContext, { context: { name, lifespanCount: 1 } }), notFound);
  });
}

function removalCases(wire: Wire): void {
  it('are answered by id, a page at a time', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    for (const id of ['c', 'a', 'e', 'b', 'd']) await set(wire, parent, id);
    const first = await wire.call(listContexts, { parent, pageSize: 3 });
    const pageToken = first.nextPageToken;
    const second = await wire.call(listContexts, { parent, pageSize: 3, pageToken });
    assert.equal(second.nextPageToken, '');
    assert.deepEqual(
      [...namesOf(first.contexts), ...namesOf(second.contexts)],
      [...'abcde'].map((id) => `${parent}/contexts/${id}`),
    );
  });

  it('take away one context or all', async () => {
    const parent = `projects/${newProject()}/agent/sessions/s`;
    for (const id of ['a', 'b', 'c']) await set(wire, parent, id);
    const name = `${parent}/contexts/B`;
    await wire.call(deleteContext, { name });
    await refused(wire.call(deleteContext, { name }), notFound);
    assert.deepEqual(await idsIn(wire, parent), ['a', 'c']);
    await wire.call(deleteAllContexts, { parent });
    assert.deepEqual(await idsIn(wire, parent), []);
    await wire.call(deleteAllContexts, { parent });
    await set(wire, parent, 'a');
    assert.deepEqual(await idsIn(wire, parent), ['a']);
  });
}
