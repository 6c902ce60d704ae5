import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { packAgent } from '@parleykit/server/agent-archive';

/** The agent that `--demo` loads, in the folder layout of Dialogflow's console. */
export const DEMO_AGENT = fileURLToPath(new URL('../examples/agent', import.meta.url));

/** Its zip, with some of its files changed first: by their paths, what is said anew. */
export async function zipDemoAgent(changes: Readonly<Record<string, JsonObject>> = {}): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-agent-'));
  try {
    cpSync(DEMO_AGENT, folder, { recursive: true });
    for (const [path, change] of Object.entries(changes)) {
      const file = join(folder, path);
      const json = JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
      writeFileSync(file, JSON.stringify({ ...json, ...change }));
    }
    return await packAgent(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
