import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dialogue } from './dialogue.ts';
import { agent, customer, sampleDialogues } from './dialogues.test.fixture.ts';
import { ModelFileError } from './model-file.ts';
import { ReplyModel, type SuggestOptions } from './reply-model.ts';
import { learnReplies, trainReplyModel } from './reply-trainer.ts';
import type { TrainingPhase, TrainingProgress } from './reply-training.ts';

const PHASES: readonly TrainingPhase[] = ['reading', 'merging', 'learning', 'calibrating'];
/** Enough conversations for each of the two ways to learn. */
const SIZES = { neighbours: 60, encoder: 300 } as const;

function repliesOf(model: ReplyModel, ...said: readonly string[]): string[] {
  const context = said.map((text, index) => (index % 2 === 0 ? customer(text) : agent(text)));
  return model.suggest(context, { confidenceMin: 0 }).map(({ reply }) => reply);
}

for (const method of ['neighbours', 'encoder'] as const) {
  describe(`trainReplyModel(), ${method}`, async () => {
    const dialogues = sampleDialogues(SIZES[method]);
    const progress: TrainingProgress[] = [];
    const model = await trainReplyModel(dialogues, { onProgress: (each) => progress.push(each) });

    it('tells of its phases in order', () => {
      assert.equal(model.method, method);
      assert.deepEqual([...new Set(progress.map(({ phase }) => phase))], PHASES);
      for (const [index, { phase, done }] of progress.entries()) {
        const before = progress[index - 1];
        assert.ok(done >= 0 && done <= 1);
        if (before?.phase === phase) assert.ok(done >= before.done);
      }
    });

    it('suggests what agents said in such a place', () => {
      const asked = 'I still wait for the parcel';
      assert.equal(repliesOf(model, asked)[0], 'Which address was the parcel sent to?');
      const [first] = repliesOf(model, asked, 'Which address was the parcel sent to?', 'to our house');
      assert.equal(first, 'The courier brings it tomorrow morning.');
      assert.equal(
        repliesOf(model, 'I need a new password')[0],
        'Shall I send you a link to choose a new password?',
      );
    });

    it('suggests the surest first, and nothing below the least confidence', () => {
      const context = [customer('can I book a table')];
      const suggestions = model.suggest(context, { limit: 8, confidenceMin: 0 });
      assert.ok(suggestions.length > 1);
      const confidences = suggestions.map(({ confidence }) => confidence);
      assert.deepEqual(
        confidences,
        confidences.toSorted((a, b) => b - a),
      );
      assert.ok((confidences[0] as number) > 0.5 && (confidences[0] as number) <= 1);
      assert.ok((confidences.at(-1) as number) >= 0);
      const confidenceMin = confidences[1] as number;
      assert.deepEqual(model.suggest(context, { limit: 8, confidenceMin }), suggestions.slice(0, 2));
      assert.deepEqual(model.suggest(context, { limit: 1 }), suggestions.slice(0, 1));
      assert.deepEqual(model.suggest(context, { limit: 0 }), []);
    });

    for (const [what, text] of [
      ['nothing', ''],
      ['spaces', ' \t\n'],
      ['words that nobody said', 'qwzx vbnq'],
      ['half a surrogate pair', '\udc00\ud800'],
    ] as const) {
      it(`suggests nothing for ${what}`, () => {
        assert.deepEqual(model.suggest([customer(text)], { confidenceMin: 0 }), []);
        assert.deepEqual(model.score([customer(text)], ['a', 'b']), [0, 0]);
      });
    }

    it('suggests nothing before anything was said', () => {
      assert.deepEqual(model.suggest([], { confidenceMin: 0 }), []);
    });

    it('looks at no more of what was said than counts', () => {
      const last = customer('I forgot my password');
      const long = Array.from({ length: 10_000 }, () => customer('where is my parcel'));
      assert.equal(
        model.suggest([...long, last])[0]?.reply,
        'Shall I send you a link to choose a new password?',
      );
      const endless = customer(`I forgot my password${' '.repeat(2000)}${'parcel '.repeat(150_000)}`);
      assert.deepEqual(model.suggest([endless]), model.suggest([last]));
    });

    it('suggests only what is allowed, as it is written', () => {
      const allowed = model.allow([
        'Shall I send you a link to choose a new password??',
        'do you still have the receipt',
        'do you still have the receipt',
        'Do you have the receipt for the refund?',
        '',
        '\ud800',
      ]);
      const options = { allowed, limit: 9, confidenceMin: 0 };
      const replies = model.suggest([customer('can I get a refund')], options).map(({ reply }) => reply);
      assert.equal(replies[0], 'do you still have the receipt');
      assert.ok(!replies.includes('Do you still have the receipt?'));
      const [first] = model.suggest([customer('I forgot my password')], options);
      assert.equal(first?.reply, 'Shall I send you a link to choose a new password??');
      assert.deepEqual(model.suggest([customer('refund')], { ...options, allowed: model.allow([]) }), []);
    });

    it('is no surer of a reply because no other is allowed', () => {
      const reply = 'Do you still have the receipt?';
      const allowed = model.allow([reply]);
      const confidenceOf = (text: string, options: SuggestOptions = {}) =>
        model
          .suggest([customer(text)], { limit: 9, confidenceMin: 0, ...options })
          .find((suggestion) => suggestion.reply === reply)?.confidence ?? 0;
      const [alone, amongAll] = [
        confidenceOf('can I get a refund', { allowed }),
        confidenceOf('can I get a refund'),
      ];
      assert.ok(Math.abs(alone - amongAll) < 0.05, `${alone} ${amongAll}`);
      assert.ok(confidenceOf('I forgot my password', { allowed }) < 0.2);
    });

    it('tells which of some replies follows best', () => {
      const replies = ['The refund is on its way to your bank.', 'Which address was the parcel sent to?', ''];
      const [refund, parcel, none] = model.score([customer('the parcel is late')], replies) as [
        number,
        number,
        number,
      ];
      assert.ok(parcel > refund && parcel > none);
    });

    it('comes out of its bytes as it was', () => {
      const again = ReplyModel.fromBytes(model.toBytes());
      assert.deepEqual(again.toBytes(), model.toBytes());
      assert.equal(again.method, method);
      for (const text of ['where is it', 'a refund please', 'table']) {
        assert.deepEqual(again.suggest([customer(text)]), model.suggest([customer(text)]));
      }
    });

    it('is not read from bytes that are cut short', () => {
      const bytes = model.toBytes();
      for (const part of [0, 0.01, 0.5, 0.999]) {
        assert.throws(
          () => ReplyModel.fromBytes(bytes.subarray(0, bytes.length * part)),
          (error) => error instanceof ModelFileError && error.fault === 'truncated',
        );
      }
    });

    it('becomes the same by the same seed', async () => {
      assert.deepEqual((await trainReplyModel(dialogues)).toBytes(), model.toBytes());
    });

    for (const phase of PHASES) {
      it(`can be cancelled while ${phase}`, async () => {
        const controller = new AbortController();
        const reason = new Error('never mind');
        const told: TrainingPhase[] = [];
        const onProgress = ({ phase: current }: TrainingProgress): void => {
          told.push(current);
          if (current === phase) controller.abort(reason);
        };
        await assert.rejects(trainReplyModel(dialogues, { signal: controller.signal, onProgress }), reason);
        assert.equal(told.indexOf(phase), told.length - 1);
      });
    }
  });
}

