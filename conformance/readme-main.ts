/**
 * `npm run prove:readme`: does what the README says in a fresh clone of the last commit, from top to bottom, with whatever
 * Node is first on PATH, and prints what is typed and what comes of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './programs.ts';
import { PYTHON, preparePython } from './python-environment.ts';
import { ReadmeRun, readersPath, readReadme } from './readme.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-readme-'));
const root = join(folder, 'parley');
execFileSync('git', ['clone', '--quiet', fileURLToPath(new URL('../', import.meta.url)), root]);
const withoutPython = await preparePython();
const say = (text: string): void => void process.stdout.write(text);
try {
  await using run = new ReadmeRun({
    root,
    port: await freePort(),
    data: join(root, 'parley-data'),
    python: PYTHON,
    done: [],
  });
  const env = { PATH: readersPath };
  say(`node ${execFileSync('node', ['--version'], { encoding: 'utf8', env })}`);
  for (const block of readReadme(root)) {
    const { heading, language, text } = block;
    say(`\n## ${heading} (${language})\n${text.replaceAll(/^/gmu, '| ')}\n`);
    if (text === 'npm test\n' || (language === 'python' && withoutPython !== undefined)) {
      say(`left out: ${withoutPython ?? 'it takes minutes'}\n`);
      continue;
    }
    // What the client's lines need, as the text above them says.
    if (heading === "With Parley's client") execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
    const { code, stdout, stderr } = await run.run(block);
    say(stdout);
    if (code === 0) continue;
    say(`${stderr}\nended with ${code}\n`);
    process.exitCode = 1;
    break;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
