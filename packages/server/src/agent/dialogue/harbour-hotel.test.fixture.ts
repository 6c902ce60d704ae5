import { create, type MessageInitShape, toBinary, toJson } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import type { AgentSession } from '@parleykit/proto/stored';
import {
  AgentSchema,
  AutomatedAgentReplySchema,
  type EntityType,
  EntityTypeSchema,
  EntityType_AutoExpansionMode as Expansion,
  type Intent,
  IntentSchema,
  EntityType_Kind as Kind,
  Intent_TrainingPhrase_Type as PhraseType,
  QueryParametersSchema as QueryParameters,
  type QueryParametersSchema,
  type QueryResult,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import type { AgentDefinition } from '../training/agent-definition.ts';
import type { AgentModel } from '../training/agent-model.ts';
import { toAgentReply } from './agent-reply.ts';
import { converse, newSession } from './converse.ts';
import type { DialoguePorts, DialogueResult } from './dialogue-query.ts';

type IntentInit = MessageInitShape<typeof IntentSchema>;
type PhraseInit = NonNullable<IntentInit['trainingPhrases']>[number];

/** Thursday, 5 March 2026, 10:00 in Lisbon. */
export const NOW_MS = Date.UTC(2026, 2, 5, 10);
export const SESSION = 'projects/p/agent/sessions/s1';

/** A phrase in which "[two](@sys.number:guests)" is an annotated value. */
export function phrase(text: string): PhraseInit {
  const parts: { text: string; entityType?: string; alias?: string; userDefined?: boolean }[] = [];
  let copied = 0;
  for (const { 0: whole, 1: value = '', 2: entityType = '', 3: alias = '', index } of text.matchAll(
    /\[([^\]]+)\]\((@[\w.-]+):([\w-]+)\)/gu,
  )) {
    if (index > copied) parts.push({ text: text.slice(copied, index) });
    parts.push({ text: value, entityType, alias, userDefined: true });
    copied = index + whole.length;
  }
  if (copied < text.length) parts.push({ text: text.slice(copied) });
  return { type: PhraseType.EXAMPLE, parts };
}

/** An intent of the project "p". Its id is made of its display name. */
export function intent(
  displayName: string,
  phrases: readonly string[],
  more: IntentInit & { readonly says?: readonly (readonly string[])[] } = {},
): Intent {
  const { says = [], ...fields } = more;
  return create(IntentSchema, {
    name: `projects/p/agent/intents/${displayName.replace(/\W+/gu, '-').toLowerCase()}-id`,
    displayName,
    trainingPhrases: phrases.map(phrase),
    messages: says.map((text) => ({ message: { case: 'text' as const, value: { text: [...text] } } })),
    ...fields,
  });
}

/** A parameter that takes the values of an entity type under its own name. */
export function parameter(
  displayName: string,
  entityTypeDisplayName: string,
  more: NonNullable<IntentInit['parameters']>[number] = {},
) {
  return { displayName, value: `$${displayName}`, entityTypeDisplayName, ...more };
}

export function context(id: string): string {
  return `projects/p/agent/sessions/-/contexts/${id}`;
}

/** An entity type that maps words to values. */
export function entityType(
  displayName: string,
  entities: Readonly<Record<string, readonly string[]>>,
  more: MessageInitShape<typeof EntityTypeSchema> = {},
): EntityType {
  return create(EntityTypeSchema, {
    name: `projects/p/agent/entityTypes/${displayName}`,
    displayName,
    kind: Kind.MAP,
    entities: Object.entries(entities).map(([value, synonyms]) => ({ value, synonyms: [...synonyms] })),
    ...more,
  });
}

/** An agent of some intents and entity types, in English and in Lisbon. */
export function agentOf(
  intents: readonly Intent[],
  entityTypes: readonly EntityType[] = [],
): AgentDefinition {
  const agent = create(AgentSchema, {
    parent: 'projects/p',
    displayName: 'test',
    defaultLanguageCode: 'en',
    timeZone: 'Europe/Lisbon',
  });
  return { agent, languageCode: 'en', intents, entityTypes };
}

const booking = intent(
  'Book a room',
  [
    'I want to book a room',
    'book a room please',
    'I need a room',
    'reserve a [double](@room:room) room',
    'book a [suite](@room:room) for [two](@sys.number:guests) people',
    'I would like a [single](@room:room) room [tomorrow](@sys.date:date)',
    'a room for [3](@sys.number:guests) guests on [Friday](@sys.date:date)',
    'do you have a room on [the 8th of May](@sys.date:date)',
  ],
  {
    action: 'room.book',
    webhookState: WebhookState.ENABLED,
    parameters: [
      parameter('date', '@sys.date', { mandatory: true, prompts: ['For which day?', 'When do you arrive?'] }),
      parameter('guests', '@sys.number', { mandatory: true, prompts: ['For how many people?'] }),
      parameter('room', '@room', { defaultValue: 'double' }),
    ],
    outputContexts: [{ name: context('bookaroom-followup'), lifespanCount: 2 }],
    says: [['A $room room for $guests on $date.original: shall I book it?']],
  },
);

