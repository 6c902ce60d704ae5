import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { OutboxEventSchema } from '@parleykit/proto/stored';
import { ConversationEvent_Type as EventType, MessageSchema } from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { FakeClock } from '../clock.ts';
import { encodeMessageBodies } from '../conversation/transcript.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { Delivery } from './delivery.ts';
import { decodeFiled } from './outgoing-event.ts';
import { down, failed, refused, ScriptedSink } from './scripted-sink.test.fixture.ts';

const BYTES_MAX = 1_500;
const OPTIONS = { eventsAgeMax: 1e9, eventsBytesMax: BYTES_MAX, random: () => 0, stopMs: 0 };
const ALL = { limit: 10_000, bytes: 1 << 30 };
const ERASER = { key: 'erase', kind: 'erase' };
const CONVERSATIONS = 24;

/** What somebody does. */
type Deed =
  | { readonly kind: 'happen'; readonly conversation: number }
  | { readonly kind: 'say'; readonly conversation: number; readonly count: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'deliver' }
  /** Lets so many turns of the event loop pass. */
  | { readonly kind: 'wait'; readonly turns: number };

/** What the sink does with a call, after so many turns of the event loop. */
interface Answer {
  readonly turns: number;
  readonly kind: 'take' | 'fail' | 'refuse' | 'down';
}

const conversation = fc.nat({ max: CONVERSATIONS - 1 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('happen'), conversation }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('say'), conversation, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('wait'), turns: fc.nat({ max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reset', 'deliver', 'restart') }) },
);
const answer: fc.Arbitrary<Answer> = fc.record({
  turns: fc.nat({ max: 8 }),
  kind: fc.constantFrom('take', 'take', 'fail', 'fail', 'refuse', 'down'),
});

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Deeds, and a sink that answers as it likes while they are done, in a store of their own. */
class Scene implements AsyncDisposable {
  readonly sink: ScriptedSink;
  delivery: Delivery;
  /** By conversation: the ids that are to be told or given up, in their order. */
  readonly filed = new Map<string, string[]>();
  /** Calls that were cut, or forgotten, may have told something that is told again. */
  tellsAgain = false;
  readonly #store: Store;
  readonly #clock: FakeClock;
  readonly #folder: string;
  /** What was begun: in each conversation one after the other. */
  readonly #begun = new Map<string, Promise<void>>();
  #answers: Iterator<Answer>;
  #ids = 0;
  #resets = 0;

  private constructor(folder: string, clock: FakeClock, store: Store, { batch }: { readonly batch: number }) {
    this.#folder = folder;
    this.#clock = clock;
    this.#store = store;
    this.sink = new ScriptedSink(batch);
    this.#answers = [].values();
    this.delivery = this.#deliver();
  }

  static async open(options: { readonly batch: number }): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-chaos-'));
    const clock = new FakeClock();
    const scene = new Scene(folder, clock, await openSqliteStore(folder, clock), options);
    await scene.delivery.start();
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery.stop();
    await this.#store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get store(): Store {
    return this.#store;
  }

  /** After these answers the sink takes everything. */
  script(answers: readonly Answer[]): void {
    this.#answers = answers.values();
    this.sink.script = async () => {
      const { turns, kind } = this.#answers.next().value ?? { turns: 0, kind: 'take' as const };
      for (let i = 0; i < turns; i++) await turn();
      if (kind === 'fail') failed();
      if (kind === 'refuse') refused();
      if (kind === 'down') down();
    };
  }

  async do(what: Deed): Promise<void> {
    switch (what.kind) {
      case 'happen':
        this.#begin(this.#nameOf(what.conversation), (name) => this.happen(name));
        return;
      case 'say':
        this.#begin(this.#nameOf(what.conversation), (name) => this.#say(name, what.count));
        return;
      case 'wait':
        for (let i = 0; i < what.turns; i++) await turn();
        return;
      case 'deliver':
        this.#begin('deliver', () => this.delivery.deliverOnce('p'));
        return;
      case 'reset':
        await this.#reset();
        return;
      case 'restart':
        await this.#restart();
    }
  }

  /** Waits for what was begun. */
  async settle(): Promise<void> {
    await Promise.all(this.#begun.values());
  }

  /** Waits until nothing is filed any more, and until all that is known. */
  async drain(): Promise<void> {
    while ((await this.#store.countEvents()).count > 0) await turn();
    await this.#store.commit({ partition: 'projects/p' });
    await turn();
  }

  async happen(partition: string): Promise<void> {
    const { id, data } = this.#encode(EventType.CONVERSATION_STARTED);
    this.#note(partition, [id]);
    await this.#store.commit({ partition, emit: [{ data }] });
  }

  async deadOf(project: string) {
    return (await this.#store.listDeadEvents(project, ALL)).items;
  }

  /** Every third is of a project that is reset now and then: its conversations have other names after that. */
  #nameOf(index: number): string {
    return index % 3 === 0
      ? `projects/q/conversations/${index}-${this.#resets}`
      : `projects/p/conversations/${index}`;
  }

  #begin(name: string, work: (name: string) => Promise<void>): void {
    this.#begun.set(
      name,
      (this.#begun.get(name) ?? Promise.resolve()).then(() => work(name)),
    );
  }

  #note(partition: string, ids: readonly string[]): void {
    const noted = this.filed.get(partition);
    if (noted === undefined) this.filed.set(partition, [...ids]);
    else noted.push(...ids);
  }

  async #say(name: string, count: number): Promise<void> {
    const expect = [{ name, absent: true as const }];
    const put = [{ name, holdsMessages: true as const, body: new Uint8Array() }];
    await this.#store.commit({ partition: name, expect, put }).catch(() => undefined);
    const { id, data } = this.#encode(EventType.NEW_MESSAGE);
    const messages = Array.from({ length: count }, () => create(MessageSchema, { content: 'x' }));
    const list = encodeMessageBodies(messages).map((body) => ({ participant: 'x', body }));
    const emit = [{ data, list: 0 }];
    const { appended } = await this.#store.commit({ partition: name, append: [list], emit });
    this.#note(name, appended[0]?.map(({ position }) => `${id}-${position}`) ?? []);
  }

  async #reset(): Promise<void> {
    await this.settle();
    this.tellsAgain = true;
    const project = { kind: 'reset' as const, at: this.#clock.now(), eraser: ERASER };
    const committed = this.#store.commit({ partition: 'projects/q', project });
    for (const name of this.filed.keys()) if (name.startsWith('projects/q/')) this.filed.delete(name);
    this.#resets++;
    // Others go on meanwhile.
    for (let index = 1; index < CONVERSATIONS; index += 3) {
      this.#begin(this.#nameOf(index), (name) => this.happen(name));
    }
    await committed;
    await this.delivery.reload();
  }

  async #restart(): Promise<void> {
    await this.settle();
    this.tellsAgain = true;
    await this.delivery.stop();
    this.delivery = this.#deliver();
    await this.delivery.start();
  }

  #encode(type: EventType): { readonly id: string; readonly data: Uint8Array } {
    const id = `e${this.#ids++}`;
    const topic = 'projects/p/topics/t';
    const attributes = { padding: 'x'.repeat(100) };
    return {
      id,
      data: toBinary(
        OutboxEventSchema,
        create(OutboxEventSchema, { id, topic, attributes, event: { type } }),
      ),
    };
  }

  #deliver(): Delivery {
    const log = { info: () => {}, error: () => {} };
    return new Delivery({ store: this.#store, clock: this.#clock, log, sink: this.sink }, OPTIONS);
  }
}

