import { element } from './dom.js';

/** What the API's enums are called on the page; a value of a newer API is shown as it is. */

/** @type {Readonly<Record<string, string>>} */
const roles = { END_USER: 'End user', HUMAN_AGENT: 'Human agent', AUTOMATED_AGENT: 'Automated agent' };
/** @type {Readonly<Record<string, string>>} */
const stages = { VIRTUAL_AGENT_STAGE: 'Virtual agent', HUMAN_ASSIST_STAGE: 'Human assist' };
/** @type {Readonly<Record<string, string>>} */
const states = { IN_PROGRESS: 'In progress', COMPLETED: 'Completed' };

/**
 * Who speaks.
 *
 * @param {string | undefined} role
 */
export function showRole(role) {
  return role === undefined ? 'Unknown role' : (roles[role] ?? role);
}

/**
 * Who leads a conversation.
 *
 * @param {string | undefined} stage
 */
export function showStage(stage) {
  return stage === undefined ? '' : (stages[stage] ?? stage);
}

/**
 * A conversation's state, by words and shape.
 *
 * @param {string | undefined} state
 */
export function stateBadge(state = '') {
  return element('span', { class: `badge ${state}` }, states[state] ?? state);
}
