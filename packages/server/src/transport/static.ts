import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Metrics, OPENMETRICS_TYPE } from '../metrics.ts';
import { parseTarget } from './request-target.ts';

const TEXT_TYPE = 'text/plain; charset=utf-8';

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What the pages tell of. */
export interface PageSources {
  /** Why no calls can be answered now; undefined where they can. */
  readonly unreadiness: () => string | undefined;
  readonly metrics: Metrics;
}

/** What is no call: whether the server is up, whether it takes calls, and what it has counted. */
export class StaticPages {
  readonly #pages: ReadonlyMap<string, () => Page>;

  constructor({ unreadiness, metrics }: PageSources) {
    this.#pages = new Map<string, () => Page>([
      ['/healthz', () => ({ status: 200, type: TEXT_TYPE, text: 'ok\n' })],
      [
        '/readyz',
        () => {
          const reason = unreadiness();
          return {
            status: reason === undefined ? 200 : 503,
            type: TEXT_TYPE,
            text: `${reason ?? 'ready'}\n`,
          };
        },
      ],
      ['/metrics', () => ({ status: 200, type: OPENMETRICS_TYPE, text: metrics.toString() })],
    ]);
  }

  /** Answers GET and HEAD of a page. False where the path is none. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const page = this.#pages.get(parseTarget(request.url ?? '').path)?.();
    if (page === undefined) return false;
    response.writeHead(page.status, {
      'content-type': page.type,
      'content-length': Buffer.byteLength(page.text),
      'cache-control': 'no-store',
    });
    response.end(page.text);
    return true;
  }
}
