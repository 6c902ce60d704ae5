import { ClientOptionsError } from '../../errors.ts';

/** In place of node:http in the form for browsers and workers: rejects, as nobody else can take TLS options. */
export async function createNodeSender(): Promise<never> {
  throw new ClientOptionsError('TLS options are not for programs to give on this platform');
}
