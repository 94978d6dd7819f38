/// A kuma-cp's inner parts in one simulated process, over a store that fails when it is told to.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/offload.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/http2_exchange.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "tests/app/in_world.hpp"

namespace kumasim::cp::testing {

/// `trouble` is asked before each operation, with its name: what it gives is the outcome. It may throw.
class TroubledStore : public MemoryStore {
 public:
  using Trouble = std::function<std::optional<Error>(std::string_view, const Kind&, const ResourceKey&)>;
  Trouble trouble;
  std::function<asio::awaitable<void>(const Kind&)> before_create;  ///< to be waited for

  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override {
    if (auto error = ask("get", kind, key)) co_return fail(*error);
    co_return co_await MemoryStore::get(kind, std::move(key));
  }
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override {
    if (auto error = ask("create", *resource.kind, resource.key())) co_return fail(*error);
    if (before_create) co_await before_create(*resource.kind);
    co_return co_await MemoryStore::create(std::move(resource), now);
  }
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override {
    if (auto error = ask("update", *resource.kind, resource.key())) co_return fail(*error);
    co_return co_await MemoryStore::update(std::move(resource), now);
  }
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override {
    for (const Write& each : writes)
      if (auto error = ask("commit", *each.resource.kind, each.resource.key())) co_return fail(*error);
    co_return co_await MemoryStore::commit(std::move(writes), now);
  }

 private:
  std::optional<Error> ask(std::string_view operation, const Kind& kind, const ResourceKey& key) const {
    return trouble ? trouble(operation, kind, key) : std::nullopt;
  }
};

/// Keeps the messages.
class Lines : public Log {
 public:
  void write(const LogRecord& record) override { lines.emplace_back(record.message); }
  std::ptrdiff_t count(std::string_view message) const { return std::ranges::count(lines, message); }
  std::vector<std::string> lines;
};

class Parts {
 public:
  explicit Parts(const Runtime& given) : Parts(given, Config()) {}
  Parts(const Runtime& given, Config wanted)
      : runtime{given.executor, given.clock, given.random, given.timers, given.network, given.disk, log},
        config(std::move(wanted)),
        offload(given.timers),
        authorities(*store, runtime.clock, log, {.ca_key = {}, .signing_key = {}, .offload = &offload}),
        manager(*store, runtime.clock, &authorities, {}),
        reconciler(runtime, config, store, authorities, &offload, [this] { return leads; }),
        insights(runtime, config, store, "cp") {}

  /// A proxy whose stream has no connection: what is sent to it stays in its queue.
  ProxyPtr proxy(const std::string& mesh, const std::string& name) const {
    auto exchange = std::make_shared<Http2Exchange>(runtime.executor, 1, Http2Exchange::Form::messages, 1 << 20);
    auto out = std::make_shared<Proxy>(runtime.executor, AdsVariant::state_of_the_world, "cp",
                                       GrpcServerStream(exchange, HttpPeer{}));
    out->key = {mesh, name};
    out->metadata_json = "{}";
    return out;
  }

  /// Past the manager's rules.
  asio::awaitable<void> write(nlohmann::json body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    auto done = co_await store->create(std::move(*resource), runtime.clock.wall_now());
    if (!done) throw std::runtime_error(done.error().message);
  }

  asio::awaitable<bool> has(const Kind& kind, std::string mesh, std::string name) {
    auto found = co_await store->get(kind, {std::move(mesh), std::move(name)});
    co_return found.has_value();
  }

  Lines log;
  Runtime runtime;
  Config config;
  std::shared_ptr<TroubledStore> store = std::make_shared<TroubledStore>();
  sim::VirtualOffload offload;
  MeshAuthorities authorities;
  Manager manager;
  bool leads = true;
  Reconciler reconciler;
  Insights insights;
};

/// The body runs as a task of one process; its failure fails the test. Gives the fingerprint of the run.
inline std::uint64_t run_in_world(const std::function<asio::awaitable<void>(Parts&)>& body, std::uint64_t seed = 1) {
  return run_with<Parts>(body, seed);
}

inline nlohmann::json dataplane(const std::string& mesh, const std::string& name, int number) {
  nlohmann::json inbound = {{"port", 8080}, {"tags", {{"kuma.io/service", name}, {"kuma.io/protocol", "http"}}}};
  return {
      {"type", "Dataplane"},
      {"mesh", mesh},
      {"name", name},
      {"networking", {{"address", "10.0.0." + std::to_string(number)}, {"inbound", nlohmann::json::array({inbound})}}}};
}

/// `rsa_bits` 0: the key that the control plane is set to.
inline nlohmann::json mesh_with_ca(const std::string& name, int rsa_bits = 0) {
  nlohmann::json backend = {{"name", "ca-1"}, {"type", "builtin"}};
  if (rsa_bits != 0) backend["conf"]["caCert"]["RSAbits"] = rsa_bits;
  return {{"type", "Mesh"},
          {"name", name},
          {"mtls", {{"enabledBackend", "ca-1"}, {"backends", nlohmann::json::array({backend})}}}};
}

}  // namespace kumasim::cp::testing
