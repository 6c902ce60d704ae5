import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TrainingSet } from './examples.ts';
import { type IntentModel, loadIntentModel } from './intent-model.ts';
import { sampleAgent, sampleQuestions } from './sample-agent.test.fixture.ts';
import { TRAINING_MODES, type TrainingMode, trainModel } from './training.ts';

function train(set: TrainingSet, mode: TrainingMode = 'default', seed = 1): IntentModel {
  return trainModel({ set, mode, seed, onProgress: () => {} });
}

function bestOf(model: IntentModel, text: string): string | undefined {
  return model.classify(text).intents[0]?.name;
}

function confidence(model: IntentModel, text: string, name: string, eligible?: string[]): number | undefined {
  const options = eligible === undefined ? {} : { eligible };
  return model.classify(text, options).intents.find((intent) => intent.name === name)?.confidence;
}

for (const mode of TRAINING_MODES) {
  describe(`IntentModel, ${mode} mode`, () => {
    const model = train(sampleAgent, mode);

    it('tells what a text means', () => {
      for (const [text, intent] of sampleQuestions) assert.equal(bestOf(model, text), intent, text);
    });

    it('ranks every intent that has phrases, the surest first', () => {
      const { intents, negative } = model.classify('book a table');
      assert.deepEqual(intents.map(({ name }) => name).sort(), ['book', 'cancel', 'hours', 'weather']);
      const confidences = intents.map((intent) => intent.confidence);
      assert.deepEqual(
        confidences.toSorted((a, b) => b - a),
        confidences,
      );
      for (const value of confidences) assert.ok(value >= 0 && value <= 1);
      assert.equal(negative, 0);
    });

    it('is as sure of an intent whatever others are eligible', () => {
      for (const [text, intent] of sampleQuestions) {
        const alone = confidence(model, text, intent, [intent]);
        assert.equal(alone, confidence(model, text, intent));
        assert.equal(alone, confidence(model, text, intent, ['weather', 'book', intent, 'event-only']));
      }
    });

    it('is sure of what means an intent and not of what means another', () => {
      for (const [text, intent] of sampleQuestions) {
        for (const name of model.intents) {
          const sure = confidence(model, text, name) ?? 0;
          assert.equal(sure >= 0.3, name === intent, `${text}: ${name} ${sure}`);
        }
      }
    });

    it('is read back from its bytes the same', () => {
      const read = loadIntentModel(model.toBytes());
      assert.deepEqual(read.intents, model.intents);
      assert.deepEqual(read.toBytes(), model.toBytes());
      for (const [text] of sampleQuestions) assert.deepEqual(read.classify(text), model.classify(text));
    });

    it('is the same for the same seed, byte for byte', () => {
      assert.deepEqual(train(sampleAgent, mode).toBytes(), model.toBytes());
      assert.notDeepEqual(train(sampleAgent, mode, 2).toBytes(), model.toBytes());
    });

    it('answers whatever it is asked', () => {
      const texts = [
        '',
        ' ',
        '?!...',
        '\u0000\u0007\u001b[31m',
        '\ud83d',
        'book\udc00a\ud800table',
        '\u202e\u200f\u2066',
        'a'.repeat(1_000_000),
        'book a table '.repeat(77_000),
        'ต้องการจองโต๊ะ'.repeat(70_000),
      ];
      for (const text of texts) {
        for (const { confidence } of model.classify(text).intents)
          assert.ok(confidence >= 0 && confidence <= 1);
      }
    });

    it('reads through directions, control characters and broken pairs', () => {
      const plain = model.classify('book a table');
      for (const text of [
        '\u202bBook a\u200f table\u202c',
        'book\u0000a\ttable',
        '\ufeffBOOK a table',
        'book a table\ud800',
      ]) {
        assert.deepEqual(model.classify(text), plain, JSON.stringify(text));
      }
    });
  });
}

