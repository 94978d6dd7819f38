#include "sim/envoy/config/unread.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using std::string_view;

/// Fields of one message, separated by spaces. Without effect are those that change nothing of what simulated calls
/// come to, whatever they hold; they are not looked into.
struct Entry {
  string_view message;
  string_view read;
  string_view without_effect = {};
};

constexpr Entry table[] = {
    // Clusters and endpoints.
    {"envoy.config.cluster.v3.Cluster",
     "name type cluster_type eds_cluster_config connect_timeout lb_policy load_assignment circuit_breakers "
     "common_http_protocol_options http2_protocol_options typed_extension_protocol_options outlier_detection "
     "lb_subset_config ring_hash_lb_config maglev_lb_config least_request_lb_config common_lb_config transport_socket "
     "transport_socket_matches health_checks ignore_health_on_host_removal",
     "alt_stat_name per_connection_buffer_limit_bytes upstream_connection_options http_protocol_options "
     "dns_lookup_family track_cluster_stats track_timeout_budgets respect_dns_ttl dns_refresh_rate"},
    {"envoy.config.cluster.v3.Cluster.CustomClusterType", "name"},
    {"envoy.config.cluster.v3.Cluster.EdsClusterConfig", "eds_config service_name"},
    {"envoy.config.cluster.v3.Cluster.LbSubsetConfig",
     "fallback_policy default_subset subset_selectors locality_weight_aware"},
    {"envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector", "keys fallback_policy"},
    {"envoy.config.cluster.v3.Cluster.RingHashLbConfig", "minimum_ring_size maximum_ring_size hash_function"},
    {"envoy.config.cluster.v3.Cluster.MaglevLbConfig", "table_size"},
    {"envoy.config.cluster.v3.Cluster.LeastRequestLbConfig", "choice_count active_request_bias"},
    {"envoy.config.core.v3.RuntimeDouble", "default_value", "runtime_key"},
    {"envoy.config.cluster.v3.Cluster.CommonLbConfig",
     "healthy_panic_threshold locality_weighted_lb_config zone_aware_lb_config ignore_new_hosts_until_first_hc"},
    {"envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig", "fail_traffic_on_panic"},
    {"envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig", ""},
    {"envoy.config.cluster.v3.Cluster.TransportSocketMatch", "name match transport_socket"},
    {"envoy.config.cluster.v3.CircuitBreakers", "thresholds"},
    {"envoy.config.cluster.v3.CircuitBreakers.Thresholds",
     "priority max_connections max_pending_requests max_requests max_retries max_connection_pools", "track_remaining"},
    {"envoy.config.cluster.v3.OutlierDetection",
     "interval base_ejection_time max_ejection_time max_ejection_percent always_eject_one_host "
     "split_external_local_origin_errors consecutive_5xx enforcing_consecutive_5xx consecutive_gateway_failure "
     "enforcing_consecutive_gateway_failure consecutive_local_origin_failure "
     "enforcing_consecutive_local_origin_failure success_rate_minimum_hosts success_rate_request_volume "
     "success_rate_stdev_factor enforcing_success_rate enforcing_local_origin_success_rate "
     "failure_percentage_threshold failure_percentage_minimum_hosts failure_percentage_request_volume "
     "enforcing_failure_percentage enforcing_failure_percentage_local_origin "
     "successful_active_health_check_uneject_host"},
    // The name tells several checks apart, of which the first is made.
    {"envoy.config.core.v3.HealthCheck",
     "timeout interval initial_jitter interval_jitter interval_jitter_percent unhealthy_threshold healthy_threshold "
     "reuse_connection no_traffic_interval no_traffic_healthy_interval unhealthy_interval unhealthy_edge_interval "
     "healthy_edge_interval http_health_check tcp_health_check grpc_health_check",
     "always_log_health_check_failures always_log_health_check_success event_log_path event_logger event_service"},
    {"envoy.config.core.v3.HealthCheck.HttpHealthCheck",
     "host path method send receive request_headers_to_add request_headers_to_remove expected_statuses "
     "retriable_statuses",
     "codec_client_type"},
    {"envoy.config.core.v3.HealthCheck.TcpHealthCheck", "send receive"},
    {"envoy.config.core.v3.HealthCheck.GrpcHealthCheck", "service_name authority initial_metadata"},
    {"envoy.config.core.v3.HealthCheck.Payload", "text binary"},
    {"envoy.type.v3.Percent", "value"},
    {"envoy.type.v3.FractionalPercent", "numerator denominator"},
    {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
     "common_http_protocol_options explicit_http_config use_downstream_protocol_config"},
    {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig",
     "http_protocol_options http2_protocol_options"},
    {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig", "",
     "http_protocol_options http2_protocol_options"},
    {"envoy.config.core.v3.Http1ProtocolOptions", "", "allow_absolute_url"},
    {"envoy.config.core.v3.Http2ProtocolOptions", "",
     "initial_stream_window_size initial_connection_window_size hpack_table_size allow_connect"},
    {"envoy.config.endpoint.v3.ClusterLoadAssignment", "cluster_name endpoints policy"},
    {"envoy.config.endpoint.v3.ClusterLoadAssignment.Policy", "overprovisioning_factor"},
    {"envoy.config.endpoint.v3.LocalityLbEndpoints", "locality lb_endpoints load_balancing_weight priority"},
    {"envoy.config.endpoint.v3.LbEndpoint", "endpoint health_status metadata load_balancing_weight"},
    {"envoy.config.endpoint.v3.Endpoint", "address health_check_config"},
    {"envoy.config.endpoint.v3.Endpoint.HealthCheckConfig", "port_value hostname disable_active_health_check"},
    {"envoy.config.core.v3.Locality", "region zone sub_zone"},
    {"envoy.config.core.v3.Metadata", "filter_metadata"},
    {"envoy.config.core.v3.Address", "socket_address pipe"},
    {"envoy.config.core.v3.SocketAddress", "protocol address port_value"},
    {"envoy.config.core.v3.Pipe", "path"},
    {"envoy.config.core.v3.CidrRange", "address_prefix prefix_len"},
    {"envoy.config.core.v3.TransportSocket", "name typed_config"},
    {"envoy.config.core.v3.ConfigSource", "ads initial_fetch_timeout", "resource_api_version"},
    {"envoy.config.core.v3.AggregatedConfigSource", ""},
    {"envoy.config.core.v3.DataSource", "inline_bytes inline_string filename environment_variable"},
    {"envoy.config.core.v3.HeaderValueOption", "header append append_action"},
    {"envoy.config.core.v3.HeaderValue", "key value"},
    {"envoy.config.core.v3.RuntimeFractionalPercent", "default_value", "runtime_key"},
    {"envoy.config.core.v3.TypedExtensionConfig", "name typed_config"},
    // Listeners and network filters.
    {"envoy.config.listener.v3.Listener",
     "name address filter_chains default_filter_chain use_original_dst bind_to_port traffic_direction listener_filters",
     "stat_prefix per_connection_buffer_limit_bytes metadata access_log enable_reuse_port reuse_port tcp_backlog_size "
     "listener_filters_timeout continue_on_listener_filters_timeout transparent freebind socket_options drain_type"},
    {"envoy.config.listener.v3.ListenerFilter", "name typed_config filter_disabled"},
    {"envoy.config.listener.v3.ListenerFilterChainMatchPredicate",
     "or_match and_match not_match any_match destination_port_range"},
    {"envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet", "rules"},
    {"envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector", ""},
    {"envoy.extensions.filters.listener.http_inspector.v3.HttpInspector", ""},
    {"envoy.extensions.filters.listener.original_dst.v3.OriginalDst", ""},
    {"envoy.config.listener.v3.FilterChain", "name filter_chain_match filters transport_socket", "metadata"},
    {"envoy.config.listener.v3.FilterChainMatch",
     "destination_port prefix_ranges source_type source_prefix_ranges direct_source_prefix_ranges source_ports "
     "server_names transport_protocol application_protocols"},
    {"envoy.config.listener.v3.Filter", "name typed_config"},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
     "route_config rds http_filters stream_idle_timeout common_http_protocol_options normalize_path merge_slashes "
     "strip_any_host_port path_with_escaped_slashes_action forward_client_cert_details set_current_client_cert_details",
     // Requests come whole: the two timeouts cannot run out.
     "request_timeout request_headers_timeout stat_prefix codec_type access_log tracing generate_request_id "
     "use_remote_address xff_num_trusted_hops add_user_agent server_name server_header_transformation "
     "http_protocol_options http2_protocol_options internal_address_config preserve_external_request_id "
     "always_set_request_id_in_response local_reply_config max_request_headers_kb delayed_close_timeout"},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails",
     "uri"},
    {"envoy.extensions.filters.network.http_connection_manager.v3.Rds", "config_source route_config_name"},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
     "name typed_config is_optional disabled"},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
     "cluster weighted_clusters metadata_match max_connect_attempts", "stat_prefix access_log"},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster", "clusters"},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight",
     "name weight metadata_match"},
    {"envoy.extensions.filters.network.rbac.v3.RBAC", "rules matcher shadow_rules shadow_matcher stat_prefix"},
    {"envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit",
     "stat_prefix token_bucket runtime_enabled share_key"},
    {"envoy.config.core.v3.RuntimeFeatureFlag", "default_value", "runtime_key"},
    {"envoy.extensions.filters.network.direct_response.v3.Config", "response"},
    {"envoy.extensions.filters.network.echo.v3.Echo", ""},
    // HTTP filters.
    {"envoy.extensions.filters.http.router.v3.Router", "", "start_child_span upstream_log"},
    {"envoy.extensions.filters.http.rbac.v3.RBAC", "rules matcher shadow_rules shadow_matcher rules_stat_prefix"},
    {"envoy.extensions.filters.http.rbac.v3.RBACPerRoute", "rbac"},
    {"envoy.extensions.filters.http.fault.v3.HTTPFault", "delay abort headers response_rate_limit"},
    {"envoy.extensions.filters.http.fault.v3.FaultAbort", "http_status percentage"},
    {"envoy.extensions.filters.common.fault.v3.FaultDelay", "fixed_delay percentage"},
    {"envoy.extensions.filters.common.fault.v3.FaultRateLimit", "fixed_limit percentage"},
    {"envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit", "limit_kbps"},
    {"envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
     "token_bucket filter_enabled filter_enforced status response_headers_to_add", "stat_prefix"},
    {"envoy.type.v3.TokenBucket", "max_tokens tokens_per_fill fill_interval"},
    {"envoy.type.v3.HttpStatus", "code"},
    {"envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", ""},
    {"envoy.config.route.v3.FilterConfig", "config disabled", "is_optional"},
    {"envoy.config.rbac.v3.RBAC", "action policies"},
    {"envoy.config.rbac.v3.Policy", "permissions principals"},
    {"envoy.config.rbac.v3.Permission",
     "and_rules or_rules not_rule any header url_path destination_ip destination_port destination_port_range "
     "requested_server_name"},
    {"envoy.config.rbac.v3.Permission.Set", "rules"},
    {"envoy.config.rbac.v3.Principal",
     "and_ids or_ids not_id any authenticated source_ip direct_remote_ip remote_ip header url_path"},
    {"envoy.config.rbac.v3.Principal.Set", "ids"},
    {"envoy.config.rbac.v3.Principal.Authenticated", "principal_name"},
    {"envoy.config.rbac.v3.Action", "name action"},
    {"xds.type.matcher.v3.Matcher", "matcher_list on_no_match"},
    {"xds.type.matcher.v3.Matcher.OnMatch", "action"},
    {"xds.type.matcher.v3.Matcher.MatcherList", "matchers"},
    {"xds.type.matcher.v3.Matcher.MatcherList.FieldMatcher", "predicate on_match"},
    {"xds.type.matcher.v3.Matcher.MatcherList.Predicate", "single_predicate or_matcher and_matcher not_matcher"},
    {"xds.type.matcher.v3.Matcher.MatcherList.Predicate.SinglePredicate", "input value_match"},
    {"xds.type.matcher.v3.Matcher.MatcherList.Predicate.PredicateList", "predicate"},
    {"xds.type.matcher.v3.StringMatcher", "exact prefix suffix contains safe_regex ignore_case"},
    {"xds.type.matcher.v3.RegexMatcher", "regex", "google_re2"},
    {"xds.core.v3.TypedExtensionConfig", "name typed_config"},
    {"envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput", ""},
    {"envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput", ""},
    {"envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput", ""},
    {"envoy.extensions.matching.common_inputs.network.v3.ServerNameInput", ""},
    // Routes.
    {"envoy.config.route.v3.RouteConfiguration",
     "name virtual_hosts request_headers_to_add request_headers_to_remove response_headers_to_add "
     "response_headers_to_remove validate_clusters ignore_port_in_host_matching typed_per_filter_config",
     "max_direct_response_body_size_bytes"},
    {"envoy.config.route.v3.VirtualHost",
     "name domains routes require_tls retry_policy request_headers_to_add request_headers_to_remove "
     "response_headers_to_add response_headers_to_remove typed_per_filter_config"},
    {"envoy.config.route.v3.Route",
     "name match route redirect direct_response request_headers_to_add request_headers_to_remove "
     "response_headers_to_add response_headers_to_remove typed_per_filter_config",
     "metadata stat_prefix decorator tracing"},
    {"envoy.config.route.v3.RouteMatch",
     "prefix path path_separated_prefix safe_regex connect_matcher case_sensitive grpc headers query_parameters "
     "runtime_fraction"},
    {"envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions", ""},
    {"envoy.config.route.v3.RouteMatch.ConnectMatcher", ""},
    {"envoy.config.route.v3.RouteAction",
     "cluster weighted_clusters cluster_header metadata_match timeout idle_timeout retry_policy prefix_rewrite "
     "host_rewrite_literal regex_rewrite cluster_not_found_response_code hash_policy request_mirror_policies"},
    {"envoy.config.route.v3.WeightedCluster", "clusters total_weight"},
    {"envoy.config.route.v3.WeightedCluster.ClusterWeight",
     "name weight metadata_match request_headers_to_add request_headers_to_remove response_headers_to_add "
     "response_headers_to_remove typed_per_filter_config"},
    {"envoy.config.route.v3.RouteAction.HashPolicy",
     "header cookie connection_properties query_parameter filter_state terminal"},
    {"envoy.config.route.v3.RouteAction.HashPolicy.Header", "header_name regex_rewrite"},
    {"envoy.config.route.v3.RouteAction.HashPolicy.Cookie", "name ttl path"},
    {"envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties", "source_ip"},
    {"envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter", "name"},
    {"envoy.config.route.v3.RouteAction.RequestMirrorPolicy",
     "cluster runtime_fraction disable_shadow_host_suffix_append"},
    {"envoy.config.route.v3.RetryPolicy",
     "retry_on num_retries per_try_timeout retry_back_off retriable_status_codes retriable_headers "
     "retriable_request_headers retry_host_predicate host_selection_retry_max_attempts rate_limited_retry_back_off "
     "retry_priority"},
    {"envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff", "reset_headers max_interval"},
    {"envoy.config.route.v3.RetryPolicy.ResetHeader", "name format"},
    {"envoy.config.route.v3.RetryPolicy.RetryPriority", "name typed_config"},
    {"envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", "update_frequency"},
    {"envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig", ""},
    {"envoy.config.route.v3.RetryPolicy.RetryBackOff", "base_interval max_interval"},
    {"envoy.config.route.v3.RetryPolicy.RetryHostPredicate", "name typed_config"},
    {"envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate", ""},
    {"envoy.config.route.v3.RedirectAction",
     "https_redirect scheme_redirect host_redirect port_redirect path_redirect prefix_rewrite response_code "
     "strip_query"},
    {"envoy.config.route.v3.DirectResponseAction", "status body"},
    {"envoy.config.route.v3.HeaderMatcher",
     "name exact_match safe_regex_match range_match present_match prefix_match suffix_match contains_match "
     "string_match invert_match treat_missing_header_as_empty"},
    {"envoy.config.route.v3.QueryParameterMatcher", "name string_match present_match"},
    {"envoy.type.v3.Int64Range", "start end"},
    {"envoy.type.v3.Int32Range", "start end"},
    {"envoy.type.matcher.v3.StringMatcher", "exact prefix suffix contains safe_regex ignore_case"},
    {"envoy.type.matcher.v3.RegexMatcher", "regex", "google_re2"},
    {"envoy.type.matcher.v3.RegexMatchAndSubstitute", "pattern substitution"},
    {"envoy.type.matcher.v3.PathMatcher", "path"},
    // TLS.
    {"envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", "common_tls_context sni", "max_session_keys"},
    {"envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context require_client_certificate"},
    {"envoy.extensions.transport_sockets.tls.v3.CommonTlsContext",
     "tls_params tls_certificates tls_certificate_sds_secret_configs validation_context "
     "validation_context_sds_secret_config combined_validation_context alpn_protocols",
     "key_log"},
    {"envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext",
     "default_validation_context validation_context_sds_secret_config"},
    {"envoy.extensions.transport_sockets.tls.v3.TlsParameters",
     "tls_minimum_protocol_version tls_maximum_protocol_version cipher_suites"},
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "certificate_chain private_key"},
    {"envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig", "name sds_config"},
    {"envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext",
     "trusted_ca match_typed_subject_alt_names trust_chain_verification custom_validator_config"},
    {"envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig", "trust_domains"},
    {"envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig.TrustDomain", "name trust_bundle"},
    {"envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher", "san_type matcher"},
    {"envoy.extensions.transport_sockets.tls.v3.Secret", "name tls_certificate validation_context"},
    {"envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", ""},
};

