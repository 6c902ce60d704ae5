import { create } from '@bufbuild/protobuf';
import {
  AgentSchema,
  EntityTypeSchema,
  IntentSchema,
  EntityType_Kind as Kind,
  Intent_TrainingPhrase_Type as PhraseType,
} from '@parleykit/proto/v2beta1';
import type { AgentDefinition } from '@parleykit/server/agent';
import { Draw } from '../assist/draw.ts';

const SEED = 11;
const SYLLABLES = [
  'ba',
  'ker',
  'lo',
  'min',
  'ta',
  'sho',
  'vel',
  'pri',
  'du',
  'nar',
  'es',
  'fi',
  'gol',
  'ram',
];
const FRAMES = [
  'how do I {} my {}',
  'I want to {} a {}',
  'please {} the {} for me',
  'can you {} {}',
  'what is the {} of the {}',
  'my {} does not {}',
  'where can I find {} for {}',
  '{} {} please',
  'is it possible to {} the {} today',
  'I need help with {} and {}',
];
/** Of so many intents one has parameters: the others are questions. */
const WITH_PARAMETERS = 5;
const CITIES = 200;

/** An agent of so many intents, each about a few words of its own, and what people might say to it. */
export function makeAgent(
  intents: number,
  phrases: number,
): { definition: AgentDefinition; texts: readonly string[] } {
  const draw = new Draw(SEED);
  const pick = <T>(options: readonly T[]): T => options[draw.below(options.length)] as T;
  const word = () => Array.from({ length: 2 + draw.below(2) }, () => pick(SYLLABLES)).join('');
  const shared = Array.from({ length: 300 }, word);
  const cities = Array.from({ length: CITIES }, () => `${word()} city`);
  const texts: string[] = [];
  const made = Array.from({ length: intents }, (_, index) => {
    const own = Array.from({ length: 4 }, word);
    const about = () => (draw.below(3) === 0 ? pick(shared) : pick(own));
    const say = () => pick(FRAMES).replaceAll('{}', about);
    const hasParameters = index % WITH_PARAMETERS === 0;
    texts.push(say(), say());
    return create(IntentSchema, {
      name: `projects/p/agent/intents/i${index}`,
      displayName: `Intent ${index}`,
      trainingPhrases: Array.from({ length: phrases }, (_, at) => ({
        type: PhraseType.EXAMPLE,
        parts:
          hasParameters && at % 2 === 0
            ? [
                { text: `${say()} in ` },
                { text: pick(cities), entityType: '@city', alias: 'city', userDefined: true },
                { text: ' for ' },
                {
                  text: String(2 + draw.below(9)),
                  entityType: '@sys.number',
                  alias: 'count',
                  userDefined: true,
                },
              ]
            : [{ text: say() }],
      })),
      parameters: hasParameters
        ? [
            { displayName: 'city', value: '$city', entityTypeDisplayName: '@city' },
            { displayName: 'count', value: '$count', entityTypeDisplayName: '@sys.number' },
          ]
        : [],
      messages: [
        { message: { case: 'text', value: { text: [`Answer ${index}.`, `This is answer ${index}.`] } } },
      ],
    });
  });
  for (let index = 0; index < intents; index += WITH_PARAMETERS) {
    const [first] = made[index]?.trainingPhrases ?? [];
    texts.push(`${first?.parts[0]?.text}${pick(cities)} for 4`);
  }
  const definition: AgentDefinition = {
    agent: create(AgentSchema, {
      parent: 'projects/p',
      defaultLanguageCode: 'en',
      timeZone: 'Europe/Lisbon',
    }),
    languageCode: 'en',
    intents: made,
    entityTypes: [
      create(EntityTypeSchema, {
        displayName: 'city',
        kind: Kind.MAP,
        entities: cities.map((city) => ({ value: city, synonyms: [city] })),
      }),
    ],
  };
  return { definition, texts: draw.shuffled(texts) };
}
