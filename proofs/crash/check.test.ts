import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { checkConversation, newTally } from './check.ts';
import type { FindingKind } from './findings.ts';
import { Batch, Conversation, Participant, type SeenConversation, type SeenMessage } from './model.ts';

const NAME = 'projects/demo/conversations/c';

/** A conversation as it was written, and as a server shows it that keeps everything. */
interface Scene {
  readonly conversation: Conversation;
  readonly batches: readonly Batch[];
  readonly seen: SeenConversation;
}

/** Three batches of three, of which `acknowledged` were; the others are there all the same. */
function makeScene(acknowledged = 3): Scene {
  const conversation = new Conversation(NAME);
  conversation.creation.send();
  conversation.creation.acknowledge();
  conversation.startTime = '1';
  const participant = new Participant('user', Role.END_USER);
  participant.write.send();
  participant.write.acknowledge();
  participant.name = `${NAME}/participants/p`;
  conversation.participants.push(participant);
  const messages: SeenMessage[] = [];
  const batches = [0, 1, 2].map((number) => {
    const batch = new Batch(conversation, `b${number}`);
    for (const position of [0, 1, 2]) {
      batch.lines.push({
        batch,
        participant: participant.name ?? '',
        role: Role.END_USER,
        sendTime: `${number}.${position}`,
        content: `line ${number} ${position}`,
        id: '',
      });
    }
    conversation.add(batch);
    batch.send();
    const kept = batch.lines.map((line, position) => show(line, 1000 + number, position));
    messages.push(...kept);
    if (number < acknowledged) assert.deepEqual(batch.acknowledge(kept), []);
    return batch;
  });
  const seen: SeenConversation = {
    name: NAME,
    completed: false,
    startTime: '1',
    endTime: '',
    participants: [{ name: participant.name, userId: 'user', role: Role.END_USER }],
    messages: messages.reverse(),
  };
  return { conversation, batches, seen };
}

function show(line: Batch['lines'][number], createTime: number, position: number): SeenMessage {
  const { participant, role, content, sendTime } = line;
  return {
    name: `${NAME}/messages/${createTime}-${position}`,
    participant,
    role,
    content,
    sendTime,
    createTime,
  };
}

function kindsOf({ conversation }: Scene, seen: SeenConversation | undefined): Set<FindingKind> {
  return new Set(checkConversation(conversation, seen, newTally()).map(({ kind }) => kind));
}

