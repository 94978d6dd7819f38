/// Conversations of one Envoy with the ADS session; the files are in tests/conversation/ads.
#include <memory>
#include <optional>
#include <sstream>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/service/discovery/v3/discovery.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "reference-cp/xds/ads/session.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/conversation/conversation.hpp"

namespace kumasim::cp {
namespace {

const std::map<std::string, std::string_view> short_types = {{"cluster", type_url::cluster},
                                                             {"endpoint", type_url::endpoint},
                                                             {"secret", type_url::secret},
                                                             {"listener", type_url::listener},
                                                             {"route", type_url::route}};

std::string url_of(const std::string& name) {
  auto found = short_types.find(name);
  return found == short_types.end() ? name : std::string(found->second);
}

std::string short_name(const std::string& url) {
  for (const auto& [name, full] : short_types)
    if (full == url) return name;
  return url;
}

XdsResourcePtr make_resource(const std::string& url, const std::string& name, const std::string& content,
                             const std::string& service) {
  google::protobuf::Any any;
  any.set_type_url(url);
  envoy::config::cluster::v3::Cluster cluster;  // stands for every type: the session looks into clusters only
  cluster.set_name(name);
  cluster.set_alt_stat_name(content);
  if (!service.empty()) cluster.mutable_eds_cluster_config()->set_service_name(service);
  any.set_value(cluster.SerializeAsString());
  return std::make_shared<const XdsResource>(
      XdsResource{name, content, std::make_shared<const std::string>(any.SerializeAsString())});
}

class Conversation {
 public:
  std::string run(const test::Command& command) {
    if (command.name == "stream") {
      variant_ = command.words.at(0) == "delta" ? AdsVariant::delta : AdsVariant::state_of_the_world;
      session_.emplace(variant_, "cp-1");
      nonces_.clear();
      return "";
    }
    if (command.name == "snapshot") return print(session_->on_snapshot(snapshot_of(command)));
    if (command.name == "patience-ends") return print(session_->on_patience_end());
    if (command.name == "settled") return session_->settled() ? "yes\n" : "no\n";
    if (command.name == "accepted") {
      std::string out = session_->accepted() ? "yes\n" : "no\n";
      for (const auto& [url, rejection] : session_->rejections())
        out += fmt::format("refused {}: {}\n", short_name(url), rejection.message);
      return out;
    }
    if (command.name == "request") return print(request(command));
    return "unknown command " + command.name + "\n";
  }

 private:
  static std::shared_ptr<const Snapshot> snapshot_of(const test::Command& command) {
    auto snapshot = std::make_shared<Snapshot>();
    for (const auto& line : command.lines) {
      std::istringstream words(line);
      std::string type, name, content, service;
      words >> type >> name >> content >> service;
      snapshot->add(url_of(type), make_resource(url_of(type), name, content, service));
    }
    return snapshot;
  }

  AdsActions request(const test::Command& command) {
    std::string url = url_of(command.words.at(0));
    std::string nonce = command.get("nonce");
    if (nonce == "last") nonce = nonces_[url];
    std::optional<AdsRejection> error;
    if (command.has("error")) error = AdsRejection{13, command.get("error")};
    if (variant_ == AdsVariant::state_of_the_world) {
      std::string version = command.get("version");
      if (version == "last") version = versions_[url];
      return session_->on_request({.node = {},
                                   .type_url = url,
                                   .version_info = version,
                                   .response_nonce = nonce,
                                   .names = command.list("names"),
                                   .error = error});
    }
    DeltaDiscoveryRequest request{.node = {},
                                  .type_url = url,
                                  .response_nonce = nonce,
                                  .subscribe = command.list("subscribe"),
                                  .unsubscribe = command.list("unsubscribe"),
                                  .initial_versions = {},
                                  .error = error};
    for (const auto& have : command.list("have"))
      request.initial_versions[have.substr(0, have.find(':'))] = have.substr(have.find(':') + 1);
    return session_->on_delta_request(request);
  }

  std::string print(const AdsActions& actions) {
    std::string out;
    if (actions.answer) {
      const auto& rejection = actions.answer->rejection;
      out += fmt::format("{} {}{}\n", rejection ? "rejected" : "accepted", short_name(actions.answer->type_url),
                         rejection ? ": " + rejection->message : "");
    }
    for (const auto& response : actions.send) out += print(response);
    if (actions.waiting) out += "waiting\n";
    return out;
  }

  /// Reads the bytes as Envoy would, so that the framing is tested with every line.
  std::string print(const AdsResponse& response) {
    nonces_[response.type_url] = response.nonce;
    versions_[response.type_url] = response.version;
    std::string bytes;
    for (const auto& slice : response.bytes) bytes += *slice;
    std::vector<std::string> resources, removed;
    auto content = [](const google::protobuf::Any& any) {
      envoy::config::cluster::v3::Cluster cluster;
      EXPECT_TRUE(cluster.ParseFromString(any.value()));
      return cluster.name() + ":" + cluster.alt_stat_name();
    };
    if (variant_ == AdsVariant::delta) {
      envoy::service::discovery::v3::DeltaDiscoveryResponse message;
      EXPECT_TRUE(message.ParseFromString(bytes));
      EXPECT_EQ(message.nonce(), response.nonce);
      EXPECT_EQ(message.type_url(), response.type_url);
      EXPECT_EQ(message.control_plane().identifier(), "cp-1");
      for (const auto& resource : message.resources()) {
        EXPECT_EQ(resource.resource().type_url(), response.type_url);
        EXPECT_EQ(content(resource.resource()), resource.name() + ":" + resource.version());
        resources.push_back(content(resource.resource()));
      }
      removed.assign(message.removed_resources().begin(), message.removed_resources().end());
    } else {
      envoy::service::discovery::v3::DiscoveryResponse message;
      EXPECT_TRUE(message.ParseFromString(bytes));
      EXPECT_EQ(message.nonce(), response.nonce);
      EXPECT_EQ(message.type_url(), response.type_url);
      EXPECT_EQ(message.version_info(), response.version);
      EXPECT_EQ(message.control_plane().identifier(), "cp-1");
      for (const auto& any : message.resources()) resources.push_back(content(any));
    }
    return fmt::format("send {} nonce={} [{}]{}\n", short_name(response.type_url), response.nonce,
                       fmt::join(resources, " "),
                       removed.empty() ? "" : fmt::format(" removed [{}]", fmt::join(removed, " ")));
  }

  AdsVariant variant_ = AdsVariant::state_of_the_world;
  std::optional<AdsSession> session_;
  std::map<std::string, std::string> nonces_, versions_;
};

class AdsConversation : public testing::TestWithParam<std::string> {};

TEST_P(AdsConversation, GoesAsWritten) {
  Conversation conversation;
  test::run_conversation(GetParam(), [&](const test::Command& command) { return conversation.run(command); });
}

INSTANTIATE_TEST_SUITE_P(Files, AdsConversation, testing::ValuesIn(test::conversation_files("tests/conversation/ads")),
                         [](const auto& info) {
                           std::string name = info.param.substr(info.param.rfind('/') + 1);
                           name.resize(name.size() - 4);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kumasim::cp
