import { isFieldSet } from '@bufbuild/protobuf';
import {
  type AnalyzeContentRequest,
  type EventInput,
  type StreamingAnalyzeContentRequest,
  StreamingAnalyzeContentRequestSchema,
  type TextInput,
} from '@parleykit/proto/v2beta1';
import type { AgentQuery } from '../agent/automated-agent.ts';
import { fieldInvalid, fieldsRequired, fieldUnimplemented, speechNotConfigured } from '../errors.ts';
import {
  AGENT_TEXT_LENGTH_MAX,
  EVENT_NAME_LENGTH_MAX,
  LANGUAGE_CODE_LENGTH_MAX,
  MESSAGE_CONTENT_BYTES_MAX,
  REQUEST_ID_PATTERN,
} from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { Turn } from './turns.ts';

/** What AnalyzeContent and StreamingAnalyzeContent are asked, as turns. Throws INVALID_ARGUMENT or UNIMPLEMENTED. */

export function readTurn(request: AnalyzeContentRequest, speaker: ResourceName): Turn {
  const { input, replyAudioConfig, cxParameters, cxCurrentPage, requestId } = request;
  if (replyAudioConfig !== undefined) throw speechNotConfigured('reply_audio_config');
  if (cxParameters !== undefined) throw fieldUnimplemented('cx_parameters');
  if (cxCurrentPage !== '') throw fieldUnimplemented('cx_current_page');
  if (requestId !== '' && !REQUEST_ID_PATTERN.test(requestId)) {
    throw fieldInvalid('request_id', 'is not 1 to 36 printable ASCII characters');
  }
  return {
    speaker,
    input: readInput(input),
    sendTime: request.messageSendTime,
    requestId,
    queryParams: request.queryParams,
    metadataFilters: request.assistQueryParams?.documentsMetadataFilters,
    checkForAgent: (text) => checkAgentText('text_input.text', text),
  };
}

/** Throws where a text is longer than an automated agent takes. */
export function checkAgentText(field: string, text: string): void {
  if (text.length <= AGENT_TEXT_LENGTH_MAX || [...text].length <= AGENT_TEXT_LENGTH_MAX) return;
  throw fieldInvalid(
    field,
    `is longer than the ${AGENT_TEXT_LENGTH_MAX} characters that an automated agent takes`,
  );
}

/**
 * Reads a stream in text mode to its end: a first request with the configuration and no input, then one with the input.
 * https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#streaminganalyzecontentrequest
 */
export async function readStreamedTurn(
  first: StreamingAnalyzeContentRequest,
  rest: AsyncIterable<StreamingAnalyzeContentRequest>,
  speaker: ResourceName,
): Promise<Turn> {
  const languageCode = readConfig(first);
  let input: Turn['input'] | undefined;
  for await (const request of rest) {
    if (input !== undefined)
      throw fieldInvalid('input', 'comes once: a stream in text mode has two requests');
    if (request.participant !== '' && request.participant !== first.participant) {
      throw fieldInvalid('participant', 'is not the one of the first request');
    }
    const misplaced = misplacedField(request);
    if (misplaced !== undefined) throw fieldInvalid(misplaced, 'belongs into the first request alone');
    input = readStreamedInput(request.input, languageCode);
  }
  if (input === undefined) throw fieldsRequired(['input']);
  return {
    speaker,
    input,
    queryParams: first.queryParams,
    metadataFilters: first.assistQueryParams?.documentsMetadataFilters,
    checkForAgent: (text) => {
      if (Buffer.byteLength(text) > AGENT_TEXT_LENGTH_MAX) {
        throw fieldInvalid(
          'input_text',
          `is longer than the ${AGENT_TEXT_LENGTH_MAX} bytes that an automated agent takes`,
        );
      }
    },
  };
}

function readInput(input: AnalyzeContentRequest['input']): Turn['input'] {
  switch (input.case) {
    case 'textInput':
      return readText('text_input', input.value);
    case 'eventInput':
      return readEvent('event_input', input.value);
    case 'audioInput':
      throw speechNotConfigured('audio_input');
    case 'suggestionInput':
      throw fieldUnimplemented('suggestion_input');
    case 'intentInput':
      throw fieldUnimplemented('intent_input');
    default:
      throw fieldsRequired(['input']);
  }
}

