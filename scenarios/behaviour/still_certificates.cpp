#include "scenarios/behaviour/still_certificates.hpp"

#include <stdexcept>

#include "reference-cp/identity/mesh_tls.hpp"

namespace kumasim::scenario {
namespace {

/// 2026-01-01.
constexpr WallTime moment{std::chrono::seconds(1'767'225'600)};

template <class T>
T made(Result<T> outcome) {
  if (!outcome) throw std::runtime_error("a certificate cannot be made: " + outcome.error().message);
  return std::move(*outcome);
}

}  // namespace

StillCertificates::StillCertificates() : now_(moment), random_(1), key_(made(cp::make_private_key({}))) {}

const cp::Issuer& StillCertificates::authority(const std::string& mesh) {
  auto found = authorities_.find(mesh);
  if (found != authorities_.end()) return found->second;
  cp::KeyPair pair = made(cp::make_ca({.mesh = mesh, .key = {}, .now = now_}));
  return authorities_.emplace(mesh, made(cp::Issuer::read(pair))).first->second;
}

cp::ProxyIdentity StillCertificates::identify(const std::string& mesh, const cp::Resource& proxy) {
  if (mesh.empty()) return {};  // of a zone proxy's admin listener, which nobody asks here
  cp::TagSet tags = cp::dataplane_tags(proxy);
  std::string words;
  for (const auto& [key, values] : tags)
    for (const std::string& value : values) words += key + "=" + value + "\n";
  auto [at, fresh] = made_.try_emplace({mesh, words});
  if (!fresh) return at->second;
  const cp::Issuer& ca = authority(mesh);
  cp::Leaf leaf = made(cp::issue_leaf(ca, key_, {.mesh = mesh, .tags = tags, .key = {}, .now = now_}, random_));
  at->second.certificate_pem = leaf.pair.certificate_pem;
  at->second.key_pem = leaf.pair.key_pem;
  at->second.ca_bundles[mesh] = ca.certificate_pem();
  return at->second;
}

const std::string& StillCertificates::server(const std::string& mesh, const std::string& secret) {
  auto [at, fresh] = servers_.try_emplace({mesh, secret});
  if (!fresh) return at->second;
  cp::KeyPair pair =
      made(cp::make_server({.hosts = {"gateway.invalid"}, .key = {}, .now = now_, .made_key = key_}, random_));
  at->second = pair.certificate_pem + pair.key_pem;
  return at->second;
}

}  // namespace kumasim::scenario
