/** Of the catalogue in errors.ts, what is about automated agents, their sessions and what is published of them. */
import { Code } from '@parleykit/proto/rpc';
import {
  DESCRIPTION_LENGTH_MAX,
  invalidArgument,
  QUOTE_LENGTH_MAX,
  quote,
  ServiceError,
  shorten,
} from './errors.ts';

// What an agent is made of

/** `languages` are those that the agent has. */
export function languageUnknown(field: string, language: string, languages: readonly string[]): ServiceError {
  return invalidArgument('LANGUAGE_UNKNOWN', [
    {
      field,
      description: `${quote(language)} is not a language of the agent, which has ${languages.join(', ')}`,
    },
  ]);
}

/** As the real service answers it: https://github.com/googleapis/python-dialogflow/issues/91 */
export function displayNameTaken(type: string, displayName: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'DISPLAY_NAME_TAKEN',
    `${type} with the display name ${quote(displayName)} exists already`,
    { metadata: { resourceType: type, displayName: shorten(displayName, QUOTE_LENGTH_MAX) } },
  );
}

/** `what` says of what there would be too much. */
export function agentTooLarge(what: string): ServiceError {
  return new ServiceError(Code.RESOURCE_EXHAUSTED, 'AGENT_TOO_LARGE', `the agent would hold ${what}`);
}

/** An export of an agent that is not read, with all that is wrong with it. */
export function archiveInvalid(field: string, problems: readonly string[]): ServiceError {
  return invalidArgument(
    'AGENT_EXPORT_INVALID',
    problems.map((description) => ({ field, description })),
  );
}

/** Environments can be made before what is to answer in them. */
export function versionNotLoaded(environment: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'VERSION_NOT_LOADED',
    `no version is loaded into Environment ${quote(environment)}: update its agent_version`,
    { metadata: { resourceName: environment } },
  );
}

export function versionInUse(version: string, environments: readonly string[]): ServiceError {
  const [first = ''] = environments;
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'VERSION_IN_USE',
    `Version ${quote(version)} answers in ${quote(first)}: load another one into it, or delete it`,
    { metadata: { resourceName: version, environment: first } },
  );
}

// Speaking with it

export function automatedAgentAbsent(profile: string): ServiceError {
  return invalidArgument('AUTOMATED_AGENT_ABSENT', [
    {
      field: 'conversation.conversation_stage',
      description: `must not be VIRTUAL_AGENT_STAGE: ${quote(profile)} has no automated_agent_config`,
    },
  ]);
}

/** Only an automated agent can act on what is no message, and on what it said itself. */
export function noAgentListens(conversation: string): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'NO_AGENT_LISTENS',
    `no automated agent listens to this in Conversation ${quote(conversation)}: events are for the END_USER to send, ` +
      'and for the automated agent stage',
    { metadata: { resourceName: conversation } },
  );
}

/** Nothing of the turn is stored. Where the agent may answer the next time, the code says so. */
export function agentFailed(agent: string, cause: Error & { readonly transient: boolean }): ServiceError {
  return new ServiceError(
    cause.transient ? Code.UNAVAILABLE : Code.FAILED_PRECONDITION,
    'AUTOMATED_AGENT_FAILED',
    `the automated agent ${quote(agent)} failed: ${shorten(cause.message, DESCRIPTION_LENGTH_MAX)}`,
    { metadata: { agent }, cause },
  );
}

/** As it answers, or answered once: what is wrong with it is for who made it to mend. */
export function trainingFailed(agent: string, cause: Error): ServiceError {
  return new ServiceError(
    Code.FAILED_PRECONDITION,
    'AGENT_TRAINING_FAILED',
    `the agent ${quote(agent)} could not be trained: ${shorten(cause.message, DESCRIPTION_LENGTH_MAX)}`,
    { metadata: { agent }, cause },
  );
}

export function sessionTooLarge(limit: number): ServiceError {
  return new ServiceError(
    Code.RESOURCE_EXHAUSTED,
    'SESSION_TOO_LARGE',
    `the session would hold more than ${limit} bytes of contexts and session entity types`,
  );
}
