#include "reference-cp/kds/zone_subscription.hpp"

#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp::kds {
namespace {

using Json = nlohmann::json;

struct Release {
  int major = 0, minor = 0;
};

/// Of a version such as "2.12.14" or "v2.12"; nothing where the text is none, as builds of developers have.
std::optional<Release> release_of(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  Release out;
  auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  auto minor = std::from_chars(major.ptr + 1, end, out.minor);
  if (minor.ec != std::errc() || (minor.ptr != end && *minor.ptr != '.')) return std::nullopt;
  return out;
}

/// Two minor versions in either direction (Kuma: pkg/version/compatibility.go).
bool fits(const std::string& own, const std::string& other) {
  if (own.find("preview") != std::string::npos || other.find("preview") != std::string::npos) return true;
  auto here = release_of(own), there = release_of(other);
  if (!here || !there) return true;
  return here->major == there->major && std::abs(here->minor - there->minor) <= 2;
}

}  // namespace

ZoneSubscription::ZoneSubscription(Server server, std::string id, bool authenticated, WallTime now, std::string client)
    : server_(std::move(server)),
      id_(std::move(id)),
      authenticated_(authenticated),
      connected_(now),
      updated_(now),
      client_(std::move(client)) {}

void ZoneSubscription::introduce(const AdsNode& node) {
  const Json metadata = Json::parse(node.metadata_json, nullptr, false);
  if (config_.empty()) config_ = text_at(metadata, "config");
  if (std::string instance = text_at(metadata, "control-plane-id"); !instance.empty())
    other_instance_ = std::move(instance);
  if (zone_.empty()) zone_ = node.id;
  if (!version_json_.empty()) return;
  Json build = at(at(metadata, "version"), "kumaCp");
  if (!build.is_object()) build = Json::object();
  if (has(metadata, "version") && fits(server_.version, text_at(build, "version")))
    build["kumaCpGlobalCompatible"] = true;
  version_json_ = Json{{"kumaCp", std::move(build)}}.dump();
}

void ZoneSubscription::on_request(const DeltaDiscoveryRequest& request, WallTime now) {
  if (zone_.empty()) zone_ = client_;
  if (!request.node.id.empty()) introduce(request.node);
  if (request.response_nonce.empty()) return;
  updated_ = now;
  Counts& counts = counts_[request.type_url];
  ++(request.error ? counts.rejected : counts.acknowledged);
}

void ZoneSubscription::on_response(const std::string& kind, WallTime now) {
  updated_ = now;
  ++counts_[kind].sent;
}

void ZoneSubscription::end(WallTime now) {
  if (!disconnected_) disconnected_ = now;
}

/// Zeros are left out and numbers of 64 bits are text, as protobuf's JSON has it.
Json ZoneSubscription::print(const Counts& counts) {
  Json out = Json::object();
  auto put = [&](const char* name, std::uint64_t value) {
    if (value > 0) out[name] = std::to_string(value);
  };
  put("responsesSent", counts.sent);
  put("responsesAcknowledged", counts.acknowledged);
  put("responsesRejected", counts.rejected);
  return out;
}

Json ZoneSubscription::print() const {
  Counts total;
  Json stat = Json::object();
  for (const auto& [kind, counts] : counts_) {
    total.sent += counts.sent;
    total.acknowledged += counts.acknowledged;
    total.rejected += counts.rejected;
    stat[kind] = print(counts);
  }
  Json status{{"lastUpdateTime", print_timestamp(updated_)}, {"total", print(total)}};
  if (!stat.empty()) status["stat"] = std::move(stat);
  Json out{{"id", id_}, {"connectTime", print_timestamp(connected_)}, {"status", std::move(status)}};
  const bool on_global = server_.mode == CpMode::global;
  const std::string& global = on_global ? server_.instance : other_instance_;
  const std::string& zone = on_global ? other_instance_ : server_.instance;
  if (!global.empty()) out["globalInstanceId"] = global;
  if (!zone.empty()) out["zoneInstanceId"] = zone;
  if (disconnected_) out["disconnectTime"] = print_timestamp(*disconnected_);
  out["version"] = version_json_.empty() ? Json{{"kumaCp", Json::object()}} : Json::parse(version_json_);
  if (generation_ != 0) out["generation"] = generation_;
  if (!config_.empty()) out["config"] = config_;
  if (authenticated_) out["authTokenProvided"] = true;
  return out;
}

}  // namespace kumasim::cp::kds
