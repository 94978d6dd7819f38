/// What a proxy would get, as JSON.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/type_url.hpp"
#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {

/// All that is generated for one proxy of a world.
class Generated {
 public:
  Generated(const World& world, std::string_view proxy, ProxyIdentity identity = {});

  /// Canonical JSON of one resource, Envoy's messages inside of it unpacked; null where there is none.
  nlohmann::json get(std::string_view type_url, const std::string& name) const;
  /// The same as a serialised Any, which may hold types that the tests' JSON does not know; "" where there is none.
  std::string bytes(std::string_view type_url, const std::string& name) const;
  nlohmann::json cluster(const std::string& name) const { return get(type_url::cluster, name); }
  nlohmann::json listener(const std::string& name) const { return get(type_url::listener, name); }
  nlohmann::json secret(const std::string& name) const { return get(type_url::secret, name); }
  /// Of the listener's first chain: the configuration of its first filter.
  nlohmann::json filter(const std::string& listener) const;
  /// Of the listener's first virtual host.
  nlohmann::json routes(const std::string& listener) const;

 private:
  std::map<std::string, std::map<std::string, std::string>> any_;  ///< type URL -> name -> bytes
};

}  // namespace kumasim::cp::policy::testing
