import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Any, anyIs, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import { Code } from '@parleykit/proto/rpc';
import {
  ClearSuggestionFeatureConfigOperationMetadataSchema,
  type ClearSuggestionFeatureConfigRequestSchema,
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationProfiles,
  SuggestionFeature_Type as Feature,
  Participant_Role as Role,
  SetSuggestionFeatureConfigOperationMetadataSchema,
  type SetSuggestionFeatureConfigRequestSchema,
  type HumanAgentAssistantConfig_SuggestionConfig as SuggestionConfig,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { CallError, type Wire } from '../wires.ts';
import {
  createConversation,
  createProfile,
  finished,
  getConversation,
  nanos,
  openScene,
  refused,
  setFeature,
} from './scene.ts';

const scene = openScene();
const {
  setSuggestionFeatureConfig: set,
  clearSuggestionFeatureConfig: clear,
  getConversationProfile,
  updateConversationProfile,
  deleteConversationProfile,
} = ConversationProfiles.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

const roles = [Role.HUMAN_AGENT, Role.END_USER] as const;
const types = Object.values(Feature).filter((type): type is Feature => typeof type === 'number' && type > 0);

const inProgress = { code: Code.ABORTED, reason: 'OPERATION_IN_PROGRESS' };

const wrongRoles: readonly { name: string; role: Role; reason: string }[] = [
  { name: 'no role', role: Role.ROLE_UNSPECIFIED, reason: 'FIELD_REQUIRED' },
  { name: 'the role of the automated agent', role: Role.AUTOMATED_AGENT, reason: 'FIELD_INVALID' },
  { name: 'a role that nobody knows', role: 77 as Role, reason: 'FIELD_INVALID' },
];

/** What a suggestion feature changes of a profile. */
const unlike = { humanAgentAssistantConfig: undefined, updateTime: undefined };

for (const wire of scene.wires) {
  describe(`SetSuggestionFeatureConfig over ${wire.name}`, () => {
    for (const role of roles) {
      it(`adds a feature for the ${Role[role]} and nothing else`, async () => {
        const { name } = await createProfile(wire, `projects/${newProject()}`);
        const before = await getProfile(wire, name);
        const operation = await finished(wire, (await setFeature(wire, name, 3, Feature.FAQ, role)).name);
        const after = await getProfile(wire, name);
        assert.deepEqual(brief(configOf(after, role)), [[Feature.FAQ, 3]]);
        for (const other of roles) if (other !== role) assert.deepEqual(brief(configOf(after, other)), []);
        assert.deepEqual(after.createTime, before.createTime);
        assert.ok(nanos(after.updateTime) > nanos(before.updateTime));
        assert.deepEqual({ ...after, ...unlike }, { ...before, ...unlike });
        assert.deepEqual(withoutTimes(responseOf(operation)), withoutTimes(after));
      });
    }

    it('says what it is about', async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      const begun = await setFeature(wire, name, 3, Feature.SMART_REPLY, Role.END_USER);
      const metadata = unpacked(begun.metadata, SetSuggestionFeatureConfigOperationMetadataSchema);
      assert.deepEqual(
        [metadata.conversationProfile, metadata.participantRole, metadata.suggestionFeatureType],
        [name, Role.END_USER, Feature.SMART_REPLY],
      );
      assert.ok(nanos(metadata.createTime) > 1_000_000_000n);
      await finished(wire, begun.name);
    });

    it('replaces the feature of the same role and type in its place', async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      for (const type of [Feature.ARTICLE_SUGGESTION, Feature.FAQ, Feature.SMART_REPLY]) {
        await finished(wire, (await setFeature(wire, name, 1, type)).name);
      }
      await finished(wire, (await setFeature(wire, name, 9, Feature.FAQ)).name);
      const config = configOf(await getProfile(wire, name), Role.HUMAN_AGENT);
      const sorted = brief(config).toSorted(([a = 0], [b = 0]) => a - b);
      assert.deepEqual(sorted, [
        [Feature.ARTICLE_SUGGESTION, 1],
        [Feature.FAQ, 9],
        [Feature.SMART_REPLY, 1],
      ]);
    });

    it('replaces the whole config of a feature', async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      const feature = { suggestionFeature: { type: Feature.FAQ } };
      const rich = { ...feature, enableEventBasedSuggestion: true, queryConfig: { maxResults: 4 } };
      for (const suggestionFeatureConfig of [rich, feature]) {
        const request = {
          conversationProfile: name,
          participantRole: Role.END_USER,
          suggestionFeatureConfig,
        };
        await finished(wire, (await wire.call(set, request)).name);
      }
      const [kept, ...others] = configOf(await getProfile(wire, name), Role.END_USER)?.featureConfigs ?? [];
      assert.deepEqual(others, []);
      assert.equal(kept?.suggestionFeature?.type, Feature.FAQ);
      assert.deepEqual([kept?.enableEventBasedSuggestion, kept?.queryConfig], [false, undefined]);
    });

    it('leaves the copy that a conversation has', async () => {
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent);
      const conversation = await createConversation(wire, parent, { conversationProfile });
      await finished(wire, (await setFeature(wire, conversationProfile, 3)).name);
      assert.deepEqual(await getConversation(wire, conversation.name), conversation);
    });

    it('takes a profile by any form of its name and answers in that form', async () => {
      const project = `projects/${newProject()}`;
      const { name } = await createProfile(wire, project);
      const id = name.slice(name.lastIndexOf('/') + 1);
      for (const [index, form] of ['', '/locations/global', '/locations/us'].entries()) {
        const asked = `${project}${form}/conversationProfiles/${id}`;
        const begun = await setFeature(wire, asked, index + 1);
        assert.ok(begun.name.startsWith(`${project}${form}/operations/`), begun.name);
        const done = await finished(wire, begun.name);
        const metadata = unpacked(done.metadata, SetSuggestionFeatureConfigOperationMetadataSchema);
        assert.equal(metadata.conversationProfile, asked);
        assert.equal(responseOf(done).name, asked);
        assert.deepEqual(brief(configOf(await getProfile(wire, name), Role.HUMAN_AGENT)), [
          [Feature.FAQ, index + 1],
        ]);
      }
    });

    const config = { suggestionFeature: { type: Feature.FAQ } };
    type Init = Exclude<
      MessageInitShape<typeof SetSuggestionFeatureConfigRequestSchema>,
      { $typeName: string }
    >;
    const bad: { name: string; request: Init; reason: string; field: string }[] = [
      ...wrongRoles.map(({ name, role, reason }) => ({
        name,
        request: { participantRole: role, suggestionFeatureConfig: config },
        reason,
        field: 'participant_role',
      })),
      {
        name: 'no config',
        request: { participantRole: Role.END_USER },
        reason: 'FIELD_REQUIRED',
        field: 'suggestion_feature_config',
      },
      {
        name: 'a type that nobody knows',
        request: {
          participantRole: Role.END_USER,
          suggestionFeatureConfig: { suggestionFeature: { type: 777 as Feature } },
        },
        reason: 'FIELD_INVALID',
        field: 'suggestion_feature_config.suggestion_feature.type',
      },
      {
        name: 'a knowledge base without a name',
        request: {
          participantRole: Role.END_USER,
          suggestionFeatureConfig: {
            ...config,
            queryConfig: {
              querySource: { case: 'knowledgeBaseQuerySource', value: { knowledgeBases: ['x'] } },
            },
          },
        },
        reason: 'RESOURCE_NAME_INVALID',
        field: 'suggestion_feature_config.query_config.knowledge_base_query_source.knowledge_bases[0]',
      },
    ];
    for (const { name, request, reason, field } of bad) {
      it(`refuses ${name} and begins nothing`, async () => {
        const { name: conversationProfile } = await createProfile(wire, `projects/${newProject()}`);
        const before = await getProfile(wire, conversationProfile);
        await refused(wire.call(set, { ...request, conversationProfile }), {
          code: Code.INVALID_ARGUMENT,
          reason,
          fields: [field],
        });
        assert.deepEqual(await getProfile(wire, conversationProfile), before);
      });
    }

    for (const suggestionFeatureConfig of [{}, { suggestionFeature: {} }]) {
      it(`refuses a config without a type: ${JSON.stringify(suggestionFeatureConfig)}`, async () => {
        const { name: conversationProfile } = await createProfile(wire, `projects/${newProject()}`);
        const request = { conversationProfile, participantRole: Role.END_USER, suggestionFeatureConfig };
        const error = await wire.call(set, request).catch((reason: unknown) => reason);
        assert.ok(error instanceof CallError, 'it is refused');
        assert.equal(error.code, Code.INVALID_ARGUMENT);
      });
    }

    it('refuses a profile that is not there at once', async () => {
      const name = `projects/${newProject()}/conversationProfiles/absent`;
      const error = await refused(setFeature(wire, name, 1), notFound);
      assert.ok(error.message.includes(name), error.message);
    });
  });

  describe(`ClearSuggestionFeatureConfig over ${wire.name}`, () => {
    it('removes the feature of a role and type and no other', async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      for (const role of roles) {
        for (const type of [Feature.FAQ, Feature.SMART_REPLY]) {
          await finished(wire, (await setFeature(wire, name, 2, type, role)).name);
        }
      }
      const begun = await clearFeature(wire, name, Feature.FAQ, Role.END_USER);
      const metadata = unpacked(begun.metadata, ClearSuggestionFeatureConfigOperationMetadataSchema);
      assert.deepEqual(
        [metadata.conversationProfile, metadata.participantRole, metadata.suggestionFeatureType],
        [name, Role.END_USER, Feature.FAQ],
      );
      const done = await finished(wire, begun.name);
      const profile = await getProfile(wire, name);
      assert.deepEqual(brief(configOf(profile, Role.END_USER)), [[Feature.SMART_REPLY, 2]]);
      assert.equal(configOf(profile, Role.HUMAN_AGENT)?.featureConfigs.length, 2);
      assert.deepEqual(withoutTimes(responseOf(done)), withoutTimes(profile));
    });

    it('is free to be called for a feature that was never set', async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      const done = await finished(wire, (await clearFeature(wire, name, Feature.FAQ, Role.HUMAN_AGENT)).name);
      assert.equal(responseOf(done).name, name);
      assert.deepEqual(brief(configOf(await getProfile(wire, name), Role.HUMAN_AGENT)), []);
    });

    type Init = Exclude<
      MessageInitShape<typeof ClearSuggestionFeatureConfigRequestSchema>,
      { $typeName: string }
    >;
    const bad: { name: string; request: Init; reason: string; field: string }[] = [
      ...wrongRoles.map(({ name, role, reason }) => ({
        name,
        request: { participantRole: role, suggestionFeatureType: Feature.FAQ },
        reason,
        field: 'participant_role',
      })),
      {
        name: 'no type',
        request: { participantRole: Role.END_USER },
        reason: 'FIELD_REQUIRED',
        field: 'suggestion_feature_type',
      },
      {
        name: 'a type that nobody knows',
        request: { participantRole: Role.END_USER, suggestionFeatureType: 777 as Feature },
        reason: 'FIELD_INVALID',
        field: 'suggestion_feature_type',
      },
    ];
    for (const { name, request, reason, field } of bad) {
      it(`refuses ${name}`, async () => {
        const { name: conversationProfile } = await createProfile(wire, `projects/${newProject()}`);
        await refused(wire.call(clear, { ...request, conversationProfile }), {
          code: Code.INVALID_ARGUMENT,
          reason,
          fields: [field],
        });
      });
    }

    it('refuses a profile that is not there at once', async () => {
      const name = `projects/${newProject()}/conversationProfiles/absent`;
      await refused(clearFeature(wire, name, Feature.FAQ, Role.END_USER), notFound);
    });
  });
}

