import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';

/** Phrases, parameters and answers of each intent. */
const PHRASES = 20;
const PARAMETERS = 3;

/** An export of an agent with that many intents, as a console wrote them a while ago. */
export function largeExport(intents: number): Uint8Array {
  const files: Record<string, Uint8Array> = {
    'agent.json': toFile({ language: 'en', displayName: 'large' }),
  };
  for (let intent = 0; intent < intents; intent++) {
    files[`intents/intent ${intent}.json`] = toFile(intentOf(intent));
    files[`intents/intent ${intent}_usersays_en.json`] = toFile(
      Array.from({ length: PHRASES }, (_, index) => phraseOf(intent, index)),
    );
  }
  return zipSync(files, { level: 6, mem: 4 });
}

function intentOf(number: number): JsonObject {
  const parameters = Array.from({ length: PARAMETERS }, (_, index) => ({
    id: idOf(number, index),
    required: false,
    dataType: '@sys.any',
    name: `p${index}`,
    value: `$p${index}`,
    isList: false,
  }));
  const messages = [{ type: 0, lang: 'en', speech: [`answer ${number}`, `another answer ${number}`] }];
  return {
    id: idOf(number, 99),
    name: `intent ${number}`,
    auto: true,
    contexts: [],
    responses: [
      { resetContexts: false, action: 'act', affectedContexts: [], parameters, messages, speech: [] },
    ],
    priority: 500_000,
    webhookUsed: false,
    events: [],
  };
}

function phraseOf(intent: number, index: number): JsonObject {
  return {
    id: idOf(intent, 100 + index),
    data: [
      { text: `phrase ${index} of `, userDefined: false },
      { text: String(intent), alias: 'p0', meta: '@sys.any', userDefined: true },
    ],
    isTemplate: false,
    count: 0,
    updated: 0,
  };
}

function idOf(intent: number, part: number): string {
  return `00000000-0000-4000-8000-${String(intent * 1_000 + part).padStart(12, '0')}`;
}

function toFile(json: JsonValue): Uint8Array {
  return Buffer.from(JSON.stringify(json, undefined, 2));
}
