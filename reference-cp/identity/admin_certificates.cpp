#include "reference-cp/identity/admin_certificates.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

asio::awaitable<Result<ResourcePtr>> ensure_ca(Store& store, std::string name,
                                               std::function<asio::awaitable<Result<KeyPair>>()> make, WallTime now) {
  const Kind& kind = kind::global_secret();
  auto kept = co_await store.get(kind, {"", name});
  if (kept || kept.error().code != Code::not_found) co_return kept;
  auto made = co_await make();
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

Result<KeyPair> read_ca_secret(const Resource& secret) {
  std::string pem = secret_data(secret);
  constexpr std::string_view end = "-----END CERTIFICATE-----\n";
  auto at = pem.find(end);
  if (at == std::string::npos)
    return fail(Code::data_loss, fmt::format("the secret {} holds no certificate", secret.meta.name));
  return KeyPair{pem.substr(0, at + end.size()), pem.substr(at + end.size())};
}

asio::awaitable<Result<>> AdminCertificates::start(Store& store, Offload* offload) {
  WallTime now = clock_.wall_now();
  KeySpec spec = keys_.spec();
  auto made = [spec, now] { return make_admin_ca(spec, now); };
  auto kept =
      co_await ensure_ca(store, admin_ca_secret, [&] { return make_beside(offload, spec, made); }, now);
  if (!kept) co_return fail(kept.error());
  auto pair = read_ca_secret(**kept);
  if (!pair) co_return fail(pair.error());
  auto read = Issuer::read(*pair);
  if (!read) co_return fail(Code::data_loss, "the secret envoy-admin-ca: " + read.error().message);
  ca_ = std::move(*read);
  co_return Result<>();
}

Result<const KeyPair*> AdminCertificates::get(const std::string& address, const std::string& advertised) {
  std::vector<std::string> hosts = {address};
  if (!advertised.empty() && advertised != address) hosts.push_back(advertised);
  auto found = made_.find(hosts);
  if (found != made_.end()) return &found->second;
  auto key = keys_.take(fmt::format("admin listener at {}", fmt::join(hosts, " ")));
  if (!key) return fail(key.error());
  if (!*key) return nullptr;
  auto pair = make_server({.hosts = hosts,
                           .key = keys_.spec(),
                           .now = clock_.wall_now(),
                           .issuer = &*ca_,
                           .made_key = std::move(*key)},
                          random_);
  if (!pair) return fail(pair.error());
  return &made_.emplace(std::move(hosts), std::move(*pair)).first->second;
}

Result<KeyPair> AdminCertificates::make_client(PrivateKeyPtr key) {
  return make_server({.hosts = {admin_client_name},
                      .key = keys_.spec(),
                      .now = clock_.wall_now(),
                      .issuer = &*ca_,
                      .for_client = true,
                      .made_key = std::move(key)},
                     random_);
}

}  // namespace kumasim::cp
