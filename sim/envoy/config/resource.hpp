/// One xDS resource, decoded and compiled once for each distinct content and shared by every proxy of the world.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/config/listener.hpp"

namespace google::protobuf {
class Any;
}

namespace kumasim::sim::proxy {

/// In the order in which Envoy wants them: make before break.
enum class Type : std::uint8_t { cluster, endpoints, listener, routes, secret };
inline constexpr std::array all_types{Type::cluster, Type::endpoints, Type::listener, Type::routes, Type::secret};

std::string_view type_url(Type type);
std::optional<Type> type_of(std::string_view url);

/// Clusters and listeners are asked for as a whole, the others by name.
constexpr bool wildcard(Type type) { return type == Type::cluster || type == Type::listener; }

struct Resource {
  Type type;
  std::string name;
  std::uint64_t id = 0;               ///< equal for equal bytes
  std::string error;                  ///< why Envoy refuses to apply it although it decodes; then `what` is null
  std::set<std::string> unread = {};  ///< set fields that are not interpreted
  std::variant<ClusterPtr, LoadAssignmentPtr, ListenerPtr, RouteConfigPtr, SecretPtr> what;
};
using ResourcePtr = std::shared_ptr<const Resource>;

/// Not thread-safe: one world, one thread.
class ResourceCache {
 public:
  /// Refuses what does not decode or breaks a constraint of the API; Envoy then refuses the whole response.
  Checked<ResourcePtr> get(Type type, const ::google::protobuf::Any& any);

  CertificateStore& certificates() { return certificates_; }
  std::uint64_t compiled() const { return ids_; }

 private:
  void forget_unused();
  std::array<std::unordered_map<std::string, std::weak_ptr<const Resource>>, all_types.size()>
      known_;  // never iterated for output
  std::size_t sweep_at_ = 4096;
  std::size_t size_ = 0;
  std::uint64_t ids_ = 0;
  CertificateStore certificates_;
};

}  // namespace kumasim::sim::proxy
