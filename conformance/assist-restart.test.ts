import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  type AnalyzeContentResponse,
  SuggestionFeature_Type as Feature,
  Generators,
  TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { feature, HOURS, listRecords, openDesk, openShop } from './assist-scene.ts';
import { listMessages, say } from './cases/scene.ts';
import { say as answerModel, ModelEndpoint } from './model-endpoint.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

/** What is suggested by a model that takes its time, while callers leave and servers end. */
describe('the assist stage, by a model that is slow', () => {
  let folder: string;
  let model: ModelEndpoint;
  let server: OwnServer;
  let wire: GrpcWire;

  async function start(): Promise<void> {
    server = await startServer(folder, '--model-url', model.url, '--model', 'writer');
    wire = new GrpcWire(() => server);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-assist-'));
    model = await ModelEndpoint.open();
    await start();
  });

  afterEach(async () => {
    wire[Symbol.dispose]();
    await server.stop();
    await model[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A conversation with features that are quick, and a generator that asks the model. */
  async function openSlowDesk() {
    const { parent, base } = await openShop(wire);
    const { name } = await wire.call(Generators.method.createGenerator, {
      parent: `${parent}/locations/global`,
      generator: {
        triggerEvent: TriggerEvent.CUSTOMER_MESSAGE,
        context: { case: 'freeFormContext', value: { text: 'Say what to do next.' } },
      },
    });
    const side = { featureConfigs: [feature(Feature.FAQ, base)], generators: [name] };
    return { parent, ...(await openDesk(wire, parent, side)) };
  }

  /** Has the model keep its next questions; resolves with what answers the first one, once that is asked. */
  function holdModel(): Promise<ServerResponse> {
    const asked = Promise.withResolvers<ServerResponse>();
    model.answer = (response) => asked.resolve(response);
    return asked.promise;
  }

  /** What the model was asked and answered, and the records of all. */
  function suggestedBy({ humanAgentSuggestionResults: [faq, generated] }: AnalyzeContentResponse) {
    assert.ok(faq?.suggestionResponse.case === 'suggestFaqAnswersResponse');
    assert.ok(generated?.suggestionResponse.case === 'generateSuggestionsResponse');
    const { generatorSuggestionAnswers: answers } = generated.suggestionResponse.value;
    const suggestion = answers[0]?.generatorSuggestion?.suggestion;
    assert.ok(suggestion?.case === 'freeFormSuggestion');
    const records = [...faq.suggestionResponse.value.faqAnswers, ...answers].map(
      ({ answerRecord }) => answerRecord,
    );
    return { said: suggestion.value.response, records };
  }

  it('suggests to who repeats a request that nobody waited for, and asks the model once', async () => {
    const { parent, customer, conversation } = await openSlowDesk();
    const asked = holdModel();
    const caller = new AbortController();
    const body = { textInput: { text: HOURS, languageCode: 'en-US' }, requestId: 'r' };
    const left = fetch(`${server.url}/v2beta1/${customer}:analyzeContent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: caller.signal,
    });
    const held = await asked;
    caller.abort();
    await assert.rejects(left, { name: 'AbortError' });
    const repeated = say(wire, customer, HOURS, { requestId: 'r' });
    answerModel(held, 'Say when.');
    const reply = await repeated;
    const { said, records } = suggestedBy(reply);
    assert.equal(said, 'Say when.');
    assert.equal(model.questions.length, 1);
    assert.deepEqual(await say(wire, customer, HOURS, { requestId: 'r' }), reply);
    const listed = await listRecords(wire, parent);
    assert.deepEqual(listed.map(({ name }) => name).toSorted(), records.toSorted());
    assert.equal((await listMessages(wire, conversation)).length, 1);
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`suggests after ${signal}, to who repeats a request that was not yet answered`, async () => {
      const { parent, customer, conversation } = await openSlowDesk();
      const asked = holdModel();
      const cut = say(wire, customer, HOURS, { requestId: 'r' }).then(
        () => 'answered',
        () => 'refused',
      );
      const held = await asked;
      const closed = once(held, 'close');
      const stopped = server.stop(signal);
      if (signal === 'SIGTERM') {
        // What is under way may end: it is answered, and kept.
        answerModel(held, 'Say when.');
        assert.equal(await stopped, 0);
        assert.equal(await cut, 'answered');
      } else {
        await Promise.all([stopped, closed]);
        assert.equal(await cut, 'refused');
        model.answer = 'Say when.';
      }
      wire[Symbol.dispose]();
      await start();
      const { length: before } = model.questions;
      const { records } = suggestedBy(await say(wire, customer, HOURS, { requestId: 'r' }));
      assert.equal(model.questions.length - before, signal === 'SIGKILL' ? 1 : 0);
      const listed = await listRecords(wire, parent);
      assert.deepEqual(listed.map(({ name }) => name).toSorted(), records.toSorted());
      assert.equal((await listMessages(wire, conversation)).length, 1);
    });
  }
});
