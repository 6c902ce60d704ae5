import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@parleykit/proto/rpc';
import {
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationProfiles,
  CreateConversationProfileRequestSchema,
  SuggestionFeature_Type as Feature,
  GetConversationProfileRequestSchema,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { pathOf } from '../wires.ts';
import { createProfile, namesOf, nanos, openScene, refused } from './scene.ts';

type ProfileInit = Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile>;

const scene = openScene();
const { createConversationProfile, getConversationProfile, listConversationProfiles } =
  ConversationProfiles.method;

/** A profile that says something in most places where it may. */
const rich: ProfileInit = {
  displayName: 'Zürich 💬 \u0000 "quoted"',
  automatedAgentConfig: {
    agent: 'projects/p/locations/global/agent/environments/-',
    sessionTtl: durationFromMs(1_800_500),
  },
  humanAgentAssistantConfig: {
    notificationConfig: { topic: 'projects/p/topics/t' },
    humanAgentSuggestionConfig: {
      featureConfigs: [
        {
          suggestionFeature: { type: Feature.FAQ },
          queryConfig: {
            maxResults: 7,
            confidenceThreshold: 0.25,
            querySource: {
              case: 'knowledgeBaseQuerySource',
              value: { knowledgeBases: ['projects/p/knowledgeBases/k'] },
            },
          },
        },
        { suggestionFeature: { type: Feature.SMART_REPLY } },
      ],
    },
  },
  languageCode: 'de-CH',
  timeZone: 'Europe/Zurich',
  newRecognitionResultNotificationConfig: { topic: 'projects/p/topics/u' },
};

for (const wire of scene.wires) {
  describe(`CreateConversationProfile over ${wire.name}`, () => {
    it('answers the profile without its times, which GetConversationProfile answers too', async () => {
      const parent = `projects/${newProject()}`;
      const made = await createProfile(wire, parent);
      assert.match(made.name.slice(parent.length), /^\/conversationProfiles\/[^/]+$/u);
      assert.equal(made.createTime, undefined);
      assert.equal(made.updateTime, undefined);
      const got = await wire.call(getConversationProfile, { name: made.name });
      assert.equal(nanos(got.createTime), nanos(got.updateTime));
      assert.deepEqual(
        { ...got, createTime: undefined, updateTime: undefined },
        { ...made, createTime: undefined, updateTime: undefined },
      );
    });

    it('keeps all that it is told', async () => {
      const parent = `projects/${newProject()}`;
      const { name } = await createProfile(wire, parent, rich);
      for (const reader of scene.wires) {
        const got = await reader.call(getConversationProfile, { name });
        const { createTime, updateTime } = got;
        assert.ok(createTime && updateTime);
        assert.deepEqual(got, create(ConversationProfileSchema, { ...rich, name, createTime, updateTime }));
        const { conversationProfiles } = await reader.call(listConversationProfiles, { parent });
        assert.deepEqual(conversationProfiles, [got]);
      }
    });

    it('ignores OUTPUT_ONLY fields and chooses the name', async () => {
      const parent = `projects/${newProject()}`;
      const first = await createProfile(wire, parent);
      const second = await createProfile(wire, parent, {
        displayName: 'another',
        name: first.name,
        createTime: { seconds: 1n, nanos: 0 },
        updateTime: { seconds: 1n, nanos: 0 },
      } as ProfileInit);
      assert.notEqual(second.name, first.name);
      assert.ok(second.name.startsWith(`${parent}/conversationProfiles/`), second.name);
      assert.equal(second.createTime, undefined);
      const got = await wire.call(getConversationProfile, { name: second.name });
      assert.ok(nanos(got.createTime) > 1_000_000_000n);
    });

    const bad: { name: string; profile?: ProfileInit; reason: string; field: string }[] = [
      { name: 'no profile', reason: 'FIELD_REQUIRED', field: 'conversation_profile' },
      {
        name: 'no display name',
        profile: { languageCode: 'de' },
        reason: 'FIELD_REQUIRED',
        field: 'conversation_profile.display_name',
      },
      {
        name: 'a display name of 1025 bytes',
        profile: { displayName: `${'ü'.repeat(512)}x` },
        reason: 'FIELD_INVALID',
        field: 'conversation_profile.display_name',
      },
      {
        name: 'an agent config without agent',
        profile: { displayName: 'x', automatedAgentConfig: {} },
        reason: 'FIELD_REQUIRED',
        field: 'conversation_profile.automated_agent_config.agent',
      },
      {
        name: 'a hand-off config without account',
        profile: {
          displayName: 'x',
          humanAgentHandoffConfig: { agentService: { case: 'livePersonConfig', value: {} } },
        },
        reason: 'FIELD_REQUIRED',
        field: 'conversation_profile.human_agent_handoff_config.live_person_config.account_number',
      },
    ];
    for (const { name, profile, reason, field } of bad) {
      it(`refuses ${name}`, async () => {
        const parent = `projects/${newProject()}`;
        const request = profile === undefined ? { parent } : { parent, conversationProfile: profile };
        await refused(wire.call(createConversationProfile, request), {
          code: Code.INVALID_ARGUMENT,
          reason,
          fields: [field],
        });
        assert.deepEqual((await wire.call(listConversationProfiles, { parent })).conversationProfiles, []);
      });
    }

    it('takes a display name of 1024 bytes', async () => {
      const displayName = 'ü'.repeat(512);
      const made = await createProfile(wire, `projects/${newProject()}`, { displayName });
      assert.equal(made.displayName, displayName);
    });

    it('makes a new profile each time', async () => {
      const parent = `projects/${newProject()}`;
      const made = await Promise.all(Array.from({ length: 20 }, () => createProfile(wire, parent)));
      const { conversationProfiles } = await wire.call(listConversationProfiles, { parent });
      assert.equal(new Set(namesOf(made)).size, 20);
      assert.deepEqual(namesOf(conversationProfiles).toSorted(), namesOf(made).toSorted());
    });
  });

  describe(`GetConversationProfile over ${wire.name}`, () => {
    it('refuses a profile that is not there', async () => {
      const name = `projects/${newProject()}/conversationProfiles/absent`;
      const error = await refused(wire.call(getConversationProfile, { name }), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
      assert.ok(error.message.includes(name), error.message);
    });
  });
}

describe('fields that the server does not know', () => {
  it('survive in a profile over gRPC', async () => {
    const conversationProfile = create(ConversationProfileSchema, { displayName: 'x' });
    conversationProfile.$unknown = [{ no: 7777, wireType: 2, data: new Uint8Array([2, 0x68, 0x69]) }];
    const request = { parent: `projects/${newProject()}`, conversationProfile };
    const made = fromBinary(
      ConversationProfileSchema,
      await scene.grpc.send(
        pathOf(createConversationProfile),
        toBinary(
          CreateConversationProfileRequestSchema,
          create(CreateConversationProfileRequestSchema, request),
        ),
      ),
    );
    const got = fromBinary(
      ConversationProfileSchema,
      await scene.grpc.send(
        pathOf(getConversationProfile),
        toBinary(
          GetConversationProfileRequestSchema,
          create(GetConversationProfileRequestSchema, { name: made.name }),
        ),
      ),
    );
    for (const { $unknown } of [made, got]) {
      assert.deepEqual(
        $unknown?.map(({ no, data }) => [no, [...data]]),
        [[7777, [2, 0x68, 0x69]]],
      );
    }
    const overRest = await scene.rest.call(getConversationProfile, { name: made.name });
    assert.equal(overRest.displayName, 'x');
  });
});
