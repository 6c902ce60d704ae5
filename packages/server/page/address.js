/**
 * What the page shows, as its URL's fragment says it. The fragment is the resource name in the API, so that a link to a
 * conversation can be made from its name.
 *
 * @typedef {object} Address
 * @property {string} project
 * @property {string} location Empty where the name has none.
 * @property {string} conversation Its id; empty where none is open.
 * @property {'' | 'IN_PROGRESS' | 'COMPLETED'} state Which conversations are listed; empty for all.
 */

const NAME =
  /^#?\/?projects\/([^/?]+)(?:\/locations\/([^/?]+))?(?:\/conversations\/([^/?]+))?\/?(?:\?(.*))?$/u;

/** @type {Address} */
const DEFAULT = { project: 'demo', location: '', conversation: '', state: '' };

/**
 * What a fragment asks for; the project `demo` where it cannot be understood.
 *
 * @param {string} hash
 * @returns {Address}
 */
export function parseAddress(hash) {
  const match = NAME.exec(hash);
  if (match === null) return DEFAULT;
  const [, project = '', location = '', conversation = '', query = ''] = match;
  const state = new URLSearchParams(query).get('state');
  try {
    return {
      project: decodeURIComponent(project),
      location: decodeURIComponent(location),
      conversation: decodeURIComponent(conversation),
      state: state === 'IN_PROGRESS' || state === 'COMPLETED' ? state : '',
    };
  } catch {
    // A stray percent sign.
    return DEFAULT;
  }
}

/**
 * The fragment that asks for an address.
 *
 * @param {Address} address
 */
export function formatAddress(address) {
  const { conversation, state } = address;
  const path = conversation === '' ? parentOf(address) : conversationOf(address);
  return `#/${encodeName(path)}${state === '' ? '' : `?state=${state}`}`;
}

/**
 * The resource name under which an address's conversations are.
 *
 * @param {Pick<Address, 'project' | 'location'>} address
 */
export function parentOf({ project, location }) {
  return location === '' ? `projects/${project}` : `projects/${project}/locations/${location}`;
}

/**
 * The resource name of an address's conversation.
 *
 * @param {Address} address
 */
export function conversationOf(address) {
  return `${parentOf(address)}/conversations/${address.conversation}`;
}

/**
 * The last segment of a resource name.
 *
 * @param {string} name
 */
export function idOf(name) {
  return name.slice(name.lastIndexOf('/') + 1);
}

/**
 * A resource name as it stands in a URL.
 *
 * @param {string} name
 */
export function encodeName(name) {
  return name.split('/').map(encodeURIComponent).join('/');
}