describe('suggestion features that are set at once', () => {
  it('are refused one at a time when they are about the same role and type', async () => {
    const { name } = await createProfile(scene.grpc, `projects/${newProject()}`);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        setFeature(scene.wires[index % 2] ?? scene.grpc, name, index + 1),
      ),
    );
    const begun: { operation: Operation; maxResults: number }[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') begun.push({ operation: outcome.value, maxResults: index + 1 });
      else await refused(Promise.reject(outcome.reason), inProgress);
    }
    assert.ok(begun.length > 0, 'one of them runs');
    for (const { operation, maxResults } of begun) {
      const { result } = await finished(scene.grpc, operation.name);
      assert.ok(result.case === 'response', 'what was accepted has an effect');
      const response = unpacked(result.value, ConversationProfileSchema);
      assert.deepEqual(brief(configOf(response, Role.HUMAN_AGENT)), [[Feature.FAQ, maxResults]]);
    }
    const last = begun.toSorted((a, b) => (begunAt(a.operation) < begunAt(b.operation) ? -1 : 1)).at(-1);
    const kept = brief(configOf(await getProfile(scene.grpc, name), Role.HUMAN_AGENT));
    assert.deepEqual(kept, [[Feature.FAQ, last?.maxResults]]);
  });

  it('are refused when the other one clears', async () => {
    const { name } = await createProfile(scene.grpc, `projects/${newProject()}`);
    for (let round = 0; round < 10; round += 1) {
      const outcomes = await Promise.allSettled(
        scene.wires.flatMap((wire) => [
          setFeature(wire, name, 4),
          clearFeature(wire, name, Feature.FAQ, Role.HUMAN_AGENT),
        ]),
      );
      const begun = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      assert.ok(begun.length > 0, 'one of them runs');
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') await refused(Promise.reject(outcome.reason), inProgress);
      }
      for (const operation of begun) await finished(scene.grpc, operation.name);
      const last = begun.toSorted((a, b) => (begunAt(a) < begunAt(b) ? -1 : 1)).at(-1);
      const sets = last?.metadata && anyIs(last.metadata, SetSuggestionFeatureConfigOperationMetadataSchema);
      const kept = brief(configOf(await getProfile(scene.grpc, name), Role.HUMAN_AGENT));
      assert.deepEqual(kept, sets === true ? [[Feature.FAQ, 4]] : []);
    }
  });

  it('are all kept when each has a role and type of its own', async () => {
    const { name } = await createProfile(scene.grpc, `projects/${newProject()}`);
    const begun = await Promise.all(
      roles.flatMap((role) =>
        types.map((type) => setFeature(scene.wires[type % 2] ?? scene.grpc, name, type, type, role)),
      ),
    );
    for (const { name: operation } of begun) responseOf(await finished(scene.grpc, operation));
    const profile = await getProfile(scene.grpc, name);
    for (const role of roles) {
      const kept = brief(configOf(profile, role)).toSorted(([a = 0], [b = 0]) => a - b);
      assert.deepEqual(
        kept,
        types.map((type) => [type, type]),
      );
    }
  });

  it('are kept, and so is what an update writes beside them', async () => {
    const { name } = await createProfile(scene.grpc, `projects/${newProject()}`);
    const update = (conversationProfile: object, path: string): Promise<unknown> =>
      scene.rest.call(updateConversationProfile, {
        conversationProfile: { name, ...conversationProfile },
        updateMask: { paths: [path] },
      });
    const [begun] = await Promise.all([
      Promise.all(types.map((type) => setFeature(scene.grpc, name, 5, type))),
      update({ displayName: 'beside' }, 'display_name'),
      update({ languageCode: 'de' }, 'language_code'),
      update({ timeZone: 'Europe/Vienna' }, 'time_zone'),
    ]);
    for (const { name: operation } of begun) responseOf(await finished(scene.grpc, operation));
    const profile = await getProfile(scene.grpc, name);
    const { displayName, languageCode, timeZone } = profile;
    assert.deepEqual([displayName, languageCode, timeZone], ['beside', 'de', 'Europe/Vienna']);
    assert.equal(configOf(profile, Role.HUMAN_AGENT)?.featureConfigs.length, types.length);
  });

  it('do not bring a profile back that was deleted meanwhile', async () => {
    const parent = `projects/${newProject()}`;
    for (let round = 0; round < 20; round += 1) {
      const { name } = await createProfile(scene.grpc, parent);
      const [outcome] = await Promise.allSettled([
        setFeature(scene.grpc, name, 3),
        scene.rest.call(deleteConversationProfile, { name }),
      ]);
      if (outcome.status === 'fulfilled') {
        const { result } = await finished(scene.grpc, outcome.value.name);
        if (result.case === 'error') assert.equal(result.value.code, Code.NOT_FOUND);
      } else {
        await refused(Promise.reject(outcome.reason), notFound);
      }
      await refused(getProfile(scene.rest, name), notFound);
    }
  });
});

