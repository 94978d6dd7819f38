/// Brings MeshIdentities up: makes their CAs and MeshTrusts, and says in their status how far that got.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/manager/labels.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class MeshIdentityUpdater {
 public:
  struct Options {
    KeySpec ca_key;              ///< of a CA that is made (Kuma: RSA of 2048 bits)
    Duration interval;           ///< between two looks
    LabelOptions labels;         ///< of the MeshTrusts
    Offload* offload = nullptr;  ///< makes RSA keys; nullptr: they are made on the spot
    ReadOutside read_outside = nullptr;
  };

  /// All must outlive it.
  MeshIdentityUpdater(const Runtime& runtime, Store& store, Options options)
      : runtime_(runtime), store_(store), options_(std::move(options)) {}

  /// Looks at all of them in intervals until the process ends.
  asio::awaitable<void> run();
  /// Once. What fails is in the status of the one that it fails for, or logged, and is tried again next time.
  asio::awaitable<void> update();

 private:
  asio::awaitable<void> update_one(ResourcePtr identity);
  /// The conditions of its steps, up to the first that does not hold.
  asio::awaitable<nlohmann::json> bring_up(const Resource& identity);
  asio::awaitable<Result<>> ensure_ca(const Resource& identity);
  asio::awaitable<Result<>> check_ca(const Resource& identity);
  asio::awaitable<Result<>> ensure_trust(const Resource& identity);
  asio::awaitable<Result<std::map<std::string, ResourcePtr>>> secrets_of(const Resource& identity);

  Runtime runtime_;
  Store& store_;
  Options options_;
};

}  // namespace kumasim::cp
