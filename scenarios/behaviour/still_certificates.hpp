/// Certificates for proxies that stand still: a CA for each mesh, one moment at which all of them are valid.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::scenario {

/// Where a mesh brings its CA along (`provided`), ours stands for it: who trusts whom is the same.
class StillCertificates {
 public:
  StillCertificates();

  /// What a proxy of the mesh holds.
  cp::ProxyIdentity identify(const std::string& mesh, const cp::Resource& proxy);
  /// The text of a Secret that a gateway shows to its clients: a certificate and its key. One for each name.
  const std::string& server(const std::string& mesh, const std::string& secret);
  WallTime now() const { return now_; }

 private:
  const cp::Issuer& authority(const std::string& mesh);

  WallTime now_;
  sim::SeededRandom random_;
  cp::PrivateKeyPtr key_;  ///< of all workloads: keys prove nothing here, and each takes time
  std::map<std::string, cp::Issuer> authorities_;
  std::map<std::pair<std::string, std::string>, cp::ProxyIdentity> made_;  ///< by mesh and tags
  std::map<std::pair<std::string, std::string>, std::string> servers_;
};

}  // namespace kumasim::scenario
