import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anyIs, anyUnpack } from '@bufbuild/protobuf/wkt';
import { type Operation, Operations } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfileSchema,
  ConversationProfiles,
  SetSuggestionFeatureConfigOperationMetadataSchema,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { createProfile, failure, finished, namesOf, nanos, openScene, refused, setFeature } from './scene.ts';

const scene = openScene();
const { listOperations, getOperation, cancelOperation, deleteOperation, waitOperation } = Operations.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const filterInvalid = { code: Code.INVALID_ARGUMENT, reason: 'FILTER_INVALID', fields: ['filter'] };
const tokenInvalid = { code: Code.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] };

/** Runs operations one after the other under a parent and answers them as done, newest first. */
async function runOperations(wire: Wire, parent: string, count: number): Promise<Operation[]> {
  const { name: profile } = await createProfile(wire, parent);
  const done: Operation[] = [];
  for (let index = 0; index < count; index += 1) {
    const { name } = await setFeature(wire, profile, index + 1);
    done.unshift(await finished(wire, name));
  }
  return done;
}

for (const wire of scene.wires) {
  describe(`GetOperation over ${wire.name}`, () => {
    it('answers the very operation that the call began', async () => {
      const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
      const begun = await setFeature(wire, profile, 3);
      const done = await finished(wire, begun.name);
      assert.equal(done.name, begun.name);
      assert.deepEqual(done.metadata, begun.metadata);
      assert.equal(done.result.case, 'response');
      for (const reader of scene.wires) {
        assert.deepEqual(await reader.call(getOperation, { name: begun.name }), done);
      }
    });

    it('has a result when it is done and none before', async () => {
      const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
      let operation = await setFeature(wire, profile, 3);
      for (let asked = 0; !operation.done; asked += 1) {
        assert.ok(asked < 5000, 'it gets done');
        assert.equal(operation.result.case, undefined);
        operation = await wire.call(getOperation, { name: operation.name });
      }
      assert.notEqual(operation.result.case, undefined);
    });

    it('refuses an operation that is not there', async () => {
      for (const parent of ['', '/locations/global', '/locations/europe-west1']) {
        const name = `projects/${newProject()}${parent}/operations/absent`;
        const error = await refused(wire.call(getOperation, { name }), notFound);
        assert.ok(error.message.includes(name), error.message);
      }
    });
  });

  describe(`names of operations over ${wire.name}`, () => {
    const forms = ['', '/locations/global', '/locations/us'];

    for (const made of forms) {
      it(`come in the form of the caller, made under ${made || 'no location'}`, async () => {
        const project = `projects/${newProject()}`;
        const [done] = await runOperations(wire, `${project}${made}`, 1);
        assert.ok(done);
        const id = done.name.slice(done.name.lastIndexOf('/') + 1);
        assert.equal(done.name, `${project}${made}/operations/${id}`);
        for (const asked of forms) {
          const name = `${project}${asked}/operations/${id}`;
          const got = await wire.call(getOperation, { name });
          assert.deepEqual([got.name, got.done], [name, true]);
          const { operations } = await wire.call(listOperations, { name: `${project}${asked}` });
          assert.deepEqual(namesOf(operations), [name]);
        }
      });
    }

    it('are those of one project and one region only', async () => {
      const project = `projects/${newProject()}`;
      const region = `${project}/locations/europe-west1`;
      const [there] = await runOperations(wire, region, 1);
      assert.ok(there);
      assert.ok(there.name.startsWith(`${region}/operations/`), there.name);
      const id = there.name.slice(there.name.lastIndexOf('/') + 1);
      assert.deepEqual((await wire.call(listOperations, { name: region })).operations, [there]);
      for (const parent of [project, `${project}/locations/us`, `projects/${newProject()}`]) {
        await refused(wire.call(getOperation, { name: `${parent}/operations/${id}` }), notFound);
        await refused(wire.call(cancelOperation, { name: `${parent}/operations/${id}` }), notFound);
        assert.deepEqual((await wire.call(listOperations, { name: parent })).operations, []);
      }
    });
  });

  describe(`ListOperations over ${wire.name}`, () => {
    it('answers the newest first', async () => {
      const parent = `projects/${newProject()}`;
      const newestFirst = await runOperations(wire, parent, 5);
      for (const reader of scene.wires) {
        const { operations, nextPageToken } = await reader.call(listOperations, { name: parent });
        assert.deepEqual(operations, newestFirst);
        assert.equal(nextPageToken, '');
      }
      const begun = newestFirst.map(({ metadata }) => {
        assert.ok(metadata);
        return nanos(anyUnpack(metadata, SetSuggestionFeatureConfigOperationMetadataSchema)?.createTime);
      });
      assert.deepEqual(
        begun,
        begun.toSorted((a, b) => (a < b ? 1 : -1)),
      );
    });

    it('answers nothing for a project that began none', async () => {
      const parent = `projects/${newProject()}`;
      await createProfile(wire, parent);
      assert.deepEqual((await wire.call(listOperations, { name: parent })).operations, []);
    });

    for (const pageSize of [1, 2, 5, 6]) {
      it(`answers pages of ${pageSize} without gaps`, async () => {
        const parent = `projects/${newProject()}`;
        const newestFirst = await runOperations(wire, parent, 5);
        assert.deepEqual(await walk(wire, { name: parent, pageSize }), namesOf(newestFirst));
      });
    }

    it('answers no more than 1000 and does not mind being asked for more', async () => {
      const parent = `projects/${newProject()}`;
      const newestFirst = await runOperations(wire, parent, 2);
      const { operations } = await wire.call(listOperations, { name: parent, pageSize: 2 ** 31 - 1 });
      assert.deepEqual(operations, newestFirst);
    });

    it('refuses a page token with another parent, another filter, or that was changed', async () => {
      const name = `projects/${newProject()}`;
      await runOperations(wire, name, 3);
      const filter = 'done = true';
      const { nextPageToken: pageToken } = await wire.call(listOperations, { name, filter, pageSize: 1 });
      assert.notEqual(pageToken, '');
      const other = { name: `projects/${newProject()}`, filter, pageToken };
      for (const request of [
        other,
        { name, pageToken },
        { name, filter: 'done != false', pageToken },
        { name, filter, pageToken: `${pageToken.slice(1)}` },
      ]) {
        await refused(wire.call(listOperations, request), tokenInvalid);
      }
      const { operations } = await wire.call(listOperations, { name, filter, pageToken });
      assert.equal(operations.length, 2);
    });

    it('refuses a page of negative size', async () => {
      await refused(wire.call(listOperations, { name: `projects/${newProject()}`, pageSize: -1 }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'PAGE_SIZE_NEGATIVE',
        fields: ['page_size'],
      });
    });

    it('has no partial success', async () => {
      const request = { name: `projects/${newProject()}`, returnPartialSuccess: true };
      assert.equal((await failure(wire.call(listOperations, request))).code, Code.UNIMPLEMENTED);
      const without = { ...request, returnPartialSuccess: false };
      assert.deepEqual((await wire.call(listOperations, without)).operations, []);
    });
  });

  describe(`the filter of ListOperations over ${wire.name}`, () => {
    const cases: readonly { filter: string; matches: boolean }[] = [
      { filter: 'done = true', matches: true },
      { filter: 'done=true', matches: true },
      { filter: 'done != false', matches: true },
      { filter: 'NOT done = false', matches: true },
      { filter: 'done = false OR done = true', matches: true },
      { filter: 'done = false', matches: false },
      { filter: 'done != true', matches: false },
      { filter: '-done = true', matches: false },
      { filter: 'done = true AND done = false', matches: false },
    ];
    for (const { filter, matches } of cases) {
      it(`${matches ? 'finds' : 'does not find'} what is done by ${JSON.stringify(filter)}`, async () => {
        const name = `projects/${newProject()}`;
        const newestFirst = await runOperations(wire, name, 2);
        const { operations } = await wire.call(listOperations, { name, filter });
        assert.deepEqual(operations, matches ? newestFirst : []);
      });
    }

    for (const filter of [
      'done',
      'done = 1',
      'done = yes',
      'done > false',
      'done <= true',
      'done : true',
      'name = x',
      'metadata.conversation_profile = x',
      'done = true)',
      '=',
    ]) {
      it(`is refused when it is ${JSON.stringify(filter)}`, async () => {
        await refused(wire.call(listOperations, { name: `projects/${newProject()}`, filter }), filterInvalid);
      });
    }
  });

  describe(`CancelOperation over ${wire.name}`, () => {
    it('leaves an operation that is done as it is', async () => {
      const [done] = await runOperations(wire, `projects/${newProject()}`, 1);
      assert.ok(done);
      for (let times = 0; times < 2; times += 1) await wire.call(cancelOperation, { name: done.name });
      assert.deepEqual(await wire.call(getOperation, { name: done.name }), done);
    });

    it('ends an operation with code 1 and without effect, or comes too late', async () => {
      const parent = `projects/${newProject()}`;
      for (let round = 0; round < 25; round += 1) {
        const { name: profile } = await createProfile(wire, parent);
        const { name } = await setFeature(wire, profile, 7);
        await Promise.all(scene.wires.map((each) => each.call(cancelOperation, { name })));
        const { result } = await finished(wire, name);
        const kept = await featuresOf(wire, profile);
        if (result.case === 'error') {
          assert.equal(result.value.code, Code.CANCELLED);
          assert.notEqual(result.value.message, '');
          assert.deepEqual(kept, []);
        } else {
          assert.ok(result.case === 'response' && anyIs(result.value, ConversationProfileSchema));
          assert.deepEqual(kept, [7]);
        }
        const [newest] = (await wire.call(listOperations, { name: parent, pageSize: 1 })).operations;
        assert.equal(newest?.name, name, 'it is kept');
      }
    });

    it('frees the profile for the next one', async () => {
      const { name: profile } = await createProfile(wire, `projects/${newProject()}`);
      for (let round = 1; round <= 20; round += 1) {
        const { name } = await setFeature(wire, profile, round);
        await wire.call(cancelOperation, { name });
        await finished(wire, name);
      }
      const last = await finished(wire, (await setFeature(wire, profile, 9)).name);
      assert.equal(last.result.case, 'response');
      assert.deepEqual(await featuresOf(wire, profile), [9]);
    });

    it('refuses an operation that is not there', async () => {
      const name = `projects/${newProject()}/operations/absent`;
      await refused(wire.call(cancelOperation, { name }), notFound);
    });
  });
}

