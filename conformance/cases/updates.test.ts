import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import {
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationProfiles,
  CreateConversationProfileRequestSchema,
  SuggestionFeature_Type as Feature,
  GetConversationProfileRequestSchema,
  type Participant,
  ParticipantSchema,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { CallError, pathOf, RestWire, refusalOf, type Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  failure,
  getConversation,
  ingest,
  message,
  namesOf,
  nanos,
  openScene,
  refused,
  setFeature,
} from './scene.ts';

type ProfileInit = Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile>;
type ParticipantInit = Exclude<MessageInitShape<typeof ParticipantSchema>, Participant>;

const scene = openScene();
const {
  createConversationProfile,
  getConversationProfile,
  listConversationProfiles,
  updateConversationProfile,
  deleteConversationProfile,
} = ConversationProfiles.method;
const { getParticipant, updateParticipant } = Participants.method;
const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
const maskInvalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields: ['update_mask'] };
const maskRequired = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED', fields: ['update_mask'] };

/** A profile that says something in most places where it may. */
const rich: ProfileInit = {
  displayName: 'rich',
  automatedAgentConfig: {
    agent: 'projects/p/locations/global/agent/environments/-',
    sessionTtl: durationFromMs(60_000),
  },
  humanAgentAssistantConfig: {
    messageAnalysisConfig: { enableEntityExtraction: true, enableSentimentAnalysis: true },
    humanAgentSuggestionConfig: {
      groupSuggestionResponses: true,
      featureConfigs: [
        { suggestionFeature: { type: Feature.FAQ } },
        { suggestionFeature: { type: Feature.SMART_REPLY } },
      ],
    },
  },
  loggingConfig: { enableStackdriverLogging: true },
  languageCode: 'de-CH',
  timeZone: 'Europe/Zurich',
};

/** Paths that name nothing which a mask may name, in any resource. */
const unknownPaths = ['nope', 'name.x', '*.name', 'Name', '.', 'a,', ' '];

for (const wire of scene.wires) {
  describe(`UpdateConversationProfile over ${wire.name}`, () => profileUpdateCases(wire));
  describe(`a profile that is updated over ${wire.name}`, () => updatedProfileCases(wire));
  describe(`the mask of UpdateConversationProfile over ${wire.name}`, () => profileMaskCases(wire));
  describe(`a mask that UpdateConversationProfile refuses over ${wire.name}`, () => wrongMaskCases(wire));
  describe(`REQUIRED fields of UpdateConversationProfile over ${wire.name}`, () => requiredCases(wire));
  describe(`updates of a profile at once over ${wire.name}`, () => racingUpdateCases(wire));
  describe(`DeleteConversationProfile over ${wire.name}`, () => profileDeleteCases(wire));
  describe(`what DeleteConversationProfile reaches over ${wire.name}`, () => profileDeleteBounds(wire));
  describe(`UpdateParticipant over ${wire.name}`, () => participantUpdateCases(wire));
  describe(`what UpdateParticipant refuses over ${wire.name}`, () => participantRefusalCases(wire));
  describe(`the mask of UpdateParticipant over ${wire.name}`, () => participantMaskCases(wire));
}

