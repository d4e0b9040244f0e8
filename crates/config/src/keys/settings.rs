//! Keys of LiteLLM's settings, by what becomes of them.

use super::Keys;

/// `general_settings` (§2b).
pub(crate) const GENERAL: Keys = Keys {
    acted: "\
        dangerously_permit_weak_or_unset_master_key database_url disable_spend_logs \
        litellm_key_header_name master_key max_request_size_mb",
    idle: "\
        accounting_capture accounting_sync_ack accounting_sync_ack_failure_policy \
        accounting_sync_ack_timeout_seconds admin_only_routes admission_queue_timeout_seconds \
        agent_access_default_deny alert_to_webhook_url alert_type_config alert_types alerting \
        alerting_args alerting_threshold allow_cli_sso_verification_uri_complete \
        allow_client_side_credentials allow_public_health_readiness_details \
        allow_requests_on_db_unavailable allow_unmanaged_response_ids allow_user_auth \
        allowed_file_extensions allowed_ips allowed_routes always_include_stream_usage \
        apply_user_budget_to_team_keys auto_redirect_ui_login_to_sso background_health_check_model_groups \
        background_health_checks blocked_file_extensions cancel_on_disconnect \
        claude_code_gateway_managed_settings claude_code_marketplace_auth_required completion_model \
        control_plane_url coordination_redis custom_auth custom_auth_run_common_checks \
        custom_auth_settings custom_key_generate custom_key_policy custom_key_update custom_sso \
        custom_team_metadata_validate custom_ui_sso_sign_in_handler database_args database_connect_timeout \
        database_connection_pool_limit database_connection_pool_timeout database_connection_timeout \
        database_disable_prepared_statements database_extra_connection_params \
        database_max_idle_connection_lifetime database_socket_timeout database_type default_team_disabled \
        disable_adding_master_key_hash_to_db disable_auto_add_proxy_admin_to_teams \
        disable_batch_input_file_rate_limiting disable_bedrock_agent_runtime_passthrough \
        disable_budget_reservation disable_custom_api_keys disable_env_credential_login disable_error_logs \
        disable_fallbacks_on_per_model_rate_limits disable_key_generate_for_org_admin \
        disable_master_key_return disable_password_login_when_sso_enabled disable_prisma_schema_update \
        disable_requester_ip_address_logging disable_reset_budget disable_responses_id_security \
        disable_retry_on_max_parallel_request_limit_error disable_spend_updates drain_endpoint_token \
        email_settings enable_claude_code_gateway enable_drain_endpoint enable_health_check_routing \
        enable_jwt_auth enable_key_management_cleanup enable_mcp_registry enable_oauth2_auth \
        enable_oauth2_proxy_auth enable_openai_websocket_passthrough enable_public_model_hub \
        encryption_algorithm enforce_fallback_model_access enforce_rbac enforce_user_param enforced_params \
        expose_fallback_errors_to_caller fail_closed_budget_enforcement fail_closed_rate_limit_enforcement \
        failed_login_block_seconds failed_login_window_seconds forward_client_headers_to_llm_api \
        forward_llm_provider_auth_headers forward_openai_org_id global_max_parallel_requests \
        health_check_concurrency health_check_details health_check_ignore_transient_errors \
        health_check_interval health_check_skip_disabled_background_models \
        health_check_staleness_threshold hide_default_credentials_hint include_call_id_in_error_body \
        infer_model_from_keys key_management_settings key_management_system litellm_jwtauth \
        litellm_license max_batch_file_records max_batch_file_size_mb max_batch_file_uploads_per_day \
        max_failed_login_attempts_per_source max_failed_login_attempts_per_source_overrides \
        max_file_downloads_per_minute max_file_size_mb max_in_flight_requests_per_worker \
        max_parallel_requests max_queued_requests_per_worker max_response_size_mb \
        maximum_autorouter_session_retention_period maximum_daily_tag_spend_retention_period \
        maximum_health_check_retention_period maximum_spend_logs_cleanup_batch_size \
        maximum_spend_logs_cleanup_batch_timeout maximum_spend_logs_cleanup_cron \
        maximum_spend_logs_cleanup_max_batches maximum_spend_logs_cleanup_run_budget \
        maximum_spend_logs_cleanup_target_size maximum_spend_logs_retention_interval \
        maximum_spend_logs_retention_period maximum_spend_logs_size maximum_spend_logs_size_check_interval \
        mcp_advertised_versions mcp_allow_all_keys_respects_mcp_scope mcp_allowed_clients \
        mcp_client_id_header mcp_client_side_auth_header_name mcp_disabled_capabilities \
        mcp_internal_ip_ranges mcp_prefer_client_id_metadata_document mcp_require_explicit_server_scope \
        mcp_required_fields mcp_server_cost_info mcp_session_token_signing mcp_trusted_proxy_ranges \
        mcp_xff_num_trusted_hops missing_session_id model_list_healthy_only oauth2_config_mappings otel \
        pass_through_endpoints pass_through_request_timeout passthrough_managed_object_ids \
        password_policy_check_breached_passwords password_policy_min_length \
        password_policy_require_lowercase password_policy_require_numbers \
        password_policy_require_special_characters password_policy_require_uppercase plugins \
        provider_url_destination_allowed_hosts proxy_batch_write_at proxy_budget_rescheduler_max_time \
        proxy_budget_rescheduler_min_time proxy_config_reload_interval_seconds public_routes \
        reject_clientside_metadata_tags request_tag_mappings require_end_user_mcp_access_defined \
        require_key_mcp_access_defined responses_websocket_session_limit_seconds return_wildcard_routes \
        role_permissions scheduled_job_stagger search_tool_deny_by_default search_tools \
        self_serve_budget_policy service_account_settings skip_batch_input_file_rate_limiting_for_models \
        skip_batch_input_file_rate_limiting_for_providers spend_capture_rate_check \
        spend_logs_metadata_fields spend_report_frequency store_model_in_db store_prompts_in_spend_logs \
        supported_db_objects team_metadata_schema team_metadata_validation_error_message \
        team_metadata_validation_timeout token_rate_limit_type tracing track_unmanaged_batch_cost \
        transcribe_media_buckets trusted_proxy_ranges ui_access_mode use_azure_key_vault use_google_kms \
        use_redis_transaction_buffer use_shared_health_check use_spend_logs_partitioning \
        use_team_public_model_name use_x_forwarded_for user_api_key_cache_max_size user_api_key_cache_ttl \
        user_header_mappings user_header_name user_mcp_management_mode user_url_allowed_hosts \
        user_url_validation vector_store_deny_by_default vertex_ai_pass_through_drop_anthropic_betas",
};

