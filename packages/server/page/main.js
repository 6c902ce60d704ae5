import { conversationOf, formatAddress, idOf, parentOf, parseAddress } from './address.js';
import { listLocations, reachability } from './api.js';
import { ConversationList } from './conversation-list.js';
import { ConversationView } from './conversation-view.js';
import { askForConversation } from './dialogs.js';
import { byId, element, setText } from './dom.js';

/** The page: what it shows follows from the URL's fragment alone, and whoever wants to show something else sets that. */

/** @typedef {import('./address.js').Address} Address */

const scope = byId('scope', HTMLFormElement);
const project = byId('project', HTMLInputElement);
const place = byId('location', HTMLSelectElement);
const stateFilter = byId('state-filter', HTMLFieldSetElement);
const pane = byId('pane', HTMLElement);
const welcome = byId('welcome', HTMLElement);
const article = byId('conversation', HTMLElement);
const back = byId('back', HTMLAnchorElement);
const connection = byId('connection', HTMLElement);

const list = new ConversationList();
/** @type {ConversationView | undefined} */
let view;
let address = parseAddress(window.location.hash);
let open = '';
let projectOfLocations = '';

/** @param {Partial<Address>} change */
function go(change) {
  window.location.hash = formatAddress({ ...address, ...change });
}

function show() {
  address = parseAddress(window.location.hash);
  // Whoever goes back leaves what was asked here.
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  project.value = address.project;
  void showLocation();
  for (const input of stateFilter.querySelectorAll('input')) input.checked = input.value === address.state;
  setText(byId('parent', HTMLElement), parentOf(address));
  list.show(address);
  showConversation();
}

function showConversation() {
  const wanted = address.conversation === '' ? '' : conversationOf(address);
  back.href = formatAddress({ ...address, conversation: '' });
  if (wanted === open) return;
  const last = open;
  open = wanted;
  view?.close();
  view = wanted === '' ? undefined : new ConversationView(wanted, () => list.refresh());
  welcome.hidden = wanted !== '';
  article.hidden = wanted === '';
  document.body.dataset['pane'] = wanted === '' ? 'list' : 'conversation';
  document.title = wanted === '' ? 'Parley' : `${idOf(wanted)} – Parley`;
  if (isShown && wanted !== '') byId('conversation-heading', HTMLElement).focus();
  if (isShown && wanted === '') list.focus(last);
}

/** The locations of a server are the same for each project, but it is asked in the name of one. */
async function showLocation() {
  const { location: wanted } = address;
  if (![...place.options].some(({ value }) => value === wanted)) addLocation(wanted);
  place.value = wanted;
  if (projectOfLocations !== '') return;
  projectOfLocations = address.project;
  try {
    for (const id of await listLocations(address.project)) addLocation(id);
  } catch {
    // Without them there is the default one; what is wrong is said by the list of conversations.
    projectOfLocations = '';
  }
}

/** @param {string} id */
function addLocation(id) {
  if ([...place.options].some(({ value }) => value === id)) return;
  place.append(element('option', { value: id }, id));
}

scope.addEventListener('submit', (event) => {
  event.preventDefault();
  go({ project: project.value.trim(), conversation: '' });
});
project.addEventListener('change', () => {
  if (project.reportValidity()) go({ project: project.value.trim(), conversation: '' });
});
place.addEventListener('change', () => go({ location: place.value, conversation: '' }));
stateFilter.addEventListener('change', () => {
  const chosen = stateFilter.querySelector('input:checked')?.getAttribute('value');
  go({ state: chosen === 'IN_PROGRESS' || chosen === 'COMPLETED' ? chosen : '' });
});
byId('new-conversation', HTMLButtonElement).addEventListener('click', async () => {
  const made = await askForConversation(parentOf(address));
  if (made === undefined) return;
  list.refresh();
  go({ conversation: idOf(made.name) });
});
byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
  event.preventDefault();
  pane.focus();
});
reachability.addEventListener('away', () => {
  connection.classList.add('away');
  setText(connection, 'The server does not answer. Trying again.');
});
reachability.addEventListener('back', () => {
  connection.classList.remove('away');
  setText(connection, 'The server is back.');
});
window.addEventListener('hashchange', show);
// A page that is left is kept by browsers for who comes back, with its connections, of which there are few.
window.addEventListener('pagehide', () => {
  view?.close();
  view = undefined;
  open = '';
});
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) showConversation();
});

// Where there is little room, what a conversation is stands behind its transcript.
const details = byId('details', HTMLDetailsElement);
const isWide = window.matchMedia('(min-width: 47.01rem)');
details.open = isWide.matches;
isWide.addEventListener('change', () => {
  details.open = isWide.matches;
});

setText(byId('endpoint', HTMLElement), window.location.host);
let isShown = false;
show();
isShown = true;
