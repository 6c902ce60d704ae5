import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  type Generator,
  type GeneratorSchema,
  Generators,
  SummarizationSection_Type as SectionType,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { namesOf, nanos, openScene, type Refusal, refused } from './scene.ts';

type GeneratorInit = Exclude<MessageInitShape<typeof GeneratorSchema>, Generator>;

const scene = openScene();
const { createGenerator, getGenerator, listGenerators, updateGenerator, deleteGenerator } = Generators.method;

const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };

function freeForm(text = 'Say what to do next.'): GeneratorInit {
  return { context: { case: 'freeFormContext', value: { text } } };
}

type Sections = NonNullable<
  Extract<GeneratorInit['context'], { case: 'summarizationContext' }>['value']
>['summarizationSections'];

function summaries(summarizationSections: NonNullable<Sections>, more: GeneratorInit = {}): GeneratorInit {
  return { ...more, context: { case: 'summarizationContext', value: { summarizationSections } } };
}

function make(wire: Wire, parent: string, generator: GeneratorInit, generatorId = ''): Promise<Generator> {
  return wire.call(createGenerator, { parent, generator, generatorId });
}

const newParent = (): string => `projects/${newProject()}/locations/global`;

for (const wire of scene.wires) {
  describe(`CreateGenerator over ${wire.name}`, () => {
    it('stores a generator under a new id, and gives it back', async () => {
      const parent = newParent();
      const generator = await make(wire, parent, {
        ...freeForm(),
        name: 'ignored',
        description: 'next steps',
        triggerEvent: TriggerEvent.CUSTOMER_MESSAGE,
        inferenceParameter: { maxOutputTokens: 20, temperature: 0.5, topK: 3, topP: 0.9 },
        foundationModel: { case: 'publishedModel', value: 'text-bison' },
      });
      assert.ok(generator.name.startsWith(`${parent}/generators/`), generator.name);
      assert.equal(generator.description, 'next steps');
      assert.deepEqual(generator.context.value, {
        $typeName: generator.context.value?.$typeName,
        text: 'Say what to do next.',
      });
      assert.equal(generator.inferenceParameter?.topP, 0.9);
      assert.equal(nanos(generator.createTime), nanos(generator.updateTime));
      assert.deepEqual(await wire.call(getGenerator, { name: generator.name }), generator);
    });

    it('takes an id of the caller’s, once in any form of the parent', async () => {
      const project = `projects/${newProject()}`;
      const generator = await make(wire, project, freeForm(), 'next-steps');
      assert.equal(generator.name, `${project}/locations/global/generators/next-steps`);
      assert.deepEqual(await wire.call(getGenerator, { name: generator.name }), generator);
      assert.deepEqual((await wire.call(listGenerators, { parent: project })).generators, [generator]);
      const taken = { code: Code.ALREADY_EXISTS, reason: 'RESOURCE_ALREADY_EXISTS' };
      await refused(make(wire, `${project}/locations/us`, freeForm(), 'next-steps'), taken);
      await make(wire, `${project}/locations/europe-west1`, freeForm(), 'next-steps');
    });

    for (const id of ['ab', '1ab', 'a b', 'ä-generator', `a${'x'.repeat(64)}`]) {
      it(`refuses the id ${JSON.stringify(id.slice(0, 12))}`, async () => {
        await refused(make(wire, newParent(), freeForm(), id), {
          code: Code.INVALID_ARGUMENT,
          reason: 'RESOURCE_ID_INVALID',
          fields: ['generator_id'],
        });
      });
    }

    it('refuses a location that is not there', async () => {
      const parent = `projects/${newProject()}/locations/moon`;
      await refused(make(wire, parent, freeForm()), {
        code: Code.INVALID_ARGUMENT,
        reason: 'LOCATION_UNKNOWN',
        fields: ['parent'],
      });
    });

    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
    const required = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED' };
    const sections = 'generator.summarization_context.summarization_sections';
    const wrong: readonly {
      readonly name: string;
      readonly generator: GeneratorInit;
      readonly refusal: Refusal;
      readonly field: string;
    }[] = [
      { name: 'no context', generator: {}, refusal: required, field: 'generator.context' },
      {
        name: 'an empty instruction',
        generator: freeForm(' '),
        refusal: required,
        field: 'generator.free_form_context.text',
      },
      {
        name: '100,000 characters',
        generator: freeForm('x'.repeat(100_000)),
        refusal: invalid,
        field: 'generator.free_form_context.text',
      },
      {
        name: 'texts that are too much together',
        generator: {
          context: {
            case: 'agentCoachingContext',
            value: { instructions: Array.from({ length: 7 }, () => ({ agentAction: 'x'.repeat(20_000) })) },
          },
        },
        refusal: invalid,
        field: 'generator',
      },
      {
        name: 'too many instructions',
        generator: {
          context: {
            case: 'agentCoachingContext',
            value: { instructions: Array.from({ length: 101 }, () => ({})) },
          },
        },
        refusal: invalid,
        field: 'generator.agent_coaching_context.instructions',
      },
      {
        name: 'a section of a type that nobody knows',
        generator: summaries([{ type: 77 as SectionType }]),
        refusal: invalid,
        field: `${sections}[0].type`,
      },
      {
        name: 'a section of its own without a name',
        generator: summaries([{ type: SectionType.CUSTOMER_DEFINED, definition: 'x' }]),
        refusal: required,
        field: `${sections}[0].key`,
      },
      {
        name: 'two sections of one name',
        generator: summaries([
          { type: SectionType.SITUATION },
          { type: SectionType.CUSTOMER_DEFINED, key: 'situation', definition: 'x' },
        ]),
        refusal: invalid,
        field: sections,
      },
      {
        name: 'a section and its concise form',
        generator: summaries([{ type: SectionType.ACTION }, { type: SectionType.ACTION_CONCISE }]),
        refusal: invalid,
        field: sections,
      },
      {
        name: 'an example without a summary',
        generator: {
          context: { case: 'summarizationContext', value: { fewShotExamples: [{ output: {} }] } },
        },
        refusal: required,
        field: 'generator.summarization_context.few_shot_examples[0].output.summary_suggestion',
      },
      {
        name: 'an event that nobody knows',
        generator: { ...freeForm(), triggerEvent: 9 as TriggerEvent },
        refusal: invalid,
        field: 'generator.trigger_event',
      },
      ...[
        { max_output_tokens: { maxOutputTokens: 0 } },
        { temperature: { temperature: -0.1 } },
        { top_k: { topK: 41 } },
        { top_p: { topP: 1.1 } },
      ].map((parameter) => {
        const [[field, inferenceParameter] = ['', {}]] = Object.entries(parameter);
        return {
          name: `a bad ${field}`,
          generator: { ...freeForm(), inferenceParameter },
          refusal: invalid,
          field: `generator.inference_parameter.${field}`,
        };
      }),
    ];
    for (const { name, generator, refusal, field } of wrong) {
      it(`refuses ${name}, and so does an update`, async () => {
        const parent = newParent();
        const want = { ...refusal, fields: [field] };
        await refused(make(wire, parent, generator), want);
        assert.deepEqual((await wire.call(listGenerators, { parent })).generators, []);
        const { name: stored } = await make(wire, parent, freeForm());
        await refused(wire.call(updateGenerator, { generator: { ...generator, name: stored } }), want);
      });
    }

    it('says that it calls no tools', async () => {
      const tools = ['projects/p/locations/global/tools/t'];
      await refused(make(wire, newParent(), { ...freeForm(), tools }), {
        code: Code.UNIMPLEMENTED,
        reason: 'FIELD_UNIMPLEMENTED',
      });
    });
  });

  describe(`ListGenerators over ${wire.name}`, () => {
    it('pages by ten, the latest first', async () => {
      const parent = newParent();
      const made: string[] = [];
      for (let index = 0; index < 12; index += 1) {
        made.unshift((await make(wire, parent, freeForm(), `generator-${index}`)).name);
      }
      const first = await wire.call(listGenerators, { parent });
      assert.deepEqual(namesOf(first.generators), made.slice(0, 10));
      const second = await wire.call(listGenerators, { parent, pageToken: first.nextPageToken });
      assert.deepEqual([namesOf(second.generators), second.nextPageToken], [made.slice(10), '']);
      const all = await wire.call(listGenerators, { parent, pageSize: 100 });
      assert.deepEqual(namesOf(all.generators), made);
    });

    it('refuses a negative size', async () => {
      await refused(wire.call(listGenerators, { parent: newParent(), pageSize: -1 }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'PAGE_SIZE_NEGATIVE',
        fields: ['page_size'],
      });
    });
  });

  describe(`UpdateGenerator over ${wire.name}`, () => {
    it('changes what the mask names', async () => {
      const before = await make(wire, newParent(), { ...freeForm(), description: 'before' });
      const generator = { ...freeForm('another'), name: before.name, description: 'after' };
      const after = await wire.call(updateGenerator, { generator, updateMask: { paths: ['description'] } });
      assert.deepEqual(
        [after.name, after.description, after.context],
        [before.name, 'after', before.context],
      );
      assert.ok(nanos(after.updateTime) > nanos(before.updateTime));
      assert.deepEqual(await wire.call(getGenerator, { name: before.name }), after);
    });

    it('makes it another kind of generator', async () => {
      for (const updateMask of [undefined, { paths: ['summarization_context'] }, { paths: ['*'] }]) {
        const { name } = await make(wire, newParent(), { ...freeForm(), description: 'kept where masked' });
        const generator = summaries([{ type: SectionType.SITUATION }], { name });
        const { context, description } = await wire.call(updateGenerator, {
          generator,
          ...(updateMask && { updateMask }),
        });
        assert.equal(context.case, 'summarizationContext');
        assert.equal(
          description,
          updateMask?.paths[0] === 'summarization_context' ? 'kept where masked' : '',
        );
      }
    });

    it('refuses a generator that is not there, and a path that leads nowhere', async () => {
      const absent = { ...freeForm(), name: `${newParent()}/generators/absent` };
      await refused(wire.call(updateGenerator, { generator: absent }), notFound);
      const { name } = await make(wire, newParent(), freeForm());
      await refused(
        wire.call(updateGenerator, { generator: { ...freeForm(), name }, updateMask: { paths: ['colour'] } }),
        { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID', fields: ['update_mask'] },
      );
    });
  });

  describe(`DeleteGenerator over ${wire.name}`, () => {
    it('removes it, once', async () => {
      const { name } = await make(wire, newParent(), freeForm());
      await wire.call(deleteGenerator, { name });
      await refused(wire.call(getGenerator, { name }), notFound);
      await refused(wire.call(deleteGenerator, { name }), notFound);
    });
  });
}
