/** Browsers and workers have no HTTP/2 that a program could use. */
export function canSpeakGrpc(): boolean {
  return globalThis.process?.versions?.node !== undefined;
}