/** Of several ids of one the first. */
function firsts(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

describe('Delivery, whatever the sink does and whatever is done meanwhile', () => {
  it('tells everything in its order or gives it up, and counts what waits', {
    timeout: 300_000,
  }, async () => {
    const deeds = fc.array(deed, { minLength: 20, maxLength: 120, size: 'max' });
    const answers = fc.array(answer, { maxLength: 300, size: 'max' });
    const batch = fc.constantFrom(1, 3);
    await fc.assert(
      fc.asyncProperty(deeds, answers, batch, async (all, script, size) => {
        await using scene = await Scene.open({ batch: size });
        scene.script(script);
        for (const each of all) await scene.do(each);
        await scene.settle();
        await scene.drain();
        assert.equal(scene.delivery.waiting, 0);

        const told = scene.sink.taken.map(({ id }) => id);
        if (!scene.tellsAgain) assert.deepEqual(told, firsts(told));
        const dead = await scene.deadOf('p');
        for (const [name, ids] of scene.filed) {
          const own = new Set(ids);
          const toldOfIt = firsts(told).filter((id) => own.has(id));
          const deadOfIt = new Set(
            dead
              .filter(({ partition }) => partition === name)
              .map((event) => decodeFiled(event, event.message).id),
          );
          assert.deepEqual(
            toldOfIt,
            ids.filter((id) => toldOfIt.includes(id)),
          );
          if (name.startsWith('projects/p/'))
            assert.deepEqual(
              ids.filter((id) => !toldOfIt.includes(id) && !deadOfIt.has(id)),
              [],
            );
        }

        // As much as may wait does, and who has failed is told in the end.
        const before = (await scene.deadOf('r')).length;
        const failing = new Set<string>();
        scene.sink.script = ([event]) => {
          if (event === undefined || failing.has(event.id)) return;
          failing.add(event.id);
          failed();
        };
        for (let index = 0; index < 9; index++) await scene.happen(`projects/r/conversations/${index}`);
        await scene.drain();
        assert.equal((await scene.deadOf('r')).length, before);
      }),
      { numRuns: 20 },
    );
  });
});
