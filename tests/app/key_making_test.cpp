/// RSA keys are made beside everything else: who waits for one holds up nobody, and comes to terms with whom it met.
#include "app/cp_parts.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

struct Made {
  std::optional<Outcome<ResourcePtr>> outcome;
  MonotonicTime at{};
};

asio::awaitable<void> note(Parts& parts, asio::awaitable<Outcome<ResourcePtr>> work, std::shared_ptr<Made> out) {
  auto outcome = co_await std::move(work);
  out->at = parts.runtime.timers.now();
  out->outcome.emplace(std::move(outcome));
}

std::shared_ptr<Made> begin(Parts& parts, asio::awaitable<Outcome<ResourcePtr>> work) {
  auto out = std::make_shared<Made>();
  spawn(parts.runtime.executor, parts.log, "test", note(parts, std::move(work), out));
  return out;
}

Resource mesh(const std::string& name, int rsa_bits) { return *resource_from_json(mesh_with_ca(name, rsa_bits)); }

asio::awaitable<void> make_two(Parts& parts, std::string& key) {
  auto slow = begin(parts, parts.manager.create(mesh("slow", 2048)));
  co_await sleep(parts.runtime.timers, 1ms);
  auto quick = begin(parts, parts.manager.create(mesh("quick", 0)));
  co_await sleep(parts.runtime.timers, 5s);
  if (!slow->outcome || !quick->outcome) throw std::runtime_error("a mesh was not made");
  EXPECT_TRUE(*slow->outcome);
  EXPECT_TRUE(*quick->outcome);
  EXPECT_LT(quick->at, slow->at) << "nobody waits for somebody else's key";
  auto secret = co_await parts.store->get(kind::secret(), {"slow", builtin_key_secret("slow", "ca-1")});
  if (secret) key = secret_data(**secret);
  EXPECT_NE(key.find("RSA PRIVATE KEY"), std::string::npos);
}

TEST(KeyMaking, HoldsUpNobodyAndStaysTheSeeds) {
  std::string first, again, other;
  std::string* key = &first;
  auto body = [&key](Parts& parts) { return make_two(parts, *key); };
  auto print = run_in_world(body, 7);
  key = &again;
  EXPECT_EQ(run_in_world(body, 7), print);
  EXPECT_EQ(first, again);
  key = &other;
  run_in_world(body, 8);
  EXPECT_NE(first, other);
}

TEST(KeyMaking, TwoWritesOfAMeshMakeOneCa) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto created = co_await parts.manager.create(*resource_from_json({{"type", "Mesh"}, {"name", "m"}}));
    if (!created) throw std::runtime_error("no mesh");
    std::vector<std::shared_ptr<Made>> both;
    for (int i = 0; i < 2; ++i) {
      Resource wanted = mesh("m", 2048);
      wanted.meta.version = (*created)->meta.version;
      both.push_back(begin(parts, parts.manager.update(std::move(wanted))));
    }
    co_await sleep(parts.runtime.timers, 10s);
    for (const auto& each : both)
      if (!each->outcome) throw std::runtime_error("a write has not ended");
    EXPECT_TRUE(*both[0]->outcome);
    EXPECT_FALSE(*both[1]->outcome);
    EXPECT_EQ(both[1]->outcome->error().error.code, Code::conflict) << "not that a secret is there already";
    EXPECT_EQ(parts.log.count("CA made"), 1);
  });
}

TEST(KeyMaking, AMeshThatGoesMeanwhileLeavesNothing) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write(mesh_with_ca("m", 2048));
    bool ended = false;
    auto ensure = [](Parts& all, bool& done) -> asio::awaitable<void> {
      Resource described = mesh("m", 2048);
      auto made = co_await all.authorities.ensure(described);
      EXPECT_TRUE(made);
      done = true;
    };
    spawn(parts.runtime.executor, parts.log, "test", ensure(parts, ended));
    co_await sleep(parts.runtime.timers, 1ms);
    auto removed = co_await parts.store->remove(kind::mesh(), {"", "m"});
    EXPECT_TRUE(removed);
    co_await sleep(parts.runtime.timers, 5s);
    EXPECT_TRUE(ended);
    auto secrets = co_await parts.store->list(kind::secret(), {});
    EXPECT_TRUE(secrets && secrets->items.empty());
  });
}

