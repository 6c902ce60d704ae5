/**
 * Where the service does not follow the annotations of its own descriptors. Everything else about REQUIRED and
 * OUTPUT_ONLY fields is read from the descriptors, so each departure stands here with its reason.
 */

export interface FieldOverride {
  readonly behavior: 'required' | 'optional';
  readonly reason: string;
}

/** By request type and field path, in proto spelling. */
export const fieldOverrides: Readonly<Record<string, FieldOverride>> = {
  'BatchCreateMessagesRequest.requests.parent': {
    behavior: 'optional',
    reason: 'The parent of the batch stands for it: https://google.aip.dev/233',
  },
  'BatchCreateMessagesRequest.requests.message.participant': {
    behavior: 'required',
    reason: 'Annotated OUTPUT_ONLY on Message, but CreateMessageRequest says that it is required.',
  },
  'BatchCreateMessagesRequest.requests.message.send_time': {
    behavior: 'required',
    reason: 'Annotated OPTIONAL on Message; messages of a batch are told apart by it.',
  },
  'SetAgentRequest.agent.display_name': {
    behavior: 'required',
    reason: 'Not annotated, but its comment says that it is required.',
  },
  'SetAgentRequest.agent.default_language_code': {
    behavior: 'required',
    reason: 'Not annotated, but its comment says that it is required.',
  },
  'SetAgentRequest.agent.time_zone': {
    behavior: 'required',
    reason: 'Not annotated, but its comment says that it is required.',
  },
  'CreateIntentRequest.intent.training_phrases.type': {
    behavior: 'optional',
    reason: 'Google’s own samples leave it out: then it is EXAMPLE.',
  },
  'UpdateIntentRequest.intent.training_phrases.type': {
    behavior: 'optional',
    reason: 'Google’s own samples leave it out: then it is EXAMPLE.',
  },
  'BatchUpdateIntentsRequest.intent_batch_inline.intents.training_phrases.type': {
    behavior: 'optional',
    reason: 'Google’s own samples leave it out: then it is EXAMPLE.',
  },
  'BatchDeleteIntentsRequest.intents.display_name': {
    behavior: 'optional',
    reason: 'The comment of the list says that nothing but names must be filled in.',
  },
  'GenerateStatelessSummaryRequest.stateless_conversation.messages.participant_role': {
    behavior: 'required',
    reason: 'Annotated OUTPUT_ONLY on Message, but the comment of the messages says that it is required.',
  },
  'GenerateStatelessSummaryRequest.stateless_conversation.messages.participant': {
    behavior: 'optional',
    reason: 'Annotated OUTPUT_ONLY on Message. Who speaks is told by the role; names are the caller’s own.',
  },
  'GenerateStatelessSummaryRequest.latest_message': {
    behavior: 'optional',
    reason: 'The comment says that names of messages are the caller’s own.',
  },
  'GenerateStatelessSummaryRequest.conversation_profile.display_name': {
    behavior: 'optional',
    reason: 'The comment of the profile names what is required of it, and not this.',
  },
  'CreateVersionRequest.version': {
    behavior: 'optional',
    reason: 'A description is all that is said in it, and Google’s Node client sends no empty one over REST.',
  },
  'CreateParticipantRequest.participant.role': {
    behavior: 'required',
    reason: 'Annotated IMMUTABLE only, but its comment says that it must be set at creation.',
  },
};

/** By resource type: the forms of its names, where the descriptors know fewer than the fields' comments allow. */
export const resourcePatternOverrides: Readonly<Record<string, readonly string[]>> = {
  // Fields that name an agent take an environment of an ES agent, and CX agents, which are not of this API.
  'dialogflow.googleapis.com/Agent': [
    'projects/{project}/agent',
    'projects/{project}/locations/{location}/agent',
    'projects/{project}/agent/environments/{environment}',
    'projects/{project}/locations/{location}/agent/environments/{environment}',
    'projects/{project}/locations/{location}/agents/{agent}',
    'projects/{project}/locations/{location}/agents/{agent}/environments/{environment}',
  ],
};
