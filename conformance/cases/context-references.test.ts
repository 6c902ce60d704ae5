import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@parleykit/proto/rpc';
import {
  Conversations,
  Conversation_ContextReference_ContextContent_ContentFormat as Format,
  type IngestContextReferencesRequest,
  type IngestContextReferencesRequestSchema,
  Conversation_ContextReference_UpdateMode as Mode,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  getConversation,
  nanos,
  openScene,
  refused,
} from './scene.ts';

type Init = Exclude<
  MessageInitShape<typeof IngestContextReferencesRequestSchema>,
  IngestContextReferencesRequest
>;
type References = NonNullable<Init['contextReferences']>;

const scene = openScene();

function ingestReferences(wire: Wire, conversation: string, contextReferences: References) {
  return wire.call(Conversations.method.ingestContextReferences, { conversation, contextReferences });
}

function plain(content: string, updateMode = Mode.APPEND): References[string] {
  return { updateMode, contextContents: [{ content, contentFormat: Format.PLAIN_TEXT }] };
}

async function newConversation(wire: Wire): Promise<string> {
  return (await createConversation(wire, `projects/${newProject()}/locations/global`)).name;
}

for (const wire of scene.wires) {
  describe(`IngestContextReferences over ${wire.name}`, () => {
    it('keeps what is said, and GetConversation gives it back', async () => {
      const conversation = await newConversation(wire);
      const order = {
        updateMode: Mode.OVERWRITE,
        languageCode: 'de',
        contextContents: [{ content: '{"id": 7}', contentFormat: Format.JSON }],
      };
      const { ingestedContextReferences } = await ingestReferences(wire, conversation, {
        order,
        '__proto__ of a thing': plain('odd'),
      });
      assert.deepEqual(
        (await getConversation(wire, conversation)).ingestedContextReferences,
        ingestedContextReferences,
      );
      const kept = ingestedContextReferences['order'];
      assert.deepEqual([kept?.languageCode, kept?.contextContents[0]?.content], ['de', '{"id": 7}']);
      assert.equal(nanos(kept?.createTime), nanos(kept?.contextContents[0]?.ingestionTime));
      assert.equal(ingestedContextReferences['__proto__ of a thing']?.languageCode, 'en-US');
    });

    it('adds to what there is, or takes its place', async () => {
      const conversation = await newConversation(wire);
      const contentsAfter = async (references: References) => {
        const { ingestedContextReferences } = await ingestReferences(wire, conversation, references);
        return Object.fromEntries(
          Object.entries(ingestedContextReferences).map(([name, { contextContents }]) => [
            name,
            contextContents.map(({ content }) => content),
          ]),
        );
      };
      assert.deepEqual(await contentsAfter({ a: plain('1'), b: plain('1') }), { a: ['1'], b: ['1'] });
      assert.deepEqual(await contentsAfter({ a: plain('2') }), { a: ['1', '2'], b: ['1'] });
      assert.deepEqual(await contentsAfter({ a: plain('3', Mode.OVERWRITE), c: plain('1') }), {
        a: ['3'],
        b: ['1'],
        c: ['1'],
      });
    });

    it('loses nothing of what is ingested at once', async () => {
      const conversation = await newConversation(wire);
      const names = Array.from({ length: 20 }, (_, index) => `reference-${index}`);
      await Promise.all(names.map((name) => ingestReferences(wire, conversation, { [name]: plain(name) })));
      const { ingestedContextReferences } = await getConversation(wire, conversation);
      assert.deepEqual(Object.keys(ingestedContextReferences).toSorted(), names.toSorted());
    });

    const required = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED' };
    const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
    const wrong: readonly {
      name: string;
      references: References;
      refusal: typeof required;
      field: string;
    }[] = [
      { name: 'nothing', references: {}, refusal: required, field: 'context_references' },
      {
        name: 'a reference without contents',
        references: { a: { updateMode: Mode.APPEND } },
        refusal: required,
        field: 'context_references[a].context_contents',
      },
      {
        name: 'a reference without a mode',
        references: { a: { contextContents: [{ content: 'x', contentFormat: Format.PLAIN_TEXT }] } },
        refusal: required,
        field: 'context_references[a].update_mode',
      },
      {
        name: 'a mode that nobody knows',
        references: { a: plain('x', 7 as Mode) },
        refusal: invalid,
        field: 'context_references[a].update_mode',
      },
      {
        name: 'a format that nobody knows',
        references: {
          a: { updateMode: Mode.APPEND, contextContents: [{ content: 'x', contentFormat: 7 as Format }] },
        },
        refusal: invalid,
        field: 'context_references[a].context_contents[0].content_format',
      },
      {
        name: 'JSON that is none',
        references: {
          a: { updateMode: Mode.APPEND, contextContents: [{ content: '{x}', contentFormat: Format.JSON }] },
        },
        refusal: invalid,
        field: 'context_references[a].context_contents[0].content',
      },
      {
        name: 'too many references',
        references: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`r${index}`, plain('x')])),
        refusal: invalid,
        field: 'context_references',
      },
      {
        name: 'too much',
        references: { a: plain('x'.repeat(300_000)) },
        refusal: invalid,
        field: 'context_references',
      },
    ];
    for (const { name, references, refusal, field } of wrong) {
      it(`refuses ${name}`, async () => {
        const conversation = await newConversation(wire);
        await refused(ingestReferences(wire, conversation, references), { ...refusal, fields: [field] });
        assert.deepEqual((await getConversation(wire, conversation)).ingestedContextReferences, {});
      });
    }

    it('refuses what would be too much with what is there', async () => {
      const conversation = await newConversation(wire);
      await ingestReferences(wire, conversation, { a: plain('x'.repeat(200_000)) });
      await refused(ingestReferences(wire, conversation, { a: plain('x'.repeat(100_000)) }), {
        ...invalid,
        fields: ['context_references'],
      });
      await ingestReferences(wire, conversation, { a: plain('x'.repeat(250_000), Mode.OVERWRITE) });
    });

    it('refuses a completed conversation, and one that is not there', async () => {
      const conversation = await newConversation(wire);
      await completeConversation(wire, conversation);
      await refused(ingestReferences(wire, conversation, { a: plain('x') }), {
        code: Code.FAILED_PRECONDITION,
        reason: 'CONVERSATION_COMPLETED',
      });
      await refused(ingestReferences(wire, `${conversation}-absent`, { a: plain('x') }), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
    });
  });
}
