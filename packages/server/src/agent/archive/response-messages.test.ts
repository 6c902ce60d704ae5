import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, equals, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { type Intent_Message, Intent_MessageSchema } from '@parleykit/proto/v2beta1';
import { Findings } from './findings.ts';
import { JsonNode } from './json-node.ts';
import { readMessage, writeMessage } from './response-messages.ts';

function read(json: JsonObject): Intent_Message {
  const findings = new Findings();
  const message = readMessage(new JsonNode(json, 'a.json', findings));
  findings.settle();
  return message;
}

/** What exports have, and the API's JSON of the same. */
const FORMS: readonly (readonly [what: string, found: JsonObject, expected: JsonValue])[] = [
  ['text in variants', { type: '0', speech: ['a', 'b'] }, { text: { text: ['a', 'b'] } }],
  ['text alone, of a type that is a number', { type: 0, speech: 'a' }, { text: { text: ['a'] } }],
  ['text of no type', { speech: 'a' }, { text: { text: ['a'] } }],
  ['an empty text', { type: 0, speech: [] }, { text: {} }],
  [
    'a card',
    {
      type: 1,
      platform: 'slack',
      title: 't',
      subtitle: 's',
      imageUrl: 'i',
      buttons: [{ text: 'x', postback: 'y' }],
    },
    {
      platform: 'SLACK',
      card: { title: 't', subtitle: 's', imageUri: 'i', buttons: [{ text: 'x', postback: 'y' }] },
    },
  ],
  [
    'quick replies',
    { type: '2', platform: 'line', title: 't', replies: ['a', 'b'] },
    { platform: 'LINE', quickReplies: { title: 't', quickReplies: ['a', 'b'] } },
  ],
  [
    'an image',
    { type: 3, platform: 'viber', imageUrl: 'i' },
    { platform: 'VIBER', image: { imageUri: 'i' } },
  ],
  ['a payload', { type: 4, payload: { a: [1, { b: null }] } }, { payload: { a: [1, { b: null }] } }],
  [
    'audio on the telephone',
    { type: 13, platform: 'telephony', audioUri: 'gs://a/b.wav' },
    { platform: 'TELEPHONY', telephonyPlayAudio: { audioUri: 'gs://a/b.wav' } },
  ],
  [
    'speech on the telephone',
    { type: 14, platform: 'telephony', ssml: '<speak>a</speak>' },
    { platform: 'TELEPHONY', telephonySynthesizeSpeech: { ssml: '<speak>a</speak>' } },
  ],
  [
    'a transfer of the call',
    { type: 15, platform: 'telephony', phoneNumber: '+12025550100' },
    { platform: 'TELEPHONY', telephonyTransferCall: { phoneNumber: '+12025550100' } },
  ],
  [
    'simple responses',
    {
      type: 'simple_response',
      platform: 'google',
      items: [{ textToSpeech: 'a', displayText: 'b' }, { ssml: 'c' }],
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      simpleResponses: { simpleResponses: [{ textToSpeech: 'a', displayText: 'b' }, { ssml: 'c' }] },
    },
  ],
  [
    'a simple response of old',
    { type: 'simple_response', platform: 'google', textToSpeech: 'a', displayText: 'b' },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      simpleResponses: { simpleResponses: [{ textToSpeech: 'a', displayText: 'b' }] },
    },
  ],
  [
    'a basic card',
    {
      type: 'basic_card',
      platform: 'google',
      title: 't',
      formattedText: 'f',
      image: { url: 'i', accessibilityText: 'a' },
      buttons: [{ title: 'b', openUrlAction: { url: 'u' } }],
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      basicCard: {
        title: 't',
        formattedText: 'f',
        image: { imageUri: 'i', accessibilityText: 'a' },
        buttons: [{ title: 'b', openUriAction: { uri: 'u' } }],
      },
    },
  ],
  [
    'a list to choose from',
    {
      type: 'list_card',
      platform: 'google',
      title: 't',
      items: [
        { optionInfo: { key: 'k', synonyms: ['s'] }, title: 'i', description: 'd', image: { url: 'u' } },
      ],
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      listSelect: {
        title: 't',
        items: [
          { info: { key: 'k', synonyms: ['s'] }, title: 'i', description: 'd', image: { imageUri: 'u' } },
        ],
      },
    },
  ],
  [
    'a carousel',
    { type: 'carousel_card', platform: 'google', items: [{ optionInfo: { key: 'k' }, title: 'i' }] },
    { platform: 'ACTIONS_ON_GOOGLE', carouselSelect: { items: [{ info: { key: 'k' }, title: 'i' }] } },
  ],
  [
    'suggestions',
    { type: 'suggestion_chips', platform: 'google', suggestions: [{ title: 'a' }] },
    { platform: 'ACTIONS_ON_GOOGLE', suggestions: { suggestions: [{ title: 'a' }] } },
  ],
  [
    'a link out',
    { type: 'link_out_chip', platform: 'google', destinationName: 'd', url: 'u' },
    { platform: 'ACTIONS_ON_GOOGLE', linkOutSuggestion: { destinationName: 'd', uri: 'u' } },
  ],
  [
    'a carousel of pages',
    {
      type: 'browse_carousel_card',
      platform: 'google',
      items: [{ title: 'a', footer: 'f', openUrlAction: { url: 'u', urlTypeHint: 'AMP_CONTENT' } }],
      imageDisplayOptions: 'CROPPED',
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      browseCarouselCard: {
        items: [{ title: 'a', footer: 'f', openUriAction: { url: 'u', urlTypeHint: 'AMP_CONTENT' } }],
        imageDisplayOptions: 'CROPPED',
      },
    },
  ],
  [
    'a table',
    {
      type: 'table_card',
      platform: 'google',
      title: 't',
      columnProperties: [{ header: 'h', horizontalAlignment: 'CENTER' }],
      rows: [{ cells: [{ text: 'c' }], dividerAfter: true }],
      buttons: [{ title: 'b' }],
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      tableCard: {
        title: 't',
        columnProperties: [{ header: 'h', horizontalAlignment: 'CENTER' }],
        rows: [{ cells: [{ text: 'c' }], dividerAfter: true }],
        buttons: [{ title: 'b' }],
      },
    },
  ],
  [
    'media',
    {
      type: 'media_content',
      platform: 'google',
      mediaType: 'AUDIO',
      mediaObjects: [{ name: 'n', description: 'd', icon: { url: 'i' }, contentUrl: 'c' }],
    },
    {
      platform: 'ACTIONS_ON_GOOGLE',
      mediaContent: {
        mediaType: 'AUDIO',
        mediaObjects: [{ name: 'n', description: 'd', icon: { imageUri: 'i' }, contentUrl: 'c' }],
      },
    },
  ],
  [
    'a payload for one platform',
    { type: 'custom_payload', platform: 'google', payload: { google: {} } },
    { platform: 'ACTIONS_ON_GOOGLE', payload: { google: {} } },
  ],
];

