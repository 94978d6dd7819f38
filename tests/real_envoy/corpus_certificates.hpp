/// Certificates for the proxies of a corpus case: what the control plane would issue, with a CA for each mesh.
#pragma once

#include <map>
#include <string>

#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/live/clock.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::test {

/// Not for several threads at once.
class CorpusCertificates {
 public:
  CorpusCertificates();
  /// What a proxy holds: its Dataplane, ZoneIngress or ZoneEgress. Of a zone proxy in each mesh, and in "" for its
  /// admin listener.
  cp::ProxyIdentity identify(const std::string& mesh, const cp::Resource& proxy);
  /// The CA of a mesh; made when first asked for.
  const cp::KeyPair& authority(const std::string& mesh);
  /// A workload of the mesh with these tags, such as {{"kuma.io/service", {"backend"}}}.
  cp::KeyPair issue(const std::string& mesh, const cp::TagSet& tags);
  /// A server, or a CA to trust for it: self-signed.
  cp::KeyPair server(const std::string& host);

 private:
  WallTime now_;
  live::SystemRandom random_;
  cp::Issuer admin_;
  std::map<std::string, cp::KeyPair> authorities_;
};

}  // namespace kumasim::test
