import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { TrainedAgentSchema } from '@parleykit/proto/stored';
import { EntityType_Kind as Kind, Intent_TrainingPhrase_Type as PhraseType } from '@parleykit/proto/v2beta1';
import type { AgentIntent } from '../dialogue/agent-intent.ts';
import { agentOf, entityType, harbourHotel, intent, phrase } from '../dialogue/harbour-hotel.test.fixture.ts';
import { type AgentModel, AgentModelError, loadAgentModel } from './agent-model.ts';
import { wordsOf } from './phrase-index.ts';
import { trainAgent } from './train-agent.ts';

/** Intents without a fallback, as the classifier is asked about. */
function meant(model: AgentModel): ReadonlySet<AgentIntent> {
  return new Set(model.intents.filter(({ intent: { isFallback } }) => !isFallback));
}

function nameOf(intents: readonly AgentIntent[]): string[] {
  return intents.map(({ intent: { displayName } }) => displayName);
}

describe('trainAgent()', () => {
  let model: AgentModel;
  let bytes: Uint8Array;
  before(async () => {
    ({ model, bytes } = await trainAgent(harbourHotel, { seed: 7 }));
  });

  it('makes the same bytes of the same agent', async () => {
    const again = await trainAgent(harbourHotel, { seed: 7 });
    assert.deepEqual(again.bytes, bytes);
  });

  it('makes a model that is the same after it was bytes', async () => {
    const loaded = await loadAgentModel(bytes);
    for (const text of ['I want a room', 'where can I leave my car', 'xyz', 'hello', 'my name is Ada']) {
      const eligible = meant(model);
      const [one] = model.classify(text, eligible).scored;
      const [other] = loaded.classify(text, meant(loaded)).scored;
      assert.equal(other?.confidence, one?.confidence);
      assert.equal(other?.intent.id, one?.intent.id);
      assert.deepEqual(
        nameOf(loaded.exact(wordsOf(text), meant(loaded))),
        nameOf(model.exact(wordsOf(text), eligible)),
      );
    }
    assert.equal(loaded.languageCode, 'en');
    assert.equal(loaded.agent.timeZone, 'Europe/Lisbon');
  });

  it('keeps no training phrases in mind', () => {
    assert.deepEqual(
      model.intents.flatMap((one) => one.intent.trainingPhrases),
      [],
    );
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    const training = trainAgent(harbourHotel, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(training, /enough/u);
  });

  it('leaves out templates, intents that never take part, and later ones of the same name', async () => {
    const template = { ...phrase('@sys.date:date please'), type: PhraseType.TEMPLATE };
    const { model: small } = await trainAgent(
      agentOf([
        intent('Day', ['on a sunny day'], { trainingPhrases: [phrase('on a sunny day'), template] }),
        intent('Never', ['not at all'], { priority: -1 }),
        intent('Day', ['some other day']),
      ]),
    );
    const all = meant(small);
    assert.deepEqual(nameOf(small.intents), ['Day']);
    assert.deepEqual(nameOf(small.exact(wordsOf('on a sunny day'), all)), ['Day']);
    assert.deepEqual(small.exact(wordsOf('not at all'), all), []);
    assert.deepEqual(small.exact(wordsOf('some other day'), all), []);
    assert.deepEqual(small.templates(wordsOf('tomorrow please'), all), []);
  });

  it('has intents without learning take part by their words alone', async () => {
    const { model: small } = await trainAgent(
      agentOf([
        intent('Rule', ['open the door'], { mlDisabled: true }),
        intent('Other', ['close the window', 'shut the windows']),
      ]),
    );
    assert.deepEqual(nameOf(small.exact(wordsOf('Open the door!'), meant(small))), ['Rule']);
    const { scored } = small.classify('please open the door', meant(small));
    assert.deepEqual(nameOf(scored.map((one) => one.intent)), ['Other']);
  });

  it('trains an agent of nothing', async () => {
    const { model: none, bytes: stored } = await trainAgent(agentOf([]));
    assert.deepEqual(none.intents, []);
    assert.deepEqual((await loadAgentModel(stored)).classify('hello', new Set()).scored, []);
  });

  it('tells what is wrong with entity types, and works without it', async () => {
    const { model: broken } = await trainAgent(
      agentOf(
        [intent('Go', ['go'])],
        [
          entityType('one', { '@two:two': [] }, { kind: Kind.LIST }),
          entityType('two', { '@one:one': [] }, { kind: Kind.LIST }),
          entityType('bad', { '(': [] }, { kind: Kind.REGEXP }),
          entityType('lost', { '@nowhere:x': [] }, { kind: Kind.LIST }),
        ],
      ),
    );
    const faults = broken.problems.map(({ fault }) => fault);
    assert.ok(faults.includes('composition-cyclic'));
    assert.ok(faults.includes('expression-invalid'));
    assert.ok(faults.includes('reference-unknown'));
  });
});

describe('loadAgentModel()', () => {
  it('refuses what is no model, in one line', async () => {
    const { bytes } = await trainAgent(agentOf([intent('Go', ['go on'])]));
    const stored = fromBinary(TrainedAgentSchema, bytes);
    const older = toBinary(TrainedAgentSchema, { ...stored, format: 999 });
    const damaged = toBinary(TrainedAgentSchema, { ...stored, classifier: stored.classifier.subarray(9) });
    for (const wrong of [
      new Uint8Array(),
      Buffer.from('not a model'),
      bytes.subarray(0, 40),
      older,
      damaged,
    ]) {
      await assert.rejects(loadAgentModel(wrong), (error: unknown) => {
        assert.ok(error instanceof AgentModelError);
        assert.match(error.message, /^these bytes are no trained agent: [^\n]+$/u);
        return true;
      });
    }
  });
});
