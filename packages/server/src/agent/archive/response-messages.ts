import { create, fromJson, type JsonObject, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import {
  Intent_Message_ColumnProperties_HorizontalAlignment as HorizontalAlignment,
  Intent_Message_BrowseCarouselCard_ImageDisplayOptions as ImageDisplayOptions,
  type Intent_Message,
  type Intent_Message_BasicCard_Button,
  type Intent_Message_BasicCard_ButtonSchema,
  type Intent_Message_CarouselSelect_Item,
  type Intent_Message_Image,
  type Intent_Message_ImageSchema,
  type Intent_Message_ListSelect_Item,
  Intent_MessageSchema,
  Intent_Message_MediaContent_ResponseMediaType as MediaType,
  Intent_Message_Platform as Platform,
  Intent_Message_BrowseCarouselCard_BrowseCarouselCardItem_OpenUrlAction_UrlTypeHint as UrlTypeHint,
} from '@parleykit/proto/v2beta1';
import type { JsonNode } from './json-node.ts';

type MessageInit = MessageInitShape<typeof Intent_MessageSchema>;
type Content = NonNullable<MessageInit['message']>;

/** What exports call platforms. Messages without one are for all. */
const PLATFORMS: readonly (readonly [string, Platform])[] = [
  ['facebook', Platform.FACEBOOK],
  ['slack', Platform.SLACK],
  ['telegram', Platform.TELEGRAM],
  ['kik', Platform.KIK],
  ['skype', Platform.SKYPE],
  ['line', Platform.LINE],
  ['viber', Platform.VIBER],
  ['google', Platform.ACTIONS_ON_GOOGLE],
  ['telephony', Platform.TELEPHONY],
  ['hangouts', Platform.GOOGLE_HANGOUTS],
];

/** The platform of a name, undefined where the API has none of that name. */
export function platformOf(name: string): Platform | undefined {
  return name === ''
    ? Platform.PLATFORM_UNSPECIFIED
    : PLATFORMS.find(([known]) => known === name.toLowerCase())?.[1];
}

/** What exports call a platform. */
export function nameOfPlatform(platform: Platform): string {
  return PLATFORMS.find(([, known]) => known === platform)?.[0] ?? '';
}

/** Each type of message by what exports call it, as text or as a number. */
const READERS: Readonly<Record<string, (node: JsonNode) => Content>> = {
  '0': (node) => ({ case: 'text', value: { text: node.at('speech').texts() } }),
  '1': (node) => ({
    case: 'card',
    value: {
      title: node.at('title').text(),
      subtitle: node.at('subtitle').text(),
      imageUri: node.at('imageUrl').text(),
      buttons: node
        .at('buttons')
        .items()
        .map((button) => ({
          text: button.at('text').text(),
          postback: button.at('postback').text(),
        })),
    },
  }),
  '2': (node) => ({
    case: 'quickReplies',
    value: { title: node.at('title').text(), quickReplies: node.at('replies').texts() },
  }),
  '3': (node) => ({ case: 'image', value: { imageUri: node.at('imageUrl').text() } }),
  '4': readPayload,
  '13': (node) => ({ case: 'telephonyPlayAudio', value: { audioUri: node.at('audioUri').text() } }),
  '14': (node) => ({
    case: 'telephonySynthesizeSpeech',
    value: {
      source: node.at('ssml').text()
        ? { case: 'ssml', value: node.at('ssml').text() }
        : { case: 'text', value: node.at('textToSpeech').text() },
    },
  }),
  '15': (node) => ({ case: 'telephonyTransferCall', value: { phoneNumber: node.at('phoneNumber').text() } }),
  custom_payload: readPayload,
  simple_response: (node) => ({
    case: 'simpleResponses',
    value: {
      // Older exports have a single one, without a list.
      simpleResponses: (node.at('items').present ? node.at('items').items() : [node]).map((item) => ({
        textToSpeech: item.at('textToSpeech').text(),
        ssml: item.at('ssml').text(),
        displayText: item.at('displayText').text(),
      })),
    },
  }),
  basic_card: (node) => ({
    case: 'basicCard',
    value: {
      title: node.at('title').text(),
      subtitle: node.at('subtitle').text(),
      formattedText: node.at('formattedText').text(),
      ...readImage(node.at('image')),
      buttons: readButtons(node),
    },
  }),
  suggestion_chips: (node) => ({
    case: 'suggestions',
    value: {
      suggestions: node
        .at('suggestions')
        .items()
        .map((item) => ({ title: item.at('title').text() })),
    },
  }),
  link_out_chip: (node) => ({
    case: 'linkOutSuggestion',
    value: { destinationName: node.at('destinationName').text(), uri: node.at('url').text() },
  }),
  list_card: (node) => ({
    case: 'listSelect',
    value: {
      title: node.at('title').text(),
      subtitle: node.at('subtitle').text(),
      items: node.at('items').items().map(readChoice),
    },
  }),
  carousel_card: (node) => ({
    case: 'carouselSelect',
    value: { items: node.at('items').items().map(readChoice) },
  }),
  browse_carousel_card: (node) => ({
    case: 'browseCarouselCard',
    value: {
      items: node
        .at('items')
        .items()
        .map((item) => ({
          title: item.at('title').text(),
          description: item.at('description').text(),
          footer: item.at('footer').text(),
          ...readImage(item.at('image')),
          ...(item.at('openUrlAction').present && {
            openUriAction: {
              url: item.at('openUrlAction').at('url').text(),
              urlTypeHint: readEnum(UrlTypeHint, item.at('openUrlAction').at('urlTypeHint')),
            },
          }),
        })),
      imageDisplayOptions: readEnum(ImageDisplayOptions, node.at('imageDisplayOptions')),
    },
  }),
  table_card: (node) => ({
    case: 'tableCard',
    value: {
      title: node.at('title').text(),
      subtitle: node.at('subtitle').text(),
      ...readImage(node.at('image')),
      columnProperties: node
        .at('columnProperties')
        .items()
        .map((column) => ({
          header: column.at('header').text(),
          horizontalAlignment: readEnum(HorizontalAlignment, column.at('horizontalAlignment')),
        })),
      rows: node
        .at('rows')
        .items()
        .map((row) => ({
          cells: row
            .at('cells')
            .items()
            .map((cell) => ({ text: cell.at('text').text() })),
          dividerAfter: row.at('dividerAfter').flag(),
        })),
      buttons: readButtons(node),
    },
  }),
  media_content: (node) => ({
    case: 'mediaContent',
    value: {
      mediaType: readEnum(MediaType, node.at('mediaType')),
      mediaObjects: node
        .at('mediaObjects')
        .items()
        .map((media) => ({
          name: media.at('name').text(),
          description: media.at('description').text(),
          contentUrl: media.at('contentUrl').text(),
          ...readMediaImage(media),
        })),
    },
  }),
};

/** Messages of Rich Business Messaging, under names of our own: in no export of the console that is known. */
const RICH_BUSINESS: Readonly<Record<string, string>> = {
  rbm_text: 'rbmText',
  rbm_standalone_card: 'rbmStandaloneRichCard',
  rbm_carousel_card: 'rbmCarouselRichCard',
};

/**
 * Reads a message of a response. One of a type or for a platform that the API does not know has no content: nobody
 * says it.
 */
export function readMessage(node: JsonNode): Intent_Message {
  const type = node.at('type').text('0').toLowerCase();
  const platform = platformOf(node.at('platform').text());
  if (platform === undefined) return create(Intent_MessageSchema);
  const field = Object.hasOwn(RICH_BUSINESS, type) ? RICH_BUSINESS[type] : undefined;
  if (field !== undefined) return readRichBusiness(node, field, platform);
  const content = Object.hasOwn(READERS, type) ? READERS[type]?.(node) : undefined;
  return create(Intent_MessageSchema, { platform, ...(content && { message: content }) });
}

/** A message as exports have it. */
export function writeMessage({ message, platform }: Intent_Message, language: string): JsonObject {
  const { type, ...content } = writeContent(message, platform);
  return {
    type: type ?? '',
    ...(platform !== Platform.PLATFORM_UNSPECIFIED && { platform: nameOfPlatform(platform) }),
    title: '',
    textToSpeech: '',
    lang: language,
    ...content,
    condition: '',
  };
}

function writeContent(message: Intent_Message['message'], platform: Platform): JsonObject {
  switch (message.case) {
    case 'text':
      return { type: '0', speech: message.value.text };
    case 'card': {
      const { title, subtitle, imageUri, buttons } = message.value;
      return {
        type: '1',
        title,
        subtitle,
        imageUrl: imageUri,
        buttons: buttons.map(({ text, postback }) => ({ text, postback })),
      };
    }
    case 'quickReplies':
      return { type: '2', title: message.value.title, replies: message.value.quickReplies };
    case 'image':
      return { type: '3', imageUrl: message.value.imageUri };
    case 'payload':
      return {
        type: platform === Platform.ACTIONS_ON_GOOGLE ? 'custom_payload' : '4',
        payload: message.value,
      };
    case 'telephonyPlayAudio':
      return { type: '13', audioUri: message.value.audioUri };
    case 'telephonySynthesizeSpeech': {
      const { source } = message.value;
      return source.case === 'ssml'
        ? { type: '14', ssml: source.value }
        : { type: '14', textToSpeech: source.value ?? '' };
    }
    case 'telephonyTransferCall':
      return { type: '15', phoneNumber: message.value.phoneNumber };
    case 'simpleResponses':
      return {
        type: 'simple_response',
        items: message.value.simpleResponses.map(({ textToSpeech, displayText, ssml }) => ({
          description: '',
          textToSpeech,
          displayText,
          footer: '',
          ssml,
        })),
      };
    case 'basicCard': {
      const { title, subtitle, formattedText, image, buttons } = message.value;
      return {
        type: 'basic_card',
        title,
        subtitle,
        formattedText,
        ...writeImage(image, 'image'),
        buttons: buttons.map(writeButton),
      };
    }
    case 'suggestions':
      return {
        type: 'suggestion_chips',
        suggestions: message.value.suggestions.map(({ title }) => ({ title })),
      };
    case 'linkOutSuggestion':
      return {
        type: 'link_out_chip',
        destinationName: message.value.destinationName,
        url: message.value.uri,
      };
    case 'listSelect': {
      const { title, subtitle, items } = message.value;
      return { type: 'list_card', title, subtitle, items: items.map(writeChoice) };
    }
    case 'carouselSelect':
      return { type: 'carousel_card', items: message.value.items.map(writeChoice) };
    case 'browseCarouselCard': {
      const { items, imageDisplayOptions } = message.value;
      return {
        type: 'browse_carousel_card',
        items: items.map(({ title, description, footer, image, openUriAction: action }) => ({
          footer,
          ...(action && {
            openUrlAction: { url: action.url, urlTypeHint: UrlTypeHint[action.urlTypeHint] ?? '' },
          }),
          title,
          description,
          ...writeImage(image, 'image'),
        })),
        ...(imageDisplayOptions !== ImageDisplayOptions.IMAGE_DISPLAY_OPTIONS_UNSPECIFIED && {
          imageDisplayOptions: ImageDisplayOptions[imageDisplayOptions] ?? '',
        }),
      };
    }
    case 'tableCard': {
      const { title, subtitle, image, columnProperties, rows, buttons } = message.value;
      return {
        type: 'table_card',
        title,
        subtitle,
        ...writeImage(image, 'image'),
        columnProperties: columnProperties.map(({ header, horizontalAlignment }) => ({
          header,
          horizontalAlignment: HorizontalAlignment[horizontalAlignment] ?? '',
        })),
        rows: rows.map(({ cells, dividerAfter }) => ({
          cells: cells.map(({ text }) => ({ text })),
          dividerAfter,
        })),
        buttons: buttons.map(writeButton),
      };
    }
    case 'mediaContent': {
      const { mediaType, mediaObjects } = message.value;
      return {
        type: 'media_content',
        mediaType: MediaType[mediaType] ?? '',
        mediaObjects: mediaObjects.map(({ name, description, image, contentUrl }) => ({
          name,
          description,
          ...(image.case !== undefined && writeImage(image.value, image.case)),
          contentUrl,
        })),
      };
    }
    case 'rbmText':
    case 'rbmStandaloneRichCard':
    case 'rbmCarouselRichCard': {
      const [type] = Object.entries(RICH_BUSINESS).find(([, field]) => field === message.case) ?? [''];
      const whole = toJson(Intent_MessageSchema, create(Intent_MessageSchema, { message })) as JsonObject;
      return { type, [message.case]: whole[message.case] ?? {} };
    }
    case undefined:
      return {};
  }
}

function readPayload(node: JsonNode): Content {
  return { case: 'payload', value: node.at('payload').object() ?? {} };
}

function readRichBusiness(node: JsonNode, field: string, platform: Platform): Intent_Message {
  try {
    const json = { [field]: node.at(field).object() ?? {} };
    return Object.assign(fromJson(Intent_MessageSchema, json), { platform });
  } catch {
    return create(Intent_MessageSchema, { platform });
  }
}

function readButtons(node: JsonNode): MessageInitShape<typeof Intent_Message_BasicCard_ButtonSchema>[] {
  return node
    .at('buttons')
    .items()
    .map((button) => ({
      title: button.at('title').text(),
      ...(button.at('openUrlAction').present && {
        openUriAction: { uri: button.at('openUrlAction').at('url').text() },
      }),
    }));
}

function writeButton({ title, openUriAction }: Intent_Message_BasicCard_Button): JsonObject {
  return { title, ...(openUriAction && { openUrlAction: { url: openUriAction.uri } }) };
}

function readChoice(item: JsonNode) {
  const info = item.at('optionInfo');
  return {
    ...(info.present && { info: { key: info.at('key').text(), synonyms: info.at('synonyms').texts() } }),
    title: item.at('title').text(),
    description: item.at('description').text(),
    ...readImage(item.at('image')),
  };
}

function writeChoice(item: Intent_Message_ListSelect_Item | Intent_Message_CarouselSelect_Item): JsonObject {
  const { info, title, description, image } = item;
  return {
    ...(info && { optionInfo: { key: info.key, synonyms: info.synonyms } }),
    title,
    description,
    ...writeImage(image, 'image'),
  };
}

function readImage(node: JsonNode): { image?: MessageInitShape<typeof Intent_Message_ImageSchema> } {
  if (!node.present) return {};
  return {
    image: { imageUri: node.at('url').text(), accessibilityText: node.at('accessibilityText').text() },
  };
}

function readMediaImage(media: JsonNode) {
  for (const name of ['largeImage', 'icon'] as const) {
    const { image } = readImage(media.at(name));
    if (image !== undefined) return { image: { case: name, value: image } };
  }
  return {};
}

function writeImage(image: Intent_Message_Image | undefined, key: string): JsonObject {
  if (image === undefined) return {};
  return { [key]: { url: image.imageUri, accessibilityText: image.accessibilityText } };
}

/** The value of that name; the unspecified one where there is none. */
function readEnum<Value extends number>(
  values: Readonly<Record<string, Value | string>>,
  node: JsonNode,
): Value {
  const value = values[node.text()];
  return (typeof value === 'number' ? value : 0) as Value;
}
