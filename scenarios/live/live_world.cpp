/// Set-up and calls of the live world.
#include "scenarios/live/live_world.hpp"

#include <algorithm>

#include <unistd.h>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/scenario/verdict.hpp"
#include "reference-cp/live/system.hpp"
#include "scenarios/engine/rollout.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::size_t processes_max = 250;
/// Where applications listen, and proxies for what their applications call, on the address where the proxy has its
/// inbound.
constexpr std::uint16_t service_port = 3000, first_outbound_port = 20000;
constexpr std::string_view folder_prefix = "kumasim-live-";

/// Folders of runs that were killed; their processes ended with them.
void remove_leftovers() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path(), ignored)) {
    std::string name = entry.path().filename().string();
    if (!name.starts_with(folder_prefix)) continue;
    std::string pid = name.substr(folder_prefix.size());
    bool is_pid = !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos;
    if (is_pid && !std::filesystem::exists("/proc/" + pid, ignored)) std::filesystem::remove_all(entry, ignored);
  }
}

DataplanePorts ports_beside(std::uint16_t inbound, std::size_t outbounds) {
  DataplanePorts out{.inbound = inbound, .service = service_port, .first_outbound = first_outbound_port};
  if (out.service == inbound) ++out.service;
  if (inbound >= first_outbound_port && inbound < first_outbound_port + outbounds)
    out.first_outbound = static_cast<std::uint16_t>(inbound + 1);
  return out;
}

}  // namespace

LiveWorld::LiveWorld(const Scenario& scenario, LiveWorldOptions options)
    : scenario_(scenario),
      options_(std::move(options)),
      live_({.log = {.level = LogLevel::error}}),
      context_(live_.context()),
      work_(context_.get_executor()),
      runtime_(live_.runtime()),
      operator_(scenario_) {
  begin_ = start_ = runtime_.clock.now();
  folder_ = std::filesystem::temp_directory_path() / fmt::format("{}{}", folder_prefix, getpid());
  add_stores();
  add_planes();
  add_members();
}

void LiveWorld::add_planes() {
  std::vector<std::string> zones{""};
  for (const Zone& zone : scenario_.zones) zones.push_back(zone.name);
  for (const std::string& zone : zones) {
    const ControlPlaneSpec& spec = scenario_.control_plane_in(zone);
    for (const std::string& process : spec.processes()) {
      LivePlane& plane = planes_.emplace_back();
      plane.process_name = process;
      plane.zone = zone;
      plane.spec = &spec;
      plane.folder = folder_ / process;
      plane.pair = plane.folder / "kuma-cp";
      plane.target = rollout_target(scenario_, zone);
      if (spec.replicas.empty()) continue;
      plane.store = &stores_.at(spec.store_process());
      plane.pair = folder_ / spec.name;
    }
  }
}

void LiveWorld::add_members() {
  // A network of its own in 127.0.0.0/8, so that runs side by side do not meet.
  int network = 1 + getpid() % 60'000;
  int host = 1;
  auto add = [&](const std::string& name) -> LiveMember& {
    LiveMember& member = members_[name];
    member.name = name;
    member.plane = find_plane(scenario_.control_plane_of(name).processes().front());
    member.address = fmt::format("127.{}.{}.{}", 1 + network / 250, 1 + network % 250, host++);
    return member;
  };
  const Destinations destinations(scenario_);
  for (const Instance& instance : scenario_.instances) {
    LiveMember& member = add(instance.process);
    member.instance = &instance;
    member.service = scenario_.find_service(instance.service);
    member.called = destinations.of(*member.service, instance);
    member.ports = ports_beside(member.service->port, member.service->calls.size());
  }
  auto add_zone_proxy = [&](const std::string& name, ZoneProxyRole role) {
    LiveMember& member = add(name);
    member.role = role;
    member.ports.inbound = zone_proxy_port(role);
  };
  for (const Zone& zone : scenario_.zones) {
    for (const std::string& name : zone.ingresses) add_zone_proxy(name, ZoneProxyRole::ingress);
    for (const std::string& name : zone.egresses) add_zone_proxy(name, ZoneProxyRole::egress);
  }
}

LiveWorld::~LiveWorld() {
  told_life_ = {};  // whoever was told may be gone
  for (auto& [name, member] : members_) kill(name);
  for (LivePlane& plane : planes_) kill(plane.name());
  for (auto& [name, store] : stores_) kill(name);
  std::error_code ignored;
  if (operator_.refused().empty()) std::filesystem::remove_all(folder_, ignored);
}

