/// Planted bugs and their names.
#include "reference-cp/policy/planted_bugs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/any.pb.h>

#include "kumasim/runtime/random.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/kds/store_sync.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/xds/ads/request.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::endpoint::v3::ClusterLoadAssignment;
using ::envoy::extensions::transport_sockets::tls::v3::Secret;
using ::envoy::extensions::transport_sockets::tls::v3::SPIFFECertValidatorConfig;

/// What a legacy permission has put in goes, and nothing comes.
void drop_rbac_rule(::envoy::config::listener::v3::Listener& listener) {
  for (auto& chain : *listener.mutable_filter_chains()) remove_network_rbac(chain);
}

/// Replaces the resources that `change` says true of.
template <class Message>
void change_all(Snapshot& snapshot, std::string_view url, bool (*change)(Message&)) {
  std::vector<XdsResourcePtr> changed;
  for (const auto& [name, resource] : snapshot.of(url)) {
    google::protobuf::Any any;
    Message message;
    if (any.ParseFromString(*resource->any) && any.UnpackTo(&message) && change(message))
      changed.push_back(serialise(name, url, message));
  }
  for (XdsResourcePtr& resource : changed) snapshot.add(url, std::move(resource));
}

bool lose_detection(Cluster& cluster) {
  if (!cluster.common_lb_config().has_locality_weighted_lb_config()) return false;
  cluster.clear_outlier_detection();
  return true;
}

/// Hosts that are ejected get nothing, however few are left.
bool lose_panic(Cluster& cluster) {
  if (!cluster.has_outlier_detection()) return false;
  cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(0);
  return true;
}

/// Of the factor whole times stay: after it was rounded up, so that 50.1 % is still 200, and in Kuma 100.
bool cut_threshold(ClusterLoadAssignment& assignment) {
  if (!assignment.policy().has_overprovisioning_factor()) return false;
  auto& factor = *assignment.mutable_policy()->mutable_overprovisioning_factor();
  factor.set_value(factor.value() / 100 * 100);
  return true;
}

/// Calls to other proxies go out as they are.
bool lose_tls(Cluster& cluster) {
  if (cluster.type() != Cluster::EDS || !cluster.has_transport_socket()) return false;
  cluster.clear_transport_socket();
  return true;
}

/// Of the CAs of a domain the last one stays.
bool replace_bundle(Secret& secret) {
  if (!secret.has_validation_context()) return false;
  auto& validator = *secret.mutable_validation_context()->mutable_custom_validator_config();
  SPIFFECertValidatorConfig config;
  if (!validator.typed_config().UnpackTo(&config)) return false;
  for (auto& domain : *config.mutable_trust_domains()) {
    std::string pem = domain.trust_bundle().inline_bytes();
    if (std::size_t last = pem.rfind("-----BEGIN"); last != std::string::npos)
      domain.mutable_trust_bundle()->set_inline_bytes(pem.substr(last));
  }
  pack(config, *validator.mutable_typed_config());
  return true;
}

/// Where it has heard of a refusal it waits for what never comes, and says nothing of the type any more.
template <class Request>
std::function<bool(Request&)> stop_at_refusals() {
  return [refused = std::set<std::string>()](Request& request) mutable {
    if (request.error) refused.insert(request.type_url);
    return !refused.contains(request.type_url);
  };
}

/// Compares versions instead of reading the error: what answers a response that only a changed subscription has called
/// for names the same version, whether it is taken or refused.
RequestFilter compare_versions() {
  struct Heard {
    std::vector<std::string> names;  ///< that the last response was for
    std::string nonce;
    bool asked = false;  ///< the subscription has changed, and no answer since
  };
  return [types = std::map<std::string, Heard>()](DiscoveryRequest& request) mutable {
    Heard& heard = types[request.type_url];
    bool answers = request.response_nonce != heard.nonce;
    if (answers && heard.asked && request.error) request.error.reset();
    heard.asked = request.names != heard.names && !request.response_nonce.empty();
    heard.names = request.names;
    heard.nonce = request.response_nonce;
    return true;
  };
}

bool always() { return true; }

/// No ping, and hours for an answer.
void wait_for_silence(GrpcClientOptions& options, Duration& health_duration_max) {
  options.limits.http2.keepalive_interval = Duration::zero();
  health_duration_max = std::chrono::hours(24);
}

/// As a store behind a network takes for it.
Duration up_to_a_second(Random& random) { return std::chrono::milliseconds(random.below(1000)); }

const std::map<std::string, PlantedBugs>& all() {
  static const std::map<std::string, PlantedBugs> bugs{
      {"rbac-rule-dropped", {.permissions = drop_rbac_rule}},
      {"outlier-detection-lost",
       {.configuration = [](Snapshot& made) { change_all<Cluster>(made, type_url::cluster, lose_detection); }}},
      {"failover-threshold-truncated",
       {.configuration =
            [](Snapshot& made) { change_all<ClusterLoadAssignment>(made, type_url::endpoint, cut_threshold); }}},
      {"panic-routing-lost",
       {.configuration = [](Snapshot& made) { change_all<Cluster>(made, type_url::cluster, lose_panic); }}},
      {"upstream-tls-lost",
       {.configuration = [](Snapshot& made) { change_all<Cluster>(made, type_url::cluster, lose_tls); }}},
      {"trust-bundle-replaced",
       {.configuration = [](Snapshot& made) { change_all<Secret>(made, type_url::secret, replace_bundle); }}},
      {"nack-stops-type", {.request_filter = stop_at_refusals<DiscoveryRequest>}},
      {"nack-taken-for-ack", {.request_filter = compare_versions}},
      {"old-stream-ends-new", {.stream_ends = [](bool) { return true; }}},
      {"trust-domain-stays", {.trust_domain_stays = always}},
      {"kds-nack-stops-type", {.kds = {.request_filter = stop_at_refusals<DeltaDiscoveryRequest>}}},
      {"kds-refusal-ends-stream",
       {.kds = {.ends_stream = [](const kds::SyncReport& report) { return !report.refused.empty(); }}}},
      {"kds-stream-end-empties-others", {.kds = {.overlooks = [](const Kind& kind) { return kind.type() != "Mesh"; }}}},
      {"kds-streams-outlive-zone", {.kds = {.outlives_its_zone = always}}},
      {"kds-zone-made-by-one-stream", {.kds = {.zone_made_after = up_to_a_second}}},
      {"kds-silent-global-kept", {.kds = {.connection = wait_for_silence}}},
  };
  return bugs;
}

}  // namespace

const std::vector<std::string>& PlantedBugs::names() {
  static const std::vector<std::string> out = [] {
    std::vector<std::string> names;
    for (const auto& [name, bugs] : all()) names.push_back(name);
    return names;
  }();
  return out;
}

Result<PlantedBugs> PlantedBugs::from_name(const std::string& name) {
  if (name.empty()) return PlantedBugs{};
  auto found = all().find(name);
  if (found == all().end())
    return fail(Code::invalid_argument,
                fmt::format("no planted bug has the name \"{}\"; there are {}", name, fmt::join(names(), ", ")), name);
  return found->second;
}

}  // namespace kumasim::cp::policy
