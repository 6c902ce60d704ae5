import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type AnalyzeContentResponse,
  AutomatedAgentReplySchema,
  ConversationProfiles,
  Conversation_ConversationStage as Stage,
} from '@parleykit/proto/v2beta1';
import { stageOf } from './agent-scene.ts';
import { createConversation, createParticipant, say } from './cases/scene.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire, RestWire } from './wires.ts';

/**
 * Whole conversations with the agent that `--demo` loads, word by word: "> " is said to it; what it answers is indented,
 * and below it which intent that is.
 */
const transcripts: Readonly<Record<string, string>> = {
  'an order, asked for by its number': `
> hi
  Welcome to the lamp shop. I know where orders are, when we are open, and can book you a visit to the workshop.
  [Default Welcome Intent]
> Where is my order?
  What is the number of the order? It is on the bill.
  [Order status]
> it is 30817
  Order 30817 left our workshop and is on its way. Lamps take two days within the country.
  [Order status]
`,
  'an order whose number is told at once': `
> where is order 5512
  Order 5512 left our workshop and is on its way. Lamps take two days within the country.
  [Order status]
`,
  'a visit, with a question in between and a yes': `
> my standing lamp is broken, can you repair it
  On which day do you want to come?
  [Book a visit]
> when are you open
  We are open from Tuesday to Saturday, 10 to 18 o'clock.
  [Opening hours]
> on Friday
  And at what time?
  [Book a visit]
> at 3 pm
  A visit with your floor lamp, Friday at 3 pm: shall I book it?
  [Book a visit]
> yes please
  Booked. We look forward to you, Friday at 3 pm.
  [Book a visit - yes]
`,
  'a visit that comes to nothing': `
> may I bring a lantern tomorrow at 10 am
  A visit with your lantern, tomorrow at 10 am: shall I book it?
  [Book a visit]
> rather not
  All right, nothing is booked.
  [Book a visit - no]
> yes
  I did not get that. I can look for an order, book a visit to the workshop, or fetch a person.
  [Default Fallback Intent]
`,
  'questions that are asked often': `
> what does delivery cost
  Delivery is free from 50 euros on, and takes two days; abroad a week.
  [Delivery]
> how do I return something
  Lamps can come back within 30 days, in their box; the label for it is in the parcel.
  [Returns]
> the weather is nice today
  I did not get that. I can look for an order, book a visit to the workshop, or fetch a person.
  [Default Fallback Intent]
`,
  'a person': `
> let me speak to a human
  One moment, a colleague will take over.
  [Talk to a person]
  (a human goes on)
`,
};

describe('the agent of --demo', () => {
  const data = mkdtempSync(join(tmpdir(), 'parley-'));
  let server: OwnServer;
  const grpc = new GrpcWire(() => server);
  const rest = new RestWire(() => server);
  const parent = 'projects/demo/locations/global';
  before(async () => {
    server = await startServer(data, '--demo');
  });
  after(async () => {
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  });

  for (const wire of [grpc, rest]) {
    for (const [name, transcript] of Object.entries(transcripts)) {
      it(`leads, word by word, over ${wire === grpc ? 'gRPC' : 'REST'}: ${name}`, async () => {
        const conversationProfile = `${parent}/conversationProfiles/demo-agent`;
        const { name: conversation } = await createConversation(wire, parent, { conversationProfile });
        const { name: participant } = await createParticipant(wire, conversation);
        const lines: string[] = [];
        for (const said of transcript.split('\n').filter((line) => line.startsWith('> '))) {
          lines.push(said, ...written(await say(wire, participant, said.slice(2))));
        }
        const isOver = (await stageOf(wire, conversation)) === Stage.HUMAN_ASSIST_STAGE;
        if (isOver) lines.push('  (a human goes on)');
        assert.equal(`\n${lines.join('\n')}\n`, transcript);
      });
    }
  }

  it('begins no conversation of the profile "demo"', async () => {
    const conversationProfile = `${parent}/conversationProfiles/demo`;
    const profile = await grpc.call(ConversationProfiles.method.getConversationProfile, {
      name: conversationProfile,
    });
    assert.equal(profile.automatedAgentConfig, undefined);
    const { name } = await createConversation(grpc, parent, { conversationProfile });
    assert.equal(await stageOf(grpc, name), Stage.HUMAN_ASSIST_STAGE);
  });
});

function written({ automatedAgentReply }: AnalyzeContentResponse): string[] {
  const { responseMessages, response } = automatedAgentReply ?? create(AutomatedAgentReplySchema);
  const { intent } = response.value?.queryResult ?? {};
  return [
    ...responseMessages.flatMap(({ message }) =>
      message.case === 'text' ? [`  ${message.value.text[0]}`] : [],
    ),
    `  [${intent?.displayName}]`,
  ];
}