/** A text that stands in a field of a request, with its language. */
export function readText(field: string, { text, languageCode }: TextInput): AgentQuery['input'] {
  const missing = [
    ...(text === '' ? [`${field}.text`] : []),
    ...(languageCode === '' ? [`${field}.language_code`] : []),
  ];
  if (missing.length > 0) throw fieldsRequired(missing);
  checkContent(`${field}.text`, text);
  checkLanguage(`${field}.language_code`, languageCode);
  return { case: 'text', text, languageCode };
}

/** An event that stands in a field of a request. */
export function readEvent(
  field: string,
  { name, parameters, languageCode }: EventInput,
): AgentQuery['input'] {
  const missing = [
    ...(name === '' ? [`${field}.name`] : []),
    ...(languageCode === '' ? [`${field}.language_code`] : []),
  ];
  if (missing.length > 0) throw fieldsRequired(missing);
  checkEventName(`${field}.name`, name);
  checkLanguage(`${field}.language_code`, languageCode);
  return { case: 'event', name, parameters, languageCode };
}

/** Answers the language of the stream. */
function readConfig(first: StreamingAnalyzeContentRequest): string {
  const { config, input } = first;
  if (input.case !== undefined)
    throw fieldInvalid(fieldOf(input.case), 'does not belong into the first request');
  if (first.replyAudioConfig !== undefined) throw speechNotConfigured('reply_audio_config');
  if (first.cxParameters !== undefined) throw fieldUnimplemented('cx_parameters');
  if (first.cxCurrentPage !== '') throw fieldUnimplemented('cx_current_page');
  if (config.case === 'audioConfig') throw speechNotConfigured('audio_config');
  if (config.case === undefined) throw fieldsRequired(['config']);
  if (first.enableExtendedStreaming) {
    throw fieldInvalid('enable_extended_streaming', 'is for audio: the configuration is one of text');
  }
  const { languageCode } = config.value;
  if (languageCode === '') throw fieldsRequired(['text_config.language_code']);
  checkLanguage('text_config.language_code', languageCode);
  return languageCode;
}

/** What is read in the first request of a stream alone, as far as another one has it: else it would count for nothing. */
function misplacedField(request: StreamingAnalyzeContentRequest): string | undefined {
  if (request.config.case !== undefined) return 'config';
  return FIELDS_OF_FIRST.find((field) => isFieldSet(request, field))?.name;
}

const { field } = StreamingAnalyzeContentRequestSchema;
const FIELDS_OF_FIRST = [
  field.replyAudioConfig,
  field.queryParams,
  field.assistQueryParams,
  field.cxParameters,
  field.cxCurrentPage,
  field.enableExtendedStreaming,
];

function readStreamedInput(
  input: StreamingAnalyzeContentRequest['input'],
  languageCode: string,
): Turn['input'] {
  switch (input.case) {
    case 'inputText':
      if (input.value === '') throw fieldsRequired(['input_text']);
      checkContent('input_text', input.value);
      return { case: 'text', text: input.value, languageCode };
    case 'inputEvent':
      if (input.value === '') throw fieldsRequired(['input_event']);
      checkEventName('input_event', input.value);
      return { case: 'event', name: input.value, parameters: undefined, languageCode };
    case 'inputAudio':
      throw fieldInvalid('input_audio', 'does not fit the configuration, which is one of text');
    case undefined:
      throw fieldsRequired(['input']);
    default:
      throw fieldUnimplemented(fieldOf(input.case));
  }
}

function checkContent(field: string, text: string): void {
  if (Buffer.byteLength(text) > MESSAGE_CONTENT_BYTES_MAX) {
    throw fieldInvalid(field, `is longer than ${MESSAGE_CONTENT_BYTES_MAX} bytes`);
  }
}

function checkEventName(field: string, name: string): void {
  if ([...name].length > EVENT_NAME_LENGTH_MAX) {
    throw fieldInvalid(field, `is longer than ${EVENT_NAME_LENGTH_MAX} characters`);
  }
}

function checkLanguage(field: string, languageCode: string): void {
  if (languageCode.length > LANGUAGE_CODE_LENGTH_MAX) {
    throw fieldInvalid(field, `is longer than ${LANGUAGE_CODE_LENGTH_MAX} characters`);
  }
}

function fieldOf(localName: string): string {
  return localName.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}
