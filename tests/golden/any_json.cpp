#include "tests/golden/any_json.hpp"

#include <memory>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

namespace kumasim::cp::golden {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

void field(DescriptorProto& message, const char* name, int number, FieldDescriptorProto::Type type,
           const char* type_name = nullptr, bool repeated = false) {
  FieldDescriptorProto& out = *message.add_field();
  out.set_name(name);
  out.set_number(number);
  out.set_type(type);
  out.set_label(repeated ? FieldDescriptorProto::LABEL_REPEATED : FieldDescriptorProto::LABEL_OPTIONAL);
  if (type_name) out.set_type_name(type_name);
}

DescriptorProto& message(FileDescriptorProto& file, const char* name, const char* package) {
  file.set_syntax("proto3");
  file.set_package(package);
  DescriptorProto& out = *file.add_message_type();
  out.set_name(name);
  return out;
}

/// What the control plane writes as wire bytes, because its API closure does not hold these.
DescriptorPool& pool() {
  static DescriptorPool* pool = [] {
    auto* made = new DescriptorPool(DescriptorPool::generated_pool());
    google::protobuf::FileDescriptorProto kafka, grpc, dns, limit, sink;
    kafka.set_name("golden/kafka.proto");
    field(message(kafka, "KafkaBroker", "envoy.extensions.filters.network.kafka_broker.v3"), "stat_prefix", 1,
          FieldDescriptorProto::TYPE_STRING);
    made->BuildFile(kafka);
    grpc.set_name("golden/grpc_stats.proto");
    field(message(grpc, "FilterConfig", "envoy.extensions.filters.http.grpc_stats.v3"), "emit_filter_state", 1,
          FieldDescriptorProto::TYPE_BOOL);
    made->BuildFile(grpc);
    constexpr char package[] = "envoy.extensions.filters.udp.dns_filter.v3";
    std::string prefix = std::string(".") + package + ".";
    auto type = [&](const char* name) { return prefix + name; };
    dns.set_name("golden/dns_filter.proto");
    dns.add_dependency("google/protobuf/duration.proto");
    constexpr auto text = FieldDescriptorProto::TYPE_STRING;
    constexpr auto nested = FieldDescriptorProto::TYPE_MESSAGE;
    field(message(dns, "AddressList", package), "address", 1, text, nullptr, true);
    field(message(dns, "Endpoint", package), "address_list", 1, nested, type("AddressList").c_str());
    DescriptorProto& domain = message(dns, "Domain", package);
    field(domain, "name", 1, text);
    field(domain, "endpoint", 2, nested, type("Endpoint").c_str());
    field(domain, "answer_ttl", 3, nested, ".google.protobuf.Duration");
    field(message(dns, "Table", package), "virtual_domains", 2, nested, type("Domain").c_str(), true);
    field(message(dns, "Server", package), "inline_dns_table", 1, nested, type("Table").c_str());
    DescriptorProto& filter = message(dns, "DnsFilterConfig", package);
    field(filter, "stat_prefix", 1, text);
    field(filter, "server_config", 2, nested, type("Server").c_str());
    made->BuildFile(dns);
    limit.set_name("golden/connection_limit.proto");
    limit.add_dependency("envoy/type/v3/token_bucket.proto");
    DescriptorProto& bucket = message(limit, "LocalRateLimit", "envoy.extensions.filters.network.local_ratelimit.v3");
    field(bucket, "stat_prefix", 1, text);
    field(bucket, "token_bucket", 2, nested, ".envoy.type.v3.TokenBucket");
    made->BuildFile(limit);
    sink.set_name("golden/event_sink.proto");
    field(message(sink, "HealthCheckEventFileSink", "envoy.extensions.health_check.event_sinks.file.v3"),
          "event_log_path", 1, text);
    made->BuildFile(sink);
    return made;
  }();
  return *pool;
}

}  // namespace

nlohmann::json any_to_json(const std::string& any) {
  static auto* resolver = google::protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com", &pool());
  std::string text;
  auto status =
      google::protobuf::util::BinaryToJsonString(resolver, "type.googleapis.com/google.protobuf.Any", any, &text);
  if (!status.ok()) return {{"$undecoded", status.ToString()}};
  return nlohmann::json::parse(text);
}

}  // namespace kumasim::cp::golden