describe('checkConversation()', () => {
  it('finds nothing wrong with a server that keeps everything, however often it looks', () => {
    const scene = makeScene();
    const tally = newTally();
    for (const _ of [1, 2]) assert.deepEqual(checkConversation(scene.conversation, scene.seen, tally), []);
    assert.equal(tally.acknowledged.batches, 6);
    assert.equal(tally.acknowledgedMessages, 18);
  });

  it('counts what was never acknowledged as whole or absent, and holds it to that', () => {
    const scene = makeScene(2);
    const without = { ...scene.seen, messages: scene.seen.messages.slice(3) };
    const [whole, absent] = [newTally(), newTally()];
    assert.deepEqual(checkConversation(scene.conversation, scene.seen, whole), []);
    assert.deepEqual([whole.whole, whole.absent], [1, 0]);
    assert.deepEqual(kindsOf(scene, without), new Set(['lost']), 'what was seen once is there');

    const other = makeScene(2);
    assert.deepEqual(checkConversation(other.conversation, without, absent), []);
    assert.deepEqual([absent.whole, absent.absent], [0, 1]);
    assert.deepEqual(kindsOf(other, other.seen), new Set(['risen']), 'what was not there does not come');
  });

  const planted: readonly {
    fault: string;
    kind: FindingKind;
    plant(scene: Scene): SeenConversation | undefined;
  }[] = [
    { fault: 'a lost conversation', kind: 'lost', plant: () => undefined },
    {
      fault: 'a lost batch',
      kind: 'lost',
      plant: ({ seen }) => ({ ...seen, messages: seen.messages.toSpliced(3, 3) }),
    },
    {
      fault: 'a lost participant',
      kind: 'lost',
      plant: ({ seen }) => ({ ...seen, participants: [] }),
    },
    {
      fault: 'a lost end',
      kind: 'lost',
      plant: ({ conversation, seen }) => {
        conversation.completion.send();
        conversation.completion.acknowledge();
        return seen;
      },
    },
    {
      fault: 'half a batch',
      kind: 'half',
      plant: ({ seen }) => ({ ...seen, messages: seen.messages.toSpliced(4, 1) }),
    },
    {
      fault: 'a batch in two halves',
      kind: 'half',
      plant: ({ seen, batches }) => {
        const [, second] = batches;
        const messages = seen.messages.map((message) =>
          message.content === second?.lines[2]?.content ? { ...message, createTime: 1001.5 } : message,
        );
        return { ...seen, messages };
      },
    },
    {
      fault: 'a doubled message',
      kind: 'doubled',
      plant: ({ seen }) => ({
        ...seen,
        messages: seen.messages.toSpliced(4, 0, seen.messages[4] as SeenMessage),
      }),
    },
    {
      fault: 'a message that was stored a second time',
      kind: 'doubled',
      plant: ({ seen }) => {
        const [newest] = seen.messages;
        const again = {
          ...(seen.messages[5] as SeenMessage),
          name: `${NAME}/messages/2000-0`,
          createTime: 2000,
        };
        assert.ok(newest);
        return { ...seen, messages: [again, ...seen.messages] };
      },
    },
    {
      fault: 'two messages that changed places',
      kind: 'reordered',
      plant: ({ seen: { messages, ...seen } }) => {
        const [first, second] = [messages[3] as SeenMessage, messages[4] as SeenMessage];
        return { ...seen, messages: messages.with(3, second).with(4, first) };
      },
    },
    {
      fault: 'two batches that changed places',
      kind: 'reordered',
      plant: ({ seen: { messages, ...seen } }) => ({
        ...seen,
        messages: [...messages.slice(3, 6), ...messages.slice(0, 3), ...messages.slice(6)],
      }),
    },
    {
      fault: 'two batches under one time of creation',
      kind: 'reordered',
      plant: ({ seen }) => ({
        ...seen,
        messages: seen.messages.map((message) => ({
          ...message,
          createTime: Math.max(1001, message.createTime),
        })),
      }),
    },
    {
      fault: 'another text',
      kind: 'changed',
      plant: ({ seen: { messages, ...seen } }) => ({
        ...seen,
        messages: messages.with(0, { ...(messages[0] as SeenMessage), content: 'something else' }),
      }),
    },
    {
      fault: 'another name than before',
      kind: 'doubled',
      plant: ({ seen: { messages, ...seen } }) => ({
        ...seen,
        messages: messages.with(0, { ...(messages[0] as SeenMessage), name: `${NAME}/messages/other` }),
      }),
    },
    {
      fault: 'another beginning',
      kind: 'changed',
      plant: ({ seen }) => ({ ...seen, startTime: '2' }),
    },
    {
      fault: 'an end that nobody asked for',
      kind: 'stranger',
      plant: ({ seen }) => ({ ...seen, completed: true, endTime: '3' }),
    },
    {
      fault: 'a message that nobody sent',
      kind: 'stranger',
      plant: ({ seen: { messages, ...seen } }) => {
        const strange = {
          name: `${NAME}/messages/3000-0`,
          createTime: 3000,
          sendTime: '9.9',
          content: 'hello',
        };
        return { ...seen, messages: [{ ...(messages[0] as SeenMessage), ...strange }, ...messages] };
      },
    },
    {
      fault: 'a participant that nobody made',
      kind: 'stranger',
      plant: ({ seen }) => ({
        ...seen,
        participants: [...seen.participants, { name: 'x', userId: 'x', role: Role.END_USER }],
      }),
    },
  ];
  for (const { fault, kind, plant } of planted) {
    it(`finds ${fault}`, () => {
      const scene = makeScene();
      assert.ok(kindsOf(scene, plant(scene)).has(kind));
    });
  }

  it('finds a batch that was refused and is there', () => {
    const scene = makeScene(2);
    scene.batches[2]?.write.refuse();
    assert.deepEqual(kindsOf(scene, scene.seen), new Set(['risen']));
  });

  it('finds an unacknowledged batch that is older than what was known when it was sent', () => {
    const scene = makeScene(2);
    const [, , third] = scene.batches;
    assert.ok(third);
    const late = third.lines.map((line, position) => show(line, 999, position)).reverse();
    const seen = { ...scene.seen, messages: [...scene.seen.messages.slice(3), ...late] };
    assert.deepEqual(kindsOf(scene, seen), new Set(['reordered']));
  });
});

describe('Batch.acknowledge()', () => {
  it('finds a reply that is not the request in its order', () => {
    const { batches } = makeScene(2);
    const [, , third] = batches;
    assert.ok(third);
    const reply = third.lines.map((line, position) => show(line, 1002, position));
    const kinds = third.acknowledge(reply.toReversed().slice(0, 2)).map(({ kind }) => kind);
    assert.deepEqual(new Set(kinds), new Set(['half', 'reordered']));
  });

  it('finds a repeated batch that was stored a second time', () => {
    const { batches } = makeScene();
    const [, , third] = batches;
    assert.ok(third);
    third.send();
    const findings = third.acknowledge(third.lines.map((line, position) => show(line, 1003, position)));
    assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['doubled']));
  });

  it('finds a time of creation that was known already when the batch was sent', () => {
    const { batches, conversation } = makeScene(2);
    const [, , third] = batches;
    assert.ok(third);
    assert.equal(conversation.newest, 1001);
    const findings = third.acknowledge(third.lines.map((line, position) => show(line, 1001, position)));
    assert.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['reordered']));
  });
});