LivePlane* LiveWorld::find_plane(const std::string& process) {
  auto found = std::ranges::find(planes_, process, &LivePlane::name);
  return found == planes_.end() ? nullptr : &*found;
}

const LivePlane* LiveWorld::find_plane(const std::string& process) const {
  return const_cast<LiveWorld*>(this)->find_plane(process);
}

std::string LiveWorld::cannot() const {
  if (Diagnostics refused = faults_refused(scenario_, "live"); !refused.empty()) return refused.front().text();
  for (const Instance& instance : scenario_.instances) {
    if (!instance.application.plain())
      return fmt::format("service {}: kumasim-echo, the live world's application, has a latency and nothing more",
                         instance.service);
    if (instance.latency.law == DelayLaw::Law::trace)
      return fmt::format("service {}: kumasim-echo has no latency by a trace", instance.service);
  }
  for (const Load& load : scenario_.load) {
    if (load.retries.most > 0)
      return fmt::format("load from {} to {}: the live world's client does not retry", load.from, load.to);
    if (load.head.method == "HEAD")
      return fmt::format("load from {} to {}: an answer to HEAD says nothing of who answered", load.from, load.to);
  }
  if (planes_.size() + stores_.size() + members_.size() > processes_max)
    return fmt::format("the live world runs at most {} control planes, stores, instances and zone proxies",
                       processes_max);
  return {};
}

std::string LiveWorld::needs_namespaces() const {
  if (!scenario_.zones.empty()) return "spec.topology.zones";
  if (!scenario_.replicated().empty()) return "a control plane of several replicas";
  if (!scenario_.links.empty()) return "spec.topology.links";
  auto struck =
      std::ranges::find_if(scenario_.faults, [](const Fault& fault) { return fault.kind->whom == fault::Whom::ways; });
  return struck == scenario_.faults.end() ? "" : std::string(struck->kind->name);
}

Result<> LiveWorld::make_namespaces() {
  if (LiveLinks::needed(scenario_)) links_ = std::make_unique<LiveLinks>(scenario_, options_.seed);
  auto made =
      Namespaces::create(runtime_, context_, scenario_.processes(), folder_, links_ ? &links_->ethernet() : nullptr);
  if (!made) {
    bool denied = made.error().code == Code::permission_denied;
    return fail(made.error().code,
                fmt::format("{} needs a network namespace for each process{}: {}", needs_namespaces(),
                            denied ? ", and that needs root" : "", made.error().message));
  }
  namespaces_ = std::move(*made);
  for (LivePlane& plane : planes_) plane.address = namespaces_->address(plane.name());
  for (auto& [name, store] : stores_) store.address = namespaces_->address(name);
  for (const ControlPlaneSpec* several : scenario_.replicated()) {
    auto service = namespaces_->add_service(runtime_, context_, several->replicas);
    if (!service) return fail(service.error());
    for (const std::string& replica : several->replicas) find_plane(replica)->service = *service;
  }
  for (auto& [name, member] : members_) member.address = namespaces_->address(name);
  return {};
}

const live::NetNamespace* LiveWorld::space_of(const std::string& process) const {
  return namespaces_ ? &namespaces_->of(process) : nullptr;
}

Runtime& LiveWorld::runtime_of(const std::string& process) {
  return namespaces_ ? namespaces_->runtime(process) : runtime_;
}

asio::awaitable<void> LiveWorld::heed_signals() {
  co_await live::wait_for_stop();
  interrupted_ = true;
  context_.stop();
}

std::uint16_t LiveWorld::free_port(const std::string& address) {
  while (true) {
    std::uint16_t port = runtime_.network.listen({address, 0}).port();
    if (ports_.insert(port).second) return port;
  }
}

Result<> LiveWorld::pump_until(const std::function<bool()>& ready, const std::function<std::string()>& why_not) {
  MonotonicTime limit = begin_ + scenario_.setup_limit;
  while (!ready()) {
    if (interrupted_) return fail(Code::cancelled, "interrupted");
    if (runtime_.clock.now() >= limit)
      return fail(Code::deadline_exceeded,
                  fmt::format("{} within {}", why_not(), duration_text(scenario_.setup_limit)));
    look_after_all();
    if (!problems_.empty()) {
      std::string text = std::move(problems_.front().text);
      problems_.clear();
      return fail(Code::unavailable, std::move(text));
    }
    context_.run_for(std::chrono::milliseconds(50));
  }
  return {};
}

