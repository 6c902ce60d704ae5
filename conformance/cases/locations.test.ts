import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ListLocationsResponse, Locations } from '@parleykit/proto/location';
import { Code } from '@parleykit/proto/rpc';
import { newProject, openTarget, type Target } from '../target.ts';
import { GrpcWire, RestWire, refusalOf, type Wire } from '../wires.ts';
import {
  createConversation,
  createProfile,
  failure,
  getConversation,
  namesOf,
  openScene,
  refused,
} from './scene.ts';

const scene = openScene();
const { getLocation, listLocations } = Locations.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const unknown = { code: Code.INVALID_ARGUMENT, reason: 'LOCATION_UNKNOWN', fields: ['parent'] };

for (const wire of scene.wires) {
  describe(`ListLocations over ${wire.name}`, () => {
    it('answers the locations of a project, global and us among them, each once and under its name', async () => {
      const name = `projects/${newProject()}`;
      const { locations, nextPageToken } = await wire.call(listLocations, { name });
      const ids = locations.map(({ locationId }) => locationId);
      assert.equal(new Set(ids).size, ids.length);
      for (const id of ['global', 'us', 'europe-west1']) assert.ok(ids.includes(id), `${id} is in ${ids}`);
      assert.deepEqual(
        namesOf(locations),
        ids.map((id) => `${name}/locations/${id}`),
      );
      for (const { displayName } of locations) assert.notEqual(displayName, '');
      assert.equal(nextPageToken, '');
    });

    it('answers what GetLocation answers', async () => {
      const { locations } = await wire.call(listLocations, { name: `projects/${newProject()}` });
      for (const location of locations) {
        assert.deepEqual(await wire.call(getLocation, { name: location.name }), location);
      }
    });

    for (const pageSize of [1, 3, 1000]) {
      it(`answers them all by pages of ${pageSize}`, async () => {
        const name = `projects/${newProject()}`;
        const { locations } = await wire.call(listLocations, { name });
        const listed: string[] = [];
        let page: ListLocationsResponse | undefined;
        do {
          page = await wire.call(listLocations, { name, pageSize, pageToken: page?.nextPageToken ?? '' });
          assert.ok(page.locations.length <= pageSize);
          listed.push(...namesOf(page.locations));
          assert.ok(listed.length <= locations.length, 'the walk ends');
        } while (page.nextPageToken !== '');
        assert.deepEqual(listed, namesOf(locations));
      });
    }

    it('refuses a page token of another project', async () => {
      const name = `projects/${newProject()}`;
      const { nextPageToken } = await wire.call(listLocations, { name, pageSize: 1 });
      assert.notEqual(nextPageToken, '');
      const other = { name: `projects/${newProject()}`, pageToken: nextPageToken };
      await refused(wire.call(listLocations, other), {
        code: Code.INVALID_ARGUMENT,
        reason: 'PAGE_TOKEN_INVALID',
        fields: ['page_token'],
      });
    });

    it('refuses a page of negative size', async () => {
      const request = { name: `projects/${newProject()}`, pageSize: -1 };
      await refused(wire.call(listLocations, request), {
        code: Code.INVALID_ARGUMENT,
        reason: 'PAGE_SIZE_NEGATIVE',
        fields: ['page_size'],
      });
    });

    for (const filter of ['us', 'locationId = us', '(', ' x ']) {
      it(`refuses the filter ${JSON.stringify(filter)}`, async () => {
        await refused(wire.call(listLocations, { name: `projects/${newProject()}`, filter }), {
          code: Code.INVALID_ARGUMENT,
          reason: 'FILTER_INVALID',
          fields: ['filter'],
        });
      });
    }
  });

  describe(`a location that this server does not have over ${wire.name}`, () => {
    for (const location of ['nowhere', 'Global', 'europe-west', 'x'.repeat(200)]) {
      const parent = (): string => `projects/${newProject()}/locations/${location}`;

      it(`is not found when it is ${location.slice(0, 20)}`, async () => {
        const name = parent();
        const error = await refused(wire.call(getLocation, { name }), notFound);
        assert.ok(error.message.includes(name.slice(0, 40)), error.message);
      });

      it(`is refused to what is created in ${location.slice(0, 20)}`, async () => {
        const { name: conversationProfile } = await createProfile(wire, `projects/${newProject()}`);
        await refused(createProfile(wire, parent()), unknown);
        await refused(createConversation(wire, parent(), { conversationProfile }), unknown);
      });
    }
  });
}

