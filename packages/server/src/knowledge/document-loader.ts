import { setTimeout } from 'node:timers/promises';
import { documentUnreachable, documentUnreadable, documentUrisOff } from '../assist-errors.ts';
import { ServiceError } from '../errors.ts';
import { DOCUMENT_BYTES_MAX, DOCUMENT_FETCH_MS_MAX, DOCUMENT_REDIRECTS_MAX } from '../limits.ts';
import { OutboundError } from '../outbound/exchange.ts';
import { HttpGetter } from '../outbound/http-getter.ts';
import type { ResourceName } from '../resource-names.ts';
import type { FoundDocument, KnowledgeContents } from './knowledge-contents.ts';
import { passageKindsOf, readMimeType } from './reading/document-kind.ts';
import { DocumentProblem } from './reading/document-problem.ts';
import { DocumentReader } from './reading/document-reader.ts';

/** What is small is read in so many milliseconds; for the rest nobody waits. */
const PATIENCE_MS = 20;

/** What a document came to: its passages as they are stored, or why it has none. */
export type LoadedDocument = { readonly rows: readonly Uint8Array[] } | { readonly error: ServiceError };

interface Loading {
  readonly outcome: Promise<LoadedDocument>;
  readonly stop: AbortController;
}

/** Which documents may be fetched: none, those on the public internet, or any that answers. */
export type DocumentUris = 'none' | 'public' | 'any';

/**
 * Reads documents from where they come from, in the background: who asks for one is told what it came to, or to ask again.
 */
export class DocumentLoader {
  readonly #contents: KnowledgeContents;
  readonly #getter: HttpGetter | undefined;
  readonly #reader = new DocumentReader();
  /** By the document's key. */
  readonly #loading = new Map<string, Loading>();

  constructor(contents: KnowledgeContents, uris: DocumentUris) {
    this.#contents = contents;
    this.#getter =
      uris === 'none' ? undefined : new HttpGetter({ addresses: uris, redirectsMax: DOCUMENT_REDIRECTS_MAX });
  }

  /** Throws FAILED_PRECONDITION where no documents are fetched. */
  requireUris(field: string): void {
    if (this.#getter === undefined) throw documentUrisOff(field);
  }

  /** What a document came to; undefined while it is being read. It is kept until it is dropped. */
  async load(found: FoundDocument): Promise<LoadedDocument | undefined> {
    const { key } = found.name;
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      const stop = new AbortController();
      loading = { outcome: this.#load(found, stop.signal), stop };
      // Where it is stopped nobody may be left to hear it.
      loading.outcome.catch(() => {});
      this.#loading.set(key, loading);
    }
    const patience = new AbortController();
    try {
      return await Promise.race([
        loading.outcome,
        setTimeout(PATIENCE_MS, undefined, { signal: patience.signal }),
      ]);
    } finally {
      patience.abort();
    }
  }

  /** Forgets what a document came to. What is still being read of it is stopped. */
  drop({ key }: ResourceName): void {
    this.#loading.get(key)?.stop.abort(new Error('nobody needs the document any more'));
    this.#loading.delete(key);
  }

  /** Stops all that is being read. What is still needed is read again when it is asked for. */
  stop(): void {
    for (const { stop } of this.#loading.values()) stop.abort(new Error('reading was stopped'));
    this.#loading.clear();
  }

  async #load(found: FoundDocument, signal: AbortSignal): Promise<LoadedDocument> {
    const { document } = found;
    const mimeType = readMimeType(document.mimeType);
    try {
      if (mimeType === undefined) throw new DocumentProblem('its MIME type is not known');
      const kinds = passageKindsOf(document.knowledgeTypes);
      const source =
        document.source.case === 'contentUri'
          ? await this.#fetch(document.source.value, signal)
          : { bytes: await this.#contents.contentOf(found) };
      return { rows: await this.#reader.read({ ...source, mimeType, kinds }, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DocumentProblem) {
        return { error: documentUnreadable(document.displayName, error.message) };
      }
      if (error instanceof OutboundError) {
        const { kind, status = 0, message } = error;
        const mayCome = kind === 'connection' || kind === 'timeout' || status >= 500;
        return { error: documentUnreachable(document.displayName, message, mayCome) };
      }
      if (error instanceof ServiceError) return { error };
      throw error;
    }
  }

  async #fetch(
    uri: string,
    signal: AbortSignal,
  ): Promise<{ bytes: Uint8Array; charset?: string | undefined }> {
    if (this.#getter === undefined) throw documentUrisOff('document.content_uri');
    const { body, headers } = await this.#getter.get(new URL(uri), {
      headers: { 'accept-encoding': 'identity', 'user-agent': 'parley' },
      timeoutMs: DOCUMENT_FETCH_MS_MAX,
      responseBytesMax: DOCUMENT_BYTES_MAX,
      signal,
    });
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      throw new DocumentProblem(`it came compressed as ${encoding.slice(0, 50)}, which was not asked for`);
    }
    const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]+)/iu.exec(headers['content-type'] ?? '') ?? [];
    return { bytes: body, charset };
  }
}