describe('trainReplyModel()', () => {
  it('draws by its seed', async () => {
    const dialogues = sampleDialogues(SIZES.encoder);
    const [one, two] = await Promise.all([1, 2].map((seed) => trainReplyModel(dialogues, { seed })));
    assert.notDeepEqual(one?.toBytes(), two?.toBytes());
  });

  it('does not begin when it is cancelled', async () => {
    const reason = new Error('never mind');
    await assert.rejects(trainReplyModel([], { signal: AbortSignal.abort(reason) }), reason);
  });

  it('ends with what whoever is told of its progress throws', async () => {
    const error = new Error('no');
    const onProgress = (): void => {
      throw error;
    };
    await assert.rejects(trainReplyModel(sampleDialogues(2), { onProgress }), error);
  });

  const long = 'x'.repeat(1_000_000);
  for (const [what, dialogues] of [
    ['nothing', []],
    ['a conversation of nothing', [{ turns: [] }]],
    ['customers alone', [{ turns: [customer('a'), customer('b')] }]],
    ['an agent who begins', [{ turns: [agent('a')] }]],
    ['replies that say nothing', [{ turns: [customer('a'), agent(''), agent(' \n'), agent('?!')] }]],
    ['replies of 10^6 characters', [{ turns: [customer(long), agent(long), agent(`${long} ${long}`)] }]],
  ] as readonly (readonly [string, readonly Dialogue[]])[]) {
    it(`suggests nothing after ${what}`, async () => {
      const model = ReplyModel.fromBytes((await trainReplyModel(dialogues)).toBytes());
      assert.deepEqual(model.catalog.texts, []);
      assert.deepEqual(model.suggest([customer('a'), agent('b')], { confidenceMin: 0 }), []);
    });
  }

  it('learns from one reply', async () => {
    const model = await trainReplyModel([{ turns: [customer('where is my parcel'), agent('On its way!')] }]);
    const [suggestion, ...others] = model.suggest([customer('my parcel?')], { confidenceMin: 0 });
    assert.equal(suggestion?.reply, 'On its way!');
    assert.ok(suggestion.confidence > 0.5 && suggestion.confidence < 0.95);
    assert.deepEqual(others, []);
  });

  it('learns from the same reply again and again', async () => {
    const turns = [customer('hello'), agent('Hello, how can I help?')];
    for (const count of [30, 600]) {
      const model = await trainReplyModel(Array.from({ length: count }, () => ({ turns })));
      assert.deepEqual([...model.catalog.counts], [count]);
      const suggestions = model.suggest([customer('hello')]);
      assert.deepEqual(
        suggestions.map(({ reply }) => reply),
        ['Hello, how can I help?'],
      );
    }
  });

  it('learns from one long conversation', async () => {
    const turns = sampleDialogues(300).flatMap((dialogue) => dialogue.turns);
    const model = await trainReplyModel([{ turns }]);
    assert.equal(model.method, 'encoder');
    assert.equal(repliesOf(model, 'the parcel is late again')[0], 'Which address was the parcel sent to?');
  });

  it('learns from halves of surrogate pairs and from contexts of 10^6 characters', async () => {
    const turns = [customer(`parcel ${long}`), agent('On \ud800 its way'), customer('\udfff'), agent('👍')];
    const model = ReplyModel.fromBytes((await trainReplyModel([{ turns }])).toBytes());
    assert.deepEqual(model.catalog.texts, ['On \ufffd its way', '👍']);
    assert.equal(model.suggest([customer('parcel')])[0]?.reply, 'On \ufffd its way');
  });

  it('holds nothing of persons, and nothing of what customers said', async () => {
    const secrets = ['Okafor', 'Ada', 'Mercy', '5550199', '4111', 'mercy@mail.example', 'appendicitis'];
    const dialogue: Dialogue = {
      names: ['Mercy Bello'],
      turns: [
        customer('my name is Ada Okafor, and this is about my appendicitis'),
        agent('Thank you, Ms Okafor. May I call you Ada at 0171 5550199?'),
        customer('no, charge the card 4111 1111 1111 1111'),
        agent('I charged 4111 1111 1111 1111, and Mercy writes to you from mercy@mail.example.'),
      ],
    };
    for (const count of [1, SIZES.encoder]) {
      const dialogues = Array.from({ length: count }, () => dialogue);
      const model = await trainReplyModel(dialogues);
      const text = Buffer.from(model.toBytes()).toString('latin1');
      for (const secret of secrets) assert.ok(!text.includes(secret), secret);
      assert.deepEqual(model.catalog.texts, [
        'Thank you, Ms [name]. May I call you [name] at [phone]?',
        'I charged [card], and [name] writes to you from [email].',
      ]);
    }
  });
});

