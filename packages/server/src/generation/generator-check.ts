import { toBinary } from '@bufbuild/protobuf';
import {
  type AgentCoachingContext,
  type FewShotExample,
  type Generator,
  GeneratorSchema,
  type InferenceParameter,
  SummarizationSection_Type as SectionType,
  type SummarizationContext,
  type SummarizationSection,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, fieldsRequired, fieldUnimplemented } from '../errors.ts';
import {
  GENERATOR_BYTES_MAX,
  GENERATOR_EXAMPLES_MAX,
  GENERATOR_INSTRUCTIONS_MAX,
  GENERATOR_SECTIONS_MAX,
  GENERATOR_TEXT_LENGTH_MAX,
} from '../limits.ts';
import { sectionsOf } from './sections.ts';

/**
 * Holds a generator against what its comments say, wherever it comes from. Throws INVALID_ARGUMENT that names the field, and
 * UNIMPLEMENTED for tools, which nothing here calls.
 */
export function checkGenerator(generator: Generator): void {
  const { context, inferenceParameter, triggerEvent, description } = generator;
  for (const field of ['tools', 'toolsetTools', 'cesToolSpecs', 'cesAppSpecs'] as const) {
    if (generator[field].length > 0)
      throw fieldUnimplemented(`generator.${GeneratorSchema.field[field].name}`);
  }
  checkText('generator.description', description);
  if (TriggerEvent[triggerEvent] === undefined) {
    throw fieldInvalid('generator.trigger_event', 'is not a known event');
  }
  checkParameters(inferenceParameter);
  switch (context.case) {
    case 'freeFormContext':
      checkText('generator.free_form_context.text', context.value.text);
      if (context.value.text.trim() === '') throw fieldsRequired(['generator.free_form_context.text']);
      break;
    case 'summarizationContext':
      checkSummarization(context.value);
      break;
    case 'agentCoachingContext':
      checkCoaching(context.value);
      break;
    default:
      throw fieldsRequired(['generator.context']);
  }
  if (toBinary(GeneratorSchema, generator).byteLength > GENERATOR_BYTES_MAX) {
    throw fieldInvalid('generator', `is larger than ${GENERATOR_BYTES_MAX} bytes`);
  }
}

function checkParameters(parameters: InferenceParameter | undefined): void {
  const { maxOutputTokens = 1, temperature = 0, topK = 1, topP = 0 } = parameters ?? {};
  const at = (field: string): string => `generator.inference_parameter.${field}`;
  if (maxOutputTokens < 1) throw fieldInvalid(at('max_output_tokens'), 'must be at least 1');
  if (!(temperature >= 0 && temperature <= 2))
    throw fieldInvalid(at('temperature'), 'must be from 0.0 to 2.0');
  if (topK < 1 || topK > 40) throw fieldInvalid(at('top_k'), 'must be from 1 to 40');
  if (!(topP >= 0 && topP <= 1)) throw fieldInvalid(at('top_p'), 'must be from 0.0 to 1.0');
}

function checkSummarization({ summarizationSections, fewShotExamples }: SummarizationContext): void {
  const at = 'generator.summarization_context';
  checkSections(`${at}.summarization_sections`, summarizationSections);
  checkCount(`${at}.few_shot_examples`, fewShotExamples.length, GENERATOR_EXAMPLES_MAX);
  for (const [index, example] of fewShotExamples.entries()) {
    checkExample(`${at}.few_shot_examples[${index}]`, example);
  }
}

function checkSections(at: string, sections: readonly SummarizationSection[]): void {
  checkCount(at, sections.length, GENERATOR_SECTIONS_MAX);
  for (const [index, { type, key, definition }] of sections.entries()) {
    const section = `${at}[${index}]`;
    if (SectionType[type] === undefined) throw fieldInvalid(`${section}.type`, 'is not a known type');
    checkText(`${section}.key`, key);
    checkText(`${section}.definition`, definition);
    if (type === SectionType.CUSTOMER_DEFINED && (key === '' || definition === '')) {
      throw fieldsRequired([`${section}.${key === '' ? 'key' : 'definition'}`]);
    }
  }
  const types = new Set(sections.map(({ type }) => type));
  for (const [concise, whole] of [
    [SectionType.SITUATION_CONCISE, SectionType.SITUATION],
    [SectionType.ACTION_CONCISE, SectionType.ACTION],
  ] as const) {
    if (types.has(concise) && types.has(whole)) {
      throw fieldInvalid(at, `holds ${SectionType[concise]}, which does not go with ${SectionType[whole]}`);
    }
  }
  const names = sectionsOf(sections).map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw fieldInvalid(at, `holds two sections of the name ${JSON.stringify(twice)}`);
}

/** The message of an example is put to a model as the transcript of any other is. */
function checkExample(at: string, { conversationContext, output }: FewShotExample): void {
  for (const [index, { text }] of (conversationContext?.messageEntries ?? []).entries()) {
    checkText(`${at}.conversation_context.message_entries[${index}].text`, text);
  }
  if (output?.suggestion.case !== 'summarySuggestion') {
    throw fieldsRequired([`${at}.output.summary_suggestion`]);
  }
}

function checkCoaching({ instructions, overarchingGuidance }: AgentCoachingContext): void {
  const at = 'generator.agent_coaching_context';
  checkText(`${at}.overarching_guidance`, overarchingGuidance);
  checkCount(`${at}.instructions`, instructions.length, GENERATOR_INSTRUCTIONS_MAX);
  for (const [index, instruction] of instructions.entries()) {
    for (const [field, text] of [
      ['display_name', instruction.displayName],
      ['display_details', instruction.displayDetails],
      ['condition', instruction.condition],
      ['agent_action', instruction.agentAction],
      ['system_action', instruction.systemAction],
    ] as const) {
      checkText(`${at}.instructions[${index}].${field}`, text);
    }
  }
}

function checkText(field: string, text: string): void {
  if (text.length <= GENERATOR_TEXT_LENGTH_MAX) return;
  throw fieldInvalid(field, `is longer than ${GENERATOR_TEXT_LENGTH_MAX} characters`);
}

function checkCount(field: string, count: number, most: number): void {
  if (count > most) throw fieldInvalid(field, `holds ${count}; at most ${most} are allowed`);
}
