import { idOf } from './address.js';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  listProfiles,
} from './api.js';
import { byId, element, showError } from './dom.js';

/** @typedef {import('./api.js').Conversation} Conversation */
/** @typedef {import('./api.js').Participant} Participant */

/**
 * Opens a dialog and does its work when it is submitted; it stays open, with the reason, until that succeeds. Resolves
 * with the outcome, or undefined where the reader thought better of it. Focus and Escape are the browser's business.
 *
 * @template T
 * @param {string} id
 * @param {(fields: FormData) => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
function ask(id, work) {
  const dialog = byId(id, HTMLDialogElement);
  const form = dialog.querySelector('form');
  const error = dialog.querySelector('.error');
  const submit = dialog.querySelector('[type=submit]');
  const cancel = dialog.querySelector('[data-close]');
  if (!(form && error instanceof HTMLElement && submit && cancel))
    throw new Error(`the dialog ${id} is not whole`);
  const end = new AbortController();
  const { signal } = end;
  showError(error, undefined);
  /** @type {T | undefined} */
  let outcome;
  let isBusy = false;
  cancel.addEventListener('click', () => dialog.close(), { signal });
  form.addEventListener(
    'submit',
    async (event) => {
      event.preventDefault();
      if (isBusy) return;
      isBusy = true;
      submit.setAttribute('aria-disabled', 'true');
      try {
        outcome = await work(new FormData(form));
        dialog.close();
      } catch (reason) {
        showError(error, reason);
      } finally {
        isBusy = false;
        submit.removeAttribute('aria-disabled');
      }
    },
    { signal },
  );
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        end.abort();
        resolve(outcome);
      },
      { signal },
    );
    dialog.showModal();
  });
}

/** A choice of the profile that is none of the profiles. */
const NEW_PROFILE = '';

/**
 * Starts a conversation.
 *
 * @param {string} parent
 * @returns {Promise<Conversation | undefined>}
 */
export async function askForConversation(parent) {
  const choice = byId('new-profile', HTMLSelectElement);
  const fields = byId('new-profile-fields', HTMLElement);
  const displayName = byId('new-profile-name', HTMLInputElement);
  const id = byId('new-id', HTMLInputElement);
  const showFields = () => {
    fields.hidden = choice.value !== NEW_PROFILE;
    displayName.required = !fields.hidden;
  };
  choice.onchange = showFields;
  displayName.value = 'My profile';
  id.value = '';
  const makeNew = element('option', { value: NEW_PROFILE }, 'Make a new profile');
  choice.replaceChildren(makeNew);
  showFields();
  const outcome = ask('new-dialog', async (form) => {
    let conversationProfile = String(form.get('profile') ?? '');
    if (conversationProfile === NEW_PROFILE) {
      const made = await createProfile(parent, String(form.get('displayName')));
      conversationProfile = made.name;
      // Were the conversation refused, the next attempt would take this one.
      offer(choice, [made]);
      choice.value = made.name;
      showFields();
    }
    const conversationId = String(form.get('conversationId') ?? '').trim();
    return createConversation(parent, { conversationId, conversationProfile });
  });
  listProfiles(parent).then(
    (profiles) => {
      // The dialog may have been opened anew meanwhile.
      if (!choice.contains(makeNew)) return;
      offer(choice, profiles);
      const [first] = profiles;
      if (first !== undefined) choice.value = first.name;
      showFields();
    },
    (reason) => {
      const error = byId('new-dialog', HTMLDialogElement).querySelector('.error');
      if (error instanceof HTMLElement) showError(error, reason);
    },
  );
  return outcome;
}

/**
 * @param {HTMLSelectElement} choice
 * @param {readonly import('./api.js').Profile[]} profiles
 */
function offer(choice, profiles) {
  const options = profiles.map(({ name, displayName }) => {
    const id = idOf(name);
    return element('option', { value: name }, displayName ? `${displayName} · ${id}` : id);
  });
  choice.prepend(...options);
}

/**
 * Adds a participant to a conversation.
 *
 * @param {string} conversation
 * @returns {Promise<Participant | undefined>}
 */
export function askForParticipant(conversation) {
  byId('participant-user', HTMLInputElement).value = '';
  return ask('participant-dialog', (form) => {
    const role = /** @type {import('./api.js').Role} */ (form.get('role'));
    const obfuscatedExternalUserId = String(form.get('userId') ?? '').trim();
    return createParticipant(conversation, {
      role,
      ...(obfuscatedExternalUserId === '' ? {} : { obfuscatedExternalUserId }),
    });
  });
}

/**
 * Completes a conversation, if the reader really wants to.
 *
 * @param {string} conversation
 * @returns {Promise<Conversation | undefined>}
 */
export function askForCompletion(conversation) {
  return ask('complete-dialog', () => completeConversation(conversation));
}