function profileUpdateCases(wire: Wire): void {
  it('answers the profile without its times, and Get has a new update_time and the old create_time', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const answer = await updateProfile(wire, { name, displayName: 'new' }, ['display_name']);
    assert.deepEqual([answer.createTime, answer.updateTime], [undefined, undefined]);
    assert.deepEqual(answer, { ...timeless(before), displayName: 'new' });
    for (const reader of scene.wires) {
      const after = await getProfile(reader, name);
      assert.deepEqual(timeless(after), answer);
      assert.deepEqual(after.createTime, before.createTime);
      assert.ok(nanos(after.updateTime) > nanos(before.updateTime));
    }
  });

  it('leaves what the mask does not name, whatever the request says of it', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const said = { name, displayName: 'unmasked', timeZone: 'Asia/Tokyo', languageCode: 'ja' };
    const answer = await updateProfile(wire, said, ['language_code']);
    assert.deepEqual(answer, { ...timeless(before), languageCode: 'ja' });
  });

  it('clears what the mask names and the request does not', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const answer = await updateProfile(wire, { name }, ['logging_config', 'automated_agent_config']);
    const want = timeless(before);
    delete want.loggingConfig;
    delete want.automatedAgentConfig;
    assert.deepEqual(answer, want);
    assert.deepEqual(timeless(await getProfile(wire, name)), answer);
  });

  it('puts the documented defaults where language_code and time_zone are cleared', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const answer = await updateProfile(wire, { name }, ['language_code', 'time_zone']);
    const defaults = { languageCode: 'en-US', timeZone: 'America/New_York' };
    assert.deepEqual(answer, { ...timeless(before), ...defaults });
  });

  it('replaces all by the mask *, except what only the server sets', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const answer = await updateProfile(wire, { name, displayName: 'bare' }, ['*']);
    const defaults = { languageCode: 'en-US', timeZone: 'America/New_York' };
    assert.deepEqual(answer, create(ConversationProfileSchema, { name, displayName: 'bare', ...defaults }));
    assert.deepEqual((await getProfile(wire, name)).createTime, before.createTime);
  });
}

function updatedProfileCases(wire: Wire): void {
  it('keeps the copy that a conversation has of its profile', async () => {
    const parent = `projects/${newProject()}`;
    const { name } = await createProfile(wire, parent, { displayName: 'then' });
    const conversation = await createConversation(wire, parent, { conversationProfile: name });
    await updateProfile(wire, { name, displayName: 'now' }, ['display_name']);
    const read = await getConversation(wire, conversation.name);
    assert.equal(read.initialConversationProfile?.displayName, 'then');
    assert.deepEqual(read, conversation);
    const later = await createConversation(wire, parent, { conversationProfile: name });
    assert.equal(later.initialConversationProfile?.displayName, 'now');
  });

  it('takes every form of a name and answers in that form', async () => {
    const project = `projects/${newProject()}`;
    const made = await createProfile(wire, project);
    const id = made.name.slice(made.name.lastIndexOf('/') + 1);
    for (const form of ['', '/locations/global', '/locations/us']) {
      const name = `${project}${form}/conversationProfiles/${id}`;
      const answer = await updateProfile(wire, { name, displayName: `by ${form}` }, ['display_name']);
      assert.equal(answer.name, name);
      assert.equal((await getProfile(wire, made.name)).displayName, `by ${form}`);
    }
  });

  it('refuses a profile that is not there, also when it is that of another project or region', async () => {
    const project = `projects/${newProject()}`;
    const { name } = await createProfile(wire, project);
    const id = name.slice(name.lastIndexOf('/') + 1);
    for (const absent of [
      `${project}/conversationProfiles/absent`,
      `${project}/locations/europe-west1/conversationProfiles/${id}`,
      `projects/${newProject()}/conversationProfiles/${id}`,
    ]) {
      await refused(updateProfile(wire, { name: absent, displayName: 'x' }, ['display_name']), notFound);
    }
  });

  it('refuses what a profile may not say and changes nothing', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const before = await getProfile(wire, name);
    const displayName = `${'ü'.repeat(512)}x`;
    await refused(updateProfile(wire, { name, displayName }, ['display_name', 'language_code']), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_INVALID',
      fields: ['conversation_profile.display_name'],
    });
    assert.deepEqual(await getProfile(wire, name), before);
  });
}