/** What the API has and no console is known to have written. */
const OWN: readonly JsonValue[] = [
  { rbmText: { text: 'a', rbmSuggestion: [{ reply: { text: 'b', postbackData: 'c' } }] } },
  { rbmStandaloneRichCard: { cardOrientation: 'VERTICAL', cardContent: { title: 't' } } },
  { rbmCarouselRichCard: { cardWidth: 'SMALL', cardContents: [{ title: 't' }] } },
  { platform: 'TELEPHONY', telephonySynthesizeSpeech: { text: 'a' } },
];

describe('readMessage()', () => {
  for (const [what, found, expected] of FORMS) {
    it(`reads ${what}`, () => assert.deepEqual(toJson(Intent_MessageSchema, read(found)), expected));
  }

  it('reads types and platforms that nobody knows as nothing to say', () => {
    for (const json of [
      { type: 'hologram', speech: 'a' },
      { type: 77, speech: 'a' },
      { type: 'constructor' },
      { type: 0, platform: 'cortana', speech: 'a' },
    ]) {
      assert.ok(equals(Intent_MessageSchema, read(json), create(Intent_MessageSchema)), JSON.stringify(json));
    }
  });
});

describe('writeMessage()', () => {
  for (const [what, , json] of FORMS) {
    it(`writes ${what} so that it is read again`, () => {
      const message = fromJson(Intent_MessageSchema, json);
      const again = read(writeMessage(message, 'en'));
      assert.ok(equals(Intent_MessageSchema, again, message), JSON.stringify(writeMessage(message, 'en')));
    });
  }
  for (const json of OWN) {
    it(`writes ${Object.keys(json as JsonObject).join(' ')} so that it is read again`, () => {
      const message = fromJson(Intent_MessageSchema, json);
      assert.ok(equals(Intent_MessageSchema, read(writeMessage(message, 'en')), message));
    });
  }

  it("writes text in the form of today's console", () => {
    const message = fromJson(Intent_MessageSchema, { text: { text: ['a'] } });
    assert.deepEqual(writeMessage(message, 'de'), {
      type: '0',
      title: '',
      textToSpeech: '',
      lang: 'de',
      speech: ['a'],
      condition: '',
    });
  });
});
