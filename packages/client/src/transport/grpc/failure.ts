import type { ErrorCode } from '../../errors.ts';

/** Why a call failed, before it becomes the error that its caller sees. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause?: unknown;
  /** The status that the answer had on the level of HTTP, where that is what went wrong. */
  readonly httpStatus?: number | undefined;
  /** An encoded google.rpc.Status, as the server sent it beside the code. */
  readonly details?: Uint8Array | undefined;
}

/** What an error of the platform says; those of several addresses tried in turn say it only one by one. */
export function causeText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(causeText).join('; ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
