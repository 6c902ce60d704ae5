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
      'name lifecycle_state conversation_profile start_time end_time conversation_stage initial_conversation_profile ' +
      'ingested_context_references',
    unset: 'phone_number telephony_connection_info initial_generator_contexts',
  },
  'Conversation.ContextReference': { implemented: '*' },
  'Conversation.ContextReference.ContextContent': {
    implemented: 'content content_format ingestion_time',
    stored: 'answer_record',
  },
  IngestContextReferencesRequest: { implemented: '*' },
  IngestContextReferencesResponse: { implemented: '*' },

  SuggestConversationSummaryRequest: {
    implemented: 'conversation latest_message context_size',
    ignored: 'assist_query_params',
  },
  SuggestConversationSummaryResponse: { implemented: '*' },
  'SuggestConversationSummaryResponse.Summary': {
    implemented: '*',
  },
  'SuggestConversationSummaryResponse.Summary.SummarySection': { implemented: '*' },
  GenerateStatelessSummaryRequest: { implemented: '*' },
  'GenerateStatelessSummaryRequest.MinimalConversation': { implemented: '*' },
  GenerateStatelessSummaryResponse: { implemented: '*' },
  'GenerateStatelessSummaryResponse.Summary': { implemented: '*' },
  GenerateStatelessSuggestionRequest: {
    implemented: 'parent generator generator_name context_references conversation_context trigger_events',
    ignored: 'security_settings',
  },
  GenerateStatelessSuggestionResponse: { implemented: '*' },
  GenerateSuggestionsRequest: { implemented: '*' },
  GenerateSuggestionsResponse: { implemented: '*' },
  'GenerateSuggestionsResponse.GeneratorSuggestionAnswer': { implemented: '*' },
  ConversationContext: { implemented: '*' },
  MessageEntry: { implemented: 'role text', ignored: 'language_code create_time' },

  CreateGeneratorRequest: { implemented: '*' },
  GetGeneratorRequest: { implemented: '*' },
  ListGeneratorsRequest: { implemented: '*' },
  ListGeneratorsResponse: { implemented: '*' },
  DeleteGeneratorRequest: { implemented: '*' },
  UpdateGeneratorRequest: { implemented: '*' },
  Generator: {
    implemented:
      'name free_form_context agent_coaching_context summarization_context inference_parameter trigger_event ' +
      'create_time update_time',
    stored: 'description published_model suggestion_deduping_config',
    refused: 'tools toolset_tools ces_tool_specs ces_app_specs',
  },
  FreeFormContext: { implemented: '*' },
  SummarizationContext: {
    implemented: 'summarization_sections few_shot_examples output_language_code',
    stored: 'version',
  },
  SummarizationSection: { implemented: '*' },
  FewShotExample: {
    implemented: 'conversation_context output',
    stored: 'extra_info summarization_section_list',
  },
  SummarizationSectionList: { stored: '*' },
  AgentCoachingContext: {
    implemented: 'overarching_guidance instructions output_language_code',
    stored: 'version',
  },
  AgentCoachingInstruction: {
    implemented: 'display_name display_details condition agent_action',
    stored: 'system_action triggering_event',
    unset: 'duplicate_check_result',
  },
  InferenceParameter: { implemented: 'max_output_tokens temperature top_p', stored: 'top_k' },
  SuggestionDedupingConfig: { stored: '*' },
  GeneratorSuggestion: {
    implemented: 'free_form_suggestion summary_suggestion agent_coaching_suggestion',
    unset: 'tool_call_info',
  },
  FreeFormSuggestion: { implemented: '*' },
  SummarySuggestion: { implemented: '*' },
  'SummarySuggestion.SummarySection': { implemented: '*' },
  AgentCoachingSuggestion: { implemented: '*' },
  'AgentCoachingSuggestion.AgentActionSuggestion': {
    implemented: 'agent_action sources',
    unset: 'duplicate_check_result',
  },
  'AgentCoachingSuggestion.SampleResponse': {
    implemented: 'response_text sources',
    unset: 'duplicate_check_result',
  },
  'AgentCoachingSuggestion.Sources': { implemented: '*' },

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
    implemented: 'name role documents_metadata_filters',
    stored: 'obfuscated_external_user_id agent_desktop_source',
  },

  AnalyzeContentRequest: {
    implemented:
      'participant text_input event_input query_params assist_query_params message_send_time request_id',
    refused: 'audio_input suggestion_input intent_input reply_audio_config cx_parameters cx_current_page',
  },
  TextInput: { implemented: 'text language_code' },
  EventInput: { implemented: 'name parameters language_code' },
  // An agent that is a webhook alone is told of contexts, payload and headers. Knowledge bases that are named answer nothing,
  // which diagnostic_info tells.
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
    implemented:
      'error suggest_articles_response suggest_knowledge_assist_response suggest_faq_answers_response ' +
      'suggest_smart_replies_response generate_suggestions_response',
    unset: 'suggest_dialogflow_assists_response suggest_entity_extraction_response',
  },
  SuggestArticlesRequest: { implemented: 'parent latest_message context_size assist_query_params' },
  SuggestArticlesResponse: { implemented: '*' },
  ArticleAnswer: { implemented: '*' },
  SuggestFaqAnswersRequest: {
    implemented: 'parent latest_message context_size',
    ignored: 'assist_query_params',
  },
  SuggestFaqAnswersResponse: { implemented: '*' },
  FaqAnswer: { implemented: '*' },
  AssistQueryParameters: { implemented: 'documents_metadata_filters' },
  SuggestSmartRepliesRequest: { implemented: 'parent current_text_input latest_message context_size' },
  SuggestSmartRepliesResponse: { implemented: '*' },
  SmartReplyAnswer: { implemented: '*' },
  SuggestKnowledgeAssistRequest: {
    implemented: 'parent latest_message context_size previous_suggested_query',
  },
  SuggestKnowledgeAssistResponse: {
    implemented: 'knowledge_assist_answer latest_message context_size',
    unset: 'additional_suggested_query_results',
  },
  KnowledgeAssistAnswer: {
    implemented: 'suggested_query suggested_query_answer answer_record',
    unset: 'knowledge_assist_debug_info',
  },
  'KnowledgeAssistAnswer.SuggestedQuery': { implemented: 'query_text', unset: 'search_contexts' },
  // A passage of a document stands where a generative answer would.
  'KnowledgeAssistAnswer.KnowledgeAnswer': {
    implemented: 'answer_text faq_source generative_source',
    unset: 'playbook_source event_source',
  },
  'KnowledgeAssistAnswer.KnowledgeAnswer.FaqSource': { implemented: 'question' },
  'KnowledgeAssistAnswer.KnowledgeAnswer.GenerativeSource': { implemented: 'snippets' },
  'KnowledgeAssistAnswer.KnowledgeAnswer.GenerativeSource.Snippet': { implemented: '*' },
  ListSuggestionsRequest: { implemented: `parent filter ${page}` },
  ListSuggestionsResponse: { implemented: 'suggestions next_page_token' },
  CompileSuggestionRequest: { implemented: 'parent latest_message context_size' },
  CompileSuggestionResponse: { implemented: '*' },
  Suggestion: { implemented: '*' },
  'Suggestion.Article': { implemented: '*' },
  'Suggestion.FaqAnswer': { implemented: '*' },

  GetAnswerRecordRequest: { implemented: 'name' },
  ListAnswerRecordsRequest: { implemented: `parent filter ${page}` },
  ListAnswerRecordsResponse: { implemented: 'answer_records next_page_token' },
  UpdateAnswerRecordRequest: { implemented: 'answer_record update_mask' },
  AnswerRecord: { implemented: 'name answer_feedback agent_assistant_record' },
  AnswerFeedback: {
    implemented: 'correctness_level clicked displayed',
    stored: 'agent_assistant_detail_feedback click_time display_time',
  },
  AgentAssistantFeedback: { stored: '*' },
  'AgentAssistantFeedback.SummarizationFeedback': { stored: '*' },
  'AgentAssistantFeedback.KnowledgeSearchFeedback': { stored: '*' },
  'AgentAssistantFeedback.KnowledgeAssistFeedback': { stored: '*' },
  AgentAssistantRecord: {
    implemented: 'article_suggestion_answer faq_answer generator_suggestion',
    unset: 'dialogflow_assist_answer',
  },

  SearchKnowledgeRequest: {
    implemented: 'parent query conversation_profile session_id conversation latest_message exact_search',
    ignored: 'query_source end_user_metadata',
    refused: 'search_config',
  },
  SearchKnowledgeResponse: {
    implemented: 'answers rewritten_query search_knowledge_debug_info',
  },
  SearchKnowledgeAnswer: { implemented: '*' },
  'SearchKnowledgeAnswer.AnswerSource': { implemented: '*' },
  'SearchKnowledgeDebugInfo.SearchKnowledgeBehavior': { unset: '*' },
  SearchKnowledgeDebugInfo: {
    implemented: 'search_knowledge_behavior',
    unset: 'datastore_response_reason ingested_context_reference_debug_info service_latency ces_debug_info',
  },
  StreamingAnalyzeContentRequest: {
    implemented: 'participant text_config input_text input_event query_params assist_query_params',
    ignored: 'enable_partial_automated_agent_reply output_multiple_utterances enable_debugging_info',
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
      'parent display_name default_language_code supported_language_codes time_zone classification_threshold match_mode',
    stored: 'description avatar_uri enable_logging api_version tier',
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

  ListVersionsRequest: { implemented: '*' },
  ListVersionsResponse: { implemented: '*' },
  GetVersionRequest: { implemented: '*' },
  CreateVersionRequest: { implemented: '*' },
  UpdateVersionRequest: { implemented: '*' },
  DeleteVersionRequest: { implemented: '*' },
  Version: { implemented: '*' },
  ListEnvironmentsRequest: { implemented: '*' },
  ListEnvironmentsResponse: { implemented: '*' },
  GetEnvironmentRequest: { implemented: '*' },
  CreateEnvironmentRequest: { implemented: '*' },
  UpdateEnvironmentRequest: { implemented: '*' },
  DeleteEnvironmentRequest: { implemented: '*' },
  GetEnvironmentHistoryRequest: { implemented: '*' },
  EnvironmentHistory: { implemented: '*' },
  'EnvironmentHistory.Entry': { implemented: '*' },
  Environment: {
    implemented: 'name description agent_version state update_time fulfillment',
    stored: 'text_to_speech_settings',
  },
  TextToSpeechSettings: { stored: '*' },
  GetFulfillmentRequest: { implemented: '*' },
  UpdateFulfillmentRequest: { implemented: '*' },
  Fulfillment: { implemented: 'name display_name generic_web_service enabled', stored: 'features' },
  'Fulfillment.GenericWebService': {
    implemented: 'uri username password request_headers',
    stored: 'is_cloud_function',
  },
  'Fulfillment.Feature': { stored: '*' },

  ListKnowledgeBasesRequest: { implemented: '*' },
  ListKnowledgeBasesResponse: { implemented: '*' },
  GetKnowledgeBaseRequest: { implemented: '*' },
  CreateKnowledgeBaseRequest: { implemented: '*' },
  UpdateKnowledgeBaseRequest: { implemented: '*' },
  DeleteKnowledgeBaseRequest: { implemented: '*' },
  // Language is that of the texts: it makes no difference to how they are searched.
  KnowledgeBase: { implemented: 'name display_name', stored: 'language_code' },
  ListDocumentsRequest: { implemented: '*' },
  ListDocumentsResponse: { implemented: '*' },
  GetDocumentRequest: { implemented: '*' },
  CreateDocumentRequest: { implemented: 'parent document', refused: 'import_gcs_custom_metadata' },
  UpdateDocumentRequest: { implemented: '*' },
  DeleteDocumentRequest: { implemented: '*' },
  ReloadDocumentRequest: { implemented: 'name', refused: 'gcs_source import_gcs_custom_metadata' },
  // In the place of files in Cloud Storage, pages are taken that the server may fetch.
  ImportDocumentsRequest: {
    implemented: 'parent gcs_source document_template',
    refused: 'import_gcs_custom_metadata',
  },
  GcsSources: { implemented: '*' },
  ImportDocumentTemplate: { implemented: '*' },
  // Content that was sent is not answered again.
  Document: {
    implemented:
      'name display_name mime_type knowledge_types content_uri content raw_content latest_reload_status metadata state',
    stored: 'enable_auto_reload',
  },
  'Document.ReloadStatus': { implemented: '*' },

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
    implemented:
      'feature_configs group_suggestion_responses generators disable_high_latency_features_sync_delivery ' +
      'skip_empty_event_based_suggestion',
    stored: 'use_unredacted_conversation_data enable_async_tool_call',
  },
  'HumanAgentAssistantConfig.SuggestionFeatureConfig': {
    implemented:
      'suggestion_feature enable_event_based_suggestion enable_query_suggestion_when_no_answer ' +
      'enable_conversation_augmented_query enable_query_suggestion_only enable_response_debug_info ' +
      'suggestion_trigger_event suggestion_trigger_settings query_config conversation_process_config',
    stored: 'disable_agent_query_logging rai_settings disable_query_search_context',
  },
  SuggestionFeature: { implemented: 'type' },
  RaiSettings: { stored: 'rai_category_configs' },
  'RaiSettings.RaiCategoryConfig': { stored: 'category sensitivity_level' },
  'HumanAgentAssistantConfig.SuggestionTriggerSettings': { implemented: 'no_small_talk only_end_user' },
  'HumanAgentAssistantConfig.SuggestionQueryConfig': {
    implemented:
      'knowledge_base_query_source document_query_source max_results confidence_threshold ' +
      'context_filter_settings sections context_size',
    stored: 'dialogflow_query_source',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.KnowledgeBaseQuerySource': {
    implemented: 'knowledge_bases',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DocumentQuerySource': { implemented: 'documents' },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DialogflowQuerySource': {
    stored: 'agent human_agent_side_config',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.DialogflowQuerySource.HumanAgentSideConfig': {
    stored: 'agent',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.ContextFilterSettings': {
    implemented: 'drop_handoff_messages drop_virtual_agent_messages drop_ivr_messages',
  },
  'HumanAgentAssistantConfig.SuggestionQueryConfig.Sections': { implemented: 'section_types' },
  'HumanAgentAssistantConfig.ConversationProcessConfig': { implemented: 'recent_sentences_count' },
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
  'parley.admin.v1.ReportSuggestionsRequest': { implemented: 'parent start_time end_time' },
  'parley.admin.v1.ReportSuggestionsResponse': { implemented: 'features' },
  'parley.admin.v1.FeatureReport': { implemented: '*' },
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
  HumanAgentAssistantEvent: { implemented: 'conversation participant suggestion_results' },
  ConversationEvent: {
    implemented: 'conversation type new_message_payload',
    unset: 'error_status new_recognition_result_payload',
  },

  'parley.admin.v1.ListDeadLettersRequest': { implemented: `parent ${page}` },
  'parley.admin.v1.ListDeadLettersResponse': { implemented: 'dead_letters next_page_token' },
  'parley.admin.v1.DeadLetter': {
    implemented: 'name event_id topic event human_agent_assistant_event publish_time dead_time reason',
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