/// Where the same message is read in part, by who holds it: the HTTP options of a cluster and of a listener.
constexpr auto common_options = "envoy.config.core.v3.HttpProtocolOptions";
constexpr Entry cluster_options{common_options,
                                "idle_timeout max_connection_duration max_stream_duration max_requests_per_connection",
                                "max_headers_count"};
constexpr Entry listener_options{common_options, "", "max_headers_count headers_with_underscores_action"};

std::vector<string_view> words(string_view text) {
  std::vector<string_view> out;
  while (!text.empty()) {
    auto end = text.find(' ');
    out.push_back(text.substr(0, end));
    text = end == string_view::npos ? string_view() : text.substr(end + 1);
  }
  return out;
}

enum class Use { read, without_effect };
using Fields = std::map<string_view, Use>;

Fields fields_of(const Entry& entry) {
  Fields out;
  for (auto word : words(entry.read)) out.emplace(word, Use::read);
  for (auto word : words(entry.without_effect)) out.emplace(word, Use::without_effect);
  return out;
}

const Fields* known(string_view name, string_view holder) {
  static const auto by_name = [] {
    std::map<string_view, Fields, std::less<>> out;
    for (const auto& entry : table) out.emplace(entry.message, fields_of(entry));
    return out;
  }();
  static const Fields of_cluster = fields_of(cluster_options), of_listener = fields_of(listener_options);
  if (name == common_options) return holder.ends_with("HttpConnectionManager") ? &of_listener : &of_cluster;
  auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &found->second;
}

