import type { IncomingMessage } from 'node:http';
import { type Metrics, OPENMETRICS_TYPE } from '../metrics.ts';
import { type Answer, textAnswer } from './http-answer.ts';
import { PageFiles } from './page-files.ts';
import type { RequestTarget } from './request-target.ts';

const TEXT_TYPE = 'text/plain; charset=utf-8';

/** What the pages tell of. */
export interface PageSources {
  /** Why no calls can be answered now; undefined where they can. */
  readonly unreadiness: () => string | undefined;
  readonly metrics: Metrics;
}

/** What is no call: the web page, whether the server is up, whether it takes calls, and what it has counted. */
export class StaticPages {
  readonly #files = new PageFiles();
  readonly #pages: ReadonlyMap<string, () => Answer>;

  constructor({ unreadiness, metrics }: PageSources) {
    this.#pages = new Map<string, () => Answer>([
      ['/healthz', () => page(200, TEXT_TYPE, 'ok\n')],
      [
        '/readyz',
        () => {
          const reason = unreadiness();
          return page(reason === undefined ? 200 : 503, TEXT_TYPE, `${reason ?? 'ready'}\n`);
        },
      ],
      ['/metrics', () => page(200, OPENMETRICS_TYPE, metrics.toString())],
    ]);
  }

  /** The answer to GET and HEAD of a page; undefined where this is none. */
  answer(request: IncomingMessage, { path }: RequestTarget): Answer | undefined {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    return this.#pages.get(path)?.() ?? this.#files.answer(request, path);
  }
}

/** It tells of the moment, so nobody is to keep it. */
function page(status: number, type: string, text: string): Answer {
  const answer = textAnswer(status, type, text);
  return { ...answer, headers: [...answer.headers, 'cache-control', 'no-store'] };
}
