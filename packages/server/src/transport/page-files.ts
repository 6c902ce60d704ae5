import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { extname } from 'node:path';
import { type Answer, type HeaderList, textAnswer } from './http-answer.ts';

/** The same folder from the sources and from what is packed. */
const FOLDER = new URL('../../page/', import.meta.url);

/** Where everything but the page itself lies. */
const PREFIX = '/page/';

/** What is served, by the end of its name; nothing else in the folder is. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page runs its own files, calls the server that it came from, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A browser asks each time whether its copy still stands: so a new version of the server is never half of an old one. */
const HEADERS: HeaderList = [
  'content-security-policy',
  POLICY,
  'referrer-policy',
  'no-referrer',
  'cross-origin-opener-policy',
  'same-origin',
  'cache-control',
  'no-cache',
  'vary',
  'accept',
];

interface PageFile {
  readonly type: string;
  readonly text: string;
  readonly tag: string;
}

/** The web page of the server and what belongs to it. It is read when it is first asked for, and then kept. */
export class PageFiles {
  #files: ReadonlyMap<string, PageFile> | undefined;

  /** The answer to GET and HEAD of one of the page's paths; undefined where it has no such. */
  answer({ headers }: Pick<IncomingMessage, 'headers'>, path: string): Answer | undefined {
    if (path !== '/' && !path.startsWith(PREFIX)) return undefined;
    if (path === '/' && !wantsHtml(headers.accept)) return introduction();
    this.#files ??= readFiles();
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    const { type, text, tag } = file;
    const own = [...HEADERS, 'etag', tag];
    if (isKnown(headers['if-none-match'], tag)) return { status: 304, headers: own, body: '' };
    const answer = textAnswer(200, type, text);
    return { ...answer, headers: [...answer.headers, ...own] };
  }
}

function readFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(FOLDER)) {
    const type = types[extname(name)];
    if (type === undefined || name.includes('.test.')) continue;
    const text = readFileSync(new URL(name, FOLDER), 'utf8');
    const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    files.set(name === 'index.html' ? '/' : `${PREFIX}${name}`, { type, text, tag });
  }
  return files;
}

/** Browsers name HTML, programs that take anything do not. */
function wantsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|[,\s])text\/html(?:$|[;,\s])/iu.test(accept);
}

/** What somebody with curl wants to know. */
function introduction(): Answer {
  const lines = [
    "Parley: Dialogflow's v2beta1 Conversations API",
    '',
    'REST   /v2beta1/projects/PROJECT/conversations',
    'gRPC   on this port, in cleartext, with reflection',
    'state  /healthz /readyz /metrics',
    'page   this address in a web browser',
    '',
  ];
  const answer = textAnswer(200, 'text/plain; charset=utf-8', lines.join('\n'));
  return { ...answer, headers: [...answer.headers, 'cache-control', 'no-cache', 'vary', 'accept'] };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((known) => ['*', tag].includes(known.trim().replace(/^W\//u, '')));
}
