/** What a command works with beside its arguments: given, so that tests can give something else. */
export interface CommandIo {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when the user or the system asks the process to end. */
  readonly signal: AbortSignal;
}
