import { formatCount } from './progress.ts';
import type { Json, Operation, ServerContext } from './server-api.ts';
import { neutralise } from './terminal-text.ts';

/** Has the replies of a project's conversations be learned, and waits for it where that is wanted. */
export async function trainReplies(
  { all, wait }: { readonly all: boolean; readonly wait: boolean },
  { api, parent, stdout, stderr }: ServerContext,
): Promise<number> {
  const started = performance.now();
  const body = { includeInProgress: all };
  const begun = (await api.post(`${parent}/replyModel:train`, body, 'admin/v1')) as unknown as Operation;
  if (!wait) {
    stdout.write(`${neutralise(begun.name)}: training; parley suggestions status says how far it is\n`);
    return 0;
  }
  let told = '';
  const { response, metadata } = await api.wait(begun, (operation) => {
    const phase = phaseOf(operation.metadata);
    if (phase !== told) stderr.write(`${neutralise(phase)}\n`);
    told = phase;
  });
  const skipped = Number(metadata?.value?.['skippedConversationCount'] ?? 0);
  const left = skipped === 0 ? '' : `, and from ${countOf(skipped, 'conversation')} nothing could be learned`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  stdout.write(
    `learned ${describe(response?.value ?? {})}${left}\ntrained: it is suggested, after ${seconds} s\n`,
  );
  return 0;
}

/** Says what was learned, what of it may be suggested, and how far a training is. */
export async function showReplyModel({ api, parent, stdout }: ServerContext): Promise<number> {
  const model = await api.get(`${parent}/replyModel`, 'admin/v1');
  const { state, trainTime, training } = model;
  const lines = [
    state === 'TRAINED'
      ? `trained ${String(trainTime)}: ${describe(model)}`
      : 'untrained: nothing is suggested',
  ];
  const allowed = Array.isArray(model['allowedReplies']) ? model['allowedReplies'].length : 0;
  if (allowed > 0) lines.push(`of replies, ${formatCount(allowed)} may be suggested`);
  if (typeof training === 'string' && training !== '') {
    const { metadata } = (await api.get(training)) as unknown as Operation;
    lines.push(`${training}: ${phaseOf(metadata)}${progressOf(metadata)}`);
  }
  for (const line of lines) stdout.write(`${neutralise(line)}\n`);
  return 0;
}

const METHODS: Readonly<Record<string, string>> = {
  NEAR_CONTEXTS: 'by near contexts',
  VECTORS: 'by vectors',
};

function describe(model: Json): string {
  const count = (field: string): number => Number(model[field] ?? 0);
  const method = METHODS[String(model['method'])] ?? String(model['method']);
  return (
    `${countOf(count('replyCount'), 'different reply', 'different replies')} of ${formatCount(count('exampleCount'))} ` +
    `in ${countOf(count('conversationCount'), 'conversation')} of ${countOf(count('messageCount'), 'message')}, ` +
    `${method}, ${(count('sizeBytes') / 1e6).toFixed(1)} MB`
  );
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Such as `learning`. */
function phaseOf(metadata: Operation['metadata']): string {
  return String(metadata?.value?.['phase'] ?? 'waiting').toLowerCase();
}

function progressOf(metadata: Operation['metadata']): string {
  const percent = Number(metadata?.value?.['progressPercent'] ?? 0);
  const conversations = Number(metadata?.value?.['conversationCount'] ?? 0);
  return `${percent === 0 ? '' : `, ${percent} %`}, ${countOf(conversations, 'conversation')}`;
}