describe('IntentModel', () => {
  const model = train(sampleAgent);

  it('has no answer to what has nothing in common with any phrase', () => {
    for (const text of ['', '???', '日本', 'zxqj'])
      assert.deepEqual(model.classify(text), { intents: [], negative: 0 });
  });

  it('chooses among the eligible, and knows no others', () => {
    const names = (eligible: string[]) =>
      model.classify('book a table', { eligible }).intents.map(({ name }) => name);
    assert.deepEqual(names(['cancel', 'nobody', 'event-only']), ['cancel']);
    assert.deepEqual(names(['cancel', 'book', 'cancel']), ['book', 'cancel']);
    assert.deepEqual(names([]), []);
  });

  it('returns as many intents as asked at most', () => {
    assert.equal(model.classify('book a table', { limit: 2 }).intents.length, 2);
    assert.equal(model.classify('book a table', { limit: 0 }).intents.length, 0);
  });

  it('returns the same first intents, however few are asked for', () => {
    const names = Array.from({ length: 30 }, (_, index) => `intent ${index}`);
    const model = train({
      intents: names.map((name, index) => ({ name, phrases: [`ask about ${name}`, `${index} please`] })),
    });
    for (const text of ['ask about intent 7', 'about 3', 'please']) {
      const all = model.classify(text).intents;
      for (const limit of [1, 2, 5, 29, 100]) {
        assert.deepEqual(model.classify(text, { limit }).intents, all.slice(0, limit));
      }
    }
  });

  it('has no intents where there are no phrases', () => {
    for (const set of [{ intents: [] }, { intents: [{ name: 'a', phrases: [] }] }]) {
      for (const mode of TRAINING_MODES) {
        const empty = loadIntentModel(train(set, mode).toBytes());
        assert.deepEqual(empty.intents, []);
        assert.deepEqual(empty.classify('anything'), { intents: [], negative: 0 });
      }
    }
  });

  it('learns one phrase, and does not take everything for it', () => {
    const one = train({ intents: [{ name: 'a', phrases: ['book a table'] }] });
    assert.ok((confidence(one, 'Book a table!', 'a') ?? 0) > 0.9);
    for (const text of ['what is the weather like', 'play a song', 'tablet computers']) {
      assert.ok((confidence(one, text, 'a') ?? 0) < 0.3, text);
    }
  });

  it('is sure of a phrase for every intent that has it', () => {
    const phrases = ['yes', 'yes please', 'of course'];
    const names = Array.from({ length: 20 }, (_, index) => `yes-${index}`);
    const agent = train({ intents: [...sampleAgent.intents, ...names.map((name) => ({ name, phrases }))] });
    for (const name of names) assert.ok((confidence(agent, 'yes please', name) ?? 0) > 0.3, name);
  });

  it('learns what no intent is for', () => {
    const negatives = [
      'sing me a song',
      'tell me a joke',
      'who won the game',
      'do you like music',
      'play a song',
    ];
    const agent = train({ ...sampleAgent, negatives });
    const rejected = agent.classify('sing a song for me');
    assert.ok(rejected.negative > (rejected.intents[0]?.confidence ?? 0));
    const meant = agent.classify('please book a table for tonight');
    assert.ok(meant.negative < (meant.intents[0]?.confidence ?? 0));
  });

  const languages: [
    language: string,
    intents: [name: string, phrases: string[]][],
    questions: [string, string][],
  ][] = [
    [
      'Chinese',
      [
        ['book', ['我想订一张机票', '帮我订一张去北京的机票', '预订机票']],
        ['weather', ['今天天气怎么样', '明天会下雨吗', '北京的天气']],
      ],
      [
        ['我要订机票', 'book'],
        ['明天天气如何', 'weather'],
      ],
    ],
    [
      'Japanese',
      [
        ['book', ['航空券を予約したい', 'ホテルを予約してください', '席を予約する']],
        ['weather', ['今日の天気は', '明日は雨が降りますか', '天気を教えて']],
      ],
      [
        ['レストランを予約したいです', 'book'],
        ['明日の天気を教えてください', 'weather'],
      ],
    ],
    [
      'Thai',
      [
        ['book', ['ต้องการจองโต๊ะ', 'ขอจองห้องพัก', 'อยากจองตั๋วเครื่องบิน']],
        ['weather', ['วันนี้อากาศเป็นอย่างไร', 'พรุ่งนี้ฝนจะตกไหม', 'สภาพอากาศวันนี้']],
      ],
      [
        ['ฉันอยากจองห้อง', 'book'],
        ['พรุ่งนี้อากาศดีไหม', 'weather'],
      ],
    ],
    [
      'Arabic',
      [
        ['book', ['أريد حجز طاولة', 'احجز لي غرفة', 'حجز تذكرة']],
        ['weather', ['كيف الطقس اليوم', 'هل ستمطر غدا', 'حالة الطقس']],
      ],
      [
        ['أُرِيدُ حَجْزَ غُرفة', 'book'],
        ['ما الطقس غدا', 'weather'],
      ],
    ],
  ];
  for (const [language, intents, questions] of languages) {
    it(`understands ${language}`, () => {
      const agent = train({ intents: intents.map(([name, phrases]) => ({ name, phrases })) });
      for (const [text, intent] of questions) assert.equal(bestOf(agent, text), intent, text);
    });
  }
});

describe('loadIntentModel()', () => {
  const bytes = train(sampleAgent).toBytes();

  it('refuses a file that was cut short, wherever', () => {
    const lengths = [0, 1, 15, 16, 17, 1000, bytes.length - 4, bytes.length - 1];
    for (const length of lengths) {
      assert.throws(() => loadIntentModel(bytes.subarray(0, length)), {
        name: 'IntentModelError',
        fault: length < 16 && length > 0 ? 'foreign' : 'truncated',
      });
    }
  });

  it('refuses a file of another version', () => {
    const other = bytes.slice();
    other[4] = (other[4] ?? 0) + 1;
    assert.throws(() => loadIntentModel(other), { name: 'IntentModelError', fault: 'version' });
  });

  it('refuses what is no model', () => {
    for (const other of [new TextEncoder().encode('{"a": "file of something else"}'), new Uint8Array(100)]) {
      assert.throws(() => loadIntentModel(other), { name: 'IntentModelError', fault: 'foreign' });
    }
  });

  it('refuses a file of which anything was changed', () => {
    for (let at = 16; at < bytes.length; at += 997) {
      const other = bytes.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      assert.throws(
        () => loadIntentModel(other),
        { name: 'IntentModelError', fault: 'corrupt' },
        `byte ${at}`,
      );
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    assert.throws(() => loadIntentModel(longer), { name: 'IntentModelError', fault: 'corrupt' });
  });

  it('reads a model wherever in a buffer it lies', () => {
    const buffer = new Uint8Array(bytes.length + 3);
    buffer.set(bytes, 3);
    assert.deepEqual(loadIntentModel(buffer.subarray(3)).toBytes(), bytes);
  });
});
