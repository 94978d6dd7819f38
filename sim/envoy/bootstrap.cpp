#include "sim/envoy/bootstrap.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/resource.hpp"
#include "sim/envoy/config/validate.hpp"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::sim::proxy {
namespace {

using nlohmann::json;
namespace boot = ::envoy::config::bootstrap::v3;

json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    json out = json::object();
    for (const auto& entry : node) out[entry.first.as<std::string>()] = to_json(entry.second);
    return out;
  }
  if (node.IsSequence()) {
    json out = json::array();
    for (const auto& item : node) out.push_back(to_json(item));
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  auto text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  try {
    std::size_t used = 0;
    auto number = std::stoll(text, &used);
    if (used == text.size()) return number;
    auto real = std::stod(text, &used);
    if (used == text.size()) return real;
  } catch (const std::exception&) {
  }
  return text;
}

/// A type that is not linked in cannot be parsed: its place is taken by an empty message whose type is restored later.
void hide_unknown(json& value, std::vector<std::string>& types) {
  if (value.is_array())
    for (auto& item : value) hide_unknown(item, types);
  if (!value.is_object()) return;
  if (auto found = value.find("@type"); found != value.end() && found->is_string()) {
    auto url = found->get<std::string>();
    if (!::google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type_name(url))) {
      types.push_back(url);
      value = {{"@type", "type.googleapis.com/google.protobuf.StringValue"},
               {"value", "#" + std::to_string(types.size() - 1)}};
      return;
    }
  }
  for (auto& [key, item] : value.items()) hide_unknown(item, types);
}

void restore_unknown(::google::protobuf::Message& message, const std::vector<std::string>& types);

void restore_any(::google::protobuf::Any& any, const std::vector<std::string>& types) {
  if (type_name(any.type_url()) == "google.protobuf.StringValue") {
    // Field 1, a short string: tag, length, '#', number.
    if (any.value().size() > 3 && any.value()[2] == '#') {
      auto index = static_cast<std::size_t>(std::stoul(any.value().substr(3)));
      if (index < types.size()) {
        any.set_type_url(types[index]);
        any.clear_value();
      }
    }
    return;
  }
  const auto* type =
      ::google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type_name(any.type_url()));
  if (!type) return;
  std::unique_ptr<::google::protobuf::Message> inner(
      ::google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!inner->ParseFromString(any.value())) return;
  restore_unknown(*inner, types);
  any.set_value(to_bytes(*inner));
}

void restore_unknown(::google::protobuf::Message& message, const std::vector<std::string>& types) {
  if (auto* any = dynamic_cast<::google::protobuf::Any*>(&message)) return restore_any(*any, types);
  const auto& r = *message.GetReflection();
  std::vector<const ::google::protobuf::FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != ::google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      restore_unknown(*r.MutableMessage(&message, field), types);
      continue;
    }
    for (int i = 0; i < r.FieldSize(message, field); ++i)
      restore_unknown(*r.MutableRepeatedMessage(&message, field, i), types);
  }
}

std::string text_of(const ::envoy::config::core::v3::DataSource& source) {
  return source.has_inline_bytes() ? source.inline_bytes() : source.inline_string();
}

void take_validation(const tls::CertificateValidationContext& context, AdsServer& out) {
  out.trust_pem = text_of(context.trusted_ca());
  for (const auto& san : context.match_typed_subject_alt_names()) {
    auto match = StringMatch::compile(san.matcher());
    if (!match) continue;
    auto kind = san.san_type() == tls::SubjectAltNameMatcher::URI   ? SanMatch::Kind::uri
                : san.san_type() == tls::SubjectAltNameMatcher::DNS ? SanMatch::Kind::dns
                                                                    : SanMatch::Kind::ip;
    out.sans.push_back({kind, std::move(*match)});
  }
}