describe('the paths of Locations', () => {
  const project = newProject();
  const at = `projects/${project}/locations`;
  for (const path of [at, `${at}/us`, `${at}/europe-west1`]) {
    it(`are the same under /v1/ and /v2beta1/: ${path.slice(at.length) || 'the list'}`, async () => {
      const [old, current] = await Promise.all(
        ['v1', 'v2beta1'].map((version) => scene.rest.send({ verb: 'GET', path: `/${version}/${path}` })),
      );
      assert.deepEqual([old?.status, current?.status], [200, 200]);
      assert.deepEqual(JSON.parse(old?.text ?? ''), JSON.parse(current?.text ?? ''));
    });
  }

  it('refuse an unknown location under /v1/ too', async () => {
    const answer = await scene.rest.send({ verb: 'GET', path: `/v1/${at}/nowhere` });
    assert.equal(answer.status, 404);
    assert.equal(refusalOf(answer).code, Code.NOT_FOUND);
  });

  it('lend /v1/ to nothing else', async () => {
    for (const path of [`projects/${project}/conversations`, `projects/${project}/operations`]) {
      assert.equal((await scene.rest.send({ verb: 'GET', path: `/v1/${path}` })).status, 404);
    }
  });
});

describe('the name of a location over gRPC', () => {
  for (const name of [
    'projects/p',
    'projects/p/locations/',
    'projects/p/locations/a/b',
    'locations/us',
    'x',
  ]) {
    it(`is refused when it is ${name}`, async () => {
      await refused(scene.grpc.call(getLocation, { name }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'RESOURCE_NAME_INVALID',
        fields: ['name'],
      });
    });
  }

  for (const name of ['projects/', 'projects/p/locations/us', 'x']) {
    it(`is refused as the parent of a list when it is ${name}`, async () => {
      const error = await failure(scene.grpc.call(listLocations, { name }));
      assert.deepEqual([error.code, error.reason], [Code.INVALID_ARGUMENT, 'RESOURCE_NAME_INVALID']);
    });
  }
});

// A server that somebody else started has the locations that they chose.
const foreign = process.env['CONFORMANCE_TARGET'] !== undefined;
describe('a server with locations of its own', { skip: foreign }, () => {
  let target: Target | undefined;
  const locate = (): Target => target ?? assert.fail('the server is not up yet');
  const wires: readonly [GrpcWire, RestWire] = [new GrpcWire(locate), new RestWire(locate)];
  before(async () => {
    target = await openTarget('--locations', 'mars,venus-2');
  });
  after(async () => {
    for (const wire of wires) wire[Symbol.dispose]();
    await target?.[Symbol.asyncDispose]();
  });

  for (const wire of wires) ownLocationCases(wire);
});

function ownLocationCases(wire: Wire): void {
  it(`lists those, over ${wire.name}`, async () => {
    const name = `projects/${newProject()}`;
    const { locations } = await wire.call(listLocations, { name });
    assert.deepEqual(namesOf(locations), [`${name}/locations/mars`, `${name}/locations/venus-2`]);
  });

  it(`keeps conversations there, over ${wire.name}`, async () => {
    const project = `projects/${newProject()}`;
    for (const location of ['mars', 'venus-2']) {
      const parent = `${project}/locations/${location}`;
      const made = await createConversation(wire, parent, {}, 'same-id');
      assert.equal(made.name, `${parent}/conversations/same-id`);
      assert.deepEqual(await getConversation(wire, made.name), made);
    }
  });

  it(`does not know those it would have by default, over ${wire.name}`, async () => {
    const parent = `projects/${newProject()}/locations/europe-west1`;
    await refused(wire.call(getLocation, { name: parent }), notFound);
    await refused(createProfile(wire, parent), unknown);
  });
}
