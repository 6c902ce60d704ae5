import type { Finding } from './campaign.ts';
import { methodName } from './generators.ts';
import type { GrpcRequest, Input } from './inputs.ts';
import type { RestRequest } from './rest-requests.ts';

/** A finding as it is kept in a file: bytes as hex. */
export interface PackedFinding {
  readonly problem: string;
  readonly count: number;
  readonly index?: number;
  readonly wire?: Input['wire'];
  readonly method?: string;
  readonly request?: Omit<GrpcRequest, 'body'> & { readonly verb?: string; readonly body?: string };
}

export function packFinding({ problem, count, input }: Finding): PackedFinding {
  if (input === undefined) return { problem, count };
  const { index, wire, method } = input;
  const { body, ...rest } = input.request;
  const request = body === undefined ? rest : { ...rest, body: body.toString('hex') };
  return { problem, count, index, wire, method: methodName(method), request };
}

/** The request of a kept finding, byte for byte. */
export function unpackRequest({
  wire,
  request,
}: PackedFinding):
  | { wire: 'gRPC'; request: GrpcRequest }
  | { wire: 'REST'; request: RestRequest }
  | undefined {
  if (request === undefined) return undefined;
  const { path, headers, verb = 'GET' } = request;
  const body = request.body === undefined ? undefined : Buffer.from(request.body, 'hex');
  if (wire === 'REST') return { wire, request: { verb, path, headers, body } };
  return { wire: 'gRPC', request: { path, headers, body: body ?? Buffer.alloc(0) } };
}

/** A finding for people, with all that it takes to send it again. */
export function describeFinding(finding: Finding, seed: number): string {
  const { problem, count, input } = finding;
  const times = count === 1 ? '' : ` (${count} times)`;
  if (input === undefined) return `\n${problem}${times}\n`;
  const head = `seed ${seed}, index ${input.index}, ${input.wire}, ${methodName(input.method)}`;
  const headers = JSON.stringify(input.request.headers);
  if (input.wire === 'gRPC') {
    return `\n${problem}${times}\n  ${head}\n  ${input.request.path} ${headers}\n  ${input.request.body.toString('hex')}\n`;
  }
  const { verb, path, body } = input.request;
  return `\n${problem}${times}\n  ${head}\n  ${verb} ${path} ${headers}\n  ${body === undefined ? 'no body' : body.toString()}\n`;
}