function profileMaskCases(wire: Wire): void {
  const analysis = 'human_agent_assistant_config.message_analysis_config.enable_sentiment_analysis';
  const camelAnalysis = 'humanAgentAssistantConfig.messageAnalysisConfig.enableSentimentAnalysis';
  for (const path of [analysis, camelAnalysis]) {
    it(`changes one field deep inside and none beside it, by ${path}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
      const { humanAgentAssistantConfig: before, ...others } = timeless(await getProfile(wire, name));
      const answer = await updateProfile(wire, { name }, [path]);
      const { humanAgentAssistantConfig: after, ...kept } = answer;
      assert.deepEqual(kept, others);
      assert.equal(after?.messageAnalysisConfig?.enableSentimentAnalysis, false);
      assert.equal(after?.messageAnalysisConfig?.enableEntityExtraction, true);
      assert.deepEqual(after?.humanAgentSuggestionConfig, before?.humanAgentSuggestionConfig);
    });

    it(`makes the messages around a field where there are none, by ${path}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      const humanAgentAssistantConfig = { messageAnalysisConfig: { enableSentimentAnalysis: true } };
      const answer = await updateProfile(wire, { name, humanAgentAssistantConfig }, [path]);
      const config = create(ConversationProfileSchema, { humanAgentAssistantConfig });
      assert.deepEqual(answer.humanAgentAssistantConfig, config.humanAgentAssistantConfig);
    });
  }

  for (const paths of [
    ['display_name', 'time_zone'],
    ['displayName', 'timeZone'],
    ['displayName', 'time_zone'],
  ]) {
    it(`may be spelled ${paths}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`);
      const answer = await updateProfile(wire, { name, displayName: 'y', timeZone: 'Asia/Tokyo' }, paths);
      assert.deepEqual([answer.displayName, answer.timeZone], ['y', 'Asia/Tokyo']);
    });
  }

  it('replaces a list as a whole', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const path = 'human_agent_assistant_config.human_agent_suggestion_config.feature_configs';
    const featureConfigs = [{ suggestionFeature: { type: Feature.ARTICLE_SUGGESTION } }];
    const humanAgentAssistantConfig = { humanAgentSuggestionConfig: { featureConfigs } };
    const answer = await updateProfile(wire, { name, humanAgentAssistantConfig }, [path]);
    const config = answer.humanAgentAssistantConfig?.humanAgentSuggestionConfig;
    assert.deepEqual(
      config?.featureConfigs.map(({ suggestionFeature }) => suggestionFeature?.type),
      [Feature.ARTICLE_SUGGESTION],
    );
    assert.equal(config?.groupSuggestionResponses, true);
    assert.ok(answer.humanAgentAssistantConfig?.messageAnalysisConfig?.enableSentimentAnalysis);
  });

  it('may name a field and one inside it', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    const paths = ['automated_agent_config', 'automated_agent_config.session_ttl', 'automated_agent_config'];
    const agent = 'projects/p/agent';
    const answer = await updateProfile(wire, { name, automatedAgentConfig: { agent } }, paths);
    assert.equal(answer.automatedAgentConfig?.agent, agent);
    assert.equal(answer.automatedAgentConfig?.sessionTtl, undefined);
  });

  it('passes over the name and what only the server sets', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    const before = await getProfile(wire, name);
    const old = { seconds: 1n, nanos: 0 };
    const said = { name, displayName: 'y', createTime: old, updateTime: old } as ProfileInit;
    const paths = ['name', 'create_time', 'updateTime', 'display_name'];
    assert.deepEqual(await updateProfile(wire, said, paths), { ...timeless(before), displayName: 'y' });
    const after = await getProfile(wire, name);
    assert.deepEqual(after.createTime, before.createTime);
    assert.ok(nanos(after.updateTime) > nanos(before.updateTime));
  });
}

