//! Keys of the models, by what becomes of them.

use super::Keys;

/// An entry of `model_list`.
pub(crate) const MODEL: Keys = Keys { acted: "litellm_params model_info model_name", idle: "" };

/// `litellm_params` (§2a). Others are sent to the provider.
pub(crate) const PARAMS: Keys = Keys {
    acted: "\
        additional_drop_params allowed_openai_params api_base api_key base_url \
        budget_duration cache_control_injection_points cooldown_time \
        custom_llm_provider drop_params extra_body extra_headers itpm litellm_credential_name max_budget \
        max_parallel_requests mock_response model num_retries order organization otpm rpd rpm stream_timeout \
        timeout tpd tpm weight",
    idle: "\
        adaptive_router_config adaptive_router_default_model allow_client_keepalive_override \
        anthropic_disable_workload_identity_federation anthropic_federation_rule_id \
        anthropic_federation_workspace_id anthropic_identity_source anthropic_identity_token \
        anthropic_identity_token_file anthropic_issuer_audience anthropic_issuer_signing_key_ref \
        anthropic_issuer_subject anthropic_issuer_ttl_seconds anthropic_issuer_url \
        anthropic_keycloak_auth_method anthropic_keycloak_client_id anthropic_keycloak_client_secret_ref \
        anthropic_keycloak_scope anthropic_keycloak_token_url anthropic_organization_id \
        anthropic_service_account_id api_version auto_router_capability_limit auto_router_config \
        auto_router_config_path auto_router_default_model auto_router_embedding_model \
        auto_router_max_input_chars auto_router_model_compression auto_router_routing_compression \
        aws_access_key_id aws_batch_role_arn aws_bedrock_control_plane_endpoint aws_bedrock_project_id \
        aws_bedrock_runtime_endpoint aws_external_id aws_profile_name aws_region_name aws_role_name \
        aws_secret_access_key aws_session_name aws_session_tags aws_session_token aws_sts_endpoint \
        aws_web_identity_token azure_ad_token azure_ad_token_provider azure_password azure_scope \
        azure_username bedrock_tags bos_token bucket_name \
        caching chatgpt_auth_file client_id client_secret client_side_timeout complexity_router_config \
        complexity_router_default_model configurable_clientside_auth_params context_window_fallbacks \
        custom_prompt_dict daily_reset_time default_api_key_rpm_limit default_api_key_tpm_limit \
        enable_json_schema_validation eos_token fallbacks final_prompt_value fireworks_forward_user_id \
        gcs_bucket_name guardrails hf_model_name initial_prompt_value keepalive_seconds \
        kubernetes_pod_discovery litellm_metadata litellm_session_id litellm_trace_id \
        max_fallbacks max_file_size_mb max_retries \
        merge_reasoning_content_in_choices milvus_db_name milvus_partition_names milvus_text_field \
        mock_timeout openai_identity_provider_id openai_identity_token_file openai_service_account_id \
        prompt_id prompt_variables provider_affinity_header quality_router_config \
        quality_router_default_model reasoning_auto_summary region_name responses_api_version roles \
        s3_access_key_id s3_bucket_name s3_bucket_owner s3_encryption_key_id s3_endpoint_url \
        s3_output_bucket_name s3_region_name s3_secret_access_key silent_model ssl_verify \
        stream_timeout_by_service_tier tag_regex tags tenant_id thought_signature_in_tool_call_id \
        timeout_by_service_tier token_exchange_audience token_exchange_endpoint token_exchange_profile \
        token_exchange_scope use_chat_completions_api use_in_pass_through use_litellm_proxy \
        use_xai_oauth valkey_embedding_field valkey_host valkey_password valkey_port valkey_ssl \
        valkey_text_field vector_store_id vertex_credentials vertex_location vertex_project \
        watsonx_region_name",
};

/// `model_info` (§2a). Others may stand there for people to read.
pub(crate) const MODEL_INFO: Keys = Keys {
    acted: "access_groups base_model id mode",
    idle: "\
        access_windows allow_fail_open allowed_fails allowed_fails_policy \
        bedrock_converse_supports_strict_tools bedrock_output_config_effort_ceiling blocked created_at \
        created_by db_model default_reasoning_effort description disable_background_health_check \
        discoverable enable_tag_filtering enforce_supported_endpoints health_check_model \
        health_check_params health_check_timeout health_check_voice internal_router_model litellm_provider \
        max_embedding_batch_size max_input_tokens max_output_tokens max_tokens member_auto_router \
        output_vector_size pricing_provider prompt_cache_min_tokens ptu_count ptu_effective_from \
        ptu_effective_to ptu_shares reasoning_contexts reasoning_effort_levels reasoning_modes rpm \
        search_free_requests supported_audio_formats supported_endpoints supported_environments \
        supports_adaptive_thinking supports_anthropic_compaction supports_anthropic_thinking_payload \
        supports_assistant_prefill supports_audio_input supports_audio_output \
        supports_bedrock_native_structured_output supports_box_questions supports_computer_use \
        supports_embedding_image_input supports_function_calling supports_image_size \
        supports_legacy_thinking supports_low_reasoning_effort supports_max_reasoning_effort \
        supports_mid_conversation_system supports_minimal_reasoning_effort supports_native_streaming \
        supports_native_structured_output supports_none_reasoning_effort supports_output_config \
        supports_parallel_function_calling supports_pdf_input supports_prompt_cache_breakpoint \
        supports_prompt_caching supports_reasoning supports_regex_lookaround supports_response_schema \
        supports_sampling_params supports_system_messages supports_thinking_cache_preservation \
        supports_tool_choice supports_tool_search supports_url_context supports_video_input \
        supports_vision supports_web_search supports_xhigh_reasoning_effort team_id team_public_model_name \
        thinking_always_on tier token_count_framing token_count_model token_count_tokenizer tpm updated_at \
        updated_by use_openai_responses_path uses_embed_content vertex_ai_audio_api \
        web_search_billing_unit",
};