void walk(const Message& message, string_view holder, std::set<std::string>& out);

void walk_any(const ::google::protobuf::Any& any, string_view holder, std::set<std::string>& out) {
  auto type = type_name(any.type_url());
  const auto* descriptor = ::google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  const auto* prototype =
      descriptor ? ::google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor) : nullptr;
  const auto* fields = known(type, holder);
  if (!fields || (!prototype && !fields->empty())) {
    out.insert(type);
    return;
  }
  if (!prototype) return;  // it is not compiled in, and that it is there is all that is read of it
  std::unique_ptr<Message> inner(prototype->New());
  if (inner->ParseFromString(any.value())) walk(*inner, holder, out);
}

/// A limit of zero time is none, which is what not reading it comes to.
bool off(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated() || field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return false;
  const auto& value = message.GetReflection()->GetMessage(message, &field);
  return value.GetDescriptor()->full_name() == "google.protobuf.Duration" && value.ByteSizeLong() == 0;
}

void walk(const Message& message, string_view holder, std::set<std::string>& out) {
  const auto& type = *message.GetDescriptor();
  const string_view name = type.full_name();
  if (name == "google.protobuf.Any") return walk_any(static_cast<const ::google::protobuf::Any&>(message), holder, out);
  if (name.starts_with("google.protobuf.")) return;
  const auto* fields = known(name, holder);
  if (!fields && !type.options().map_entry()) {
    out.insert(std::string(name));
    return;
  }
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const auto* field : set) {
    if (fields) {
      auto found = fields->find(field->name());
      if (found == fields->end()) {
        if (!off(message, *field)) out.insert(field->full_name());
        continue;
      }
      if (found->second == Use::without_effect) continue;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      walk(reflection.GetMessage(message, field), name, out);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      walk(reflection.GetRepeatedMessage(message, field, i), name, out);
  }
}

}  // namespace

std::set<std::string> unread_fields(const Message& message) {
  std::set<std::string> out;
  walk(message, {}, out);
  return out;
}

std::set<std::string> unknown_entries() {
  std::set<std::string> out;
  auto check = [&](const Entry& entry) {
    const auto* type =
        ::google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(entry.message));
    if (!type && (!entry.read.empty() || !entry.without_effect.empty())) out.insert(std::string(entry.message));
    for (auto list : {entry.read, entry.without_effect})
      for (auto field : words(list))
        if (type && !type->FindFieldByName(std::string(field)))
          out.insert(std::string(entry.message) + "." + std::string(field));
  };
  for (const auto& entry : table) check(entry);
  check(cluster_options);
  check(listener_options);
  return out;
}

}  // namespace kumasim::sim::proxy
