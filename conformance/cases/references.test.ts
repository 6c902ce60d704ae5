import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  type ConversationProfile,
  type ConversationProfileSchema,
  ConversationProfiles,
  Participants,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import {
  createConversation,
  createProfile,
  createTalk,
  getConversation,
  ingest,
  message,
  openScene,
  refused,
} from './scene.ts';

type ProfileInit = Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile>;

const scene = openScene();
const { updateConversationProfile, getConversationProfile, listConversationProfiles } =
  ConversationProfiles.method;

/** A field of a profile that names another resource. */
interface Reference {
  /** In the profile, in proto spelling. */
  readonly field: string;
  /** The path of a mask that names the field or what holds it. */
  readonly mask: string;
  say(name: string): ProfileInit;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const agents = {
  good: [
    'projects/p/agent',
    'projects/p/agent/environments/-',
    'projects/p/locations/us/agent',
    'projects/p/locations/global/agent/environments/production',
    'projects/p/locations/europe-west1/agents/a',
    'projects/p/locations/europe-west1/agents/0a-b/environments/-',
  ],
  bad: [
    'garbage',
    'projects/p',
    'projects/p/agents/a',
    'projects/p/locations/global/agents',
    'projects/p/agent/environments',
    'projects/p/locations/global/agents/a/environments/',
    'projects/p/locations/global/agent/versions/1',
    'projects/p/agent/sessions/s',
    'agents/a',
  ],
};
const knowledgeBases = {
  good: ['projects/p/knowledgeBases/k', 'projects/p/locations/us/knowledgeBases/k'],
  bad: ['k', 'knowledgeBases/k', 'projects/p/knowledgeBases', 'projects/p/knowledgeBases/k/documents/d'],
};
const documents = {
  good: ['projects/p/knowledgeBases/k/documents/d', 'projects/p/locations/us/knowledgeBases/k/documents/d'],
  bad: [
    'd',
    'projects/p/documents/d',
    'projects/p/knowledgeBases/k',
    'projects/p/knowledgeBases/k/documents/',
  ],
};

const humans = 'human_agent_assistant_config.human_agent_suggestion_config';
const users = 'human_agent_assistant_config.end_user_suggestion_config';

const references: readonly Reference[] = [
  {
    field: 'automated_agent_config.agent',
    mask: 'automated_agent_config',
    say: (agent) => ({ automatedAgentConfig: { agent } }),
    ...agents,
  },
  {
    field: 'security_settings',
    mask: 'security_settings',
    say: (securitySettings) => ({ securitySettings }),
    good: ['projects/p/locations/l/securitySettings/s'],
    bad: ['s', 'projects/p/securitySettings/s', 'projects/p/locations/l/securitySettings'],
  },
  {
    field: `${humans}.generators[1]`,
    mask: `${humans}.generators`,
    say: (name) => ({
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: { generators: ['projects/p/locations/l/generators/g', name] },
      },
    }),
    good: ['projects/p/locations/l/generators/h'],
    bad: ['g', 'projects/p/locations/l/generators', 'projects/p/locations/l/generators/g/h'],
  },
  {
    field: `${users}.feature_configs[1].query_config.knowledge_base_query_source.knowledge_bases[0]`,
    mask: `${users}.feature_configs`,
    say: (name) => ({
      humanAgentAssistantConfig: {
        endUserSuggestionConfig: {
          featureConfigs: [
            {},
            {
              queryConfig: {
                querySource: { case: 'knowledgeBaseQuerySource', value: { knowledgeBases: [name] } },
              },
            },
          ],
        },
      },
    }),
    ...knowledgeBases,
  },
  {
    field: `${humans}.feature_configs[0].query_config.document_query_source.documents[0]`,
    mask: 'human_agent_assistant_config',
    say: (name) => ({
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: {
          featureConfigs: [
            { queryConfig: { querySource: { case: 'documentQuerySource', value: { documents: [name] } } } },
          ],
        },
      },
    }),
    ...documents,
  },
  {
    field: `${humans}.feature_configs[0].query_config.dialogflow_query_source.agent`,
    mask: humans,
    say: (agent) => ({
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: {
          featureConfigs: [
            { queryConfig: { querySource: { case: 'dialogflowQuerySource', value: { agent } } } },
          ],
        },
      },
    }),
    good: ['projects/p/agent', 'projects/p/locations/us/agent'],
    bad: ['garbage', 'projects/p', 'projects/p/locations/us'],
  },
];

/** What spoils any name. */
const spoilt: readonly { name: string; spoil: (name: string) => string }[] = [
  { name: 'a slash at its end', spoil: (name) => `${name}/` },
  { name: 'a slash before it', spoil: (name) => `/${name}` },
  { name: 'an empty project', spoil: (name) => name.replace('projects/p/', 'projects//') },
  { name: 'a control character', spoil: (name) => name.replace('projects/p/', 'projects/p\u0001/') },
  { name: 'a space before it', spoil: (name) => ` ${name}` },
  { name: 'the service before it', spoil: (name) => `//dialogflow.googleapis.com/${name}` },
  {
    name: 'more than 1024 bytes',
    spoil: (name) => name.replace('projects/p/', `projects/${'p'.repeat(1024)}/`),
  },
];

