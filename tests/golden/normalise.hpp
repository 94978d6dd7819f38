/// The corpus' canonical form of a proxy's resources: what differs between two runs of one control plane becomes a
/// word.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp::golden {

/// Type URL -> name -> canonical JSON.
using Canonical = std::map<std::string, std::map<std::string, nlohmann::json>>;

/// Only what Envoy would ask for: endpoints and secrets are those that clusters and listeners name.
Canonical decode(const Snapshot& snapshot);

/// Names of virtual addresses as check.py gives them.
class VipNames {
 public:
  /// Of a Mesh*Service of this kind.
  void destination(const std::string& address, const std::string& kind, const std::string& name) {
    names_[address] = "<vip " + kind + " " + name + ">";
  }
  /// Legacy addresses: after the first name that resolves to one, else after what its listeners route to.
  void learn(const std::map<std::string, Canonical>& proxies);
  std::string replace(const std::string& text) const;

 private:
  std::map<std::string, std::string> names_;
};

/// `exact`: virtual addresses stay.
Canonical normalise(const Canonical& raw, const VipNames& vips, bool exact);
/// Certificates in recorded resources: that there is one is all that counts here.
nlohmann::json without_certificates(nlohmann::json value);

}  // namespace kumasim::cp::golden
