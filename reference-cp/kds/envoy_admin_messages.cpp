#include "reference-cp/kds/envoy_admin_messages.hpp"

#include <fmt/format.h>
#include <kuma/kds.pb.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

namespace api = ::kuma::mesh::v1alpha1;

bool has(const Target& target, std::string_view name, std::string_view value) {
  for (const auto& [key, text] : target.query)
    if (key == name && text == value) return true;
  return false;
}

template <class Message>
Message with_proxy(const AdminRequest& request) {
  Message out;
  out.set_request_id(request.id);
  out.set_resource_type(request.type);
  out.set_resource_name(request.proxy.name);
  out.set_resource_mesh(request.proxy.mesh);
  return out;
}

template <class Message>
Result<Message> parse(std::string_view bytes) {
  Message out;
  if (!out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, fmt::format("the message is not a {}", out.GetTypeName()));
  return out;
}

template <class Message>
AdminRequest without_target(const Message& message) {
  return {.id = message.request_id(),
          .type = message.resource_type(),
          .proxy = {message.resource_mesh(), message.resource_name()},
          .target = {}};
}

api::AdminOutputFormat format_of(const Target& target) { return has(target, "format", "json") ? api::JSON : api::TEXT; }

template <class Message>
AdminAnswer answer_of(const Message& message, const std::string& body) {
  AdminAnswer out{.id = message.request_id(), .body = body};
  if (message.has_error()) out.body = fail(Code::unavailable, message.error());
  return out;
}

/// An error without words would look like a body.
std::string words_of(const Error& error) {
  return error.message.empty() ? std::string(to_string(error.code)) : error.message;
}

}  // namespace

Result<ZoneStream> admin_stream_of(std::string_view target) {
  std::string path = parse_target(target).path;
  if (path == "/config_dump") return ZoneStream::config_dump;
  if (path == "/stats") return ZoneStream::stats;
  if (path == "/clusters") return ZoneStream::clusters;
  return fail(Code::invalid_argument, fmt::format("{} is not asked of an Envoy in a zone", path));
}

std::string_view admin_request_name(ZoneStream stream) {
  if (stream == ZoneStream::config_dump) return "XDSConfigRequest";
  return stream == ZoneStream::stats ? "StatsRequest" : "ClustersRequest";
}

std::string encode(const AdminRequest& request) {
  Target target = parse_target(request.target);
  if (target.path == "/config_dump") {
    auto out = with_proxy<api::XDSConfigRequest>(request);
    out.set_include_eds(has(target, "include_eds", "true"));
    return deterministic_bytes(out);
  }
  if (target.path == "/stats") {
    auto out = with_proxy<api::StatsRequest>(request);
    out.set_format(format_of(target));
    out.set_used_only(has(target, "usedonly", ""));
    return deterministic_bytes(out);
  }
  auto out = with_proxy<api::ClustersRequest>(request);
  out.set_format(format_of(target));
  return deterministic_bytes(out);
}

Result<AdminRequest> decode_admin_request(ZoneStream stream, std::string_view bytes) {
  if (stream == ZoneStream::config_dump) {
    auto message = parse<api::XDSConfigRequest>(bytes);
    if (!message) return fail(message.error());
    AdminRequest out = without_target(*message);
    out.target = message->include_eds() ? "/config_dump?include_eds=true" : "/config_dump";
    return out;
  }
  if (stream == ZoneStream::stats) {
    auto message = parse<api::StatsRequest>(bytes);
    if (!message) return fail(message.error());
    AdminRequest out = without_target(*message);
    const bool json = message->format() == api::JSON;
    out.target = json ? "/stats?format=json" : "/stats";
    if (message->used_only()) out.target += json ? "&usedonly=" : "?usedonly=";
    return out;
  }
  auto message = parse<api::ClustersRequest>(bytes);
  if (!message) return fail(message.error());
  AdminRequest out = without_target(*message);
  out.target = message->format() == api::JSON ? "/clusters?format=json" : "/clusters";
  return out;
}

std::string encode(ZoneStream stream, const AdminAnswer& answer) {
  auto write = [&](auto out, auto set_body) {
    out.set_request_id(answer.id);
    if (!answer.body)
      out.set_error(words_of(answer.body.error()));
    else if (!answer.body->empty())
      set_body(out, *answer.body);
    return deterministic_bytes(out);
  };
  if (stream == ZoneStream::config_dump)
    return write(api::XDSConfigResponse(), [](auto& out, const std::string& body) { out.set_config(body); });
  if (stream == ZoneStream::stats)
    return write(api::StatsResponse(), [](auto& out, const std::string& body) { out.set_stats(body); });
  return write(api::ClustersResponse(), [](auto& out, const std::string& body) { out.set_clusters(body); });
}

Result<AdminAnswer> decode_admin_answer(ZoneStream stream, std::string_view bytes) {
  if (stream == ZoneStream::config_dump) {
    auto message = parse<api::XDSConfigResponse>(bytes);
    if (!message) return fail(message.error());
    return answer_of(*message, message->config());
  }
  if (stream == ZoneStream::stats) {
    auto message = parse<api::StatsResponse>(bytes);
    if (!message) return fail(message.error());
    return answer_of(*message, message->stats());
  }
  auto message = parse<api::ClustersResponse>(bytes);
  if (!message) return fail(message.error());
  return answer_of(*message, message->clusters());
}

}  // namespace kumasim::cp::kds
