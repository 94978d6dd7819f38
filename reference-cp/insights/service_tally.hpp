/// The services of one mesh by who offers them: what its ServiceInsight says.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "reference-cp/insights/proxy_status.hpp"

namespace kumasim::cp {

/// One inbound, gateway or ExternalService that offers a service.
struct ServiceOffer {
  std::string service;
  std::string type;     ///< internal, external, gateway_builtin, gateway_delegated
  std::string address;  ///< of an external one
  std::string zone;     ///< "": none was said
  std::string backend;  ///< who made the proxy's certificate; "": it has none
  ProxyStatus status = ProxyStatus::offline;
  bool operator==(const ServiceOffer&) const = default;
};

/// Offers in the order that counts: Dataplanes by name, each with its gateway before its inbounds, then
/// ExternalServices.
struct OfferKey {
  bool external = false;
  std::string name;
  std::size_t number = 0;
  auto operator<=>(const OfferKey&) const = default;
};

class ServiceTally {
 public:
  void add(const OfferKey& key, const ServiceOffer& offer);
  /// REQUIRES: it was added so.
  void remove(const OfferKey& key, const ServiceOffer& offer);
  /// {"services": {...}}. What follows from an entry's name and numbers (its total, where it is reached inside the
  /// mesh) is left to who shows it.
  nlohmann::json spec() const;

 private:
  struct Service {
    std::map<OfferKey, ServiceOffer> offers;  ///< the first one decides on the type
    std::int64_t online = 0, offline = 0;
    std::map<std::string, std::int64_t> backends, zones;
  };
  static nlohmann::json spec_of(const Service& service);

  std::map<std::string, Service> services_;
};

}  // namespace kumasim::cp