/// Every turn is taken for the next `queued_max` seconds.
void fill_queue(Parts& parts) {
  for (std::size_t i = 0; i < Offload::queued_max; ++i)
    parts.offload.run([] {}, 1s, Operation{.complete = [](error_code, std::size_t) {}, .slot = {}});
}

TEST(KeyMaking, IsRefusedWhereTooManyWait) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    RestApi api(parts.manager, parts.runtime.clock, {});
    auto put = [&api](std::string body) -> asio::awaitable<HttpResponse> {
      HttpRequest request{.method = "PUT", .target = "/meshes/m", .headers = {}, .body = std::move(body)};
      request.headers.add("Content-Type", "application/json");
      request.headers.add("Host", "cp.test");
      co_return co_await api.handle(std::move(request));
    };
    const std::string body = mesh_with_ca("m", 2048).dump();
    fill_queue(parts);
    auto answer = co_await put(body);
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.body.find("16 keys are waiting to be made already: try again later"), std::string::npos)
        << answer.body;
    bool there = co_await parts.has(kind::mesh(), "", "m");
    EXPECT_FALSE(there);
    co_await sleep(parts.runtime.timers, 20s);
    answer = co_await put(body);
    EXPECT_EQ(answer.status, 201) << answer.body;
  });
}

asio::awaitable<void> start(Parts& parts) {
  auto started = co_await parts.reconciler.start();
  EXPECT_TRUE(started);
  spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
}

asio::awaitable<bool> has_ca(Parts& parts, std::string mesh) {
  std::string name = builtin_certificate_secret(mesh, "ca-1");
  co_return co_await parts.has(kind::secret(), std::move(mesh), std::move(name));
}

TEST(KeyMaking, AMissingCaIsTriedAgainWhereTooManyWait) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    fill_queue(parts);
    co_await parts.write(mesh_with_ca("m", 2048));
    co_await start(parts);
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_EQ(parts.reconciler.failed().count("m"), 1u);
    co_await sleep(parts.runtime.timers, 60s);
    bool made = co_await has_ca(parts, "m");
    EXPECT_TRUE(made);
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

TEST(KeyMaking, OfAMissingCaHoldsUpNoPush) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Timers& timers = parts.runtime.timers;
    co_await parts.write({{"type", "Mesh"}, {"name", "other"}});
    co_await parts.write(dataplane("other", "a", 1));
    co_await parts.write(mesh_with_ca("early", 2048));
    auto before = timers.now();
    co_await start(parts);
    EXPECT_EQ(timers.now(), before) << "nor the start";
    co_await sleep(timers, 1s);
    bool made = co_await has_ca(parts, "early");
    EXPECT_TRUE(made);
    co_await parts.write(mesh_with_ca("m", 2048));
    co_await parts.write(dataplane("m", "a", 2));
    auto lacking = parts.proxy("m", "a"), other = parts.proxy("other", "a");
    parts.reconciler.add(lacking);
    co_await sleep(timers, 20ms);
    parts.reconciler.add(other);
    co_await sleep(timers, 20ms);
    made = co_await has_ca(parts, "m");
    EXPECT_FALSE(made);
    EXPECT_TRUE(other->snapshot);
    EXPECT_FALSE(lacking->snapshot);
    EXPECT_FALSE(parts.reconciler.idle());
    co_await sleep(timers, 1s);
    EXPECT_TRUE(lacking->snapshot);
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

/// A zone under a global control plane.
class FederatedParts : public Parts {
 public:
  explicit FederatedParts(const Runtime& given) : Parts(given, federated()) {}

 private:
  static Config federated() {
    Config out;
    out.mode = "zone";
    out.zone_name = "zone-1";
    out.global_address = "grpcs://global:5685";
    return out;
  }
};

