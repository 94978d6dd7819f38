/// The live world: the same scenario with real processes and real Envoys, on loopback addresses of its own, or in
/// network namespaces where the scenario cuts ways between processes.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "kumasim/scenario/worlds.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/log.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "scenarios/engine/mesh_client.hpp"
#include "scenarios/live/envoy_admin.hpp"
#include "scenarios/live/namespaces.hpp"

namespace kumasim::scenario {

class LiveWorld final : public MeshWorld {
 public:
  LiveWorld(const Scenario& scenario, LiveWorldOptions options);
  ~LiveWorld() override;

  Result<> set_up() override;
  void at(Duration when, std::function<void()> action) override;
  Result<> run_until(Duration when) override;
  Duration now() const override;

  bool up(const std::string& process) const override;
  void begin(const FaultOrder& order) override;
  void end(const FaultOrder& order) override;
  void watch_lives(std::function<void(const std::string& process, bool up)> told) override {
    told_life_ = std::move(told);
  }

  void apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done) override;
  void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) override;
  void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done) override;
  void call(const CallRequest& request, std::function<void(CallRecord)> done) override;

  StateSample sample() override;
  std::vector<Problem> problems() const override { return problems_; }
  std::map<std::string, std::string> addresses() const override;
  Duration setup_length() const override { return setup_length_; }

 private:
  /// One instance: its application, its kuma-dp with Envoy, and a client for each service that it calls.
  struct Member {
    const Instance* instance = nullptr;
    const Service* service = nullptr;
    std::string address;
    DataplanePorts ports;
    std::uint16_t admin_port = 0;
    std::optional<live::ChildProcess> echo, sidecar;
    bool paused = false;
    std::uint64_t lives = 0;
    ProxyState state;
    RefusalWatch refusals;
    std::map<std::string, std::unique_ptr<HttpClient>> clients;
  };
  struct Ports {
    std::uint16_t api = 0, api_tls = 0, dataplane = 0, diagnostics = 0;
  };
  /// A call that access control may have refused; the counters of the proxies asked next decide.
  struct Suspect {
    std::string to;
    CallRecord record;
    std::function<void(CallRecord)> done;
  };

  // live_faults.cpp
  void kill(const std::string& process);
  void stop(const std::string& process, Duration grace);
  void start(const std::string& process);
  void pause(const std::string& process);
  void resume(const std::string& process);
  void cut(const Way& way);
  void heal(const Way& way);

  std::string cannot() const;
  bool needs_namespaces() const;
  Result<> make_namespaces();
  /// Where the process's sockets are; null: where ours are.
  const live::NetNamespace* space_of(const std::string& process) const;
  /// A runtime that reaches the process on its loopback.
  Runtime& runtime_of(const std::string& process);
  std::string control_plane_address() const;
  Result<live::ChildProcess> start_program(const std::string& process, const live::ChildOptions& options);
  asio::awaitable<void> heed_signals();
  std::uint16_t free_port(const std::string& address);
  /// Its path: planted bugs are in a program of their own.
  std::string control_plane_program() const;
  Result<> start_control_plane();
  Result<> start_member(Member& member);
  Result<> pump_until(const std::function<bool()>& ready, std::string_view what);
  std::string last_lines(const std::string& log) const;
  std::string whole_log(const std::string& process) const;
  /// Notes a child that ended without our doing, once.
  void look_after(const std::string& what, const std::string& log, const std::optional<live::ChildProcess>& child);
  void look_after_all();
  void complain(std::string text);
  std::vector<int> pids(const std::string& process) const;
  asio::awaitable<void> apply_resources();
  asio::awaitable<void> poll();
  asio::awaitable<void> poll_member(const std::string& name, Member& member);
  /// What the control plane says of the proxies, which were polled just before.
  asio::awaitable<void> poll_rollout();
  asio::awaitable<void> make_call(Member& member, CallRequest request, std::function<void(CallRecord)> done);

  const Scenario& scenario_;
  LiveWorldOptions options_;
  std::filesystem::path folder_;
  live::LiveRuntime live_;
  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Runtime& runtime_;
  std::unique_ptr<Namespaces> namespaces_;  // null on loopback
  Ports ports_;
  std::optional<live::ChildProcess> control_plane_;
  bool control_plane_paused_ = false;
  std::map<std::string, Member> members_;
  std::unique_ptr<MeshClient> client_;
  std::vector<Suspect> suspects_;
  std::string rollout_target_;
  std::optional<Rollout> rollout_;  // of the control plane's present life
  MonotonicTime rollout_asked_{};
  MonotonicTime begin_, start_;
  Duration setup_length_{};
  bool applied_ = false;
  bool interrupted_ = false;
  bool running_ = false;  // set-up is over
  std::string refused_;
  std::vector<Problem> problems_;
  std::vector<int> dead_;  // pids of children whose end was noted
  std::function<void(const std::string&, bool)> told_life_;
  std::map<std::string, int> holds_, pauses_;  // how many faults hold it down, and how many pause it
  std::map<Way, int> cuts_;                    // how many faults cut it
  std::set<std::string> ending_;               // processes that were asked to end
};

}  // namespace kumasim::scenario
