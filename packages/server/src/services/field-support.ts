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

/** Field names by support, separated by spaces, as they stand in the proto; a star is all of them. */
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

  CreateParticipantRequest: { implemented: 'parent participant' },
  GetParticipantRequest: { implemented: 'name' },
  ListParticipantsRequest: { implemented: `parent ${page}` },
  ListParticipantsResponse: { implemented: 'participants next_page_token' },
  UpdateParticipantRequest: { implemented: 'participant update_mask' },
  Participant: {
    implemented: 'name role',
    stored: 'obfuscated_external_user_id documents_metadata_filters agent_desktop_source',
  },

  AnalyzeContentRequest: {
    implemented: 'participant text_input event_input query_params message_send_time request_id',
    ignored: 'assist_query_params',
    refused: 'audio_input suggestion_input intent_input reply_audio_config cx_parameters cx_current_page',
  },
  TextInput: { implemented: 'text language_code' },
  EventInput: { implemented: 'name parameters language_code' },
  // An agent that is a webhook alone is told of contexts, payload and headers.
  QueryParameters: {
    implemented: 'time_zone contexts reset_contexts session_entity_types payload webhook_headers platform',
    ignored: 'geo_location knowledge_base_names sentiment_analysis_request_config sub_agents',
  },
  Context: { implemented: 'name lifespan_count parameters' },
  AnalyzeContentResponse: {
    implemented:
      'reply_text automated_agent_reply message human_agent_suggestion_results end_user_suggestion_results',
    unset: 'reply_audio dtmf_parameters',
  },
  AutomatedAgentReply: {
    implemented:
      'detect_intent_response response_messages intent event match_confidence parameters automated_agent_reply_type',
    unset: 'cx_session_parameters allow_cancellation cx_current_page call_companion_auth_code',
  },
  DetectIntentRequest: {
    implemented: 'session query_params query_input',
    ignored: 'output_audio_config_mask',
    refused: 'output_audio_config input_audio',
  },
  QueryInput: { implemented: 'text event', refused: 'audio_config dtmf' },
  DetectIntentResponse: {
    implemented: 'response_id query_result webhook_status',
    unset: 'alternative_query_results output_audio output_audio_config',
  },
  QueryResult: {
    implemented:
      'query_text language_code action parameters all_required_params_present cancels_slot_filling ' +
      'fulfillment_text fulfillment_messages webhook_source webhook_payload output_contexts intent ' +
      'intent_detection_confidence diagnostic_info',
    unset: 'speech_recognition_confidence sentiment_analysis_result knowledge_answers',
  },
  StreamingDetectIntentRequest: {
    implemented: 'session query_params query_input',
    ignored: 'single_utterance output_audio_config_mask enable_debugging_info',
    refused: 'output_audio_config input_audio',
  },
  StreamingDetectIntentResponse: {
    implemented: 'response_id query_result webhook_status',
    unset: 'recognition_result alternative_query_results output_audio output_audio_config debugging_info',
  },
  // Kinds other than text and payload are answered as the agent gave them, and said in no response message.
  'Intent.Message': {
    implemented: 'text payload platform',
    stored:
      'image quick_replies card simple_responses basic_card suggestions link_out_suggestion list_select ' +
      'carousel_select telephony_play_audio telephony_synthesize_speech telephony_transfer_call rbm_text ' +
      'rbm_standalone_rich_card rbm_carousel_rich_card browse_carousel_card table_card media_content',
  },
  'Intent.Message.Text': { implemented: 'text' },
  'Intent.Message.BasicCard': { stored: '*' },
  'Intent.Message.BasicCard.Button': { stored: '*' },
  'Intent.Message.BasicCard.Button.OpenUriAction': { stored: '*' },
  'Intent.Message.BrowseCarouselCard': { stored: '*' },
  'Intent.Message.BrowseCarouselCard.BrowseCarouselCardItem': { stored: '*' },
  'Intent.Message.BrowseCarouselCard.BrowseCarouselCardItem.OpenUrlAction': { stored: '*' },
  'Intent.Message.Card': { stored: '*' },
  'Intent.Message.Card.Button': { stored: '*' },
  'Intent.Message.CarouselSelect': { stored: '*' },
  'Intent.Message.CarouselSelect.Item': { stored: '*' },
  'Intent.Message.ColumnProperties': { stored: '*' },
  'Intent.Message.Image': { stored: '*' },
  'Intent.Message.LinkOutSuggestion': { stored: '*' },
  'Intent.Message.ListSelect': { stored: '*' },
  'Intent.Message.ListSelect.Item': { stored: '*' },
  'Intent.Message.MediaContent': { stored: '*' },
  'Intent.Message.MediaContent.ResponseMediaObject': { stored: '*' },
  'Intent.Message.QuickReplies': { stored: '*' },
  'Intent.Message.RbmCardContent': { stored: '*' },
  'Intent.Message.RbmCardContent.RbmMedia': { stored: '*' },
  'Intent.Message.RbmCarouselCard': { stored: '*' },
  'Intent.Message.RbmStandaloneCard': { stored: '*' },
  'Intent.Message.RbmSuggestedAction': { stored: '*' },
  'Intent.Message.RbmSuggestedAction.RbmSuggestedActionDial': { stored: '*' },
  'Intent.Message.RbmSuggestedAction.RbmSuggestedActionOpenUri': { stored: '*' },
  'Intent.Message.RbmSuggestedReply': { stored: '*' },
  'Intent.Message.RbmSuggestion': { stored: '*' },
  'Intent.Message.RbmText': { stored: '*' },
  'Intent.Message.SelectItemInfo': { stored: '*' },
  'Intent.Message.SimpleResponse': { stored: '*' },
  'Intent.Message.SimpleResponses': { stored: '*' },
  'Intent.Message.Suggestion': { stored: '*' },
  'Intent.Message.Suggestions': { stored: '*' },
  'Intent.Message.TableCard': { stored: '*' },
  'Intent.Message.TableCardCell': { stored: '*' },
  'Intent.Message.TableCardRow': { stored: '*' },
  'Intent.Message.TelephonyPlayAudio': { stored: '*' },
  'Intent.Message.TelephonySynthesizeSpeech': { stored: '*' },
  'Intent.Message.TelephonyTransferCall': { stored: '*' },
  SuggestionResult: {
    implemented: 'error',
    unset:
      'suggest_articles_response suggest_knowledge_assist_response suggest_faq_answers_response ' +
      'suggest_smart_replies_response suggest_dialogflow_assists_response suggest_entity_extraction_response ' +
      'generate_suggestions_response',
  },
  StreamingAnalyzeContentRequest: {
    implemented: 'participant text_config input_text input_event query_params',
    ignored:
      'assist_query_params enable_partial_automated_agent_reply output_multiple_utterances enable_debugging_info',
    refused:
      'audio_config reply_audio_config input_audio input_dtmf input_intent cx_parameters cx_current_page ' +
      'enable_extended_streaming',
  },
  InputTextConfig: { implemented: 'language_code' },
  StreamingAnalyzeContentResponse: {
    implemented:
      'reply_text automated_agent_reply message human_agent_suggestion_results end_user_suggestion_results',
    unset: 'recognition_result reply_audio dtmf_parameters debugging_info speech_model',
  },

  GetAgentRequest: { implemented: '*' },
  SetAgentRequest: { implemented: '*' },
  DeleteAgentRequest: { implemented: '*' },
  SearchAgentsRequest: { implemented: '*' },
  SearchAgentsResponse: { implemented: '*' },
  TrainAgentRequest: { implemented: '*' },
  ExportAgentRequest: { implemented: 'parent', refused: 'agent_uri' },
  ImportAgentRequest: { implemented: 'parent agent_content', refused: 'agent_uri' },
  RestoreAgentRequest: { implemented: 'parent agent_content', refused: 'agent_uri' },
  GetValidationResultRequest: { implemented: '*' },
  ValidationResult: { implemented: '*' },
  ValidationError: { implemented: '*' },
  Agent: {
    implemented:
      'parent display_name default_language_code supported_language_codes time_zone classification_threshold',
    stored: 'description avatar_uri enable_logging match_mode api_version tier',
  },

  ListIntentsRequest: { implemented: '*' },
  ListIntentsResponse: { implemented: '*' },
  GetIntentRequest: { implemented: '*' },
  CreateIntentRequest: { implemented: '*' },
  UpdateIntentRequest: { implemented: '*' },
  DeleteIntentRequest: { implemented: '*' },
  BatchUpdateIntentsRequest: {
    implemented: 'parent intent_batch_inline language_code update_mask intent_view',
    refused: 'intent_batch_uri',
  },
  BatchDeleteIntentsRequest: { implemented: '*' },
  IntentBatch: { implemented: '*' },
  Intent: {
    implemented:
      'name display_name webhook_state priority is_fallback ml_enabled ml_disabled live_agent_handoff ' +
      'end_interaction input_context_names events training_phrases action output_contexts reset_contexts ' +
      'parameters messages root_followup_intent_name parent_followup_intent_name followup_intent_info',
    stored: 'default_response_platforms',
  },
  'Intent.FollowupIntentInfo': { implemented: '*' },
  'Intent.TrainingPhrase': { implemented: 'name type parts', stored: 'times_added_count' },
  'Intent.TrainingPhrase.Part': { implemented: 'text entity_type alias', stored: 'user_defined' },
  'Intent.Parameter': { implemented: '*' },
  ListEntityTypesRequest: { implemented: '*' },
  ListEntityTypesResponse: { implemented: '*' },
  GetEntityTypeRequest: { implemented: '*' },
  CreateEntityTypeRequest: { implemented: '*' },
  UpdateEntityTypeRequest: { implemented: '*' },
  DeleteEntityTypeRequest: { implemented: '*' },
  BatchUpdateEntityTypesRequest: {
    implemented: 'parent entity_type_batch_inline language_code update_mask',
    refused: 'entity_type_batch_uri',
  },
  BatchDeleteEntityTypesRequest: { implemented: '*' },
  EntityTypeBatch: { implemented: '*' },
  BatchCreateEntitiesRequest: { implemented: '*' },
  BatchUpdateEntitiesRequest: { implemented: '*' },
  BatchDeleteEntitiesRequest: { implemented: '*' },
  EntityType: {
    implemented: 'name display_name kind auto_expansion_mode entities enable_fuzzy_extraction',
  },
  'EntityType.Entity': { implemented: '*' },

  ListContextsRequest: { implemented: '*' },
  ListContextsResponse: { implemented: '*' },
  GetContextRequest: { implemented: '*' },
  CreateContextRequest: { implemented: '*' },
  UpdateContextRequest: { implemented: '*' },
  DeleteContextRequest: { implemented: '*' },
  DeleteAllContextsRequest: { implemented: '*' },

  ListSessionEntityTypesRequest: { implemented: '*' },
  ListSessionEntityTypesResponse: { implemented: '*' },
  GetSessionEntityTypeRequest: { implemented: '*' },
  CreateSessionEntityTypeRequest: { implemented: '*' },
  UpdateSessionEntityTypeRequest: { implemented: '*' },
  DeleteSessionEntityTypeRequest: { implemented: '*' },
  SessionEntityType: { implemented: '*' },

  // No agent has versions, and no environment but its draft.
  ListVersionsRequest: { implemented: '*' },
  ListVersionsResponse: { unset: '*' },
  GetVersionRequest: { implemented: '*' },
  Version: { unset: '*' },
  ListEnvironmentsRequest: { implemented: '*' },
  ListEnvironmentsResponse: { unset: '*' },
  GetEnvironmentRequest: { implemented: '*' },
  Environment: {
    implemented: 'name state',
    unset: 'description agent_version update_time text_to_speech_settings fulfillment',
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
      'name display_name create_time update_time automated_agent_config human_agent_assistant_config ' +
      'notification_config logging_config new_message_event_notification_config',
    stored:
      'human_agent_handoff_config new_recognition_result_notification_config stt_config ' +
      'language_code time_zone security_settings sip_config tts_config use_bidi_streaming',
  },
  AutomatedAgentConfig: { implemented: 'agent', stored: 'session_ttl' },
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

  'parley.admin.v1.WatchConversationRequest': { implemented: 'name after' },
  'parley.admin.v1.WatchConversationResponse': { implemented: 'conversation message' },
  'parley.admin.v1.Hold': { implemented: 'name reason create_time' },
  'parley.admin.v1.HoldConversationRequest': { implemented: 'name reason' },
  'parley.admin.v1.ReleaseConversationRequest': { implemented: 'name' },
  'parley.admin.v1.GetHoldRequest': { implemented: 'name' },
  'parley.admin.v1.RetentionPolicy': { implemented: 'name duration forever' },
  'parley.admin.v1.GetRetentionPolicyRequest': { implemented: 'name' },
  'parley.admin.v1.UpdateRetentionPolicyRequest': { implemented: 'retention_policy update_mask' },
  'parley.admin.v1.ReplyModel': { implemented: '*' },
  'parley.admin.v1.GetReplyModelRequest': { implemented: '*' },
  'parley.admin.v1.TrainReplyModelRequest': { implemented: '*' },
  'parley.admin.v1.UpdateReplyModelRequest': { implemented: '*' },
  'parley.admin.v1.DeleteReplyModelRequest': { implemented: '*' },
  'parley.admin.v1.Clock': { implemented: 'name time offset' },
  'parley.admin.v1.GetClockRequest': { implemented: 'name' },
  'parley.admin.v1.AdvanceClockRequest': { implemented: 'name duration' },
  'parley.admin.v1.ResetProjectRequest': { implemented: 'name' },
  'parley.admin.v1.Snapshot': { implemented: 'name create_time message_count' },
  'parley.admin.v1.CreateSnapshotRequest': { implemented: 'parent snapshot_id', ignored: 'snapshot' },
  'parley.admin.v1.ListSnapshotsRequest': { implemented: `parent ${page}` },
  'parley.admin.v1.ListSnapshotsResponse': { implemented: 'snapshots next_page_token' },
  'parley.admin.v1.RestoreSnapshotRequest': { implemented: 'name' },
  'parley.admin.v1.DeleteSnapshotRequest': { implemented: 'name' },
  ConversationEvent: {
    implemented: 'conversation type new_message_payload',
    unset: 'error_status new_recognition_result_payload',
  },

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