/// `litellm_settings` (§2c): attributes of LiteLLM's module.
pub(crate) const LITELLM: Keys = Keys {
    acted: "\
        block_requests_for_models_without_pricing \
        budget_duration budget_exceeded_status_code default_fallbacks drop_params fallbacks max_budget \
        modify_params num_retries request_timeout timezone",
    idle: "\
        add_function_to_prompt add_user_information_to_llm_headers agent_search_embedding_model ai21_key \
        aiohttp_trust_env aleph_alpha_key allow_dynamic_callback_disabling allowed_fails \
        amazon_nova_api_key anthropic_beta_headers_url anthropic_key \
        anthropic_messages_estimate_initial_input_tokens anthropic_prompt_caching_ttl \
        anthropic_sse_ping_interval_seconds api_base api_key api_version apply_search_free_tier \
        argilla_batch_size argilla_transformation_object audit_log_callbacks autorouter_presets_url \
        aws_sqs_callback_params azure_key banned_keywords_list baseten_key batch_line_item_callbacks \
        bedrock_neutralize_orphaned_tool_blocks bedrock_request_metadata_fields \
        blocked_user_list blog_posts_url \
        budget_exceeded_throttle_percentage budget_rollover bytez_key cache cache_params caching \
        callback_settings callbacks check_provider_endpoint clarifai_key cloudflare_api_key cohere_key \
        cold_storage_custom_logger cometapi_key common_cloud_provider_auth_params content_policy_fallbacks \
        context_window_fallbacks cost_discount_config cost_margin_config custom_prometheus_metadata_labels \
        custom_prometheus_tags custom_prompt_dict custom_provider_map databricks_key \
        datadog_llm_observability_params datadog_params datadog_use_v1 datarobot_key default_in_memory_ttl \
        default_internal_user_params default_key_generate_params default_key_max_budget_alert_emails \
        default_max_internal_user_budget default_redis_batch_cache_expiry default_redis_ttl \
        default_soft_budget default_team_params default_team_settings disable_add_prefix_to_prompt \
        disable_add_transform_inline_image_block disable_add_user_agent_to_request_tags \
        disable_aiohttp_transport disable_aiohttp_trust_env \
        disable_anthropic_gemini_context_caching_transform disable_copilot_system_to_assistant \
        disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only \
        disable_hf_tokenizer_download disable_stop_sequence_limit disable_streaming_logging \
        disable_token_counter disable_vertex_batch_output_transformation dynamodb_table_name email \
        enable_anthropic_prompt_caching enable_azure_ad_token_refresh \
        enable_caching_on_provider_specific_optional_params enable_end_user_cost_tracking_prometheus_only \
        enable_gemini_default_thinking_level_low enable_json_schema_validation \
        enable_key_alias_format_validation enable_loadbalancing_on_batch_endpoints \
        enable_model_config_credential_overrides enable_preview_features enable_redis_auth_cache \
        error_logs expose_router_debug_in_errors extra_spend_tag_headers failure_callback \
        filter_invalid_headers force_ipv4 force_redis_hash_tag_grouping \
        forward_traceparent_to_llm_provider gcs_pub_sub_use_v1 gdc_api_base gdc_key \
        gemini_include_thoughts_default gemini_live_defer_setup generic_api_use_v1 generic_logger_headers \
        gigachat_key global_bitbucket_config global_disable_no_log_param global_gitlab_config \
        google_moderation_confidence_threshold gradient_ai_api_key groq_key guardrail_name_config_map \
        guardrails headers heroku_key http2 huggingface_key image_generation_model inception_key \
        include_cost_in_streaming_usage infinity_key input_callback internal_user_budget_duration \
        json_logs key_alias_pattern key_generation_settings langfuse_default_tags \
        langfuse_enable_update_trace_keys langsmith_batch_size lemonade_key litellm_mode llama_api_key \
        llamaguard_model_name llamaguard_unsafe_content_categories llm_guard_mode \
        log_auth_failure_key_identity log_client_error_tracebacks log_raw_request_response \
        logged_real_time_event_types logging longer_context_model_fallback_dict maritalk_key \
        max_end_user_budget max_end_user_budget_id max_fallbacks max_internal_user_budget max_tokens \
        max_ui_session_budget max_user_budget mcp_aliases mcp_semantic_tool_filter mcp_tool_search \
        model_alias_map model_cost_map_url model_fallbacks model_group_settings nebius_key \
        network_mock newrelic_params nlp_cloud_key novita_api_key num_retries_per_request ollama_key \
        openai_key openai_like_key openai_moderations_model_name openai_system_messages_first \
        openrouter_key organization otel_tenant_destination_mode output_parse_pii \
        overwrite_user_with_key_hash ovhcloud_key personal_key_model_access_from_teams pointfive_params \
        post_call_rules pre_call_rules predibase_key predibase_tenant_id presidio_ad_hoc_recognizers \
        presidio_logging_only priority_reservation priority_reservation_settings project \
        prometheus_deployment_and_latency_caller_identity prometheus_emit_input_sequence_length_label \
        prometheus_emit_rate_limit_labels prometheus_emit_stream_label \
        prometheus_end_user_metrics_cleanup_interval_seconds \
        prometheus_end_user_metrics_max_series_per_metric prometheus_end_user_metrics_ttl_seconds \
        prometheus_exclude_labels prometheus_exclude_metrics prometheus_initialize_budget_metrics \
        prometheus_latency_buckets prometheus_metrics_cleanup_interval_seconds prometheus_metrics_config \
        prometheus_metrics_max_series_per_metric prometheus_metrics_ttl_seconds \
        prometheus_user_budget_label_include_email_alias prompt_name_config_map \
        provider_url_destination_allowed_hosts proxy_auth public_agent_groups \
        public_mcp_hub_strict_whitelist public_mcp_servers public_model_groups public_model_groups_links \
        public_skills_index reasoning_auto_summary reasoning_effort_rounding redact_messages_in_exceptions \
        redact_user_api_key_info replicate_key request_correlation_in_logs \
        require_auth_for_metrics_endpoint require_managed_files responses retry return_response_headers \
        route_all_chat_openai_to_responses s3_audit_callback_params s3_callback_params safe_memory_mode \
        sap_service_key scim_admin_group scim_upsert_user service_callback set_verbose \
        skill_search_embedding_model skip_system_message_in_guardrail skip_tool_message_in_guardrail \
        snowflake_key sse_keepalive_ping_interval_seconds ssl_certificate ssl_ecdh_curve \
        ssl_security_level ssl_verify standard_logging_payload_excluded_fields store_audit_logs \
        strip_anthropic_total_tokens success_callback suppress_debug_info suppress_startup_output \
        tag_budget_config telemetry togetherai_api_key token turn_off_message_logging \
        upperbound_key_generate_params use_aiohttp_transport \
        use_chat_completions_url_for_anthropic_messages use_client use_litellm_proxy \
        user_url_allowed_hosts user_url_validation validate_end_user_id_in_db vector_store_index_registry \
        vector_store_registry vector_store_search_failure_mode vercel_ai_gateway_key \
        vertex_ai_safety_settings vertex_location vertex_project wandb_key websearch_interception_params \
        xai_key zerobus_params",
};