function wrongMaskCases(wire: Wire): void {
  const unknown = [
    ...unknownPaths,
    'display_name.x',
    'human_agent_assistant_config.nope',
    'human_agent_assistant_config.human_agent_suggestion_config.feature_configs.query_config',
    'create_time.nope',
  ];
  for (const path of unknown) {
    it(`is refused when it names ${JSON.stringify(path)}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
      const before = await getProfile(wire, name);
      for (const paths of [[path], ['language_code', path]]) {
        const said = { name, displayName: 'y', languageCode: 'fr' };
        await refused(updateProfile(wire, said, paths), maskInvalid);
      }
      assert.deepEqual(await getProfile(wire, name), before);
    });
  }

  it('is looked at before the profile', async () => {
    const name = `projects/${newProject()}/conversationProfiles/absent`;
    await refused(updateProfile(wire, { name, displayName: 'y' }, ['nope']), maskInvalid);
    const conversationProfile = { name, displayName: 'y' };
    await refused(wire.call(updateConversationProfile, { conversationProfile }), maskRequired);
  });

  it('is required', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    const before = await getProfile(wire, name);
    const conversationProfile = { name, displayName: 'y' };
    await refused(wire.call(updateConversationProfile, { conversationProfile }), maskRequired);
    assert.deepEqual(await getProfile(wire, name), before);
  });

  it('is required to name something', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    const before = await getProfile(wire, name);
    await refused(updateProfile(wire, { name, displayName: 'y' }, []), maskRequired);
    assert.deepEqual(await getProfile(wire, name), before);
  });
}

function requiredCases(wire: Wire): void {
  const agent = 'projects/p/agent';
  const given: { name: string; said: ProfileInit; paths: string[] }[] = [
    { name: 'the display name', said: { languageCode: 'fr' }, paths: ['language_code'] },
    {
      name: 'the agent beside the field inside its config',
      said: { automatedAgentConfig: { sessionTtl: durationFromMs(1000) } },
      paths: ['automated_agent_config.session_ttl'],
    },
    {
      name: 'the agent of a config that is not in the mask',
      said: { displayName: 'y', automatedAgentConfig: {} },
      paths: ['display_name'],
    },
  ];
  for (const { name: what, said, paths } of given) {
    it(`may leave out ${what}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
      const answer = await updateProfile(wire, { name, ...said }, paths);
      assert.equal(answer.displayName, said.displayName ?? 'rich');
      assert.equal(answer.automatedAgentConfig?.agent, rich.automatedAgentConfig?.agent);
    });
  }

  const missing: { name: string; said: ProfileInit; paths: string[]; field: string }[] = [
    { name: 'the display name', said: {}, paths: ['display_name'], field: 'display_name' },
    { name: 'the display name among all', said: { languageCode: 'fr' }, paths: ['*'], field: 'display_name' },
    {
      name: 'the agent of a config in the mask',
      said: { automatedAgentConfig: { sessionTtl: durationFromMs(1000) } },
      paths: ['automated_agent_config'],
      field: 'automated_agent_config.agent',
    },
    {
      name: 'the agent in the mask itself',
      said: { automatedAgentConfig: { sessionTtl: durationFromMs(1000) } },
      paths: ['automated_agent_config.agent'],
      field: 'automated_agent_config.agent',
    },
    {
      name: 'the agent of a config among all',
      said: { displayName: 'y', automatedAgentConfig: {} },
      paths: ['*'],
      field: 'automated_agent_config.agent',
    },
  ];
  for (const { name: what, said, paths, field } of missing) {
    it(`may not leave out ${what}`, async () => {
      const { name } = await createProfile(wire, `projects/${newProject()}`, {
        ...rich,
        automatedAgentConfig: { agent },
      });
      const before = await getProfile(wire, name);
      await refused(updateProfile(wire, { name, ...said }, paths), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_REQUIRED',
        fields: [`conversation_profile.${field}`],
      });
      assert.deepEqual(await getProfile(wire, name), before);
    });
  }
}

