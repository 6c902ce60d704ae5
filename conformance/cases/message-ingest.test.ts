import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@parleykit/proto/rpc';
import { Conversations, type Message, Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import {
  batchOf,
  createParticipant,
  createTalk,
  ingest,
  listMessages,
  type MessageInit,
  message,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
} from './scene.ts';

const scene = openScene();
const batchCreate = Conversations.method.batchCreateMessages;

for (const wire of scene.wires) {
  describe(`BatchCreateMessages over ${wire.name}`, () => {
    it('answers a message per request, in order, as ListMessages does in reverse', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const batch = messages(participant, 5);
      const stored = await ingest(wire, conversation, batch);
      assert.deepEqual(
        stored.map(({ content }) => content),
        batch.map(({ content }) => content),
      );
      for (const each of stored) {
        assert.ok(each.name.startsWith(`${conversation}/messages/`), each.name);
        assert.equal(each.participant, participant);
        assert.equal(each.participantRole, Role.END_USER);
      }
      assert.equal(new Set(namesOf(stored)).size, 5);
      assert.deepEqual(await listMessages(wire, conversation), stored.toReversed());
    });

    it('keeps what the sender may say of a message', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const sendTime = { seconds: 1_639_080_336n, nanos: 638_749_123 };
      const [stored] = await ingest(wire, conversation, [
        {
          ...message(participant, 0, 'Grüezi'),
          sendTime,
          languageCode: 'de-CH',
          responseMessages: [{ message: { case: 'text', value: { text: ['one', 'two'] } } }],
        },
      ]);
      assert.equal(stored?.content, 'Grüezi');
      assert.equal(stored.languageCode, 'de-CH');
      assert.equal(nanos(stored.sendTime), 1_639_080_336_638_749_123n);
      assert.equal(stored.responseMessages[0]?.message.case, 'text');
      assert.deepEqual(await listMessages(wire, conversation), [stored]);
    });

    it('takes the role from the participant', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const human = await createParticipant(wire, conversation, Role.HUMAN_AGENT);
      const agent = await createParticipant(wire, conversation, Role.AUTOMATED_AGENT);
      const senders = [participant, human.name, agent.name, participant];
      const stored = await ingest(
        wire,
        conversation,
        senders.map((sender, index) => message(sender, index)),
      );
      assert.deepEqual(
        stored.map((each) => [each.participant, each.participantRole]),
        [
          [participant, Role.END_USER],
          [human.name, Role.HUMAN_AGENT],
          [agent.name, Role.AUTOMATED_AGENT],
          [participant, Role.END_USER],
        ],
      );
    });

    it('ignores OUTPUT_ONLY fields', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const [plain, lying] = await ingest(wire, conversation, [
        message(participant, 0, 'same'),
        {
          ...message(participant, 1, 'same'),
          participantRole: Role.AUTOMATED_AGENT,
          createTime: { seconds: 1n },
          messageAnnotation: { containEntities: true },
          sentimentAnalysis: { queryTextSentiment: { score: 1 } },
        },
      ]);
      assert.deepEqual(
        { ...lying, name: '', sendTime: undefined },
        { ...plain, name: '', sendTime: undefined },
      );
    });

    it('takes a name that is free, once', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const name = `${conversation}/messages/mine`;
      const [stored] = await ingest(wire, conversation, [{ ...message(participant, 0), name }]);
      assert.equal(stored?.name, name);
      const batch = [message(participant, 1), { ...message(participant, 2), name }];
      await refused(ingest(wire, conversation, batch), {
        code: Code.ALREADY_EXISTS,
        reason: 'RESOURCE_ALREADY_EXISTS',
      });
      assert.deepEqual(await listMessages(wire, conversation), [stored]);
    });

    it('stores nothing under the name of another conversation', async () => {
      const parent = `projects/${newProject()}`;
      const { conversation, participant } = await createTalk(wire, parent);
      const other = await createTalk(wire, parent);
      const name = `${other.conversation}/messages/mine`;
      await ingest(wire, conversation, [{ ...message(participant, 0), name }]).catch(() => undefined);
      assert.deepEqual(await listMessages(wire, other.conversation), []);
      for (const each of await listMessages(wire, conversation)) {
        assert.ok(each.name.startsWith(`${conversation}/messages/`), each.name);
      }
    });

    it('takes 300 messages and not 301', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      await refused(ingest(wire, conversation, messages(participant, 301)), {
        code: Code.INVALID_ARGUMENT,
        reason: 'BATCH_TOO_LARGE',
        fields: ['requests'],
      });
      assert.deepEqual(await listMessages(wire, conversation), []);
      assert.equal((await ingest(wire, conversation, messages(participant, 300))).length, 300);
      assert.equal((await listMessages(wire, conversation)).length, 300);
    });

    it('refuses a batch of nothing', async () => {
      const { conversation } = await createTalk(wire, `projects/${newProject()}`);
      await refused(ingest(wire, conversation, []), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_REQUIRED',
        fields: ['requests'],
      });
    });

    it('refuses a conversation that is not there', async () => {
      const parent = `projects/${newProject()}`;
      const { participant } = await createTalk(wire, parent);
      const absent = `${parent}/conversations/absent`;
      const error = await refused(ingest(wire, absent, [message(participant, 0)]), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
      assert.ok(error.message.includes(absent), error.message);
    });
  });

  describe(`required fields of a batch over ${wire.name}`, () => {
    const missing: { name: string; item: (participant: string) => MessageInit; field: string }[] = [
      { name: 'content', item: (p) => message(p, 0, ''), field: 'content' },
      { name: 'participant', item: () => message('', 0), field: 'participant' },
      { name: 'send_time', item: (participant) => ({ participant, content: 'x' }), field: 'send_time' },
    ];
    for (const { name, item, field } of missing) {
      for (const index of [0, 2]) {
        it(`name ${name} of item ${index} and store nothing`, async () => {
          const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
          const batch = messages(participant, 4, 10).toSpliced(index, 1, item(participant));
          await refused(ingest(wire, conversation, batch), {
            code: Code.INVALID_ARGUMENT,
            reason: 'FIELD_REQUIRED',
            fields: [`requests[${index}].message.${field}`],
          });
          assert.deepEqual(await listMessages(wire, conversation), []);
        });
      }
    }

    it('name a message that is missing', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const requests = [{ message: message(participant, 0) }, {}];
      await refused(wire.call(batchCreate, { parent: conversation, requests }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_REQUIRED',
        fields: ['requests[1].message'],
      });
      assert.deepEqual(await listMessages(wire, conversation), []);
    });
  });

  describe(`parent of a batch item over ${wire.name}`, () => {
    const forms = ['', '/locations/global', '/locations/us'];
    for (const outer of forms) {
      for (const inner of forms) {
        it(`may be ${inner || 'without location'} in a batch ${outer || 'without location'}`, async () => {
          const project = newProject();
          const talk = await createTalk(wire, `projects/${project}`);
          const id = talk.conversation.slice(talk.conversation.lastIndexOf('/') + 1);
          const parent = `projects/${project}${outer}/conversations/${id}`;
          const itemParent = `projects/${project}${inner}/conversations/${id}`;
          const requests = [
            { parent: itemParent, message: message(talk.participant, 0) },
            { message: message(talk.participant, 1) },
          ];
          const reply = await wire.call(batchCreate, { parent, requests });
          assert.equal(reply.messages.length, 2);
          for (const { name } of reply.messages) assert.ok(name.startsWith(`${parent}/messages/`), name);
        });
      }
    }

    it('is refused when it is another conversation', async () => {
      const parent = `projects/${newProject()}`;
      const { conversation, participant } = await createTalk(wire, parent);
      const other = await createTalk(wire, parent);
      const requests = [
        { message: message(participant, 0) },
        { parent: other.conversation, message: message(participant, 1) },
      ];
      await refused(wire.call(batchCreate, { parent: conversation, requests }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'BATCH_PARENT_MISMATCH',
        fields: ['requests[1].parent'],
      });
      assert.deepEqual(await listMessages(wire, conversation), []);
      assert.deepEqual(await listMessages(wire, other.conversation), []);
    });

    it('is refused when it is the same id in another location', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      const id = conversation.slice(conversation.lastIndexOf('/') + 1);
      const parent = `projects/${project}/locations/europe-west1/conversations/${id}`;
      const requests = [{ parent, message: message(participant, 0) }];
      await refused(wire.call(batchCreate, { parent: conversation, requests }), {
        code: Code.INVALID_ARGUMENT,
        reason: 'BATCH_PARENT_MISMATCH',
        fields: ['requests[0].parent'],
      });
    });
  });

  describe(`participants of a batch over ${wire.name}`, () => {
    it('are refused when one is of another conversation, and nothing is stored', async () => {
      const parent = `projects/${newProject()}`;
      const { conversation, participant } = await createTalk(wire, parent);
      const other = await createTalk(wire, parent);
      const batch = [message(participant, 0), message(other.participant, 1), message(participant, 2)];
      await refused(ingest(wire, conversation, batch), {
        code: Code.INVALID_ARGUMENT,
        reason: 'PARTICIPANT_OF_OTHER_CONVERSATION',
        fields: ['requests[1].message.participant'],
      });
      assert.deepEqual(await listMessages(wire, conversation), []);
    });

    it('are refused when one is not there, and nothing is stored', async () => {
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const absent = `${conversation}/participants/absent`;
      const error = await refused(ingest(wire, conversation, [message(participant, 0), message(absent, 1)]), {
        code: Code.NOT_FOUND,
        reason: 'RESOURCE_NOT_FOUND',
      });
      assert.ok(error.message.includes(absent), error.message);
      assert.deepEqual(await listMessages(wire, conversation), []);
    });

    it('may be named with another form of the location', async () => {
      const project = newProject();
      const { conversation, participant } = await createTalk(wire, `projects/${project}`);
      const sender = participant.replace(`projects/${project}`, `projects/${project}/locations/global`);
      const [stored] = await ingest(wire, conversation, [message(sender, 0)]);
      assert.equal(stored?.participant, participant);
    });
  });

  describe(`message content over ${wire.name}`, () => {
    const contents = [
      { name: 'one character', content: 'x' },
      { name: 'white space', content: ' \n\t' },
      { name: 'emoji and joiners', content: '👩‍👩‍👧‍👦🏳️‍🌈' },
      { name: 'combining marks, composed and not', content: 'e\u0301 \u00e9 \u200f\u05d0' },
      { name: 'NUL and other controls', content: 'a\u0000b\u0001\u001f\u007f\u2028' },
      { name: 'what JSON must escape', content: '"\\/\b{}[]</script>' },
      { name: 'the last code point', content: '\u{10ffff}\uffff\ufeff' },
      { name: '64 KiB of ASCII', content: 'x'.repeat(65_536) },
      { name: '64 KiB of emoji', content: '😀'.repeat(16_384) },
    ];
    for (const { name, content } of contents) {
      it(`may be ${name}`, async () => {
        const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
        const [stored] = await ingest(wire, conversation, [message(participant, 0, content)]);
        assert.equal(stored?.content, content);
        for (const reader of scene.wires) {
          const [read] = await listMessages(reader, conversation);
          assert.equal(read?.content, content);
        }
      });
    }

    for (const { name, content } of [
      { name: '64 KiB and a byte', content: 'x'.repeat(65_537) },
      { name: 'fewer characters but more bytes', content: 'é'.repeat(32_769) },
    ]) {
      it(`is refused when it is ${name}`, async () => {
        const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
        const batch = [message(participant, 0), message(participant, 1, content)];
        const { code, violations } = await refused(ingest(wire, conversation, batch), {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_INVALID',
          fields: ['requests[1].message.content'],
        });
        assert.deepEqual([code, violations.length], [Code.INVALID_ARGUMENT, 1]);
        assert.deepEqual(await listMessages(wire, conversation), []);
      });
    }
  });

  describe(`send_time over ${wire.name}`, () => {
    for (const { name, seconds, nanos: fraction } of [
      { name: 'the first moment', seconds: -62_135_596_800n, nanos: 0 },
      { name: 'before 1970', seconds: -1n, nanos: 999_999_999 },
      { name: 'the epoch', seconds: 0n, nanos: 0 },
      { name: 'the last moment', seconds: 253_402_300_799n, nanos: 999_999_999 },
    ]) {
      it(`may be ${name}`, async () => {
        const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
        const sendTime = { seconds, nanos: fraction };
        const [stored] = await ingest(wire, conversation, [{ participant, content: name, sendTime }]);
        assert.equal(nanos(stored?.sendTime), seconds * 1_000_000_000n + BigInt(fraction));
        for (const reader of scene.wires) {
          assert.deepEqual(await listMessages(reader, conversation), [stored]);
        }
      });
    }
  });
}

