import { environmentVariable } from './environment.ts';
import { ClientOptionsError } from './errors.ts';

const EMULATOR_VARIABLE = 'DIALOGFLOW_EMULATOR_HOST';

/**
 * Where `DIALOGFLOW_EMULATOR_HOST` sends all calls, as `host:port`; undefined where it is not set. Such a server is
 * spoken to in plain text and without credentials, whatever endpoint and credentials a program names: the variable is
 * for running a program as it is against a server of one's own, and a call must not slip through to Google's.
 */
export function emulatorHost(): string | undefined {
  const value = environmentVariable(EMULATOR_VARIABLE);
  if (value === undefined || value === '') return undefined;
  if (!isHostAndPort(value)) {
    throw new ClientOptionsError(
      `Environment variable \`${EMULATOR_VARIABLE}\` must be a host and a port, such as localhost:8470; it is '${value}'`,
    );
  }
  return value;
}

function isHostAndPort(text: string): boolean {
  const port = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
