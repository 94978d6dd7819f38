#include "reference-cp/xds/envoy/raw_config.hpp"

#include <cstdint>

#include <google/protobuf/any.pb.h>

namespace kumasim::cp::envoy {
namespace {

void varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// A length-delimited field: a string or a message.
void bytes_field(std::string& out, std::uint32_t number, std::string_view value) {
  varint(out, number << 3 | 2);
  varint(out, value.size());
  out += value;
}

void varint_field(std::string& out, std::uint32_t number, std::uint64_t value) {
  varint(out, number << 3);
  varint(out, value);
}

void set(google::protobuf::Any& out, std::string_view type, std::string value) {
  out.set_type_url("type.googleapis.com/" + std::string(type));
  out.set_value(std::move(value));
}

}  // namespace

void kafka_broker_config(std::string_view stat_prefix, google::protobuf::Any& out) {
  std::string value;
  bytes_field(value, 1, stat_prefix);
  set(out, "envoy.extensions.filters.network.kafka_broker.v3.KafkaBroker", std::move(value));
}

void grpc_stats_config(google::protobuf::Any& out) {
  std::string value;
  varint_field(value, 1, 1);
  set(out, "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", std::move(value));
}

void dns_filter_config(const std::map<std::string, std::vector<std::string>>& names, google::protobuf::Any& out) {
  std::string ttl;
  varint_field(ttl, 1, 30);
  std::string table;  // DnsTable: virtual_domains = 2
  for (const auto& [name, addresses] : names) {
    std::string list;  // AddressList: address = 1
    for (const std::string& address : addresses) bytes_field(list, 1, address);
    std::string endpoint;  // DnsEndpoint: address_list = 1
    bytes_field(endpoint, 1, list);
    std::string domain;  // DnsVirtualDomain: name = 1, endpoint = 2, answer_ttl = 3
    bytes_field(domain, 1, name);
    bytes_field(domain, 2, endpoint);
    bytes_field(domain, 3, ttl);
    bytes_field(table, 2, domain);
  }
  std::string server;  // ServerContextConfig: inline_dns_table = 1
  bytes_field(server, 1, table);
  std::string value;  // DnsFilterConfig: stat_prefix = 1, server_config = 2
  bytes_field(value, 1, "kuma_dns");
  bytes_field(value, 2, server);
  set(out, "envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig", std::move(value));
}

void health_event_file_config(std::string_view path, google::protobuf::Any& out) {
  std::string value;
  if (!path.empty()) bytes_field(value, 1, path);
  set(out, "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink", std::move(value));
}

}  // namespace kumasim::cp::envoy
