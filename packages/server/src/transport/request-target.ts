/** What a request line asks for, taken apart. */
export interface RequestTarget {
  /** The host and port that an absolute target names, which then stand for the Host header. */
  readonly authority: string | undefined;
  readonly path: string;
  readonly query: string;
}

const ABSOLUTE = /^http:\/\/([^/?#]*)/iu;

/** Takes a target apart as it stands, escapes and all: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
export function parseTarget(target: string): RequestTarget {
  const absolute = target.startsWith('/') ? null : ABSOLUTE.exec(target);
  const local = absolute === null ? target : target.slice(absolute[0].length);
  const mark = local.indexOf('?');
  const path = mark === -1 ? local : local.slice(0, mark);
  return {
    authority: absolute?.[1],
    path: path === '' ? '/' : path,
    query: mark === -1 ? '' : local.slice(mark + 1),
  };
}
