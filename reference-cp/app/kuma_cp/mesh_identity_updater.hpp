/// Brings MeshIdentities up: makes their CAs and MeshTrusts, and says in their status how far that got.
#pragma once

#include <expected>
#include <map>
#include <string>

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
    bool (*trust_domain_stays)() = nullptr;  ///< PlantedBugs
  };

  /// All must outlive it.
  MeshIdentityUpdater(const Runtime& runtime, Store& store, Options options)
      : runtime_(runtime), store_(store), options_(std::move(options)) {}

  /// Looks at all of them in intervals until the process ends.
  asio::awaitable<void> run();
  /// Once. What stands in the way of one is in its status, and is looked at again next time. What cannot be told now
  /// (the store does not answer, another write came first) is logged and changes no status; nor does a CA that can be
  /// read no longer take Ready away: proxies without a certificate would serve in the clear.
  asio::awaitable<void> update();

 private:
  /// What a step ended by.
  struct Obstacle {
    enum class What {
      unknown,     ///< it cannot be told now
      unreadable,  ///< the CA
      judged       ///< what was asked for cannot be
    };
    What what;
    Error error;
  };
  using Step = std::expected<void, Obstacle>;

  asio::awaitable<void> update_one(ResourcePtr identity);
  /// The conditions of its steps, up to the first that does not hold. An error: its status stays as it is.
  asio::awaitable<Result<nlohmann::json>> bring_up(const Resource& identity);
  asio::awaitable<Step> ensure_ca(const Resource& identity);
  asio::awaitable<Step> check_ca(const Resource& identity);
  asio::awaitable<Step> ensure_trust(const Resource& identity);
  static std::unexpected<Obstacle> unknown(Error error);
  static std::unexpected<Obstacle> unreadable(Error error);
  static std::unexpected<Obstacle> judged(Error error);
  asio::awaitable<Result<std::map<std::string, ResourcePtr>>> secrets_of(const Resource& identity);

  Runtime runtime_;
  Store& store_;
  Options options_;
  std::map<ResourceKey, std::string> told_;  ///< why a status was left, by the last look
};

}  // namespace kumasim::cp
