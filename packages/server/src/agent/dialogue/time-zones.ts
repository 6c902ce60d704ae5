const known = new Map<string, boolean>();
const KNOWN_MAX = 1_000;

/** Whether there is such a time zone in the IANA database. */
export function isTimeZone(name: string): boolean {
  let is = known.get(name);
  if (is === undefined) {
    is = name !== '' && canFormat(name);
    if (known.size < KNOWN_MAX) known.set(name, is);
  }
  return is;
}

/** The first of some time zones that exists; UTC where none does. */
export function knownTimeZone(...names: readonly (string | undefined)[]): string {
  return names.find((name) => name !== undefined && isTimeZone(name)) ?? 'UTC';
}

function canFormat(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