Result<> LiveWorld::find_programs() {
  for (const std::string& program :
       {control_plane_program(), options_.programs + "/kuma-dp", options_.programs + "/kumasim-echo"}) {
    if (auto found = live::find_program(program); !found) return fail(found.error());
  }
  auto envoy = live::find_program(options_.envoy);
  if (!envoy) return fail(Code::not_found, fmt::format("there is no Envoy at `{}`; set --envoy", options_.envoy));
  options_.envoy = *envoy;
  return {};
}

Result<> LiveWorld::start_planes() {
  std::map<std::string, std::vector<MeshClient::Door>> doors;  // by zone
  for (LivePlane& plane : planes_) {
    const LivePlane& first = *find_plane(plane.spec->processes().front());
    if (&first != &plane) {
      plane.ports = first.ports;
    } else {
      for (auto* port : {&plane.ports.api, &plane.ports.api_tls, &plane.ports.dataplane, &plane.ports.diagnostics})
        *port = free_port("127.0.0.1");
    }
    std::filesystem::create_directories(plane.folder);
    if (plane.store != nullptr && &first == &plane) {
      if (Result<> prepared = prepare_replicas(*plane.spec); !prepared) return prepared;
    }
    if (Result<> started = start_plane(plane); !started) return started;
    doors[plane.zone].push_back({&runtime_of(plane.name()), fmt::format("http://127.0.0.1:{}", plane.ports.api)});
  }
  for (auto& [zone, of_zone] : doors) operator_.reach(zone, std::move(of_zone));
  return {};
}

Result<> LiveWorld::apply_resources() {
  operator_.begin(runtime_);
  Result<> taken = pump_until([this] { return operator_.applied() || !operator_.refused().empty(); },
                              [this] { return operator_.waits_for(); });
  return operator_.refused().empty() ? taken : fail(Code::invalid_argument, operator_.refused());
}

Result<> LiveWorld::start_members() {
  for (auto& [name, member] : members_) {
    if (Result<> started = start_member(member); !started) return started;
  }
  spawn(runtime_.executor, runtime_.log, "poll", poll());
  Observations seen;
  seen.addresses = addresses();
  auto who_did_not = [&] { return not_converged(scenario_, seen, sample()); };
  return pump_until([&] { return !who_did_not(); },
                    [&] { return fmt::format("{}, still not converged", who_did_not().value_or("")); });
}

Result<> LiveWorld::set_up() {
  remove_leftovers();
  if (std::string reason = cannot(); !reason.empty()) return fail(Code::unsupported, reason);
  if (Result<> found = find_programs(); !found) return found;
  std::error_code failed;
  std::filesystem::remove_all(folder_, failed);  // of a killed run that had our pid, with what its stores held
  if (!failed) std::filesystem::create_directories(folder_, failed);
  if (failed) return fail(Code::unavailable, fmt::format("cannot make {}: {}", folder_.string(), failed.message()));
  spawn(runtime_.executor, runtime_.log, "signals", heed_signals());
  if (!needs_namespaces().empty()) {
    if (Result<> made = make_namespaces(); !made) return made;
  }
  if (Result<> started = start_stores(); !started) return started;
  if (Result<> started = start_planes(); !started) return started;
  if (Result<> taken = apply_resources(); !taken) return taken;
  if (Result<> converged = start_members(); !converged) return converged;
  start_ = runtime_.clock.now();
  setup_length_ = start_ - begin_;
  running_ = true;
  return {};
}

void LiveWorld::at(Duration when, std::function<void()> action) {
  auto timer = std::make_shared<Timer>(runtime_.timers);
  timer->expires_at(start_ + when);
  timer->async_wait([timer, action = std::move(action)](error_code code) {
    if (!code) action();
  });
}

Result<> LiveWorld::run_until(Duration when) {
  Duration rest = start_ + when - runtime_.clock.now();
  if (rest > Duration(0) && !interrupted_) context_.run_for(rest);
  if (interrupted_) return fail(Code::cancelled, "interrupted");
  for (Suspect& suspect : suspects_) suspect.done(std::move(suspect.record));
  suspects_.clear();
  look_after_all();
  return {};
}

Duration LiveWorld::now() const { return runtime_.clock.now() - start_; }

bool LiveWorld::up(const std::string& process) const {
  if (auto store = stores_.find(process); store != stores_.end()) return store->second.up();
  const LivePlane* plane = find_plane(process);
  return plane != nullptr ? plane->up() : members_.at(process).up();
}

