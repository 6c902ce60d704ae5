type BuiltIn = {
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
  const found: unknown = globalThis.process?.getBuiltinModule?.(name);
  // Node learnt getBuiltinModule in 20.16.
  return (found ?? (await import(name))) as BuiltIn[Name];
}
