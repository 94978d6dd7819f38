/// A zone with resources of its own joins a Global, as Kuma's documents have it done: kumactl export, kumactl apply at
/// Global, and a start with Global's address.
#include "tests/live/zones_bed.hpp"

namespace kumasim::live {
namespace {

constexpr const char* dataplane = R"({"type": "Dataplane", "mesh": "default", "name": "dp-1", "networking": {
    "address": "10.0.0.1", "inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]}})";

class Federation : public ZonesBed {
 protected:
  /// kumactl at that control plane, with the lines that it prints into `directory`/NAME.log.
  asio::awaitable<void> kumactl(const Site& at, std::vector<std::string> arguments, std::string name) {
    const std::string config = directory + "/kumactl-" + at.name;
    std::ofstream(config) << "contexts: [{name: it, controlPlane: it}]\ncurrentContext: it\n"
                          << "controlPlanes: [{name: it, coordinates: {apiServer: {url: '" << url(at, "") << "'}}}]\n";
    arguments.insert(arguments.begin(), {"--config-file", config});
    ChildProcess& child = start(KUMACTL, std::move(arguments), std::move(name), environment());
    auto ended = co_await child.wait();
    EXPECT_TRUE(ended.success());
  }

  asio::awaitable<void> fill(Site& zone) {
    co_await wait_for(url(zone, "/meshes/default"));
    co_await put(zone, "/meshes/default", Json::parse(R"({"type": "Mesh", "name": "default", "mtls": {
        "enabledBackend": "ca-1", "backends": [{"name": "ca-1", "type": "builtin"}]}})"));
    co_await put(zone, "/meshes/default/meshtrafficpermissions/all",
                 Json::parse(R"({"type": "MeshTrafficPermission", "mesh": "default", "name": "all", "spec": {
                     "from": [{"targetRef": {"kind": "Mesh"}, "default": {"action": "Allow"}}]}})"));
    co_await put(zone, "/meshes/default/meshtimeouts/t1",
                 Json::parse(R"({"type": "MeshTimeout", "mesh": "default", "name": "t1", "spec": {
                     "to": [{"targetRef": {"kind": "Mesh"}, "default": {"connectionTimeout": "7s"}}]}})"));
    co_await put(zone, "/meshes/default/dataplanes/dp-1", Json::parse(dataplane));
  }

  asio::awaitable<std::string> secret(const Site& site, std::string name) {
    Json found = co_await get(site, "/meshes/default/secrets/" + name);
    co_return found.is_object() ? found.value("data", "") : "";
  }
  /// Names of the policies of the kind that are called so, with their origins.
  asio::awaitable<std::map<std::string, std::string>> called(const Site& site, std::string path, std::string name) {
    Json list = co_await get(site, "/meshes/default/" + path);
    std::map<std::string, std::string> out;
    for (const Json& each : list.value("items", Json::array())) {
      Json labels = each.value("labels", Json::object());
      if (each.value("name", "") == name || labels.value("kuma.io/display-name", "") == name)
        out[each.value("name", "")] = labels.value("kuma.io/origin", "");
    }
    co_return out;
  }

  /// In the zone the policy comes to be its own and Global's, at Global Global's own and the zone's.
  asio::awaitable<void> both_have(const Site& zone, const Site& global, std::string path, std::string name) {
    co_await comes(name + " is in the zone by both", [&]() -> asio::awaitable<bool> {
      auto found = co_await called(zone, path, name);
      co_return found.size() == 2 && found[name] == "zone" &&
          std::ranges::any_of(found, [](const auto& each) { return each.second == "global"; });
    });
    co_await comes(name + " is at Global by both", [&]() -> asio::awaitable<bool> {
      auto found = co_await called(global, path, name);
      co_return found.size() == 2 && found[name].empty() &&
          std::ranges::any_of(found, [](const auto& each) { return each.second == "zone"; });
    });
  }

  /// `named`: the zone has its name before it joins, so that its policies have it as a label.
  asio::awaitable<void> join(bool named) {
    Site zone = site("east", KUMA_CP, "zone");
    zone.settings["KUMA_STORE_TYPE"] = "sqlite";
    if (named) zone.settings["KUMA_MULTIZONE_ZONE_NAME"] = "east";
    co_await begin(zone);
    co_await fill(zone);
    std::map<std::string, std::string> ca{{"default.ca-builtin-cert-ca-1", ""}, {"default.ca-builtin-key-ca-1", ""}};
    for (auto& [name, data] : ca) {
      data = co_await secret(zone, name);
      EXPECT_NE(data, "") << name;
    }
    co_await kumactl(zone, {"export", "--profile", "federation-with-policies"}, "exported");
    co_await kill(zone);

    Site global = site("global", KUMA_CP, "global");
    auto kds = free_port();
    global.settings["KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT"] = std::to_string(kds);
    global.settings["KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL"] = "500ms";
    global.settings["KUMA_DEFAULTS_SKIP_MESH_CREATION"] = "true";
    co_await begin(global);
    co_await kumactl(global, {"apply", "-f", directory + "/exported.log"}, "applied");
    zone.settings["KUMA_MULTIZONE_ZONE_NAME"] = "east";
    zone.settings["KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"] = fmt::format("grpcs://localhost:{}", kds);
    zone.settings["KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE"] = directory + "/global/kuma-cp.crt";
    co_await begin(zone);
    co_await comes("the zone is online", [&] { return online(global); });
    co_await comes("the proxy is at Global", [&]() -> asio::awaitable<bool> {
      auto name = co_await name_of(global, "dp-1");
      co_return !name.empty();
    });
    co_await both_have(zone, global, "meshtimeouts", "t1");
    co_await both_have(zone, global, "meshtrafficpermissions", "all");
    for (const Site* site : {&zone, &global}) {
      Json mesh = co_await get(*site, "/meshes/default");
      EXPECT_EQ(mesh.value(Json::json_pointer("/mtls/enabledBackend"), ""), "ca-1") << site->name << mesh.dump();
      for (const auto& [name, before] : ca) {
        std::string now = co_await secret(*site, name);
        EXPECT_EQ(now, before) << site->name << " " << name;
      }
    }
    Json kept = co_await get(zone, "/meshes/default/dataplanes/dp-1");
    EXPECT_EQ(kept.value(Json::json_pointer("/networking/address"), ""), "10.0.0.1") << kept.dump();
  }
};

TEST_F(Federation, AZoneKeepsWhatItHad) {
  run([&] { return join(false); }, 120s);
}

TEST_F(Federation, AZoneThatHadItsNameToo) {
  run([&] { return join(true); }, 120s);
}

}  // namespace
}  // namespace kumasim::live