/// `router_settings` (§2d): arguments of LiteLLM's Router.
pub(crate) const ROUTER: Keys = Keys {
    acted: "\
        allowed_fails cooldown_time default_fallbacks disable_cooldowns fallbacks max_fallbacks \
        model_group_alias num_retries optional_pre_call_checks provider_budget_config retry_after routing_strategy stream_timeout timeout",
    idle: "\
        alerting_config allowed_fails_policy assistants_config auto_router_capability_limit \
        background_health_check_model_groups cache_kwargs cache_responses caching_groups client_ttl \
        content_policy_fallbacks context_window_fallbacks debug_level default_litellm_params \
        default_max_parallel_requests default_priority deployment_affinity_ttl_seconds \
        enable_health_check_routing enable_mid_stream_fallback_continuation enable_pre_call_checks \
        enable_tag_filtering enable_weighted_failover fallback_access_check fallback_budget_check \
        fallback_on_unsupported_params guardrail_list health_check_ignore_transient_errors \
        health_check_staleness_threshold ignore_invalid_deployments model_group_affinity_config \
        model_group_retry_policy plugins polling_interval \
        redis_db redis_host redis_password redis_port redis_url retry_policy router_general_settings \
        routing_groups routing_strategy_args search_tools session_affinity_repin_on_failover set_verbose \
        tag_filtering_match_any tag_routing_prefix",
};
