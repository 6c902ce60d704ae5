/**
 * The end of `npm run build`: gives each package what npm packs with it from the root, the server the example that `--demo`
 * loads, and takes away what was built from sources that are no longer there, so that a working copy makes the same packages
 * as a fresh one.
 */
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const BUILT = /\.(?:js|d\.ts)(?:\.map)?$/u;

for (const entry of readdirSync(here, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const folder = join(here, entry.name);
  copyFileSync(join(here, '../LICENSE'), join(folder, 'LICENSE'));
  // The client's dist/ is made anew by a build of its own, out of this.
  const output = [join(folder, 'dist/tsc'), join(folder, 'dist')].find((path) => existsSync(path));
  if (output === undefined) continue;
  for (const name of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    const source = join(folder, 'src', name.replace(BUILT, '.ts'));
    if (BUILT.test(name) && (name.endsWith('.map') || !existsSync(source))) rmSync(join(output, name));
  }
}

const demoAgent = join(here, 'server/dist/demo-agent');
rmSync(demoAgent, { recursive: true, force: true });
cpSync(join(here, '../examples/agent'), demoAgent, { recursive: true });