Result<AdsServer> find_server(const boot::Bootstrap& b, const std::string& name) {
  for (const auto& cluster : b.static_resources().clusters()) {
    if (cluster.name() != name) continue;
    AdsServer out;
    const auto& assignment = cluster.load_assignment();
    if (assignment.endpoints_size() == 0 || assignment.endpoints(0).lb_endpoints_size() == 0)
      return fail(Code::invalid_argument, "the cluster of the discovery service has no endpoint",
                  "static_resources.clusters");
    const auto& address = assignment.endpoints(0).lb_endpoints(0).endpoint().address().socket_address();
    out.host = address.address();
    out.port = static_cast<std::uint16_t>(address.port_value());
    if (cluster.has_connect_timeout()) out.connect_timeout = to_duration(cluster.connect_timeout());
    const auto& config = cluster.transport_socket().typed_config();
    if (type_name(config.type_url()) != "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext") return out;
    tls::UpstreamTlsContext context;
    if (!context.ParseFromString(config.value()))
      return fail(Code::invalid_argument, "bad TLS context", "static_resources.clusters");
    out.tls = true;
    out.server_name = context.sni();
    const auto& common = context.common_tls_context();
    if (common.tls_certificates_size() > 0) {
      out.certificate_pem = text_of(common.tls_certificates(0).certificate_chain());
      out.key_pem = text_of(common.tls_certificates(0).private_key());
    }
    if (common.has_validation_context()) take_validation(common.validation_context(), out);
    for (const auto& secret : b.static_resources().secrets())
      if (secret.has_validation_context() && secret.name() == common.validation_context_sds_secret_config().name())
        take_validation(secret.validation_context(), out);
    return out;
  }
  return fail(Code::invalid_argument, "no static cluster '" + name + "' for the discovery service",
              "dynamic_resources.ads_config");
}

template <class Message>
std::string packed(const Message& message) {
  ::google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/" + std::string(message.GetTypeName()));
  any.set_value(to_bytes(message));
  return to_bytes(any);
}

}  // namespace

Result<> message_from_text(const std::string& text, ::google::protobuf::Message& out) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    try {
      document = to_json(YAML::Load(text));
    } catch (const YAML::Exception& error) {
      return fail(Code::invalid_argument, std::string("neither JSON nor YAML: ") + error.what());
    }
  }
  if (!document.is_object()) return fail(Code::invalid_argument, "the document is no object");
  std::vector<std::string> types;
  hide_unknown(document, types);
  ::google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  auto status = ::google::protobuf::util::JsonStringToMessage(document.dump(), &out, options);
  if (!status.ok()) return fail(Code::invalid_argument, std::string(status.message()));
  if (!types.empty()) restore_unknown(out, types);
  return {};
}

Result<Bootstrap> Bootstrap::parse(const std::string& text) {
  boot::Bootstrap b;
  if (auto ok = message_from_text(text, b); !ok) return fail(ok.error());
  Bootstrap out;
  out.node_id = b.node().id();
  auto& node = *b.mutable_node();
  node.set_user_agent_name("envoy");
  auto& version = *node.mutable_user_agent_build_version()->mutable_version();
  version.set_major_number(1);
  version.set_minor_number(40);
  node.add_client_features("envoy.lb.does_not_support_overprovisioning");
  node.add_client_features("envoy.lrs.supports_send_all_clusters");
  out.node = to_bytes(node);
  out.admin_port = static_cast<std::uint16_t>(b.admin().address().socket_address().port_value());
  for (const auto& cluster : b.static_resources().clusters()) out.clusters.push_back(packed(cluster));
  for (const auto& listener : b.static_resources().listeners()) out.listeners.push_back(packed(listener));
  for (const auto& secret : b.static_resources().secrets()) out.secrets.push_back(packed(secret));
  if (!b.dynamic_resources().has_ads_config()) return out;
  const auto& ads = b.dynamic_resources().ads_config();
  using Source = ::envoy::config::core::v3::ApiConfigSource;
  if (ads.api_type() != Source::GRPC && ads.api_type() != Source::DELTA_GRPC)
    return fail(Code::invalid_argument, "only GRPC and DELTA_GRPC are simulated",
                "dynamic_resources.ads_config.api_type");
  if (ads.grpc_services_size() != 1 || !ads.grpc_services(0).has_envoy_grpc())
    return fail(Code::invalid_argument, "one envoy_grpc service is needed",
                "dynamic_resources.ads_config.grpc_services");
  out.delta = ads.api_type() == Source::DELTA_GRPC;
  out.node_on_first_message_only = ads.set_node_on_first_message_only();
  auto server = find_server(b, ads.grpc_services(0).envoy_grpc().cluster_name());
  if (!server) return fail(server.error());
  for (const auto& h : ads.grpc_services(0).initial_metadata()) server->metadata.emplace_back(h.key(), h.value());
  out.ads = std::move(*server);
  // By another cluster than ADS, or by another client of Envoy's, it is not simulated.
  const auto& hds = b.hds_config();
  if (hds.grpc_services_size() == 1 &&
      hds.grpc_services(0).envoy_grpc().cluster_name() == ads.grpc_services(0).envoy_grpc().cluster_name()) {
    out.hds = true;
    for (const auto& h : hds.grpc_services(0).initial_metadata()) out.hds_metadata.emplace_back(h.key(), h.value());
  }
  return out;
}

}  // namespace kumasim::sim::proxy