function racingUpdateCases(wire: Wire): void {
  it('are all kept when each is about a field of its own', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`, rich);
    for (let round = 0; round < 5; round += 1) {
      const said = {
        name,
        displayName: `name ${round}`,
        languageCode: `x-${round}`,
        timeZone: `Zone/${round}`,
        securitySettings: `projects/p/locations/l/securitySettings/${round}`,
      };
      const paths = ['display_name', 'language_code', 'time_zone', 'security_settings'];
      await Promise.all(
        paths.map((path, index) => updateProfile(scene.wires[index % 2] ?? wire, said, [path])),
      );
      const { displayName, languageCode, timeZone, securitySettings } = await getProfile(wire, name);
      assert.deepEqual({ name, displayName, languageCode, timeZone, securitySettings }, said);
    }
  });

  it('leave one of those that succeed when they are about the same field', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        updateProfile(scene.wires[index % 2] ?? wire, { name, displayName: `no. ${index}` }, [
          'display_name',
        ]),
      ),
    );
    const written = new Set<string>();
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        await refused(Promise.reject(outcome.reason), { code: Code.ABORTED, reason: 'TOO_MANY_CONFLICTS' });
      } else {
        assert.equal(outcome.value.displayName, `no. ${index}`);
        written.add(outcome.value.displayName);
      }
    }
    const { displayName } = await getProfile(wire, name);
    assert.ok(written.has(displayName), `${displayName} is one of ${[...written]}`);
  });

  it('never set update_time back', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    let last = nanos((await getProfile(wire, name)).updateTime);
    for (let round = 0; round < 10; round += 1) {
      await updateProfile(wire, { name, displayName: `round ${round}` }, ['display_name']);
      const next = nanos((await getProfile(wire, name)).updateTime);
      assert.ok(next > last, `round ${round}`);
      last = next;
    }
  });
}

function profileDeleteCases(wire: Wire): void {
  it('answers nothing, and then the profile is not there', async () => {
    const parent = `projects/${newProject()}`;
    const [kept, deleted] = [await createProfile(wire, parent), await createProfile(wire, parent)];
    const { name } = deleted;
    await wire.call(deleteConversationProfile, { name });
    for (const reader of scene.wires) {
      await refused(getProfile(reader, name), notFound);
      const { conversationProfiles } = await reader.call(listConversationProfiles, { parent });
      assert.deepEqual(namesOf(conversationProfiles), [kept.name]);
    }
    const calls = [
      wire.call(deleteConversationProfile, { name }),
      updateProfile(wire, { name, displayName: 'x' }, ['display_name']),
      createConversation(wire, parent, { conversationProfile: name }),
      setFeature(wire, name, 1),
    ];
    await Promise.all(calls.map((call) => refused(call, notFound)));
  });

  it('leaves the conversations that began with the profile as they are, and open', async () => {
    const parent = `projects/${newProject()}`;
    const { name: conversationProfile } = await createProfile(wire, parent, rich);
    const before = await createConversation(wire, parent, { conversationProfile });
    await wire.call(deleteConversationProfile, { name: conversationProfile });
    const after = await getConversation(wire, before.name);
    assert.deepEqual(after, before);
    assert.equal(after.initialConversationProfile?.displayName, 'rich');
    const { name: participant } = await createParticipant(wire, before.name);
    assert.equal((await ingest(wire, before.name, [message(participant, 0)])).length, 1);
    const done = await completeConversation(wire, before.name);
    assert.equal(done.conversationProfile, conversationProfile);
  });

  it('takes every form of a name', async () => {
    const project = `projects/${newProject()}`;
    for (const form of ['', '/locations/global', '/locations/us']) {
      const { name } = await createProfile(wire, project);
      const id = name.slice(name.lastIndexOf('/') + 1);
      await wire.call(deleteConversationProfile, { name: `${project}${form}/conversationProfiles/${id}` });
      await refused(getProfile(wire, name), notFound);
    }
  });
}

function profileDeleteBounds(wire: Wire): void {
  it('does not reach into another project or region', async () => {
    const project = `projects/${newProject()}`;
    const { name } = await createProfile(wire, project);
    const id = name.slice(name.lastIndexOf('/') + 1);
    for (const parent of [`${project}/locations/europe-west1`, `projects/${newProject()}`]) {
      await refused(
        wire.call(deleteConversationProfile, { name: `${parent}/conversationProfiles/${id}` }),
        notFound,
      );
    }
    assert.equal((await getProfile(wire, name)).name, name);
  });

  it('succeeds once when many race', async () => {
    const { name } = await createProfile(wire, `projects/${newProject()}`);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        (scene.wires[index % 2] ?? wire).call(deleteConversationProfile, { name }),
      ),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') await refused(Promise.reject(outcome.reason), notFound);
    }
  });
}

function participantUpdateCases(wire: Wire): void {
  it('changes what the mask names and answers the participant', async () => {
    const { conversation, participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const before = await wire.call(getParticipant, { name });
    const said = { name, obfuscatedExternalUserId: 'u', documentsMetadataFilters: { a: 'b' } };
    for (const path of ['obfuscated_external_user_id', 'obfuscatedExternalUserId']) {
      const answer = await update(wire, updateParticipant, said, [path]);
      assert.deepEqual(answer, { ...before, obfuscatedExternalUserId: 'u' });
      for (const reader of scene.wires) assert.deepEqual(await reader.call(getParticipant, { name }), answer);
      assert.deepEqual(
        (await update(wire, updateParticipant, { name }, [path])).obfuscatedExternalUserId,
        '',
      );
    }
    assert.ok(name.startsWith(conversation));
  });

  it('replaces a map as a whole', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    for (const documentsMetadataFilters of [{ a: '1', b: '2' }, { b: '3', c: '4' }, {}]) {
      const said = { name, documentsMetadataFilters };
      const answer = await update(wire, updateParticipant, said, ['documents_metadata_filters']);
      assert.deepEqual(answer.documentsMetadataFilters, documentsMetadataFilters);
    }
  });

  it('replaces all by the mask * where the role is the same', async () => {
    const { conversation } = await createTalk(wire, `projects/${newProject()}`);
    const { name } = await wire.call(Participants.method.createParticipant, {
      parent: conversation,
      participant: { role: Role.HUMAN_AGENT, obfuscatedExternalUserId: 'u' },
    });
    const answer = await update(wire, updateParticipant, { name, role: Role.HUMAN_AGENT }, ['*']);
    assert.deepEqual(answer, create(ParticipantSchema, { name, role: Role.HUMAN_AGENT }));
  });

  it('cannot change the role, which may be named as it is', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const before = await wire.call(getParticipant, { name });
    for (const role of [Role.HUMAN_AGENT, Role.AUTOMATED_AGENT]) {
      await refused(update(wire, updateParticipant, { name, role }, ['role']), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['participant.role'],
      });
      const said = { name, role, obfuscatedExternalUserId: '' };
      assert.deepEqual(
        await update(wire, updateParticipant, said, ['obfuscated_external_user_id']),
        before,
        'a role that is not in the mask is no change',
      );
    }
    const same = { name, role: Role.END_USER, obfuscatedExternalUserId: 'u' };
    const answer = await update(wire, updateParticipant, same, ['role', 'obfuscated_external_user_id']);
    assert.deepEqual(answer, { ...before, obfuscatedExternalUserId: 'u' });
  });
}

function participantRefusalCases(wire: Wire): void {
  it('refuses a user id of 257 characters', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const said: ParticipantInit = { name, obfuscatedExternalUserId: 'u'.repeat(257) };
    await refused(update(wire, updateParticipant, said, ['obfuscated_external_user_id']), {
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_INVALID',
      fields: ['participant.obfuscated_external_user_id'],
    });
  });

  it('is refused on a completed conversation', async () => {
    const { conversation, participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const before = await wire.call(getParticipant, { name });
    await completeConversation(wire, conversation);
    const said = { name, obfuscatedExternalUserId: 'late' };
    await refused(update(wire, updateParticipant, said, ['obfuscated_external_user_id']), {
      code: Code.FAILED_PRECONDITION,
      reason: 'CONVERSATION_COMPLETED',
    });
    assert.deepEqual(await wire.call(getParticipant, { name }), before);
  });

  it('refuses a participant that is not there, also when it is in another conversation', async () => {
    const parent = `projects/${newProject()}`;
    const [one, two] = [await createTalk(wire, parent), await createTalk(wire, parent)];
    for (const name of [
      `${one.conversation}/participants/absent`,
      `${parent}/conversations/absent/participants/absent`,
      one.participant.replace(one.conversation, two.conversation),
      one.participant.replace(parent, `projects/${newProject()}`),
    ]) {
      const said = { name, obfuscatedExternalUserId: 'u' };
      await refused(update(wire, updateParticipant, said, ['obfuscated_external_user_id']), notFound);
    }
  });

  it('looks for the conversation first, then at its end, and then for the participant', async () => {
    const { conversation } = await createTalk(wire, `projects/${newProject()}`);
    const missing = async (of: string) => {
      const said = { name: `${of}/participants/absent`, obfuscatedExternalUserId: 'u' };
      return failure(update(wire, updateParticipant, said, ['obfuscated_external_user_id']));
    };
    const nowhere = await missing(conversation.replace(/[^/]+$/u, 'absent'));
    assert.deepEqual([nowhere.code, nowhere.metadata['resourceType']], [Code.NOT_FOUND, 'Conversation']);
    const nobody = await missing(conversation);
    assert.deepEqual([nobody.code, nobody.metadata['resourceType']], [Code.NOT_FOUND, 'Participant']);
    await completeConversation(wire, conversation);
    assert.equal((await missing(conversation)).reason, 'CONVERSATION_COMPLETED');
  });

  it('loses none of two updates at once', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    for (let round = 0; round < 10; round += 1) {
      const said = {
        name,
        obfuscatedExternalUserId: `user ${round}`,
        documentsMetadataFilters: { round: String(round) },
      };
      await Promise.all(
        ['obfuscated_external_user_id', 'documents_metadata_filters'].map((path, index) =>
          update(scene.wires[index] ?? wire, updateParticipant, said, [path]),
        ),
      );
      const { obfuscatedExternalUserId, documentsMetadataFilters } = await wire.call(getParticipant, {
        name,
      });
      assert.deepEqual({ name, obfuscatedExternalUserId, documentsMetadataFilters }, said);
    }
  });
}

function participantMaskCases(wire: Wire): void {
  for (const path of [...unknownPaths, 'role.x', 'obfuscated_external_user_id.x']) {
    it(`is refused when it names ${JSON.stringify(path)}`, async () => {
      const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
      const said = { name, role: Role.END_USER, obfuscatedExternalUserId: 'u' };
      await refused(update(wire, updateParticipant, said, [path]), maskInvalid);
      assert.equal((await wire.call(getParticipant, { name })).obfuscatedExternalUserId, '');
    });
  }

  it('passes over the name', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const said = { name, obfuscatedExternalUserId: 'u' };
    const answer = await update(wire, updateParticipant, said, ['name', 'obfuscated_external_user_id']);
    assert.deepEqual([answer.name, answer.obfuscatedExternalUserId], [name, 'u']);
  });

  it('is required', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    const participant = { name, obfuscatedExternalUserId: 'u' };
    await refused(wire.call(updateParticipant, { participant }), maskRequired);
  });

  it('is looked at before the participant and the state of its conversation', async () => {
    const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
    await completeConversation(wire, conversation);
    for (const name of [`${conversation}/participants/absent`, participant]) {
      const said = { name, obfuscatedExternalUserId: 'u' };
      await refused(update(wire, updateParticipant, said, ['nope']), maskInvalid);
      await refused(wire.call(updateParticipant, { participant: said }), maskRequired);
    }
  });

  it('is required to name something', async () => {
    const { participant: name } = await createTalk(wire, `projects/${newProject()}`);
    await refused(update(wire, updateParticipant, { name, obfuscatedExternalUserId: 'u' }, []), maskRequired);
  });
}

describe('updates over gRPC', () => {
  it('keep fields that the server does not know', async () => {
    const conversationProfile = create(ConversationProfileSchema, { displayName: 'x' });
    conversationProfile.$unknown = [{ no: 7777, wireType: 2, data: new Uint8Array([2, 0x68, 0x69]) }];
    const request = { parent: `projects/${newProject()}`, conversationProfile };
    const schema = CreateConversationProfileRequestSchema;
    const made = await scene.grpc.send(
      pathOf(createConversationProfile),
      toBinary(schema, create(schema, request)),
    );
    const { name } = fromBinary(ConversationProfileSchema, made);
    await updateProfile(scene.grpc, { name, displayName: 'y' }, ['display_name']);
    const asked = create(GetConversationProfileRequestSchema, { name });
    const got = await scene.grpc.send(
      pathOf(getConversationProfile),
      toBinary(GetConversationProfileRequestSchema, asked),
    );
    const { displayName, $unknown } = fromBinary(ConversationProfileSchema, got);
    assert.equal(displayName, 'y');
    assert.deepEqual(
      $unknown?.map(({ no, data }) => [no, [...data]]),
      [[7777, [2, 0x68, 0x69]]],
    );
  });

  const updateMask = { paths: ['*'] };
  it('are refused without a resource, or with one of another kind', async () => {
    const { grpc } = scene;
    const required = (field: string) => ({
      code: Code.INVALID_ARGUMENT,
      reason: 'FIELD_REQUIRED',
      fields: [field],
    });
    const invalid = (field: string) => ({ ...required(field), reason: 'RESOURCE_NAME_INVALID' });
    const name = 'projects/p/conversations/c';
    await refused(
      grpc.call(updateConversationProfile, { conversationProfile: { name, displayName: 'x' }, updateMask }),
      invalid('conversation_profile.name'),
    );
    await refused(
      grpc.call(updateParticipant, { participant: { name }, updateMask }),
      invalid('participant.name'),
    );
    await refused(grpc.call(deleteConversationProfile, { name }), invalid('name'));
  });
});

function getProfile(wire: Wire, name: string): Promise<ConversationProfile> {
  return wire.call(getConversationProfile, { name });
}

function timeless(profile: ConversationProfile): ConversationProfile {
  const copy = { ...profile };
  delete copy.createTime;
  delete copy.updateTime;
  return copy;
}

function updateProfile(
  wire: Wire,
  conversationProfile: ProfileInit,
  paths: readonly string[],
): Promise<ConversationProfile> {
  return update(wire, updateConversationProfile, conversationProfile, paths);
}

/** Updates a resource by a mask that goes out as it is spelled; over REST, JSON would change its spelling. */
async function update<I extends DescMessage, O extends DescMessage>(
  wire: Wire,
  method: DescMethodUnary<I, O>,
  resource: Exclude<MessageInitShape<O>, MessageShape<O>>,
  paths: readonly string[],
): Promise<MessageShape<O>> {
  const { output } = method;
  const message = create(output, resource);
  if (!(wire instanceof RestWire)) {
    const field = method.input.fields.find((each) => each.message?.typeName === output.typeName);
    assert.ok(field);
    const request = { [field.localName]: message, updateMask: { paths: [...paths] } };
    return wire.call(method, request as unknown as MessageInitShape<I>);
  }
  const answer = await wire.send({
    verb: 'PATCH',
    path: `/v2beta1/${(resource as { name: string }).name}?updateMask=${encodeURIComponent(paths.join(','))}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(toJson(output, message, { registry })),
  });
  if (answer.status !== 200) throw new CallError(refusalOf(answer));
  return fromJson(output, JSON.parse(answer.text), { registry });
}