TEST(KeyMaking, OfAMeshIsGlobals) {
  run_with<FederatedParts>([](FederatedParts& parts) -> asio::awaitable<void> {
    Timers& timers = parts.runtime.timers;
    co_await start(parts);
    co_await parts.write(mesh_with_ca("m"));
    co_await parts.write(dataplane("m", "a", 1));
    auto proxy = parts.proxy("m", "a");
    parts.reconciler.add(proxy);
    co_await sleep(timers, 10s);
    bool made = co_await has_ca(parts, "m");
    EXPECT_FALSE(made) << "another CA than the other zones' would be in the way of Global's";
    EXPECT_FALSE(proxy->snapshot);
    auto described = mesh("m", 0);
    auto secrets = co_await parts.authorities.missing(described);
    if (!secrets) throw std::runtime_error(secrets.error().message);
    std::vector<Write> writes;
    for (Resource& secret : *secrets) writes.push_back({Write::What::create, std::move(secret)});
    auto given = co_await parts.store->commit(std::move(writes), parts.runtime.clock.wall_now());
    EXPECT_TRUE(given);
    co_await sleep(timers, 2s);
    EXPECT_TRUE(proxy->snapshot);
  });
}

/// Certificates have RSA keys, as Kuma's.
class RsaParts : public Parts {
 public:
  explicit RsaParts(const Runtime& given) : Parts(given, rsa()) {}

 private:
  static Config rsa() {
    Config out;
    out.leaf_key = "rsa-2048";
    return out;
  }
};

std::uint64_t run_with_rsa(const std::function<asio::awaitable<void>(RsaParts&)>& body, std::uint64_t seed = 1) {
  return run_with<RsaParts>(body, seed);
}

/// Meshes m and n have mutual TLS, with a CA; other has none. Of each there is a Dataplane a, m has a b too.
asio::awaitable<void> start_meshes(RsaParts& parts, std::string leaf_lifetime = "1h") {
  for (const char* name : {"m", "n"}) {
    nlohmann::json mesh = mesh_with_ca(name);
    mesh["mtls"]["backends"][0]["dpCert"]["rotation"]["expiration"] = leaf_lifetime;
    co_await parts.write(std::move(mesh));
    co_await parts.write(dataplane(name, "a", 1));
  }
  co_await parts.write({{"type", "Mesh"}, {"name", "other"}});
  co_await parts.write(dataplane("other", "a", 2));
  co_await parts.write(dataplane("m", "b", 3));
  co_await start(parts);
  co_await sleep(parts.runtime.timers, 1s);
}

asio::awaitable<void> serve_two(RsaParts& parts, std::string& key) {
  Timers& timers = parts.runtime.timers;
  co_await start_meshes(parts);
  auto waiting = parts.proxy("m", "a"), other = parts.proxy("other", "a");
  for (const auto& proxy : {waiting, other}) parts.reconciler.add(proxy);
  co_await sleep(timers, 50ms);
  EXPECT_TRUE(other->snapshot) << "nobody waits for somebody else's key";
  EXPECT_FALSE(waiting->snapshot);
  EXPECT_FALSE(parts.reconciler.idle());
  co_await sleep(timers, 1s);
  if (!waiting->identity) throw std::runtime_error("no certificate");
  EXPECT_TRUE(waiting->snapshot);
  EXPECT_TRUE(check_pair(waiting->identity->leaf));
  EXPECT_TRUE(parts.reconciler.idle());
  key = waiting->identity->leaf.key_pem;
  EXPECT_NE(key.find("RSA PRIVATE KEY"), std::string::npos);
}

TEST(LeafKeyMaking, HoldsUpOneProxyAndStaysTheSeeds) {
  std::string first, again, other;
  std::string* key = &first;
  auto body = [&key](RsaParts& parts) { return serve_two(parts, *key); };
  auto print = run_with_rsa(body, 7);
  key = &again;
  EXPECT_EQ(run_with_rsa(body, 7), print);
  EXPECT_EQ(first, again);
  key = &other;
  run_with_rsa(body, 8);
  EXPECT_NE(first, other);
}

TEST(LeafKeyMaking, AProxyIsServedWithWhatItHasMeanwhile) {
  run_with_rsa([](RsaParts& parts) -> asio::awaitable<void> {
    Timers& timers = parts.runtime.timers;
    co_await start_meshes(parts, "10s");
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.rotate());
    auto proxy = parts.proxy("m", "a");
    parts.reconciler.add(proxy);
    co_await sleep(timers, 1s);
    IdentityPtr first = proxy->identity;
    if (!first) throw std::runtime_error("no certificate");
    co_await sleep(timers, first->rotate_at() - parts.runtime.clock.wall_now() + 100ms);
    EXPECT_EQ(proxy->identity, first);
    EXPECT_FALSE(proxy->stale);
    EXPECT_FALSE(parts.reconciler.idle());
    co_await sleep(timers, 1s);
    EXPECT_EQ(proxy->identity->generation, 2u);
    EXPECT_LT(parts.runtime.clock.wall_now(), first->expires);
    parts.reconciler.remove(proxy);  // no more keys while the world lasts
  });
}

