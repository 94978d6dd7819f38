/// The certificate authorities of meshes, kept as secrets in the store; what the rules for meshes ask of identity.
#pragma once

#include <memory>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/offload.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/manager/authorities.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class MeshAuthorities : public Authorities {
 public:
  struct Options {
    KeySpec ca_key;              ///< of a builtin CA whose mesh sets no RSAbits
    KeySpec signing_key;         ///< of keys that sign tokens
    Offload* offload = nullptr;  ///< makes RSA keys; nullptr: they are made on the spot
  };

  /// All must outlive it, `options.offload` too.
  MeshAuthorities(Store& store, const Clock& clock, Log& log, Options options)
      : store_(store), clock_(clock), log_(log), options_(options) {}

  asio::awaitable<Violations> validate(const Resource& mesh) override;
  asio::awaitable<Result<std::vector<Resource>>> missing(const Resource& mesh) override;
  void stored(const std::vector<ResourcePtr>& written) override;
  asio::awaitable<Result<>> ensure(const Resource& mesh) override;
  std::vector<std::string> used_secrets(const Resource& mesh, const nlohmann::json& backend) override;
  std::vector<std::string> owned_secrets(const Resource& identity) override;
  asio::awaitable<Result<std::string>> make_signing_key() override;

 private:
  asio::awaitable<Result<std::string>> load(const std::string& mesh, const nlohmann::json& source);
  asio::awaitable<Violations> validate_provided(const std::string& mesh, const nlohmann::json& conf, const Path& path);

  Store& store_;
  const Clock& clock_;
  Log& log_;
  Options options_;
};

}  // namespace kumasim::cp