describe('an unusual batch', () => {
  it('costs those that race with it nothing', async () => {
    const { conversation, participant } = await createTalk(scene.grpc, `projects/${newProject()}`);
    const lastMoment = { seconds: 253_402_300_799n, nanos: 999_999_999 };
    const bad: readonly MessageInit[] = [
      { participant, content: 'far away', sendTime: lastMoment },
      { participant: `${conversation}/participants/absent`, content: 'x', sendTime: lastMoment },
      { participant, content: '', sendTime: lastMoment },
    ];
    const racing = Array.from({ length: 30 }, (_, index) => {
      const extra = bad[index % 6];
      const batch = messages(participant, 3, index * 3);
      return {
        good: extra === undefined,
        call: ingest(scene.grpc, conversation, extra === undefined ? batch : [...batch, extra]),
      };
    });
    const outcomes = await Promise.allSettled(racing.map(({ call }) => call));
    outcomes.forEach((outcome, index) => {
      if (racing[index]?.good) assert.equal(outcome.status, 'fulfilled');
    });
  });
});

describe('send_time over gRPC', () => {
  for (const { name, seconds, nanos: fraction } of [
    { name: 'in the year 10000', seconds: 253_402_300_800n, nanos: 0 },
    { name: 'before the year 1', seconds: -62_135_596_801n, nanos: 0 },
    { name: 'of negative nanoseconds', seconds: 0n, nanos: -1 },
    { name: 'of more nanoseconds than a second has', seconds: 0n, nanos: 1_000_000_000 },
    { name: 'the largest number', seconds: 2n ** 63n - 1n, nanos: 0 },
    { name: 'the smallest number', seconds: -(2n ** 63n), nanos: -(2 ** 31) },
  ]) {
    it(`is refused when it is ${name}`, async () => {
      const wire = scene.grpc;
      const { conversation, participant } = await createTalk(wire, `projects/${newProject()}`);
      const bad = { participant, content: name, sendTime: { seconds, nanos: fraction } };
      await refused(wire.call(batchCreate, batchOf(conversation, [message(participant, 0), bad])), {
        code: Code.INVALID_ARGUMENT,
        reason: 'FIELD_INVALID',
        fields: ['requests[1].message.send_time'],
      });
      const stored: readonly Message[] = await listMessages(wire, conversation);
      assert.deepEqual(stored, []);
    });
  }
});
