import { ANYBODY, type IncomingCall, type Principal } from './call-context.ts';

/**
 * Finds out who calls. With `--auth off`, the only mode there is, everybody may, and credentials are not looked
 * at: Google's clients send some to any endpoint.
 */
export function authenticate(_call: IncomingCall): Principal {
  return ANYBODY;
}
