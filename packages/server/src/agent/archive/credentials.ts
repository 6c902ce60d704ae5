import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Findings } from './findings.ts';
import { isObject } from './json-node.ts';
import { toPlainText } from './plain-text.ts';

/** Settings whose value lets somebody in, by the end of their name. */
const SECRET =
  /(?:secret|secrets|passw(?:or)?d|passphrase|credentials?|token|(?:api|auth|access|private|primary|secondary|shared|signing|subscription|developer|client)[_-]?key)$/iu;

/** Headers that say nothing about who calls. Of all others only the names could tell, and names are free. */
const HARMLESS_HEADERS = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'user-agent',
]);

/**
 * The settings of an agent without what lets somebody in: keys and secrets wherever they stand, and how the webhook is
 * signed in to. What is left out is a finding that names it and not its value.
 */
export function withoutCredentials(settings: JsonObject, file: string, findings: Findings): JsonObject {
  const drop = (place: string): void => findings.drop(`${file}: ${toPlainText(place)}`);
  const kept = withoutSecrets(settings, '', drop);
  const { webhook } = kept;
  return isObject(webhook) ? { ...kept, webhook: withoutSignIn(webhook, drop) } : kept;
}

function withoutSecrets(value: JsonObject, above: string, drop: (place: string) => void): JsonObject {
  const keep = (each: JsonValue, place: string): JsonValue => {
    if (isObject(each)) return withoutSecrets(each, `${place}.`, drop);
    if (Array.isArray(each)) return each.map((element, index) => keep(element, `${place}[${index}]`));
    return each;
  };
  const kept: JsonObject = {};
  for (const [key, each] of Object.entries(value)) {
    const place = `${above}${key}`;
    // Truth values say whether there is a secret, not which.
    if (SECRET.test(key) && typeof each !== 'boolean' && each !== '' && each !== null) drop(place);
    else kept[key] = keep(each, place);
  }
  return kept;
}

function withoutSignIn(webhook: JsonObject, drop: (place: string) => void): JsonObject {
  const kept = { ...webhook };
  if (kept['username'] !== undefined && kept['username'] !== null && kept['username'] !== '') {
    drop('webhook.username');
    kept['username'] = '';
  }
  if (isObject(kept['headers'])) {
    const headers = Object.entries(kept['headers']).filter(([name, value]) => {
      const harmless = value === '' || HARMLESS_HEADERS.has(name.trim().toLowerCase());
      if (!harmless) drop(`webhook.headers.${name}`);
      return harmless;
    });
    kept['headers'] = Object.fromEntries(headers);
  }
  if (typeof kept['url'] === 'string') kept['url'] = withoutUrlSecrets(kept['url'], drop);
  return kept;
}

/** Names and passwords in front of the host, and parameters that are called secrets. */
function withoutUrlSecrets(text: string, drop: (place: string) => void): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  let changed = false;
  if (url.username !== '' || url.password !== '') {
    drop('webhook.url: the name and password in it');
    url.username = '';
    url.password = '';
    changed = true;
  }
  for (const name of new Set(url.searchParams.keys())) {
    if (!SECRET.test(name) && !/^(?:key|sig|signature|code)$/iu.test(name)) continue;
    drop(`webhook.url: its parameter ${name}`);
    url.searchParams.delete(name);
    changed = true;
  }
  return changed ? url.href : text;
}
