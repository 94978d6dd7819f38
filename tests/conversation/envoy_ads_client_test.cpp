/// Conversations of a scripted control plane with the simulated Envoy's discovery client; files in
/// tests/conversation/envoy.
#include <algorithm>
#include <optional>
#include <sstream>

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/envoy/ads/ads_client.hpp"
#include "tests/conversation/conversation.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace disc = ::envoy::service::discovery::v3;

const std::map<std::string, Type> types{{"cluster", Type::cluster},
                                        {"endpoint", Type::endpoints},
                                        {"listener", Type::listener},
                                        {"route", Type::routes},
                                        {"secret", Type::secret}};

std::string short_name(const std::string& url) {
  for (const auto& [name, type] : types)
    if (type_url(type) == url) return name;
  return url;
}

/// `backend` an EDS cluster, `backend tls` one with secrets, `backend tls v2` a changed one, `x broken` one that Envoy
/// refuses.
std::string yaml_of(Type type, const std::string& line) {
  std::istringstream in(line);
  std::string name, kind, mark;
  in >> name >> kind >> mark;
  if (kind == "broken" && type == Type::cluster) return "name: " + name + "\ntype: ORIGINAL_DST\nalt_stat_name: x";
  switch (type) {
    case Type::cluster: {
      auto extra = kind == "tls" ? test::upstream_tls("spiffe://m/s") : std::string();
      if (kind == "static") return "name: " + name + "\ntype: STATIC\n";
      return test::eds_cluster(name, extra + "alt_stat_name: a" + (kind == "tls" ? mark : kind) + "\n");
    }
    case Type::endpoints: return test::endpoints(name, {"10.0.0.1:80"});
    case Type::listener: {
      auto yaml = test::outbound(static_cast<std::uint16_t>(10000 + name.size()), test::route_all("cluster: " + name));
      if (kind == "broken") yaml = yaml.substr(0, yaml.find("filter_chains"));
      if (kind == "rds")
        yaml = yaml.substr(0, yaml.find("      route_config:")) + "      rds: {route_config_name: " + mark +
               ", config_source: {ads: {}}}\n";
      return yaml.replace(yaml.find("name: ") + 6, yaml.find('\n') - 6, name);
    }
    case Type::routes:
      return "name: " + name +
             "\nvirtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: c}}]}]";
    case Type::secret: return "name: " + name + "\ngeneric_secret: {secret: {inline_string: x}}";
  }
  return {};
}

template <class List>
std::string bracketed(const List& list) {
  std::string out = "[";
  for (const auto& item : list) out += (out.size() > 1 ? " " : "") + item;
  return out + "]";
}

class Conversation : public ConfigObserver {
 public:
  std::string run(const test::Command& command) {
    if (command.name == "start") {
      delta_ = command.words.at(0) == "delta";
      waits_.clear();
      state_.emplace(std::make_shared<ResourceCache>(), *this);
      client_.emplace(*state_, AdsClientOptions{delta_, true, ""});
      return "";
    }
    if (command.name == "connect") return print(client_->on_connected());
    if (command.name == "disconnect") {
      client_->on_disconnected();
      return "";
    }
    if (command.name == "response") {
      auto answers = client_->on_message(response(command));
      return answers ? print(*answers) : "the stream ends\n";
    }
    if (command.name == "timeout") {
      auto type = types.at(command.words.at(0));
      state_->fetch_timed_out(type, command.words.at(1), waits_[{type, command.words.at(1)}]);
      return print(client_->poll());
    }
    if (command.name == "state") return state();
    return "unknown command " + command.name + "\n";
  }

  void arm_fetch_timeout(Type type, const std::string& name, std::uint64_t token, Duration) override {
    waits_[{type, name}] = token;
  }

