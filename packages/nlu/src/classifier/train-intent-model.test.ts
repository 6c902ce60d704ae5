import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleAgent, sampleQuestions } from './sample-agent.test.fixture.ts';
import { trainIntentModel } from './train-intent-model.ts';
import { type IntentTrainingPhase, TRAINING_PHASES, trainModel } from './training.ts';

describe('trainIntentModel()', () => {
  it('trains on a thread what training here does', async () => {
    const model = await trainIntentModel(sampleAgent, { seed: 5 });
    const here = trainModel({ set: sampleAgent, mode: 'default', seed: 5, onProgress: () => {} });
    assert.deepEqual(model.toBytes(), here.toBytes());
  });

  it('goes through its phases in order', async () => {
    for (const mode of ['default', 'accuracy'] as const) {
      const phases: IntentTrainingPhase[] = [];
      let last = 0;
      await trainIntentModel(sampleAgent, {
        mode,
        onProgress: ({ phase, done }) => {
          if (phases.at(-1) === phase) assert.ok(done >= last);
          else phases.push(phase);
          assert.ok(done >= 0 && done <= 1);
          last = done;
        },
      });
      assert.deepEqual(
        phases,
        TRAINING_PHASES.filter((phase) => mode === 'accuracy' || phase !== 'perceptron'),
      );
    }
  });

  for (const phase of TRAINING_PHASES) {
    it(`ends when it is cancelled in the phase "${phase}"`, async () => {
      const controller = new AbortController();
      const reason = new Error('edited meanwhile');
      const heard: IntentTrainingPhase[] = [];
      const training = trainIntentModel(sampleAgent, {
        mode: 'accuracy',
        signal: controller.signal,
        onProgress: (progress) => {
          heard.push(progress.phase);
          if (progress.phase === phase) controller.abort(reason);
        },
      });
      await assert.rejects(training, reason);
      assert.equal(heard.at(-1), phase);
    });
  }

  it('does not begin when it is cancelled already', async () => {
    const reason = new Error('closing');
    await assert.rejects(trainIntentModel(sampleAgent, { signal: AbortSignal.abort(reason) }), reason);
  });

  it('ends with what hears its progress', async () => {
    const failure = new Error('nobody listens');
    const onProgress = () => {
      throw failure;
    };
    await assert.rejects(trainIntentModel(sampleAgent, { onProgress }), failure);
  });

  it('trains several at once', async () => {
    const models = await Promise.all([1, 2].map((seed) => trainIntentModel(sampleAgent, { seed })));
    for (const model of models) {
      for (const [text, intent] of sampleQuestions)
        assert.equal(model.classify(text).intents[0]?.name, intent);
    }
  });

  it('survives phrases of any kind and length', async () => {
    const phrases = [
      'a'.repeat(1_000_000),
      'open the pod bay doors '.repeat(45_000),
      '\u0000\u0001\u0002',
      '\ud800\ud800',
      '\u202e\u200f',
      '😀'.repeat(3000),
    ];
    const model = await trainIntentModel({ intents: [...sampleAgent.intents, { name: 'odd', phrases }] });
    assert.equal(model.classify('open the pod bay doors').intents[0]?.name, 'odd');
    assert.equal(model.classify('please book a table').intents[0]?.name, 'book');
  });

  it('trains 100,000 phrases', async () => {
    const verbs = ['open', 'close', 'paint', 'sell'];
    const intents = verbs.map((verb) => ({
      name: verb,
      phrases: Array.from({ length: 25_000 }, (_, index) => `${verb} ${index}`),
    }));
    const model = await trainIntentModel({ intents });
    for (const verb of verbs) assert.equal(model.classify(`${verb} number 7`).intents[0]?.name, verb);
  });
});
