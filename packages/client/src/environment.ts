import { builtInNow } from './built-in.ts';

/**
 * An environment variable; undefined where it is not set, where there is no environment, and where it may not be read.
 */
export function environmentVariable(name: string): string | undefined {
  try {
    return globalThis.process?.env?.[name];
  } catch {
    // Deno refuses without --allow-env: to somebody who may not look, nothing is set.
    return undefined;
  }
}

/** The user's home; undefined where nobody has one. */
export function homeFolder(): string | undefined {
  return environmentVariable('HOME') ?? builtInNow('node:os')?.homedir();
}

/** The path that is meant by one which may begin with `~/`, as Google's own tools read them. */
export function expandHome(path: string): string {
  const home = path.startsWith('~/') ? homeFolder() : undefined;
  return home === undefined ? path : `${home}${path.slice(1)}`;
}