describe('learnReplies()', () => {
  const dialogues = sampleDialogues(SIZES.encoder);

  it('learns from pieces what it learns from all at once', async () => {
    const pieces = async function* () {
      for (let start = 0; start < dialogues.length; start += 7) yield dialogues.slice(start, start + 7);
    };
    const learned = await learnReplies(pieces());
    const model = await trainReplyModel(dialogues);
    assert.ok(Buffer.from(model.toBytes()).equals(learned.bytes));
    assert.deepEqual(
      [learned.method, learned.examples, learned.replies],
      ['encoder', 2 * dialogues.length, model.catalog.texts.length],
    );
  });

  it('asks for a piece when the one before was read, and tells how much that was', async () => {
    const said: (string | number)[] = [];
    const pieces = function* () {
      for (let piece = 1; piece <= 3; piece++) {
        said.push(`piece ${piece}`);
        yield dialogues.slice(0, piece);
      }
    };
    await learnReplies(pieces(), {
      onProgress: ({ phase, done, examples }) => {
        if (phase === 'reading' && done === 0) said.push(examples);
      },
    });
    assert.deepEqual(said, ['piece 1', 2, 'piece 2', 6, 'piece 3', 12]);
  });

  it('asks for no more than can be learned from', async () => {
    // Each piece has 30,000 examples of few features; after 200,000 it is enough.
    const turns = Array.from({ length: 30_001 }, () => agent('ok'));
    let asked = 0;
    const pieces = function* () {
      for (; asked < 20; asked++) yield [{ turns }];
    };
    const reason = new Error('enough');
    const controller = new AbortController();
    const onProgress = ({ phase, examples }: TrainingProgress): void => {
      if (phase !== 'merging') return;
      assert.equal(examples, 200_000);
      controller.abort(reason);
    };
    await assert.rejects(learnReplies(pieces(), { signal: controller.signal, onProgress }), reason);
    assert.equal(asked, 6);
  });

  it('ends with what goes wrong with the pieces, or when it is cancelled between two of them', async () => {
    const error = new Error('unreadable');
    const broken = async function* (): AsyncGenerator<readonly Dialogue[]> {
      yield dialogues;
      throw error;
    };
    await assert.rejects(learnReplies(broken()), error);
    const controller = new AbortController();
    const cancelled = async function* (): AsyncGenerator<readonly Dialogue[]> {
      yield dialogues;
      controller.abort(error);
      yield dialogues;
      assert.fail('nobody reads this');
    };
    await assert.rejects(learnReplies(cancelled(), { signal: controller.signal }), error);
  });

  it('takes what a program said for context, and not for a reply', async () => {
    const turns = [
      customer('I lost my umbrella'),
      { ...agent('Please choose a department.'), automated: true as const },
      agent('Where did you lose it?'),
    ];
    const { bytes, examples } = await learnReplies([Array.from({ length: 3 }, () => ({ turns }))]);
    const model = ReplyModel.fromBytes(bytes);
    assert.equal(examples, 3);
    assert.deepEqual(model.catalog.texts, ['Where did you lose it?']);
    assert.equal(repliesOf(model, '', 'choose a department')[0], 'Where did you lose it?');
  });
});