/// The listener of Envoy's admin interface has a certificate of its own; two at one address have one.
TEST(LeafKeyMaking, AdminListenersWaitForTheirs) {
  run_with_rsa([](RsaParts& parts) -> asio::awaitable<void> {
    co_await start_meshes(parts);
    std::vector<ProxyPtr> two;
    co_await parts.write(dataplane("other", "b", 2));
    for (const char* name : {"a", "b"}) {
      two.push_back(parts.proxy("other", name));
      two.back()->metadata.admin_port = 9901;
      two.back()->metadata.readiness_port = 9902;
      parts.reconciler.add(two.back());
    }
    co_await sleep(parts.runtime.timers, 50ms);
    for (const ProxyPtr& proxy : two) EXPECT_FALSE(proxy->snapshot);
    co_await sleep(parts.runtime.timers, 400ms);
    for (const ProxyPtr& proxy : two) EXPECT_TRUE(proxy->snapshot);
    EXPECT_TRUE(parts.reconciler.idle()) << "one key was made";
  });
}

TEST(LeafKeyMaking, AnEgressWaitsForThoseOfAllMeshes) {
  run_with_rsa([](RsaParts& parts) -> asio::awaitable<void> {
    co_await start_meshes(parts);
    co_await parts.write({{"type", "ZoneEgress"},
                          {"name", "e"},
                          {"zone", "default"},
                          {"networking", {{"address", "10.0.0.9"}, {"port", 10002}}}});
    auto egress = parts.proxy("", "e");
    egress->metadata.proxy_type = "egress";
    parts.reconciler.add(egress);
    co_await sleep(parts.runtime.timers, 450ms);
    EXPECT_FALSE(egress->snapshot) << "two keys take longer";
    co_await sleep(parts.runtime.timers, 400ms);
    EXPECT_TRUE(egress->snapshot);
    EXPECT_EQ(parts.reconciler.identities().issued(), 2u);
  });
}

TEST(LeafKeyMaking, WhoLeavesWaitsForNone) {
  run_with_rsa([](RsaParts& parts) -> asio::awaitable<void> {
    co_await start_meshes(parts);
    auto stays = parts.proxy("m", "a"), leaves = parts.proxy("m", "b");
    for (const auto& proxy : {stays, leaves}) parts.reconciler.add(proxy);
    co_await sleep(parts.runtime.timers, 50ms);
    parts.reconciler.remove(leaves);
    co_await sleep(parts.runtime.timers, 400ms);
    EXPECT_TRUE(stays->snapshot);
    EXPECT_TRUE(parts.reconciler.idle()) << "the second key would take until 600 ms";
    parts.reconciler.add(leaves);
    co_await sleep(parts.runtime.timers, 400ms);
    EXPECT_TRUE(leaves->snapshot);
  });
}

TEST(LeafKeyMaking, IsTriedAgainWhereTooManyWait) {
  run_with_rsa([](RsaParts& parts) -> asio::awaitable<void> {
    co_await start_meshes(parts);
    fill_queue(parts);
    auto proxy = parts.proxy("m", "a");
    parts.reconciler.add(proxy);
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_EQ(parts.log.count("key not made"), 1);
    EXPECT_FALSE(parts.reconciler.idle());
    co_await sleep(parts.runtime.timers, 30s);
    EXPECT_TRUE(proxy->snapshot);
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

/// Killed while a key is being made: nothing of it is left, and nothing of it runs.
TEST(KeyMaking, EndsWithItsProcess) {
  sim::World world;
  auto& process = world.add_process("kuma-cp");
  auto made = std::make_shared<Made>();
  process.start([&](Runtime& runtime) {
    auto parts = std::make_shared<Parts>(runtime);
    process.keep(parts);
    spawn(runtime.executor, runtime.log, "test", note(*parts, parts->manager.create(mesh("m", 2048)), made));
  });
  world.run_for(100ms);
  process.kill();
  world.run_for(10s);
  EXPECT_FALSE(made->outcome);
}

}  // namespace
}  // namespace kumasim::cp::testing