function clearFeature(
  wire: Wire,
  conversationProfile: string,
  type: Feature,
  role: Role,
): Promise<Operation> {
  return wire.call(clear, { conversationProfile, participantRole: role, suggestionFeatureType: type });
}

function getProfile(wire: Wire, name: string): Promise<ConversationProfile> {
  return wire.call(getConversationProfile, { name });
}

function configOf(profile: ConversationProfile, role: Role): SuggestionConfig | undefined {
  const { humanAgentSuggestionConfig, endUserSuggestionConfig } = profile.humanAgentAssistantConfig ?? {};
  return role === Role.HUMAN_AGENT ? humanAgentSuggestionConfig : endUserSuggestionConfig;
}

/** The type and the number of results of each feature. */
function brief(config: SuggestionConfig | undefined): (number | undefined)[][] {
  return (config?.featureConfigs ?? []).map(({ suggestionFeature, queryConfig }) => [
    suggestionFeature?.type,
    queryConfig?.maxResults,
  ]);
}

function withoutTimes(profile: ConversationProfile): object {
  return { ...profile, createTime: undefined, updateTime: undefined };
}

function unpacked<T extends DescMessage>(any: Any | undefined, schema: T): MessageShape<T> {
  assert.ok(any, 'the Any is set');
  return anyUnpack(any, schema) ?? assert.fail(`${any.typeUrl} is not ${schema.typeName}`);
}

function responseOf({ name, result }: Operation): ConversationProfile {
  assert.ok(result.case === 'response', `${name} ended with ${result.case}`);
  return anyUnpack(result.value, ConversationProfileSchema) ?? assert.fail(result.value.typeUrl);
}

function begunAt({ metadata }: Operation): bigint {
  assert.ok(metadata);
  const of =
    anyUnpack(metadata, SetSuggestionFeatureConfigOperationMetadataSchema) ??
    anyUnpack(metadata, ClearSuggestionFeatureConfigOperationMetadataSchema);
  return nanos(of?.createTime);
}
