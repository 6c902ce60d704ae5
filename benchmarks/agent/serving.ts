/**
 * What agents cost the server that they are stored in: `npm run bench:serving`. CPU and memory are those of the server's
 * process, as the operating system counts them.
 */
import { setTimeout } from 'node:timers/promises';
import type { AgentDefinition } from '@parleykit/server/agent';
import { zipSync } from 'fflate';
import { call, run } from '../rest.ts';
import { type Subject, startSubject } from '../subject.ts';
import { openFolder } from '../subjects.ts';
import { makeAgent } from './made-up-agent.ts';

const CLI = '../packages/cli/src/main.ts';
const LOOK_MS = 50;
const AGENTS = 16;
const SMALL = { intents: 100, phrases: 15 };
const LARGE = { intents: 500, phrases: 15 };

/** An export of an agent, as the console would write it. */
function zipOf({ intents, entityTypes }: AgentDefinition): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  const add = (path: string, json: unknown): void => {
    files[path] = Buffer.from(JSON.stringify(json));
  };
  add('agent.json', { language: 'en', displayName: 'made up', defaultTimezone: 'UTC', mlMinConfidence: 0.3 });
  for (const { displayName, parameters, messages, trainingPhrases } of intents) {
    const said = messages.flatMap(({ message }) => (message.case === 'text' ? message.value.text : []));
    add(`intents/${displayName}.json`, {
      name: displayName,
      auto: true,
      responses: [
        {
          parameters: parameters.map((each) => ({
            name: each.displayName,
            dataType: each.entityTypeDisplayName,
            value: each.value,
          })),
          messages: [{ type: 0, lang: 'en', speech: said }],
        },
      ],
    });
    add(
      `intents/${displayName}_usersays_en.json`,
      trainingPhrases.map(({ parts }) => ({
        data: parts.map(({ text, entityType, alias }) => ({
          text,
          ...(entityType && { meta: entityType, alias }),
        })),
      })),
    );
  }
  for (const { displayName, entities } of entityTypes) {
    add(`entities/${displayName}.json`, { name: displayName });
    add(
      `entities/${displayName}_entries_en.json`,
      entities.map(({ value, synonyms }) => ({ value, synonyms })),
    );
  }
  return zipSync(files);
}

/** Seconds of CPU until the agent answers, from the call that brings it on. */
async function bring(server: Subject, project: string, zip: Uint8Array): Promise<number> {
  const before = server.cpuSeconds();
  const agentContent = Buffer.from(zip).toString('base64');
  await run(server, `projects/${project}/agent:restore`, { agentContent }, LOOK_MS);
  await run(server, `projects/${project}/agent:train`, {}, LOOK_MS);
  return server.cpuSeconds() - before;
}

async function ask(server: Subject, project: string, text: string): Promise<void> {
  const queryInput = { text: { text, languageCode: 'en' } };
  await call(server, 'POST', `projects/${project}/agent/sessions/s:detectIntent`, { queryInput });
}

async function settle(server: Subject): Promise<number> {
  await setTimeout(2_000);
  return server.residentKinds().own;
}

await using stack = new AsyncDisposableStack();
const data = openFolder(stack);
const start = () => startSubject('parley', CLI, 'serve', '--port', '0', '--data', data);
const large = makeAgent(LARGE.intents, LARGE.phrases);
const small = makeAgent(SMALL.intents, SMALL.phrases);
{
  await using server = await start();
  // What is loaded with the first agent of all is none's own.
  await bring(server, 'first', zipOf(makeAgent(5, 5).definition));
  const seconds = await bring(server, 'large', zipOf(large.definition));
  process.stdout.write(
    `${LARGE.intents} intents of ${LARGE.phrases} phrases, imported, trained and serving: ${seconds.toFixed(1)} CPU s\n`,
  );
  for (let agent = 0; agent < AGENTS; agent++) await bring(server, `small-${agent}`, zipOf(small.definition));
}
await using server = await start();
const idle = await settle(server);
await ask(server, 'first', 'hello');
const loaded = await settle(server);
for (let agent = 0; agent < AGENTS; agent++) await ask(server, `small-${agent}`, small.texts[agent] ?? '');
const each = ((await settle(server)) - loaded) / AGENTS;
process.stdout.write(
  `resident, MiB: ${idle.toFixed(0)} with ${AGENTS + 2} agents that nobody speaks with, ` +
    `${(loaded - idle).toFixed(0)} more with the first conversation, ` +
    `${each.toFixed(1)} more with each agent of ${SMALL.intents} intents\n`,
);