/** A hotel's agent: bookings by slot filling, a yes or no after them, questions, and a person on request. */
export const harbourHotel: AgentDefinition = agentOf(
  [
    intent('Welcome', ['hello', 'hi there', 'good morning', 'hey'], {
      events: ['WELCOME'],
      action: 'input.welcome',
      says: [['Welcome to the Harbour Hotel!', 'Hello, this is the Harbour Hotel.'], ['How can I help?']],
    }),
    booking,
    intent('Book a room - yes', ['yes', 'yes please', 'do it', 'that is right'], {
      inputContextNames: [context('bookaroom-followup')],
      parentFollowupIntentName: booking.name,
      says: [['Booked: a #bookaroom-followup.room room on #bookaroom-followup.date.original.']],
      outputContexts: [{ name: context('bookaroom-followup'), lifespanCount: 0 }],
    }),
    intent('Book a room - no', ['no', 'no thanks', 'rather not'], {
      inputContextNames: [context('bookaroom-followup')],
      parentFollowupIntentName: booking.name,
      resetContexts: true,
      says: [['All right, no room then.']],
    }),
    intent('Breakfast', ['when is breakfast', 'is breakfast included', 'what time do you serve breakfast'], {
      action: 'faq.breakfast',
      says: [['Breakfast is from 7 to 10.']],
    }),
    intent(
      'Parking',
      ['where can I park', 'do you have a car park', 'is there parking', 'how much is parking'],
      {
        says: [['There is a car park behind the house.']],
      },
    ),
    intent('Name', ['my name is [Maria](@sys.any:name)', 'call me [Jo](@sys.any:name)'], {
      parameters: [parameter('name', '@sys.any')],
      outputContexts: [{ name: context('guest'), lifespanCount: 5 }],
      says: [['Nice to meet you, $name.']],
    }),
    intent('Person', ['talk to a human', 'I want to speak to a person', 'get me an agent', 'human please'], {
      liveAgentHandoff: true,
      endInteraction: true,
      says: [['One moment, I will fetch somebody.']],
    }),
    intent('Fallback', ['tell me a joke', 'who won the match'], {
      isFallback: true,
      action: 'input.unknown',
      says: [['Sorry, I did not get that.', 'Could you say that again?']],
    }),
  ],
  [
    entityType('room', {
      single: ['single', 'small'],
      double: ['double', 'twin'],
      suite: ['suite', 'large'],
    }),
    entityType(
      'animal',
      { dog: ['dog'], cat: ['cat'] },
      { autoExpansionMode: Expansion.UNSPECIFIED, enableFuzzyExtraction: true },
    ),
  ],
);

/** What one turn is given beside what is said. */
export interface TurnOptions {
  readonly params?: MessageInitShape<typeof QueryParametersSchema>;
  readonly ports?: DialoguePorts;
  readonly afterMs?: number;
}

/** A session with an agent, a turn at a time. */
export class Talk {
  session: AgentSession = newSession();
  readonly #model: AgentModel;
  readonly #seed: string;
  readonly #ports: DialoguePorts;
  #nowMs = NOW_MS;
  #turn = 0;

  constructor(
    model: AgentModel,
    { seed = 'seed', ports = {} }: { seed?: string; ports?: DialoguePorts } = {},
  ) {
    this.#model = model;
    this.#seed = seed;
    this.#ports = ports;
  }

  say(text: string, options: TurnOptions = {}): Promise<DialogueResult> {
    return this.#take({ case: 'text', text, languageCode: 'en' }, options);
  }

  send(
    name: string,
    parameters?: Record<string, string>,
    options: TurnOptions = {},
  ): Promise<DialogueResult> {
    return this.#take({ case: 'event', name, parameters, languageCode: 'en' }, options);
  }

  async #take(input: Parameters<typeof converse>[2]['input'], options: TurnOptions): Promise<DialogueResult> {
    this.#nowMs += options.afterMs ?? 0;
    this.#turn += 1;
    const result = await converse(
      this.#model,
      this.session,
      {
        session: SESSION,
        responseId: `r${this.#turn}`,
        input,
        queryParams: options.params && create(QueryParameters, options.params),
        nowMs: this.#nowMs,
        seed: this.#seed,
      },
      options.ports ?? this.#ports,
    );
    this.session = result.session;
    // Whatever is answered goes out on both wires.
    const reply = toAgentReply(result);
    toBinary(AutomatedAgentReplySchema, reply);
    toJson(AutomatedAgentReplySchema, reply, { registry });
    return result;
  }
}

/** What a result says of the query. */
export function resultOf({ response }: DialogueResult): QueryResult {
  if (response.queryResult === undefined) throw new Error('there is no query result');
  return response.queryResult;
}

/** The contexts of a result, by their ids: how long they live on. */
export function lifespansOf(result: DialogueResult): Record<string, number> {
  return Object.fromEntries(
    resultOf(result)
      .outputContexts.map(
        ({ name, lifespanCount }) => [name.split('/contexts/')[1] ?? name, lifespanCount] as const,
      )
      .filter(([id]) => id !== '__system_counters__'),
  );
}

/** What a context of a result holds. */
export function contextOf(result: DialogueResult, id: string): Record<string, unknown> | undefined {
  return resultOf(result).outputContexts.find(({ name }) => name === `${SESSION}/contexts/${id}`)?.parameters;
}
