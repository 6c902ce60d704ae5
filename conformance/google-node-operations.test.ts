import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { protos } from '@google-cloud/dialogflow';
import {
  failureOf,
  type GoogleClients,
  type OpenedClients,
  onEveryWire,
  present,
} from './google-node-clients.ts';
import { createProfile, namesOf, nanosecondsOf } from './google-node-scene.ts';
import { newProject } from './target.ts';

const { GetOperationRequest, ListOperationsRequest, CancelOperationRequest, DeleteOperationRequest } =
  protos.google.longrunning;
const { Participant, SuggestionFeature } = protos.google.cloud.dialogflow.v2beta1;
/** What an operation holds comes with enums as numbers, unlike what a call answers. */
const FAQ = SuggestionFeature.Type.FAQ;
const HUMAN_AGENT = Participant.Role.HUMAN_AGENT;

onEveryWire("The operations and locations of Google's Node client", (clients) => {
  describe('setting and clearing suggestion features', () => featureCases(clients));
  describe('operations', () => operationCases(clients));
  describe('locations', () => locationCases(clients));
});

/** Begins to set a feature for the human agents of a profile. */
async function setFeature({ profiles }: GoogleClients, conversationProfile: string, maxResults = 3) {
  const [operation] = await profiles.setSuggestionFeatureConfig({
    conversationProfile,
    participantRole: 'HUMAN_AGENT',
    suggestionFeatureConfig: { suggestionFeature: { type: 'FAQ' }, queryConfig: { maxResults } },
  });
  return operation;
}

/** The type and the number of results of each feature of the human agents. */
function featuresOf(profile: protos.google.cloud.dialogflow.v2beta1.IConversationProfile) {
  const features = profile.humanAgentAssistantConfig?.humanAgentSuggestionConfig?.featureConfigs ?? [];
  return features.map(({ suggestionFeature, queryConfig }) => [
    suggestionFeature?.type,
    queryConfig?.maxResults,
  ]);
}

function featureCases(clients: OpenedClients): void {
  it('sets one by an operation whose promise is the profile', async () => {
    const { profiles } = clients();
    const name = await createProfile(clients(), `projects/${newProject()}`);
    const [profile, metadata] = await (await setFeature(clients(), name)).promise();
    assert.equal(profile.name, name);
    assert.deepEqual(featuresOf(profile), [[FAQ, 3]]);
    assert.equal(metadata.conversationProfile, name);
    assert.equal(metadata.participantRole, HUMAN_AGENT);
    assert.equal(metadata.suggestionFeatureType, FAQ);
    assert.ok(nanosecondsOf(metadata.createTime) > 1_000_000_000n);
    const [read] = await profiles.getConversationProfile({ name });
    assert.deepEqual(featuresOf(read), [['FAQ', 3]]);
  });

  it('clears one by an operation whose promise is the profile', async () => {
    const { profiles } = clients();
    const name = await createProfile(clients(), `projects/${newProject()}`);
    await (await setFeature(clients(), name)).promise();
    const [operation] = await profiles.clearSuggestionFeatureConfig({
      conversationProfile: name,
      participantRole: 'HUMAN_AGENT',
      suggestionFeatureType: 'FAQ',
    });
    const [profile, metadata] = await operation.promise();
    assert.deepEqual(featuresOf(profile), []);
    assert.equal(metadata.suggestionFeatureType, FAQ);
    const [read] = await profiles.getConversationProfile({ name });
    assert.deepEqual(featuresOf(read), []);
  });

  it('answers NOT_FOUND for an unknown profile, without an operation', async () => {
    const failure = await failureOf(
      clients(),
      setFeature(clients(), `projects/${newProject()}/conversationProfiles/nobody`),
    );
    assert.deepEqual([failure.status, failure.reason], ['NOT_FOUND', 'RESOURCE_NOT_FOUND']);
  });
}

