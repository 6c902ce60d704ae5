/** What ids are made of that say which side somebody is on, and not who they are. */
const SIDES = new Set(
  'agent assistant automated bot caller client customer end enduser guest human operator participant support system user virtual visitor'.split(
    ' ',
  ),
);

/**
 * The names that the id of a participant may be made of, such as Ada and Okafor of `ada.okafor@example.com`, as they are
 * written in texts: with a capital, since what is written small may be any word. None of ids with digits, which programs
 * make.
 */
export function namesIn(id: string): string[] {
  const [local = ''] = id.split('@');
  if (!/^[\p{L}\p{M} ._'’-]+$/u.test(local)) return [];
  return local
    .split(/[ ._-]+/u)
    .filter((part) => part.length >= 3 && !SIDES.has(part.toLowerCase()))
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1));
}