 private:
  std::string response(const test::Command& command) {
    auto type = types.at(command.words.at(0));
    if (delta_) {
      disc::DeltaDiscoveryResponse r;
      r.set_type_url(std::string(type_url(type)));
      r.set_nonce(command.get("nonce"));
      for (const auto& line : command.lines) {
        auto& resource = *r.add_resources();
        resource.set_name(line.substr(0, line.find(' ')));
        resource.set_version(command.get("version"));
        resource.mutable_resource()->ParseFromString(test::packed_any(type, yaml_of(type, line)));
      }
      for (const auto& name : command.list("removed")) r.add_removed_resources(name);
      return r.SerializeAsString();
    }
    disc::DiscoveryResponse r;
    r.set_type_url(std::string(type_url(type)));
    r.set_nonce(command.get("nonce"));
    r.set_version_info(command.get("version"));
    for (const auto& line : command.lines)
      r.add_resources()->ParseFromString(test::packed_any(type, yaml_of(type, line)));
    return r.SerializeAsString();
  }

  /// Without the line ends that Envoy leaves at the end of a list of errors.
  static std::string refusal(std::string message) {
    while (message.ends_with("\n")) message.pop_back();
    return "\n  refused: " + message;
  }

  std::string print(const AdsClient::Messages& messages) const {
    std::string out;
    for (const auto& bytes : messages) out += delta_ ? print_delta(bytes) : print_sotw(bytes);
    return out;
  }

  static std::string print_sotw(const std::string& bytes) {
    disc::DiscoveryRequest r;
    r.ParseFromString(bytes);
    auto out = short_name(r.type_url()) + " version=" + r.version_info() + " nonce=" + r.response_nonce() + " " +
               bracketed(r.resource_names());
    if (r.has_node()) out += " node";
    if (r.has_error_detail()) out += refusal(r.error_detail().message());
    return out + "\n";
  }

  static std::string print_delta(const std::string& bytes) {
    disc::DeltaDiscoveryRequest r;
    r.ParseFromString(bytes);
    auto out = short_name(r.type_url()) + " nonce=" + r.response_nonce();
    if (r.resource_names_subscribe_size() > 0) out += " subscribe=" + bracketed(r.resource_names_subscribe());
    if (r.resource_names_unsubscribe_size() > 0) out += " unsubscribe=" + bracketed(r.resource_names_unsubscribe());
    std::map<std::string, std::string> held(r.initial_resource_versions().begin(), r.initial_resource_versions().end());
    for (const auto& [name, version] : held) out += " holds " + name + "=" + version;
    if (r.has_node()) out += " node";
    if (r.has_error_detail()) out += refusal(r.error_detail().message());
    return out + "\n";
  }

  std::string state() const {
    std::string out;
    auto print = [&](const char* what, const auto& map) {
      if (map.empty()) return;
      out += what;
      for (const auto& [name, item] : map) out += " " + name + "@" + item.version;
      out += "\n";
    };
    print("clusters", state_->clusters());
    print("warming clusters", state_->warming_clusters());
    print("listeners", state_->listeners());
    print("warming listeners", state_->warming_listeners());
    return out + (state_->live() ? "live\n" : "not live\n");
  }

  bool delta_ = false;
  std::map<std::pair<Type, std::string>, std::uint64_t> waits_;
  std::optional<ConfigState> state_;
  std::optional<AdsClient> client_;
};

class EnvoyAdsClient : public ::testing::TestWithParam<std::string> {};

TEST_P(EnvoyAdsClient, speaks_as_written) {
  Conversation conversation;
  test::run_conversation(GetParam(), [&](const test::Command& command) { return conversation.run(command); });
}

INSTANTIATE_TEST_SUITE_P(Files, EnvoyAdsClient,
                         ::testing::ValuesIn(test::conversation_files("tests/conversation/envoy")),
                         [](const auto& info) {
                           auto name = info.param.substr(info.param.rfind('/') + 1);
                           name = name.substr(0, name.find('.'));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kumasim::sim::proxy
