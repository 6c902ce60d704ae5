import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';

/** Where a program runs, as far as this package looks at it. */
export interface TestEnvironment {
  /** An empty folder, which is the user's home as long as the test runs. */
  readonly home: string;
  set(name: string, value: string): void;
  /** Writes a file below the home, as JSON where it is no text. Answers its path. */
  write(path: string, content: unknown): string;
}

const VARIABLE = /^(?:GOOGLE_|DIALOGFLOW_|CLOUDSDK_|GCLOUD_|GCE_|METADATA_)|^(?:HOME|APPDATA)$/;

/** Lets each test of a suite begin with an empty home and none of the variables that this package reads. */
export function useTestEnvironment(): TestEnvironment {
  let home = '';
  let before: [string, string | undefined][] = [];
  beforeEach(() => {
    before = Object.entries(process.env).filter(([name]) => VARIABLE.test(name));
    for (const [name] of before) delete process.env[name];
    home = mkdtempSync(join(tmpdir(), 'parley-home-'));
    process.env['HOME'] = home;
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (VARIABLE.test(name)) delete process.env[name];
    for (const [name, value] of before) process.env[name] = value;
    rmSync(home, { recursive: true });
  });
  return {
    get home() {
      return home;
    },
    set(name, value) {
      process.env[name] = value;
    },
    write(path, content) {
      const full = join(home, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
      return full;
    },
  };
}
