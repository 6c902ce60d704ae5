import { readFileSync } from 'node:fs';
import { startServer } from '../target.ts';
import { type PackedFinding, unpackRequest } from './findings.ts';
import { GrpcSender, RestSender } from './senders.ts';

/** Sends the requests of kept findings, one after the other and byte for byte; answers what was answered. */
export async function replayFindings(file: string, data: string): Promise<string> {
  await using server = await startServer(data);
  using grpc = new GrpcSender(server.url);
  using rest = new RestSender(server.host, server.port);
  let text = '';
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const finding = JSON.parse(line) as PackedFinding;
    text += `${finding.problem}\n  ${await replay(finding, grpc, rest)}\n`;
  }
  return `${text}${server.stderr()}`;
}

async function replay(finding: PackedFinding, grpc: GrpcSender, rest: RestSender): Promise<string> {
  const call = unpackRequest(finding);
  if (call === undefined) return 'belongs to no single input';
  try {
    if (call.wire === 'REST') {
      const { status, body } = await rest.send(call.request);
      return `HTTP ${status} ${body.toString().slice(0, 1000)}`;
    }
    const { code, message, body } = await grpc.send(call.request);
    return `grpc-status ${code} ${message} and ${body.length} bytes`;
  } catch (error) {
    return (error as Error).message;
  }
}
