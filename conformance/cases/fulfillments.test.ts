import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import { type Fulfillment, type FulfillmentSchema, Fulfillments } from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { newAgent } from './agent-scene.ts';
import { openScene, refused } from './scene.ts';

const scene = openScene();
const { getFulfillment, updateFulfillment } = Fulfillments.method;

type FulfillmentInit = Exclude<MessageInitShape<typeof FulfillmentSchema>, Fulfillment>;

const update = (wire: Wire, agent: string, fulfillment: FulfillmentInit, ...paths: string[]) =>
  wire.call(updateFulfillment, {
    fulfillment: { name: `${agent}/fulfillment`, ...fulfillment },
    updateMask: { paths },
  });

const service = (uri: string, more: { username?: string; requestHeaders?: Record<string, string> } = {}) => ({
  case: 'genericWebService' as const,
  value: { uri, ...more },
});

for (const wire of scene.wires) {
  describe(`the fulfillment of an agent over ${wire.name}`, () => {
    it('is there and off, until it is told where the webhook is', async () => {
      const agent = await newAgent(wire);
      const name = `${agent}/fulfillment`;
      const before = await wire.call(getFulfillment, { name });
      assert.deepEqual([before.name, before.enabled, before.fulfillment.case], [name, false, undefined]);
      const more = { username: 'shop', password: 'secret', requestHeaders: { 'X-Stage': 'live' } };
      const told = await update(
        wire,
        agent,
        {
          displayName: 'the shop’s',
          enabled: true,
          fulfillment: { case: 'genericWebService', value: { uri: 'https://example.com/hook', ...more } },
          features: [{ type: 1 }],
        },
        'display_name',
        'enabled',
        'generic_web_service',
        'features',
      );
      assert.deepEqual([told.name, told.displayName, told.enabled], [name, 'the shop’s', true]);
      assert.equal(told.fulfillment.value?.uri, 'https://example.com/hook');
      assert.deepEqual(told.fulfillment.value?.requestHeaders, more.requestHeaders);
      assert.deepEqual(
        [told.fulfillment.value?.username, told.fulfillment.value?.password],
        ['shop', 'secret'],
      );
      for (const reader of scene.wires) assert.deepEqual(await reader.call(getFulfillment, { name }), told);
    });

    it('changes in what the mask names alone', async () => {
      const agent = await newAgent(wire);
      await update(wire, agent, { fulfillment: service('https://example.com/a') }, 'generic_web_service');
      const on = await update(wire, agent, { enabled: true }, 'enabled');
      assert.deepEqual([on.enabled, on.fulfillment.value?.uri], [true, 'https://example.com/a']);
      const moved = await update(
        wire,
        agent,
        { fulfillment: service('http://127.0.0.1:8080/b', { username: 'ignored' }) },
        'generic_web_service.uri',
      );
      assert.deepEqual(
        [moved.enabled, moved.fulfillment.value?.uri, moved.fulfillment.value?.username],
        [true, 'http://127.0.0.1:8080/b', ''],
      );
      const off = await update(wire, agent, {}, '*');
      assert.deepEqual([off.enabled, off.fulfillment.case], [false, undefined]);
    });

    it('is refused where nothing could be called', async () => {
      const agent = await newAgent(wire);
      const at = 'fulfillment.generic_web_service';
      const cases: [fulfillment: FulfillmentInit, reason: string, field: string][] = [
        [{ enabled: true }, 'FIELD_REQUIRED', at],
        [{ fulfillment: service('') }, 'FIELD_REQUIRED', `${at}.uri`],
        [{ fulfillment: service('example.com') }, 'FIELD_INVALID', `${at}.uri`],
        [{ fulfillment: service('file:///etc/passwd') }, 'FIELD_INVALID', `${at}.uri`],
        [
          { fulfillment: service('https://example.com', { requestHeaders: { 'a b': 'c' } }) },
          'FIELD_INVALID',
          `${at}.request_headers`,
        ],
        [
          { fulfillment: service('https://example.com', { requestHeaders: { a: 'b\nc: d' } }) },
          'FIELD_INVALID',
          `${at}.request_headers`,
        ],
        [
          { fulfillment: service('https://example.com', { username: 'a:b' }) },
          'FIELD_INVALID',
          `${at}.username`,
        ],
        [{ features: [{ type: 7 as number as 1 }] }, 'FIELD_INVALID', 'fulfillment.features[0].type'],
        [{ displayName: 'x'.repeat(20_000) }, 'FIELD_INVALID', 'fulfillment'],
      ];
      for (const [fulfillment, reason, field] of cases) {
        const refusal = { code: Code.INVALID_ARGUMENT, reason, fields: [field] };
        await refused(update(wire, agent, fulfillment, '*'), refusal);
      }
      const nobody = `projects/${newProject()}/agent`;
      const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
      await refused(wire.call(getFulfillment, { name: `${nobody}/fulfillment` }), notFound);
      await refused(update(wire, nobody, { enabled: false }, 'enabled'), notFound);
    });
  });
}
