/** The modules that this package knows how to use where there are any. */
export type BuiltIn = {
  'node:child_process': typeof import('node:child_process');
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:http': typeof import('node:http');
  'node:http2': typeof import('node:http2');
  'node:https': typeof import('node:https');
  'node:net': typeof import('node:net');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
  'node:tls': typeof import('node:tls');
  'node:zlib': typeof import('node:zlib');
};

/**
 * A module that the platform brings along, loaded when it is needed and not before. No bundler follows it, so that a
 * bundle for browsers does not ask for it, and Node does not run the getters of the module's ES facade, which for
 * node:http load far more than is used. Rejects where the platform has no such module.
 */
export async function builtIn<Name extends keyof BuiltIn>(name: Name): Promise<BuiltIn[Name]> {
  // Node learnt getBuiltinModule in 20.16.
  return builtInNow(name) ?? ((await import(name)) as BuiltIn[Name]);
}

/** The same at once, for what is done while a client is made; undefined where it takes an import, or does not exist. */
export function builtInNow<Name extends keyof BuiltIn>(name: Name): BuiltIn[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as unknown as BuiltIn[Name] | undefined;
}
