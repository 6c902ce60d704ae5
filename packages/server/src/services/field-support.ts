/**
 * What the server does with each field of each message that a built method takes or answers. The compatibility page
 * is made from this; a field that stands nowhere, or twice, or no longer exists, fails the tests.
 *
 * implemented  the field does what its comment in the proto says
 * stored       kept and given back; nothing acts on it yet
 * ignored      taken and passed over
 * refused      an error that names it
 * unset        never filled in, although the real service may
 */
export type Support = 'implemented' | 'stored' | 'ignored' | 'refused' | 'unset';

/** Field names by support, separated by spaces, as they stand in the proto. */
export type FieldSupport = { readonly [Kind in Support]?: string };

const page = 'page_size page_token';

/** By message, without the package of v2beta1. */
export const fieldSupport: Readonly<Record<string, FieldSupport>> = {
  CreateConversationRequest: { implemented: 'parent conversation conversation_id' },
  ListConversationsRequest: { implemented: `parent filter ${page}` },
  ListConversationsResponse: { implemented: 'conversations next_page_token' },
  GetConversationRequest: { implemented: 'name' },
  CompleteConversationRequest: { implemented: 'name' },
  BatchCreateMessagesRequest: { implemented: 'parent requests' },
  BatchCreateMessagesResponse: { implemented: 'messages' },
  CreateMessageRequest: { implemented: 'parent message' },
  ListMessagesRequest: { implemented: `parent filter ${page}` },
  ListMessagesResponse: { implemented: 'messages next_page_token' },

  Conversation: {
    implemented:
      'name lifecycle_state conversation_profile start_time end_time conversation_stage initial_conversation_profile',
    unset: 'phone_number telephony_connection_info ingested_context_references initial_generator_contexts',
  },
  ConversationPhoneNumber: { unset: 'country_code phone_number' },
  'Conversation.TelephonyConnectionInfo': { unset: 'dialed_number sdp sip_headers extra_mime_contents' },
  'Conversation.TelephonyConnectionInfo.SipHeader': { unset: 'name value' },
  'Conversation.TelephonyConnectionInfo.MimeContent': { unset: 'mime_type content' },
  'Conversation.ContextReference': { unset: 'context_contents update_mode language_code create_time' },
  'Conversation.ContextReference.ContextContent': {
    unset: 'content content_format ingestion_time answer_record',
  },
  'Conversation.GeneratorContext': { unset: 'generator_type' },

  Message: {
    implemented: 'name content participant participant_role create_time send_time',
    stored: 'language_code response_messages',
    unset: 'message_annotation sentiment_analysis',
  },
  ResponseMessage: {
    stored: 'text payload live_agent_handoff end_interaction mixed_audio telephony_transfer_call',
  },
  'ResponseMessage.Text': { stored: 'text' },
  'ResponseMessage.LiveAgentHandoff': { stored: 'metadata' },
  'ResponseMessage.EndInteraction': {},
  'ResponseMessage.MixedAudio': { stored: 'segments' },
  'ResponseMessage.MixedAudio.Segment': { stored: 'audio uri allow_playback_interruption' },
  'ResponseMessage.TelephonyTransferCall': { stored: 'phone_number sip_uri' },
  MessageAnnotation: { unset: 'parts contain_entities' },
  AnnotatedMessagePart: { unset: 'text entity_type formatted_value' },
  SentimentAnalysisResult: { unset: 'query_text_sentiment' },
  Sentiment: { unset: 'score magnitude' },

  CreateParticipantRequest: { implemented: 'parent participant' },
  GetParticipantRequest: { implemented: 'name' },
  ListParticipantsRequest: { implemented: `parent ${page}` },
  ListParticipantsResponse: { implemented: 'participants next_page_token' },
  UpdateParticipantRequest: { implemented: 'participant update_mask' },
  Participant: {
    implemented: 'name role',
    stored: 'obfuscated_external_user_id documents_metadata_filters agent_desktop_source',
  },

  ListConversationProfilesRequest: { implemented: `parent ${page}` },
  ListConversationProfilesResponse: { implemented: 'conversation_profiles next_page_token' },
  GetConversationProfileRequest: { implemented: 'name' },
  CreateConversationProfileRequest: { implemented: 'parent conversation_profile' },
  UpdateConversationProfileRequest: { implemented: 'conversation_profile update_mask' },
  DeleteConversationProfileRequest: { implemented: 'name' },
  SetSuggestionFeatureConfigRequest: {
    implemented: 'conversation_profile participant_role suggestion_feature_config',
  },
  ClearSuggestionFeatureConfigRequest: {
    implemented: 'conversation_profile participant_role suggestion_feature_type',
  },
  ConversationProfile: {
    implemented:
      'name display_name create_time update_time automated_agent_config notification_config logging_config ' +
      'new_message_event_notification_config',
    stored:
      'human_agent_assistant_config human_agent_handoff_config new_recognition_result_notification_config stt_config ' +
      'language_code time_zone security_settings sip_config tts_config use_bidi_streaming',
  },
  AutomatedAgentConfig: { stored: 'agent session_ttl' },
  HumanAgentAssistantConfig: {
    stored:
      'notification_config human_agent_suggestion_config end_user_suggestion_config message_analysis_config',
  },
  NotificationConfig: { implemented: 'topic message_format' },
  'HumanAgentAssistantConfig.SuggestionConfig': {
    stored:
      'feature_configs group_suggestion_responses generators disable_high_latency_features_sync_delivery ' +
      'skip_empty_event_based_suggestion use_unredacted_conversation_data enable_async_tool_call',
  },
  'HumanAgentAssistantConfig.SuggestionFeatureConfig': {
    stored:
      'suggestion_feature enable_event_based_suggestion disable_agent_query_logging ' +
      'enable_query_suggestion_when_no_answer enable_conversation_augmented_query ' +
      'enable_query_suggestion_only enable_response_debug_info rai_settings suggestion_trigger_event ' +
      'disable_query_search_context suggestion_trigger_settings query_config conversation_process_config',
  },
  SuggestionFeature: { stored: 'type' },
  RaiSettings: { stored: 'rai_category_configs' },
  'RaiSettings.RaiCategoryConfig': { stored: 'category sensitivity_level' },
  'HumanAgentAssistantConfig.SuggestionTriggerSettings': { stored: 'no_small_talk only_end_user' },
  'HumanAgentAssistantConfig.SuggestionQueryConfig': {
    stored:
      'knowledge_base_query_source document_query_source dialogflow_query_source max_results ' +
      'confidence_threshold context_filter_settings sections context_size',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.KnowledgeBaseQuerySource': { stored: 'knowledge_bases' },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DocumentQuerySource': { stored: 'documents' },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DialogflowQuerySource': {
    stored: 'agent human_agent_side_config',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DialogflowQuerySource.HumanAgentSideConfig': {
    stored: 'agent',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.ContextFilterSettings': {
    stored: 'drop_handoff_messages drop_virtual_agent_messages drop_ivr_messages',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.Sections': { stored: 'section_types' },
  'HumanAgentAssistantConfig.ConversationProcessConfig': { stored: 'recent_sentences_count' },
  'HumanAgentAssistantConfig.MessageAnalysisConfig': {
    stored: 'enable_entity_extraction enable_sentiment_analysis enable_sentiment_analysis_v3',
  },
  HumanAgentHandoffConfig: { stored: 'live_person_config salesforce_live_agent_config' },
  'HumanAgentHandoffConfig.LivePersonConfig': { stored: 'account_number' },
  'HumanAgentHandoffConfig.SalesforceLiveAgentConfig': {
    stored: 'organization_id deployment_id button_id endpoint_domain',
  },
  LoggingConfig: { implemented: 'enable_stackdriver_logging' },
  SpeechToTextConfig: {
    stored:
      'speech_model_variant model phrase_sets audio_encoding sample_rate_hertz language_code ' +
      'enable_word_info use_timeout_based_endpointing',
  },
  SipConfig: {
    stored:
      'create_conversation_on_the_fly inactive_start max_audio_recording_duration ' +
      'allow_virtual_agent_interaction keep_conversation_running copy_inbound_call_leg_headers ' +
      'ignore_reinvite_media_direction',
  },
  SynthesizeSpeechConfig: {
    stored: 'speaking_rate pitch volume_gain_db effects_profile_id voice pronunciations',
  },
  VoiceSelectionParams: { stored: 'name ssml_gender' },
  CustomPronunciationParams: { stored: 'phrase phonetic_encoding pronunciation' },

  ConversationEvent: {
    implemented: 'conversation type new_message_payload',
    unset: 'error_status new_recognition_result_payload',
  },
  StreamingRecognitionResult: {
    unset:
      'message_type transcript is_final confidence stability speech_word_info speech_end_offset language_code ' +
      'dtmf_digits',
  },
  SpeechWordInfo: { unset: 'word start_offset end_offset confidence' },
  TelephonyDtmfEvents: { unset: 'dtmf_events' },

  'parley.admin.v1.ListDeadLettersRequest': { implemented: `parent ${page}` },
  'parley.admin.v1.ListDeadLettersResponse': { implemented: 'dead_letters next_page_token' },
  'parley.admin.v1.DeadLetter': {
    implemented: 'name event_id topic event publish_time dead_time reason',
  },
  'parley.admin.v1.ReplayDeadLettersRequest': { implemented: 'parent names' },
  'parley.admin.v1.ReplayDeadLettersResponse': { implemented: 'replayed' },

  'google.longrunning.Operation': { implemented: 'name metadata done error response' },
  'google.longrunning.ListOperationsRequest': {
    implemented: `name filter ${page}`,
    refused: 'return_partial_success',
  },
  'google.longrunning.ListOperationsResponse': {
    implemented: 'operations next_page_token',
    unset: 'unreachable',
  },
  'google.longrunning.GetOperationRequest': { implemented: 'name' },
  'google.longrunning.CancelOperationRequest': { implemented: 'name' },

  'google.cloud.location.ListLocationsRequest': { implemented: `name ${page}`, refused: 'filter' },
  'google.cloud.location.ListLocationsResponse': { implemented: 'locations next_page_token' },
  'google.cloud.location.GetLocationRequest': { implemented: 'name' },
  'google.cloud.location.Location': {
    implemented: 'name location_id display_name',
    unset: 'labels metadata',
  },
};
