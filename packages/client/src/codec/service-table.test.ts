import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { services } from '@parleykit/proto';
import * as tables from '../../gen/tables.js';
import { serviceTable } from './codec.ts';
import type { MethodTable } from './tables.ts';

const conversations = serviceTable(tables.Conversations).methods;
const profiles = serviceTable(tables.ConversationProfiles).methods;
const participants = serviceTable(tables.Participants).methods;
const operations = serviceTable(tables.Operations).methods;
const locations = serviceTable(tables.Locations).methods;

function methodOf(methods: Readonly<Record<string, MethodTable>>, name: string): MethodTable {
  const method = methods[name];
  assert.ok(method, name);
  return method;
}

describe('serviceTable()', () => {
  it('has every method of its service, with the types and the streaming of its descriptor', () => {
    for (const definition of [
      tables.Conversations,
      tables.ConversationProfiles,
      tables.Participants,
      tables.Operations,
      tables.Locations,
    ]) {
      const table = serviceTable(definition);
      assert.equal(serviceTable(definition), table);
      const service = services.find(({ typeName }) => typeName === table.name);
      assert.ok(service, table.name);
      assert.deepEqual(
        Object.entries(table.methods).map(([localName, { name, service: of, kind, output }]) => {
          return [localName, name, of, kind, output.typeName];
        }),
        service.methods.map(({ localName, name, methodKind, output }) => {
          return [localName, name, table.name, methodKind, output.typeName];
        }),
      );
    }
  });

  for (const { methods, name, routing } of [
    { methods: conversations, name: 'createConversation', routing: ['parent'] },
    { methods: conversations, name: 'listConversations', routing: ['parent'] },
    { methods: conversations, name: 'getConversation', routing: ['name'] },
    { methods: conversations, name: 'completeConversation', routing: ['name'] },
    { methods: conversations, name: 'batchCreateMessages', routing: ['parent'] },
    { methods: conversations, name: 'listMessages', routing: ['parent'] },
    { methods: conversations, name: 'ingestContextReferences', routing: ['conversation'] },
    { methods: conversations, name: 'suggestConversationSummary', routing: ['conversation'] },
    { methods: conversations, name: 'generateSuggestions', routing: ['conversation'] },
    { methods: conversations, name: 'generateStatelessSummary', routing: ['stateless_conversation.parent'] },
    { methods: conversations, name: 'generateStatelessSuggestion', routing: ['parent'] },
    { methods: conversations, name: 'searchKnowledge', routing: ['parent', 'conversation'] },
    { methods: profiles, name: 'updateConversationProfile', routing: ['conversation_profile.name'] },
    { methods: participants, name: 'updateParticipant', routing: ['participant.name'] },
    { methods: participants, name: 'analyzeContent', routing: ['participant'] },
    { methods: participants, name: 'streamingAnalyzeContent', routing: [] },
    { methods: operations, name: 'getOperation', routing: ['name'] },
    { methods: operations, name: 'listOperations', routing: ['name'] },
    { methods: operations, name: 'cancelOperation', routing: ['name'] },
    { methods: locations, name: 'getLocation', routing: ['name'] },
    { methods: locations, name: 'listLocations', routing: ['name'] },
  ]) {
    it(`routes ${name} by ${routing.join(' and ') || 'nothing'}`, () => {
      assert.deepEqual(methodOf(methods, name).routing, routing);
    });
  }

  for (const { methods, name, flattened } of [
    { methods: conversations, name: 'createConversation', flattened: ['parent', 'conversation'] },
    { methods: conversations, name: 'listConversations', flattened: ['parent'] },
    { methods: conversations, name: 'getConversation', flattened: ['name'] },
    { methods: conversations, name: 'batchCreateMessages', flattened: ['parent'] },
    {
      methods: conversations,
      name: 'ingestContextReferences',
      flattened: ['conversation', 'contextReferences'],
    },
    { methods: conversations, name: 'searchKnowledge', flattened: [] },
    {
      methods: profiles,
      name: 'setSuggestionFeatureConfig',
      flattened: ['conversationProfile', 'participantRole', 'suggestionFeatureConfig'],
    },
    {
      methods: participants,
      name: 'analyzeContent',
      flattened: ['participant', 'textInput', 'audioInput', 'eventInput'],
    },
    { methods: operations, name: 'listOperations', flattened: [] },
    { methods: locations, name: 'getLocation', flattened: [] },
  ]) {
    it(`lets ${flattened.join(', ') || 'nothing'} of ${name} be given by itself`, () => {
      assert.deepEqual(methodOf(methods, name).flattened, flattened);
    });
  }

  it('knows what lists consist of', () => {
    const paged = [conversations, profiles, participants, operations, locations].flatMap((methods) =>
      Object.values(methods).flatMap(({ localName, pagedField }) =>
        pagedField === undefined ? [] : `${localName}: ${pagedField}`,
      ),
    );
    assert.deepEqual(paged, [
      'listConversations: conversations',
      'listMessages: messages',
      'listConversationProfiles: conversationProfiles',
      'listParticipants: participants',
      'listSuggestions: suggestions',
      'listOperations: operations',
      'listLocations: locations',
    ]);
  });

  it('has the bindings of a method, the primary one first', () => {
    assert.deepEqual(methodOf(conversations, 'createConversation').http, [
      { verb: 'POST', path: '/v2beta1/{parent=projects/*}/conversations', body: 'conversation' },
      { verb: 'POST', path: '/v2beta1/{parent=projects/*/locations/*}/conversations', body: 'conversation' },
    ]);
    assert.deepEqual(methodOf(conversations, 'searchKnowledge').http, [
      { verb: 'POST', path: '/v2beta1/{parent=projects/*}/suggestions:searchKnowledge', body: '*' },
      {
        verb: 'POST',
        path: '/v2beta1/{parent=projects/*/locations/*}/suggestions:searchKnowledge',
        body: '*',
      },
      {
        verb: 'POST',
        path: '/v2beta1/{conversation=projects/*/conversations/*}/suggestions:searchKnowledge',
        body: '*',
      },
      {
        verb: 'POST',
        path: '/v2beta1/{conversation=projects/*/locations/*/conversations/*}/suggestions:searchKnowledge',
        body: '*',
      },
    ]);
    assert.deepEqual(methodOf(locations, 'getLocation').http, [
      { verb: 'GET', path: '/v2beta1/{name=projects/*/locations/*}', body: undefined },
      { verb: 'GET', path: '/v1/{name=projects/*/locations/*}', body: undefined },
    ]);
    assert.deepEqual(methodOf(participants, 'streamingAnalyzeContent').http, []);
  });
});
