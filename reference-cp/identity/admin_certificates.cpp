#include "reference-cp/identity/admin_certificates.hpp"

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

asio::awaitable<Result<ResourcePtr>> ensure_ca(Store& store, std::string name, std::function<Result<KeyPair>()> make,
                                               WallTime now) {
  const Kind& kind = kind::global_secret();
  auto kept = co_await store.get(kind, {"", name});
  if (kept || kept.error().code != Code::not_found) co_return kept;
  auto made = make();
  if (!made) co_return fail(made.error());
  Resource secret;
  secret.kind = &kind;
  secret.meta.name = name;
  secret.spec["data"] = base64_encode(made->certificate_pem + made->key_pem);
  kept = co_await store.create(std::move(secret), now);
  // Another control plane of this store was faster.
  if (!kept && kept.error().code == Code::already_exists) kept = co_await store.get(kind, {"", name});
  co_return kept;
}

asio::awaitable<Result<>> AdminCertificates::start(Store& store) {
  WallTime now = clock_.wall_now();
  auto kept = co_await ensure_ca(store, admin_ca_secret, [this, now] { return make_admin_ca(key_, now); }, now);
  if (!kept) co_return fail(kept.error());
  std::string pem = secret_data(**kept);
  constexpr std::string_view end = "-----END CERTIFICATE-----\n";
  auto at = pem.find(end);
  if (at == std::string::npos) co_return fail(Code::data_loss, "the secret envoy-admin-ca holds no certificate");
  ca_ = {pem.substr(0, at + end.size()), pem.substr(at + end.size())};
  auto fits = check_pair(ca_);
  if (!fits) co_return fail(Code::data_loss, "the secret envoy-admin-ca: " + fits.error().message);
  co_return Result<>();
}

Result<KeyPair> AdminCertificates::get(const std::string& address, const std::string& advertised) {
  std::vector<std::string> hosts = {address};
  if (!advertised.empty() && advertised != address) hosts.push_back(advertised);
  auto found = made_.find(hosts);
  if (found != made_.end()) return found->second;
  auto pair = make_server({.hosts = hosts, .key = key_, .now = clock_.wall_now(), .issuer = &ca_}, random_);
  if (!pair) return fail(pair.error());
  return made_.emplace(std::move(hosts), std::move(*pair)).first->second;
}

}  // namespace kumasim::cp