asio::awaitable<LiveWorld::Answer> LiveWorld::call_http(LiveMember& member, const CallRequest& request) {
  auto& client = member.clients[request.to];
  if (!client) {
    std::string base =
        fmt::format("http://{}:{}", member.address, outbound_port(*member.service, request.to, member.ports));
    client = std::make_unique<HttpClient>(runtime_of(request.process).network, runtime_.timers, std::move(base),
                                          HttpClient::Options{});
  }
  HttpRequest wanted;
  wanted.target = request.path;
  if (!request.head.method.empty()) wanted.method = request.head.method;
  for (const auto& [name, value] : request.head.headers) wanted.headers.add(name, value);
  auto answer = co_await client->call(std::move(wanted), request.timeout);
  if (!answer) co_return Answer{.said = answer.error().message};
  co_return Answer{.status = answer->status, .body = answer->body, .said = answer->body};
}

/// With an empty message.
asio::awaitable<LiveWorld::Answer> LiveWorld::call_grpc(LiveMember& member, const CallRequest& request) {
  const MonotonicTime deadline = runtime_.clock.now() + request.timeout;
  // Held by the call: another that finds the connection over may put a new one in its place meanwhile.
  std::shared_ptr<GrpcClient> client = member.grpc_clients[request.to];
  if (!client || !client->connected()) {
    Address place{member.address, outbound_port(*member.service, request.to, member.ports)};
    auto made = co_await GrpcClient::connect(runtime_of(request.process), place, {.connect_timeout = request.timeout});
    if (!made) co_return Answer{.said = made.error().message};
    client = std::make_shared<GrpcClient>(std::move(*made));
    member.grpc_clients[request.to] = client;
  }
  Headers metadata;
  for (const auto& [name, value] : request.head.headers) metadata.add(name, value);
  auto stream = client->open(request.path, std::move(metadata));
  if (!stream) co_return Answer{.said = stream.error().message};
  auto conversation = [](GrpcClientStream call) -> asio::awaitable<Answer> {
    co_await call.write(std::string());
    call.finish_sending();
    Answer out;
    out.body = (co_await call.read()).value_or("");
    GrpcStatus status = co_await call.status();
    const std::string http(call.metadata().get(":status"));
    if (!http.empty()) out.status = std::stoi(http);
    if (!http.empty()) out.grpc_status = static_cast<int>(status.code);
    out.said = status.message;
    co_return out;
  };
  const Duration left = std::max(deadline - runtime_.clock.now(), Duration(1));
  auto answer = co_await with_timeout(runtime_.timers, left, conversation(std::move(*stream)));
  if (!answer) co_return Answer{.said = answer.error().message};
  co_return std::move(*answer);
}

asio::awaitable<void> LiveWorld::make_call(LiveMember& member, CallRequest request,
                                           std::function<void(CallRecord)> done) {
  MonotonicTime begin = runtime_.clock.now();
  const bool grpc = scenario_.find_service(request.to)->protocol == "grpc";
  Answer answer = co_await (grpc ? call_grpc(member, request) : call_http(member, request));
  CallRecord record;
  record.latency = runtime_.clock.now() - begin;
  record.status = answer.status;
  record.grpc_status = answer.grpc_status;
  record.why = answer.said.substr(0, 300);
  if (answer.status == 0) {
    done(std::move(record));
    co_return;
  }
  nlohmann::json body = nlohmann::json::parse(answer.body, nullptr, false);
  if (record.ok() && body.is_object()) {
    record.instance = body.value("instance", "");
    record.crossing = body.value("identity", "").empty() ? Crossing::plaintext : Crossing::encrypted;
    record.why = record.plaintext() ? "the application saw no identity of the caller" : body.value("identity", "");
    done(std::move(record));
    co_return;
  }
  const auto is = [&](int http, GrpcCode code) {
    return answer.grpc_status ? *answer.grpc_status == static_cast<int>(code) : answer.status == http;
  };
  record.denied = is(403, GrpcCode::permission_denied);
  bool cut = is(503, GrpcCode::unavailable) && answer.said.find("connection termination") != std::string::npos;
  if (cut)
    suspects_.push_back({request.to, std::move(record), std::move(done)});
  else
    done(std::move(record));
}

void LiveWorld::call(const CallRequest& request, std::function<void(CallRecord)> done) {
  spawn(runtime_.executor, runtime_.log, "call", make_call(members_.at(request.process), request, std::move(done)));
}

std::map<std::string, std::string> LiveWorld::addresses() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, member] : members_) out[name] = fmt::format("{}:{}", member.address, member.ports.inbound);
  return out;
}

std::unique_ptr<MeshWorld> make_live_world(const Scenario& scenario, LiveWorldOptions options) {
  return std::make_unique<LiveWorld>(scenario, std::move(options));
}

}  // namespace kumasim::scenario
