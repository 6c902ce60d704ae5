import {
  type HumanAgentAssistantConfig_SuggestionQueryConfig_Sections_SectionType as ProfileSection,
  type SummarizationSection,
  SummarizationSection_Type as Type,
} from '@parleykit/proto/v2beta1';

/** A section of a summary. */
export interface Section {
  readonly name: string;
  readonly type: Type;
  /** What it is to say. */
  readonly definition: string;
}

/** What stands where there is nothing to be said. */
export const NOTHING = 'N/A';

/** What the names of sections begin with that hold one entity each. */
export const ENTITIES_PREFIX = 'entities/';

/** What a section of a type says where nobody says otherwise. */
const DEFINITIONS: Readonly<Partial<Record<Type, string>>> = {
  [Type.SITUATION]: 'What the customer needs help with or asks about.',
  [Type.ACTION]: 'What was done to help the customer.',
  [Type.RESOLUTION]: 'The result of the conversation, in a single word where one will do.',
  [Type.REASON_FOR_CANCELLATION]: `Why the customer cancels something; ${NOTHING} where nothing is cancelled.`,
  [Type.CUSTOMER_SATISFACTION]:
    'Satisfied or Unsatisfied: how the customer feels at the end of the conversation.',
  [Type.ENTITIES]: 'The key facts that were named, such as numbers of orders and tickets, amounts and dates.',
  [Type.CUSTOMER_DEFINED]: '',
  [Type.SITUATION_CONCISE]: 'What the customer needs help with, in a few words.',
  [Type.ACTION_CONCISE]: 'What was done to help the customer, in a few words.',
};

const STANDARD = [Type.SITUATION, Type.ACTION, Type.RESOLUTION];

/** Sections by their types, each once; without types those of situation, action and resolution. */
export function sectionsOfTypes(types: readonly ProfileSection[] = []): Section[] {
  // The numbers are those of the generators' types.
  const known = (types as readonly number[]).filter((type) => type !== Type.TYPE_UNSPECIFIED) as Type[];
  return [...new Set(known.length === 0 ? STANDARD : known)].flatMap((type) => toSection(type));
}

/** The sections that a generator names; without any those of situation, action and resolution. */
export function sectionsOf(sections: readonly SummarizationSection[]): Section[] {
  const named = sections.flatMap(({ type, key, definition }) => toSection(type, key, definition));
  return named.length === 0 ? sectionsOfTypes() : named;
}

/** None for a type that is none: it "does not return anything". */
function toSection(type: Type, key = '', definition = ''): Section[] {
  const standard = DEFINITIONS[type];
  if (standard === undefined) return [];
  return [{ type, name: key || Type[type].toLowerCase(), definition: definition || standard }];
}
