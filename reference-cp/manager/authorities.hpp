/// What the rules for meshes need of certificate authorities and keys; identity/ implements it.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

namespace asio = boost::asio;

class Authorities {
 public:
  virtual ~Authorities() = default;

  /// Whether the configuration of each `mtls.backends` entry is usable (certificates that are given fit their key,
  /// ...). Field paths start at `mtls`. Types that are neither builtin nor provided have been refused before.
  virtual asio::awaitable<Violations> validate(const Resource& mesh) = 0;

  /// What the mesh's backends need and is not there: new secrets of the builtin CA. Certificate and key belong in one
  /// commit.
  virtual asio::awaitable<Result<std::vector<Resource>>> missing(const Resource& mesh) = 0;

  /// A commit that took along what `missing` gave has come about; `written` is all that it wrote.
  virtual void stored(const std::vector<ResourcePtr>& written) = 0;

  /// Stores what is missing.
  virtual asio::awaitable<Result<>> ensure(const Resource& mesh) = 0;

  /// Names of the secrets that a backend of the mesh uses.
  virtual std::vector<std::string> used_secrets(const Resource& mesh, const nlohmann::json& backend) = 0;

  /// Names of the secrets that were made for a MeshIdentity and go with it.
  virtual std::vector<std::string> owned_secrets(const Resource& /*identity*/) { return {}; }

  /// A new key that signs tokens, as its secret holds it (base64 of PEM).
  virtual asio::awaitable<Result<std::string>> make_signing_key() = 0;
};

}  // namespace kumasim::cp
