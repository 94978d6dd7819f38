/// The live world: the same scenario with real processes and real Envoys, on loopback addresses of its own, or in
/// network namespaces where the scenario has zones or links or faults between processes.
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
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/log.hpp"
#include "scenarios/engine/mesh_operator.hpp"
#include "scenarios/live/live_links.hpp"
#include "scenarios/live/live_member.hpp"
#include "scenarios/live/live_plane.hpp"
#include "scenarios/live/live_store.hpp"
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
  WallTime wall_now() const override { return runtime_.clock.wall_now(); }

  bool up(const std::string& process) const override;
  void begin(const FaultOrder& order) override;
  void end(const FaultOrder& order) override;
  void watch_lives(std::function<void(const std::string& process, bool up)> told) override {
    told_life_ = std::move(told);
  }

  void apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done) override {
    operator_.apply(zone, resource, std::move(done));
  }
  void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) override {
    operator_.remove(zone, is, std::move(done));
  }
  void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done) override {
    operator_.read(zone, is, std::move(done));
  }
  void call(const CallRequest& request, std::function<void(CallRecord)> done) override;

  StateSample sample() override;
  std::vector<Problem> problems() const override { return problems_; }
  std::map<std::string, std::string> addresses() const override;
  Duration setup_length() const override { return setup_length_; }

 private:
  /// A call that access control may have refused; the counters of the proxies asked next decide.
  struct Suspect {
    std::string to;
    CallRecord record;
    std::function<void(CallRecord)> done;
  };

  // live_faults.cpp
  void begin_on_ways(const FaultOrder& order);
  void end_on_ways(const FaultOrder& order);
  void kill(const std::string& process);
  void stop(const std::string& process, Duration grace);
  void start(const std::string& process);
  void pause(const std::string& process);
  void resume(const std::string& process);
  void cut(const Way& way);
  void heal(const Way& way);
  /// Again and again, as long as it is in force.
  void strike_later(const FaultOrder& order);

  // live_replicas.cpp
  void add_stores();
  Result<> start_stores();
  Result<> start_store(LiveStore& store);
  Result<> wait_for_store(LiveStore& store);
  /// What its replicas need before they start: a certificate for all of them, and tables in their store.
  Result<> prepare_replicas(const ControlPlaneSpec& spec);
  /// As a crash, from which the server recovers: by SIGKILL it would leave shared memory behind, for good where nobody
  /// starts it again. Waits for its end.
  void end_at_once(const std::string& store);
  void take_lease(LiveStore& store);
  /// Again and again, as long as it is in force.
  void flap_leader(const FaultOrder& order);
  void reconnect_elsewhere(FaultOrder order);
  /// What it prints is added to the process's log.
  Result<live::ChildProcess> start_logged(const std::string& process, live::ChildOptions options);
  /// Of set-up: runs a program in the process's network; `what` for the error where it does not end with success.
  Result<> run_to_end(const std::string& process, live::ChildOptions options, const std::string& what);

  // live_processes.cpp
  std::string control_plane_program() const;
  std::map<std::string, std::string> environment_of(const LivePlane& plane) const;
  Result<live::ChildProcess> start_program(const std::string& process, const live::ChildOptions& options);
  Result<> start_plane(LivePlane& plane);
  /// The program whose life is the process's: kuma-cp, PostgreSQL or kuma-dp.
  std::optional<live::ChildProcess>& program_of(const std::string& process);
  bool& paused_of(const std::string& process);
  Result<> start_member(LiveMember& member);
  Result<> start_echo(LiveMember& member);
  std::vector<int> pids(const std::string& process) const;
  std::string last_lines(const std::string& log) const;
  std::string whole_log(const std::string& process) const;
  /// Notes a child that ended without our doing, once.
  void look_after(const std::string& what, const std::string& log, const std::optional<live::ChildProcess>& child);
  void look_after_all();
  bool waits_for_store(LivePlane& plane);
  void complain(std::string text);

  // live_poll.cpp
  asio::awaitable<void> poll();
  asio::awaitable<void> poll_members();
  asio::awaitable<void> poll_member(LiveMember& member);
  /// What the control plane says of its proxies, which were polled just before.
  asio::awaitable<void> poll_rollout(LivePlane& plane);
  std::optional<Rollout> rollout_of_planes(StateSample& sample) const;
  void note_planes(StateSample& sample) const;

  void add_planes();
  void add_members();
  LivePlane* find_plane(const std::string& process);
  const LivePlane* find_plane(const std::string& process) const;
  std::string cannot() const;
  /// What of the scenario needs a network namespace for each process; empty: nothing.
  std::string needs_namespaces() const;
  Result<> find_programs();
  Result<> make_namespaces();
  /// Where the process's sockets are; null: where ours are.
  const live::NetNamespace* space_of(const std::string& process) const;
  /// A runtime that reaches the process on its loopback.
  Runtime& runtime_of(const std::string& process);
  asio::awaitable<void> heed_signals();
  /// Another one each time.
  std::uint16_t free_port(const std::string& address);
  Result<> start_planes();
  Result<> apply_resources();
  Result<> start_members();
  Result<> pump_until(const std::function<bool()>& ready, const std::function<std::string()>& why_not);
  /// What came of a call, before it is judged.
  struct Answer {
    int status = 0;  // of HTTP; 0: none came
    std::optional<int> grpc_status = {};
    std::string body = {};
    std::string said = {};  // by an Envoy that answers itself; where none came, why
  };
  asio::awaitable<Answer> call_http(LiveMember& member, const CallRequest& request);
  asio::awaitable<Answer> call_grpc(LiveMember& member, const CallRequest& request);
  asio::awaitable<void> make_call(LiveMember& member, CallRequest request, std::function<void(CallRecord)> done);

  const Scenario& scenario_;
  LiveWorldOptions options_;
  std::filesystem::path folder_;
  live::LiveRuntime live_;
  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Runtime& runtime_;
  std::unique_ptr<LiveLinks> links_;         // null where the kernel's bridge joins the namespaces, or nothing does
  std::unique_ptr<Namespaces> namespaces_;   // null on loopback
  std::map<std::string, LiveStore> stores_;  // by process; planes point at them
  std::optional<PostgresPrograms> postgres_;
  std::vector<LivePlane> planes_;  // as Scenario::control_planes(); members point at them
  std::map<std::string, LiveMember> members_;
  MeshOperator operator_;
  std::vector<Suspect> suspects_;
  std::set<std::uint16_t> ports_;  // that free_port gave
  MonotonicTime begin_, start_;
  Duration setup_length_{};
  bool interrupted_ = false;
  bool running_ = false;  // set-up is over
  std::vector<Problem> problems_;
  std::vector<int> dead_;  // pids of children whose end was noted
  std::function<void(const std::string&, bool)> told_life_;
  std::map<std::string, int> holds_, pauses_;  // how many faults hold it down, and how many pause it
  std::map<Way, int> cuts_;                    // how many faults cut it
  std::set<std::string> ending_;               // processes that were asked to end
  std::map<std::string, int> starts_again_;    // control planes: how often; 0 once they answer
  std::set<std::uint64_t> flaps_;              // orders in force
};

}  // namespace kumasim::scenario