describe('names that operations are called with over gRPC', () => {
  const names = ['operations/o', 'projects/p', 'projects/p/operations/', 'projects/p/operations/o/p', 'x'];
  for (const name of names) {
    for (const method of [getOperation, cancelOperation]) {
      it(`are refused by ${method.name} when one is ${name}`, async () => {
        const error = await failure(
          scene.grpc.call<typeof method.input, typeof method.output>(method, { name }),
        );
        assert.deepEqual([error.code, error.reason], [Code.INVALID_ARGUMENT, 'RESOURCE_NAME_INVALID']);
      });
    }
  }

  for (const name of ['operations', 'projects/p/operations', 'projects/', 'x']) {
    it(`are refused by ListOperations when one is ${name}`, async () => {
      const error = await failure(scene.grpc.call(listOperations, { name }));
      assert.deepEqual([error.code, error.reason], [Code.INVALID_ARGUMENT, 'RESOURCE_NAME_INVALID']);
    });
  }
});

describe('the methods of Operations that are not built over gRPC', () => {
  it('answer UNIMPLEMENTED and leave the operation', async () => {
    const [done] = await runOperations(scene.grpc, `projects/${newProject()}`, 1);
    assert.ok(done);
    const calls = [
      scene.grpc.call(deleteOperation, { name: done.name }),
      scene.grpc.call(waitOperation, { name: done.name }),
    ];
    const unimplemented = { code: Code.UNIMPLEMENTED, reason: 'METHOD_UNIMPLEMENTED' };
    await Promise.all(calls.map((call) => refused(call, unimplemented)));
    assert.deepEqual(await scene.grpc.call(getOperation, { name: done.name }), done);
  });
});