for (const wire of scene.wires) {
  for (const { field, mask, say, good, bad } of references) {
    describe(`${field} of a profile over ${wire.name}`, () => {
      const invalid = {
        code: Code.INVALID_ARGUMENT,
        reason: 'RESOURCE_NAME_INVALID',
        fields: [`conversation_profile.${field}`],
      };

      for (const name of good) {
        it(`may be ${name}`, async () => {
          const made = await createProfile(wire, `projects/${newProject()}`, say(name));
          const read = await wire.call(getConversationProfile, { name: made.name });
          assert.ok(JSON.stringify(read, plain).includes(`"${name}"`), 'it is kept');
        });
      }

      for (const name of bad) {
        it(`is refused when it is ${name}`, async () => {
          const parent = `projects/${newProject()}`;
          await refused(createProfile(wire, parent, say(name)), invalid);
          assert.deepEqual((await wire.call(listConversationProfiles, { parent })).conversationProfiles, []);
        });
      }

      for (const { name, spoil } of spoilt) {
        it(`is refused with ${name}`, async () => {
          const parent = `projects/${newProject()}`;
          await refused(createProfile(wire, parent, say(spoil(good[0] ?? ''))), invalid);
        });
      }

      it('is refused to an update as well', async () => {
        const { name } = await createProfile(wire, `projects/${newProject()}`);
        const before = await wire.call(getConversationProfile, { name });
        const conversationProfile = { name, displayName: 'x', ...say(bad[0] ?? '') };
        for (const path of [mask, '*']) {
          // JSON has no spelling of the mask * that the way there and back would keep.
          const caller = path === '*' ? scene.grpc : wire;
          const request = { conversationProfile, updateMask: { paths: [path] } };
          await refused(caller.call(updateConversationProfile, request), invalid);
        }
        assert.deepEqual(await wire.call(getConversationProfile, { name }), before);
      });
    });
  }

  describe(`references that are wrong together over ${wire.name}`, () => {
    it('are all named', async () => {
      const profile: ProfileInit = {
        automatedAgentConfig: { agent: 'a' },
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: { generators: ['g', 'h'] } },
        securitySettings: 's',
      };
      const error = await createProfile(wire, `projects/${newProject()}`, profile).then(
        () => assert.fail('it is refused'),
        (reason: { violations: { field: string }[] }) => reason,
      );
      assert.deepEqual(
        error.violations.map(({ field }) => field).toSorted(),
        [
          'conversation_profile.automated_agent_config.agent',
          `conversation_profile.${humans}.generators[0]`,
          `conversation_profile.${humans}.generators[1]`,
          'conversation_profile.security_settings',
        ].toSorted(),
      );
    });
  });

  describe(`references to what another call makes over ${wire.name}`, () => {
    it('are refused by CreateConversation when they are of another kind', async () => {
      for (const name of ['projects/p/conversations/c', 'projects/p/agent', 'conversationProfiles/c', 'c']) {
        const parent = `projects/${newProject()}`;
        await refused(createConversation(wire, parent, { conversationProfile: name }), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_NAME_INVALID',
          fields: ['conversation.conversation_profile'],
        });
      }
    });

    it('are refused by BatchCreateMessages when they are of another kind', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      for (const name of [conversation, `${conversation}/messages/m`, 'participants/x', 'x']) {
        await refused(ingest(wire, conversation, [message(participant, 0), message(name, 1)]), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_NAME_INVALID',
          fields: ['requests[1].message.participant'],
        });
      }
    });
  });

  describe(`the length of a name over ${wire.name}`, () => {
    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'RESOURCE_NAME_INVALID' };
    const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
    for (const letter of ['x', 'ü', '💬']) {
      const bytes = Buffer.byteLength(letter);
      const named = (prefix: string, length: number): string => {
        const room = length - Buffer.byteLength(prefix);
        return prefix + letter.repeat(Math.floor(room / bytes)) + 'x'.repeat(room % bytes);
      };

      it(`is at most 1024 bytes, of ${letter}`, async () => {
        const prefix = 'projects/p/locations/global/conversations/';
        await refused(getConversation(wire, named(prefix, 1024)), notFound);
        await refused(getConversation(wire, named(prefix, 1025)), { ...invalid, fields: ['name'] });
        const deep = 'projects/p/conversations/c/participants/';
        const { getParticipant } = Participants.method;
        await refused(wire.call(getParticipant, { name: named(deep, 1024) }), notFound);
        const tooLong = wire.call(getParticipant, { name: named(deep, 1025) });
        await refused(tooLong, { ...invalid, fields: ['name'] });
      });

      it(`is at most 1024 bytes in a field, of ${letter}`, async () => {
        const parent = `projects/${newProject()}`;
        const prefix = `${parent}/conversationProfiles/`;
        const conversationProfile = named(prefix, 1024);
        await refused(createConversation(wire, parent, { conversationProfile }), notFound);
        await refused(createConversation(wire, parent, { conversationProfile: `${conversationProfile}x` }), {
          ...invalid,
          fields: ['conversation.conversation_profile'],
        });
      });
    }
  });
}

/** JSON has no big integers, of which some times consist. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
