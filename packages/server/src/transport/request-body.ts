import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  contentEncodingUnsupported,
  contentTypeUnsupported,
  requestTimeout,
  requestTooLarge,
  transferEncodingUnsupported,
} from '../errors.ts';
import { headerValues } from './request-headers.ts';

const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/iu;
const UTF_8 = /^(?:utf-?8|"utf-?8")$/iu;

/**
 * Reads a body that is JSON or nothing, up to a limit; undefined where there is none, at once where the headers
 * announce none. Throws a ServiceError for everything else, before reading where the headers tell. Types that a page
 * may send anywhere without asking (text/plain, forms) are never taken for JSON, not even where they hold nothing.
 */
export function readJsonBody(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Uint8Array | undefined> | undefined {
  const { headers } = request;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') throw contentEncodingUnsupported(encoding);
  const transfer = headers['transfer-encoding']?.trim().toLowerCase();
  if (transfer !== undefined && transfer !== 'chunked') throw transferEncodingUnsupported(transfer);
  const types = headerValues(request, 'content-type');
  const type = types.join(', ');
  if (types.length > 0 && !isJson(type)) throw contentTypeUnsupported(type);
  const length = Number(headers['content-length'] ?? 0);
  if (length > limitBytes) throw requestTooLarge(limitBytes);
  if (length > 0 && types.length === 0) throw contentTypeUnsupported(undefined);
  if (awaitsContinue(request)) response.writeContinue();
  const isAnnounced = length > 0 || transfer !== undefined;
  return isAnnounced ? readAnnounced(request, response, limitBytes) : undefined;
}

async function readAnnounced(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  const body = await readAll(request, limitBytes);
  // What became whole only after it was refused must not be done.
  if (response.headersSent) throw requestTimeout();
  if (body.byteLength === 0) return undefined;
  if (request.headers['content-type'] === undefined) throw contentTypeUnsupported(undefined);
  return body;
}

/** Whether the caller sends its body only once it is told to. */
export function awaitsContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect?.trim().toLowerCase() === '100-continue';
}

/** application/json in UTF-8, the only encoding that it has: https://www.rfc-editor.org/rfc/rfc8259#section-8.1 */
function isJson(type: string): boolean {
  if (!JSON_TYPE.test(type) || type.includes(',')) return false;
  return type
    .split(';')
    .slice(1)
    .every((parameter) => {
      const [name = '', value = ''] = parameter.split('=');
      return name.trim().toLowerCase() !== 'charset' || UTF_8.test(value.trim());
    });
}

/** By events: leaving a loop over the request would end its connection, and with it the answer. */
function readAll(request: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const read = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      request.off('data', read);
      reject(requestTooLarge(limitBytes));
    };
    request.on('data', read).once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}