function operationCases(clients: OpenedClients): void {
  it('gets an operation, and looks after one by its name', async () => {
    const { profiles } = clients();
    const profile = await createProfile(clients(), `projects/${newProject()}`);
    const begun = await setFeature(clients(), profile);
    await begun.promise();
    const name = present(begun.name);
    const [read] = await profiles.getOperation(new GetOperationRequest({ name }));
    assert.deepEqual([read.name, read.done, read.error ?? null], [name, true, null]);
    const checked = await profiles.checkSetSuggestionFeatureConfigProgress(name);
    assert.equal(checked.done, true);
    assert.deepEqual(checked.metadata?.constructor.name, 'SetSuggestionFeatureConfigOperationMetadata');
    const result = checked.result as protos.google.cloud.dialogflow.v2beta1.IConversationProfile;
    assert.equal(result.name, profile);
  });

  it('iterates over the pages of operations, newest first', async () => {
    const { profiles } = clients();
    const project = `projects/${newProject()}`;
    const profile = await createProfile(clients(), project);
    const names: string[] = [];
    for (const maxResults of [1, 2, 3, 4, 5]) {
      const begun = await setFeature(clients(), profile, maxResults);
      await begun.promise();
      names.unshift(present(begun.name));
    }
    const request = new ListOperationsRequest({ name: project, filter: 'done = true', pageSize: 2 });
    const listed: protos.google.longrunning.IOperation[] = [];
    for await (const operation of profiles.listOperationsAsync(request)) listed.push(operation);
    assert.deepEqual(namesOf(listed), names);
  });

  it('cancels an operation that is done without effect', async () => {
    const { profiles } = clients();
    const begun = await setFeature(clients(), await createProfile(clients(), `projects/${newProject()}`));
    await begun.promise();
    const name = present(begun.name);
    await profiles.cancelOperation(new CancelOperationRequest({ name }));
    const [read] = await profiles.getOperation(new GetOperationRequest({ name }));
    assert.deepEqual([read.done, read.error ?? null], [true, null]);
  });

  it('answers NOT_FOUND for an unknown operation', async () => {
    const { profiles } = clients();
    const name = `projects/${newProject()}/operations/nobody`;
    for (const call of [
      profiles.getOperation(new GetOperationRequest({ name })),
      profiles.cancelOperation(new CancelOperationRequest({ name })),
    ]) {
      assert.equal((await failureOf(clients(), call)).status, 'NOT_FOUND');
    }
  });

  it('cannot delete an operation', async () => {
    const { profiles } = clients();
    const begun = await setFeature(clients(), await createProfile(clients(), `projects/${newProject()}`));
    await begun.promise();
    const name = present(begun.name);
    await assert.rejects(profiles.deleteOperation(new DeleteOperationRequest({ name })));
    const [read] = await profiles.getOperation(new GetOperationRequest({ name }));
    assert.equal(read.done, true);
  });
}

function locationCases(clients: OpenedClients): void {
  it('gets a location, by the client of each service', async () => {
    const name = `projects/${newProject()}/locations/global`;
    const { conversations, profiles, participants } = clients();
    for (const client of [conversations, profiles, participants]) {
      // The client's types say a location, but like every call it answers a list that begins with it.
      const answer: unknown = await client.getLocation({ name });
      const [location] = answer as [{ name: string; locationId: string }];
      assert.deepEqual([location.name, location.locationId], [name, 'global']);
    }
  });

  it('iterates over the pages of locations', async () => {
    const { conversations } = clients();
    const name = `projects/${newProject()}`;
    const listed: string[] = [];
    for await (const location of conversations.listLocationsAsync({ name, pageSize: 2 })) {
      listed.push(present(location.name));
    }
    assert.ok(listed.length > 2, 'there is more than a page');
    assert.equal(new Set(listed).size, listed.length);
    for (const id of ['global', 'us']) assert.ok(listed.includes(`${name}/locations/${id}`), id);
  });

  it('answers NOT_FOUND for an unknown location', async () => {
    const { conversations } = clients();
    const name = `projects/${newProject()}/locations/nowhere`;
    const failure = await failureOf(clients(), conversations.getLocation({ name }));
    assert.deepEqual([failure.status, failure.reason], ['NOT_FOUND', 'RESOURCE_NOT_FOUND']);
  });
}
