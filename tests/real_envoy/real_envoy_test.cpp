/// The harness of real Envoys: what it says of configuration that Envoy takes, refuses, or cannot use.
#include <arpa/inet.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <fmt/format.h>

#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/real_envoy/real_envoy.hpp"
#include "tests/real_envoy/scratch_folder.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;

template <class Message>
void add(cp::Snapshot& snapshot, std::string_view type, const json& value) {
  Message message;
  auto status = google::protobuf::util::JsonStringToMessage(value.dump(), &message);
  ASSERT_TRUE(status.ok()) << status.message();
  snapshot.add(type, cp::serialise(message.name(), type, message));
}

void add_cluster(cp::Snapshot& snapshot, const json& value) {
  add<envoy::config::cluster::v3::Cluster>(snapshot, cp::type_url::cluster, value);
}

json typed(const std::string& type, json fields) {
  fields["@type"] = "type.googleapis.com/envoy.extensions.filters." + type;
  return fields;
}

/// Answers everything with 418.
void add_listener(cp::Snapshot& snapshot, const std::string& address, const json& more = json::object()) {
  json route{{"match", {{"prefix", "/"}}}, {"directResponse", {{"status", 418}}}};
  json host{{"name", "all"}, {"domains", {"*"}}, {"routes", json::array({route})}};
  json router{{"name", "router"}, {"typedConfig", typed("http.router.v3.Router", json::object())}};
  json manager{{"statPrefix", "a"},
               {"routeConfig", {{"name", "r"}, {"virtualHosts", json::array({host})}}},
               {"httpFilters", json::array({router})}};
  manager.update(more);
  json filter{{"name", "http"},
              {"typedConfig", typed("network.http_connection_manager.v3.HttpConnectionManager", std::move(manager))}};
  json chain{{"filters", json::array({filter})}};
  add<envoy::config::listener::v3::Listener>(
      snapshot, cp::type_url::listener,
      {{"name", "a"},
       {"address", {{"socketAddress", {{"address", address}, {"portValue", 80}}}}},
       {"filterChains", json::array({chain})}});
}

/// The first line of the answer to GET / at this address, port 80.
std::string status_line(const RealEnvoy& envoy, const std::string& address) {
  return envoy.run_inside([&]() -> std::string {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(80);
    ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string out = "no connection";
    if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) {
      std::string request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
      char buffer[512];
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      auto count = ::recv(fd, buffer, sizeof buffer, 0);
      out = std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      out.resize(std::min(out.size(), out.find('\r')));
    }
    ::close(fd);
    return out;
  });
}

class RealEnvoyTest : public ::testing::TestWithParam<cp::AdsVariant> {
 protected:
  std::unique_ptr<RealEnvoy> start(const cp::Snapshot& snapshot) {
    json node{{"id", "default.a"},
              {"cluster", "a"},
              {"metadata", {{"dataplane.admin.port", "9901"}, {"dataplane.proxyType", "dataplane"}}}};
    auto made = RealEnvoy::start(snapshot, {.node = node, .folder = folder.path(), .variant = GetParam()});
    if (made) return std::move(*made);
    bool cannot = made.error().code == Code::permission_denied || made.error().code == Code::unsupported;
    if (!cannot) ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  ScratchFolder folder;
};

TEST_P(RealEnvoyTest, RunsWhatItTakesAtAnyAddress) {
  cp::Snapshot snapshot;
  add_cluster(snapshot, {{"name", "b"}, {"type", "STATIC"}, {"connectTimeout", "1s"}});
  add_listener(snapshot, "240.0.0.7");
  auto envoy = start(snapshot);
  if (!envoy) GTEST_SKIP() << "no Envoy, or no network namespaces";
  EXPECT_TRUE(envoy->ready()) << envoy->trouble();
  EXPECT_TRUE(envoy->refusals().empty());
  EXPECT_EQ(envoy->acknowledged().size(), 2u);
  EXPECT_EQ(status_line(*envoy, "240.0.0.7"), "HTTP/1.1 418 Unknown");
  EXPECT_EQ(status_line(*envoy, "240.0.0.8"), "no connection");
  EXPECT_NE(envoy->admin("/clusters").find("b::"), std::string::npos);
}

TEST_P(RealEnvoyTest, TellsARefusalWithEnvoysWords) {
  cp::Snapshot snapshot;
  add_cluster(snapshot, {{"name", "b"}, {"type", "STATIC"}, {"connectTimeout", "0s"}});
  add_listener(snapshot, "240.0.0.7");
  auto envoy = start(snapshot);
  if (!envoy) GTEST_SKIP() << "no Envoy, or no network namespaces";
  EXPECT_FALSE(envoy->ready());
  auto refusals = envoy->refusals();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].type_url, cp::type_url::cluster);
  EXPECT_NE(refusals[0].message.find("ConnectTimeout"), std::string::npos) << refusals[0].message;
  EXPECT_EQ(envoy->acknowledged(), std::vector<std::string>{std::string(cp::type_url::listener)});
}

TEST_P(RealEnvoyTest, TellsWhatIsNamedAndNotThere) {
  cp::Snapshot snapshot;
  json ads{{"ads", json::object()}, {"resourceApiVersion", "V3"}, {"initialFetchTimeout", "0.3s"}};
  add_cluster(snapshot,
              {{"name", "b"}, {"type", "EDS"}, {"connectTimeout", "1s"}, {"edsClusterConfig", {{"edsConfig", ads}}}});
  auto envoy = start(snapshot);
  if (!envoy) GTEST_SKIP() << "no Envoy, or no network namespaces";
  EXPECT_TRUE(envoy->refusals().empty());
  EXPECT_FALSE(envoy->ready());
  EXPECT_NE(envoy->trouble().find("asked for, and not there: ClusterLoadAssignment b"), std::string::npos)
      << envoy->trouble();
  // Over the other variant Envoy is told so, and does not wait.
  bool waited = envoy->trouble().find("init_fetch_timeout: 1") != std::string::npos;
  EXPECT_EQ(waited, GetParam() == cp::AdsVariant::state_of_the_world) << envoy->trouble();
}

INSTANTIATE_TEST_SUITE_P(Variants, RealEnvoyTest,
                         testing::Values(cp::AdsVariant::state_of_the_world, cp::AdsVariant::delta),
                         [](const auto& info) {
                           return info.param == cp::AdsVariant::delta ? "delta" : "state_of_the_world";
                         });

}  // namespace
}  // namespace kumasim::test