describe('ReplyModel', async () => {
  const { bytes } = await learnReplies([sampleDialogues(SIZES.encoder)]);
  const model = ReplyModel.fromBytes(bytes);
  const context = [customer('the parcel is late again')];
  const suggest = (typed: string) => model.suggest(context, { confidenceMin: 0, typed });

  it('is read in turns as it is read at once', async () => {
    const read = await ReplyModel.readInTurns(bytes);
    assert.deepEqual(read.suggest(context), model.suggest(context));
    const allowed = ['The courier is on the way.', 'See you tonight.'];
    const [options, others] = [await read.allowInTurns(allowed), model.allow(allowed)].map((each) => ({
      allowed: each,
      confidenceMin: 0,
    }));
    assert.deepEqual(read.suggest(context, options), model.suggest(context, others));
    await assert.rejects(ReplyModel.readInTurns(bytes.subarray(1)), ModelFileError);
  });

  it('goes on from what the agent has begun to write, and is the surer for it', () => {
    const [best] = suggest('');
    assert.equal(best?.reply, 'Which address was the parcel sent to?');
    for (const typed of ['which', '  Which  ADD', 'Which address was the parcel sent to']) {
      const suggestions = suggest(typed);
      assert.deepEqual(
        suggestions.map(({ reply }) => reply),
        [best?.reply],
      );
      assert.ok((suggestions[0]?.confidence ?? 0) >= (best?.confidence ?? 1));
    }
  });

  it('is not sure of what hardly follows because the agent began so', () => {
    const [begun] = suggest('Your table');
    assert.equal(begun?.reply, 'Your table is booked, see you tonight.');
    assert.ok((begun?.confidence ?? 1) < (suggest('Which')[0]?.confidence ?? 0));
  });

  it('takes what no reply goes on from for said', () => {
    const said = model.suggest([...context, agent('Which address was the parcel sent to?')], {
      confidenceMin: 0,
    });
    assert.deepEqual(suggest('Which address was the parcel sent to?'), said);
    assert.ok(said.length > 0);
  });

  it('goes on with what is allowed alone', () => {
    const allowed = model.allow(['Which colour?', 'Where to?']);
    const suggestions = model.suggest(context, { allowed, confidenceMin: 0, typed: 'wh' });
    assert.deepEqual(suggestions.map(({ reply }) => reply).toSorted(), ['Where to?', 'Which colour?']);
    const one = model.suggest(context, { allowed, confidenceMin: 0, typed: 'whi' });
    assert.deepEqual(
      one.map(({ reply }) => reply),
      ['Which colour?'],
    );
  });
});
