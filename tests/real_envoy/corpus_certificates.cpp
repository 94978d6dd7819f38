#include "tests/real_envoy/corpus_certificates.hpp"

#include <stdexcept>

#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::test {
namespace {

template <class T>
T made(Result<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().message);
  return std::move(*outcome);
}

}  // namespace

CorpusCertificates::CorpusCertificates()
    : now_(live::SystemClock().wall_now()), admin_(made(cp::Issuer::read(made(cp::make_admin_ca({}, now_))))) {}

const cp::KeyPair& CorpusCertificates::authority(const std::string& mesh) {
  auto found = authorities_.find(mesh);
  if (found == authorities_.end())
    found = authorities_.emplace(mesh, made(cp::make_ca({.mesh = mesh, .key = {}, .now = now_}))).first;
  return found->second;
}

cp::KeyPair CorpusCertificates::issue(const std::string& mesh, const cp::TagSet& tags) {
  return made(cp::issue_leaf(authority(mesh), {.mesh = mesh, .tags = tags, .key = {}, .now = now_}, random_));
}

cp::KeyPair CorpusCertificates::server(const std::string& host) {
  return made(cp::make_server({.hosts = {host}, .key = {}, .now = now_}, random_));
}

cp::ProxyIdentity CorpusCertificates::identify(const std::string& mesh, const cp::Resource& proxy) {
  cp::ProxyIdentity out;
  if (!mesh.empty()) {
    cp::TagSet tags = cp::dataplane_tags(proxy);
    if (tags.empty()) tags["kuma.io/service"] = {"zone-egress"};
    cp::KeyPair leaf = issue(mesh, tags);
    out.certificate_pem = leaf.certificate_pem;
    out.key_pem = leaf.key_pem;
    out.ca_bundles[mesh] = authority(mesh).certificate_pem;
  }
  std::string address = cp::text_at(proxy.spec, "networking", "address");
  cp::KeyPair admin = made(cp::make_server({.hosts = {address}, .key = {}, .now = now_, .issuer = &admin_}, random_));
  out.admin_ca_pem = admin_.certificate_pem();
  out.admin_certificate_pem = admin.certificate_pem;
  out.admin_key_pem = admin.key_pem;
  return out;
}

}  // namespace kumasim::test
