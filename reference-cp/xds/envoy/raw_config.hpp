/// Configurations whose messages the API closure of this build does not hold; their few fields are written as wire
/// bytes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Any;
}

namespace kumasim::cp::envoy {

/// envoy.extensions.filters.network.kafka_broker.v3.KafkaBroker (contrib): stat_prefix = 1.
void kafka_broker_config(std::string_view stat_prefix, google::protobuf::Any& out);
/// envoy.extensions.filters.http.grpc_stats.v3.FilterConfig: emit_filter_state = 1.
void grpc_stats_config(google::protobuf::Any& out);
/// envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig with an inline table of names; answers live 30 s.
void dns_filter_config(const std::map<std::string, std::vector<std::string>>& names, google::protobuf::Any& out);
/// envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink: event_log_path = 1.
void health_event_file_config(std::string_view path, google::protobuf::Any& out);

}  // namespace kumasim::cp::envoy
