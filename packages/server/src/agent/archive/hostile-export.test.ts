import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { equals, fromBinary, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredEntityTypeSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import fc from 'fast-check';
import { type AgentArchive, readAgentArchive } from './archive-reader.ts';
import { writeAgentArchive } from './archive-writer.ts';
import { bareIntent, boats, zipOf } from './example-export.test.fixture.ts';
import { ArchiveError } from './findings.ts';

const RUNS = Number(process.env['RUNS'] ?? 100);

/** What an export is read as; undefined where it is refused. Anything but a refusal in a few plain lines is a fault. */
async function readOrRefuse(zip: Uint8Array): Promise<AgentArchive | undefined> {
  try {
    return (await readAgentArchive(zip)).archive;
  } catch (error) {
    assert.ok(error instanceof ArchiveError, String((error as Error).stack));
    for (const line of error.problems) assert.match(line, /^[^\p{Cc}]{1,400}$/u);
    return undefined;
  }
}

function assertStorable({ agent, intents, entityTypes }: AgentArchive): void {
  for (const intent of intents) {
    assert.ok(
      equals(
        StoredIntentSchema,
        intent,
        fromBinary(StoredIntentSchema, toBinary(StoredIntentSchema, intent)),
      ),
    );
  }
  for (const entityType of entityTypes) toBinary(StoredEntityTypeSchema, entityType);
  assert.ok(
    equals(StoredAgentSchema, agent, fromBinary(StoredAgentSchema, toBinary(StoredAgentSchema, agent))),
  );
}

/** Puts another value in the place of one that a walk through JSON by numbers ends at. */
function replaced(json: JsonValue, [step, ...steps]: readonly number[], value: JsonValue): JsonValue {
  if (step === undefined || typeof json !== 'object' || json === null) return value;
  const keys = Object.keys(json);
  const key = keys[step % Math.max(keys.length, 1)];
  if (key === undefined) return value;
  if (Array.isArray(json)) return json.with(Number(key), replaced(json[Number(key)] ?? null, steps, value));
  return { ...json, [key]: replaced(json[key] ?? null, steps, value) };
}

describe('an export that means harm', () => {
  const whole = zipOf(boats());

  it('is refused for languages that are none, and leaves nothing behind', async () => {
    for (const lang of ['constructor', '__proto__', 'toString', 'en_US', '../en', 'e']) {
      const message = { type: 0, lang, speech: 'a' };
      const said = { userSays: [{ lang, data: [{ text: 'a' }] }] };
      const parameter = { name: 'p', prompts: [{ lang, value: 'a' }] };
      const zip = zipOf({
        'agent.json': { language: 'en' },
        'intents/a.json': bareIntent('a', {
          ...said,
          responses: [{ messages: [message], parameters: [parameter] }],
        }),
      });
      await assert.rejects(readAgentArchive(zip), (error: ArchiveError) => {
        assert.equal(error.problems.length, 3);
        return error.problems.every((line) =>
          line.endsWith(`is "${lang}", not a language tag such as en or pt-br`),
        );
      });
    }
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it('is read with ids that every object has', async () => {
    const parameter = { id: 'constructor', name: 'p', required: true };
    const { archive, report } = await readAgentArchive(
      zipOf({
        'agent.json': { language: 'en' },
        'intents/a.json': bareIntent('a', { responses: [{ parameters: [parameter] }] }),
      }),
    );
    assert.match(archive.intents[0]?.intent?.parameters[0]?.name ?? '', /^[0-9a-f-]{36}$/u);
    assert.deepEqual(report.warnings, ['intent "a": parameter "p" is required, and nothing asks for it']);
  });

  const agent = { 'agent.json': { language: 'en' } };

  it('is read with any number of prompts', async () => {
    const parameter = {
      id: 'p',
      name: 'p',
      prompts: Array.from({ length: 100_000 }, (_, index) => `which of ${index}?`),
    };
    const intent = bareIntent('a', { responses: [{ parameters: [parameter] }] });
    const archive = await readOrRefuse(zipOf({ ...agent, 'intents/a.json': intent }));
    assert.equal(archive?.intents[0]?.languages['en']?.prompts['p']?.prompts.length, 100_000);
  });

  it('is read with any number of phrases', async () => {
    const said = Array.from({ length: 200_000 }, (_, index) => ({ id: String(index) }));
    const files = { ...agent, 'intents/a.json': bareIntent('a'), 'intents/a_usersays_en.json': said };
    const archive = await readOrRefuse(zipOf(files));
    assert.equal(archive?.intents[0]?.languages['en']?.trainingPhrases.length, 200_000);
  });

  it('is refused for more languages than there are', async () => {
    const messages = Array.from({ length: 20_000 }, (_, index) => ({ lang: `en-${index}` }));
    const zip = zipOf({ ...agent, 'intents/a.json': bareIntent('a', { responses: [{ messages }] }) });
    await assert.rejects(readAgentArchive(zip), { message: 'intents/a.json: is in more than 100 languages' });
  });

  it('is read with intents that follow each other in a long row', async () => {
    const row = Array.from({ length: 1_000 }, (_, index): [string, JsonObject] => [
      `intents/${index}.json`,
      bareIntent(`i${index}`, {
        id: `i${index}`,
        parentId: `i${Math.min(index + 1, 999)}`,
        rootParentId: 'i998',
      }),
    ]);
    const { archive, report } = await readAgentArchive(zipOf({ ...agent, ...Object.fromEntries(row) }));
    assert.equal(archive.intents.length, 1_000);
    assert.deepEqual(report.warnings, [
      'intent "i999" follows itself: it is taken for one that follows none',
    ]);
  });

  it('is read with entity types in a large circle, of which some are named', async () => {
    const circle = Array.from({ length: 1_000 }, (_, index): [string, JsonObject] => [
      `entities/${index}.json`,
      { name: `e${index}`, isEnum: true, entries: [{ value: `@e${(index + 1) % 1_000}:x` }] },
    ]);
    const { report } = await readAgentArchive(zipOf({ ...agent, ...Object.fromEntries(circle) }));
    assert.equal(report.warnings.length, 1);
    assert.equal(report.warnings[0]?.split('@').length, 21);
  });

  it('is read or refused, whatever its bytes', async () => {
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(9), fc.nat(whole.length), async (bytes, cut, length) => {
        const zip = Uint8Array.from(whole);
        for (const [at, byte] of bytes) zip[at] = byte;
        const archive = await readOrRefuse(cut === 0 ? zip.subarray(0, length) : zip);
        if (archive !== undefined) assertStorable(archive);
      }),
      { numRuns: RUNS },
    );
  });

  it('is read or refused, whatever lies in the place of what', async () => {
    const values = fc.oneof(
      fc.constantFrom<JsonValue>(
        null,
        '',
        0,
        -1,
        1e300,
        2 ** 31,
        true,
        'true',
        '7',
        'constructor',
        [],
        {},
        [null],
        [[]],
        {
          '': '',
        },
      ),
      fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
    );
    const walk = fc.array(fc.nat(40), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(walk, values), { minLength: 1, maxLength: 3 }), async (changes) => {
        const files = changes.reduce<JsonValue>(
          (json, [steps, value]) => replaced(json, steps, value),
          boats(),
        );
        const archive = await readOrRefuse(zipOf(files as Record<string, JsonValue>));
        if (archive === undefined) return;
        assertStorable(archive);
        const written = await writeAgentArchive(archive);
        const again = await readAgentArchive(written);
        assert.deepEqual(await writeAgentArchive(again.archive), written);
      }),
      { numRuns: RUNS },
    );
  });
});