describe('the body of a cancel over REST', () => {
  const json = { 'content-type': 'application/json' };
  const bodies: readonly { name: string; body?: string; headers?: Record<string, string> }[] = [
    { name: 'absent' },
    { name: 'absent, of the JSON type', headers: json },
    { name: 'empty', body: '', headers: json },
    { name: "the empty text, as Google's Node client sends it", body: '""', headers: json },
    { name: 'an empty object', body: '{}', headers: json },
  ];
  for (const { name, ...request } of bodies) {
    it(`may be ${name}`, async () => {
      const [done] = await runOperations(scene.rest, `projects/${newProject()}/locations/global`, 1);
      const path = `/v2beta1/${done?.name}:cancel`;
      const answer = await scene.rest.send({ verb: 'POST', path, ...request });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(JSON.parse(answer.text), {});
    });
  }
});

/** How many results each suggestion feature of the human agents asks for. */
async function featuresOf(wire: Wire, name: string): Promise<(number | undefined)[]> {
  const profile = await wire.call(ConversationProfiles.method.getConversationProfile, { name });
  const config = profile.humanAgentAssistantConfig?.humanAgentSuggestionConfig;
  return (config?.featureConfigs ?? []).map(({ queryConfig }) => queryConfig?.maxResults);
}

/** The names on all pages. */
async function walk(wire: Wire, query: { name: string; pageSize: number }): Promise<string[]> {
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await wire.call(listOperations, { ...query, pageToken });
    assert.ok(page.operations.length <= query.pageSize);
    names.push(...namesOf(page.operations));
    pageToken = page.nextPageToken;
    assert.ok(names.length < 100, 'the walk ends');
  } while (pageToken !== '');
  return names;
}
