import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { PACKAGE_NAMES } from './installation.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, '.github/workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const read = (name: string): Workflow => parse(readFileSync(join(folder, name), 'utf8')) as Workflow;

describe('the workflows', () => {
  for (const name of readdirSync(folder)) {
    const workflow = read(name);

    it(`${name} uses what others made in one version, and may write nothing by default`, () => {
      assert.deepEqual(workflow.permissions, { contents: 'read' });
      for (const { steps, ...job } of Object.values(workflow.jobs)) {
        assert.ok(job['timeout-minutes'] !== undefined);
        for (const step of steps) {
          if (step.uses !== undefined) assert.match(step.uses, /^actions\/[a-z-]+@[0-9a-f]{40}$/u);
          if (step.uses?.startsWith('actions/checkout@')) {
            assert.equal(step.with?.['persist-credentials'], false);
          }
          // What others write, such as the title of a pull request, must not become part of a command.
          assert.doesNotMatch(step.run ?? '', /\$\{\{/u);
        }
      }
    });
  }

  it('publish on tags alone, with provenance, what another job has tested, each package after those it needs', () => {
    const { on, jobs } = read('release.yml');
    assert.deepEqual(on, { push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
    const { publish, pack } = jobs;
    assert.deepEqual(pack?.permissions, undefined);
    assert.ok(pack?.steps.some(({ run }) => run === 'bash .ci/run'));
    assert.deepEqual(publish?.permissions, { 'id-token': 'write' });
    assert.equal(publish?.environment, 'npm');
    const commands = publish?.steps.map(({ run }) => run ?? '').join('\n') ?? '';
    assert.match(commands, new RegExp(`for package in ${PACKAGE_NAMES.join(' ')}; do`, 'u'));
    assert.match(commands, /npm publish --ignore-scripts --provenance /u);
    assert.doesNotMatch(commands, /npm (?:ci|install|run|exec)|npx/u);
    assert.equal(read('ci.yml').jobs['publish'], undefined);
  });
});

describe('compose.yaml', () => {
  const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8')) as {
    services: { parley: Readonly<Record<string, unknown>> };
  };

  it('lets nobody in from beyond this machine, and has nothing to write to but its volume', () => {
    const { ports, volumes, read_only, cap_drop } = services.parley;
    assert.deepEqual(ports, ['127.0.0.1:8470:8470']);
    assert.deepEqual([volumes, read_only, cap_drop], [['parley:/data'], true, ['ALL']]);
  });
});
