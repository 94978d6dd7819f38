/// Processes, polls and calls of the live world.
#include "scenarios/live/live_world.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>

#include <unistd.h>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/scenario/verdict.hpp"
#include "reference-cp/live/system.hpp"
#include "scenarios/engine/rollout.hpp"
#include "scenarios/live/envoy_admin.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::size_t members_max = 250;
constexpr std::uint16_t inbound_port = 8080, service_port = 3000, first_outbound_port = 20000;

/// The children of a process, and theirs.
void descendants(int pid, std::vector<int>& out) {
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", pid));
  for (int child = 0; in >> child;) {
    out.push_back(child);
    descendants(child, out);
  }
}

std::string law_arguments(const DelayLaw& law, std::vector<std::string>& out) {
  using Law = DelayLaw::Law;
  std::string name = law.law == Law::uniform       ? "uniform"
                     : law.law == Law::exponential ? "exp"
                     : law.law == Law::lognormal   ? "lognormal"
                     : law.law == Law::normal      ? "normal"
                     : law.law == Law::bimodal     ? "bimodal"
                                                   : "const";
  out.insert(out.end(), {"--law", name, "--a", fmt::format("{}", law.a.count()), "--b",
                         fmt::format("{}", law.b.count()), "--b-ppm", fmt::format("{}", law.b_ppm)});
  return name;
}

}  // namespace

LiveWorld::LiveWorld(const Scenario& scenario, LiveWorldOptions options)
    : scenario_(scenario),
      options_(std::move(options)),
      live_({.log = {.level = LogLevel::error}}),
      context_(live_.context()),
      work_(context_.get_executor()),
      runtime_(live_.runtime()) {
  begin_ = start_ = runtime_.clock.now();
  rollout_target_ = rollout_target(scenario_);
  folder_ = std::filesystem::temp_directory_path() / fmt::format("kumasim-live-{}", getpid());
  // A network of its own in 127.0.0.0/8, so that runs side by side do not meet.
  int network = 1 + getpid() % 60'000;
  int host = 1;
  for (const Instance& instance : scenario_.instances) {
    Member& member = members_[instance.process];
    member.instance = &instance;
    member.service = scenario_.find_service(instance.service);
    member.address = fmt::format("127.{}.{}.{}", 1 + network / 250, 1 + network % 250, host++);
    member.ports = {inbound_port, service_port, first_outbound_port, inbound_port};
  }
}

LiveWorld::~LiveWorld() {
  told_life_ = {};  // whoever was told may be gone
  for (auto& [name, member] : members_) kill(name);
  kill(scenario_.control_plane.name);
  members_.clear();
  control_plane_.reset();
  std::error_code ignored;
  if (refused_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::string LiveWorld::cannot() const {
  constexpr const char* netem =
      "needs delay or loss on real links (the kernel's netem), which the live world does not make";
  if (Diagnostics refused = faults_refused(scenario_, "live"); !refused.empty()) return refused.front().text();
  if (!scenario_.links.empty()) return fmt::format("spec.topology.links {}", netem);
  if (!scenario_.zones.empty()) return "spec.topology.zones runs in the simulated world only, for now";
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
  }
  if (scenario_.instances.size() > members_max)
    return fmt::format("the live world runs at most {} instances", members_max);
  return {};
}

bool LiveWorld::needs_namespaces() const {
  return std::ranges::any_of(scenario_.faults, [](const Fault& fault) {
    return fault.kind->name == "net.partition" || fault.kind->made_of == "net.partition";
  });
}

Result<> LiveWorld::make_namespaces() {
  std::vector<std::string> processes{scenario_.control_plane.name};
  for (const auto& [name, member] : members_) processes.push_back(name);
  auto made = Namespaces::create(runtime_, context_, processes, folder_);
  if (!made) {
    bool denied = made.error().code == Code::permission_denied;
    return fail(made.error().code, fmt::format("net.partition needs a network namespace for each process{}: {}",
                                               denied ? ", and that needs root" : "", made.error().message));
  }
  namespaces_ = std::move(*made);
  for (auto& [name, member] : members_) member.address = namespaces_->address(name);
  return {};
}

const live::NetNamespace* LiveWorld::space_of(const std::string& process) const {
  return namespaces_ ? &namespaces_->of(process) : nullptr;
}

Runtime& LiveWorld::runtime_of(const std::string& process) {
  return namespaces_ ? namespaces_->runtime(process) : runtime_;
}

std::string LiveWorld::control_plane_address() const {
  return namespaces_ ? namespaces_->address(scenario_.control_plane.name) : "127.0.0.1";
}

Result<live::ChildProcess> LiveWorld::start_program(const std::string& process, const live::ChildOptions& options) {
  live::NetNamespace::Inside inside(space_of(process));
  return live::ChildProcess::start(runtime_.executor, options);
}

asio::awaitable<void> LiveWorld::heed_signals() {
  co_await live::wait_for_stop();
  interrupted_ = true;
  context_.stop();
}

std::uint16_t LiveWorld::free_port(const std::string& address) { return runtime_.network.listen({address, 0}).port(); }

std::string LiveWorld::control_plane_program() const {
  return options_.programs + (options_.planted_bug.empty() ? "/kuma-cp" : "/kuma-cp-planted");
}

Result<> LiveWorld::start_control_plane() {
  std::map<std::string, std::string> environment = live::environment();
  // Proxies of a scenario have no tokens.
  environment["KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE"] = "none";
  environment["KUMA_DP_SERVER_AUTHN_ZONE_PROXY_TYPE"] = "none";
  for (const auto& [name, value] : scenario_.control_plane.settings) environment[name] = value;
  environment["KUMA_GENERAL_WORK_DIR"] = (folder_ / "kuma-cp").string();
  environment["KUMA_STORE_TYPE"] = "sqlite";
  environment["KUMA_API_SERVER_HTTP_INTERFACE"] = "127.0.0.1";
  environment["KUMA_API_SERVER_HTTPS_INTERFACE"] = "127.0.0.1";
  environment["KUMA_API_SERVER_HTTP_PORT"] = fmt::format("{}", ports_.api);
  environment["KUMA_API_SERVER_HTTPS_PORT"] = fmt::format("{}", ports_.api_tls);
  environment["KUMA_DP_SERVER_PORT"] = fmt::format("{}", ports_.dataplane);
  environment["KUMA_DIAGNOSTICS_SERVER_PORT"] = fmt::format("{}", ports_.diagnostics);
  if (!options_.planted_bug.empty()) environment["KUMASIM_PLANTED_BUG"] = options_.planted_bug;
  auto child = start_program(scenario_.control_plane.name, {.program = control_plane_program(),
                                                            .arguments = {"run"},
                                                            .environment = environment,
                                                            .output_path = (folder_ / "kuma-cp.log").string()});
  if (!child) return fail(child.error());
  control_plane_.emplace(std::move(*child));
  control_plane_paused_ = false;
  return {};
}

Result<> LiveWorld::start_member(Member& member) {
  const std::string& name = member.instance->process;
  std::vector<std::string> echo{"--address", member.address, "--port", fmt::format("{}", service_port), "--name", name};
  law_arguments(member.instance->latency, echo);
  auto application = start_program(name, {.program = options_.programs + "/kumasim-echo",
                                          .arguments = echo,
                                          .output_path = (folder_ / (name + ".echo.log")).string()});
  if (!application) return fail(application.error());
  member.echo.emplace(std::move(*application));

  if (member.admin_port == 0) member.admin_port = free_port("127.0.0.1");
  nlohmann::json dataplane = dataplane_of(scenario_, *member.instance, member.address, member.ports);
  dataplane["networking"]["inbound"][0]["serviceAddress"] = member.address;
  dataplane["networking"]["admin"] = {{"port", member.admin_port}};
  if (dataplane["networking"].contains("outbound")) {
    for (auto& outbound : dataplane["networking"]["outbound"]) outbound["address"] = member.address;
  }
  std::string file = (folder_ / (name + ".json")).string();
  std::ofstream(file) << dataplane.dump();
  std::vector<std::string> run{"run",
                               fmt::format("--cp-address=https://{}:{}", control_plane_address(), ports_.dataplane),
                               "--dataplane-file=" + file,
                               "--ca-cert-file=" + (folder_ / "kuma-cp" / "kuma-cp.crt").string(),
                               "--binary-path=" + options_.envoy,
                               "--dns-enabled=false"};
  // It makes a folder of its own for temporary files, which it does not remove where it is killed.
  std::map<std::string, std::string> environment = live::environment();
  environment["TMPDIR"] = folder_.string();
  auto sidecar = start_program(name, {.program = options_.programs + "/kuma-dp",
                                      .arguments = run,
                                      .environment = std::move(environment),
                                      .output_path = (folder_ / (name + ".log")).string()});
  if (!sidecar) return fail(sidecar.error());
  member.sidecar.emplace(std::move(*sidecar));
  member.paused = false;
  ++member.lives;
  return {};
}

Result<> LiveWorld::pump_until(const std::function<bool()>& ready, std::string_view what) {
  MonotonicTime limit = begin_ + scenario_.setup_limit;
  while (!ready()) {
    if (interrupted_) return fail(Code::cancelled, "interrupted");
    if (runtime_.clock.now() >= limit)
      return fail(Code::deadline_exceeded, fmt::format("{} within {}", what, duration_text(scenario_.setup_limit)));
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

void LiveWorld::complain(std::string text) {
  std::optional<Duration> when;
  if (running_) when = now();
  problems_.push_back({Problem::Kind::process, std::move(text), when});
}

void LiveWorld::look_after(const std::string& what, const std::string& log,
                           const std::optional<live::ChildProcess>& child) {
  if (!child || !child->status() || std::ranges::find(dead_, child->pid()) != dead_.end()) return;
  dead_.push_back(child->pid());
  complain(fmt::format("{} ended with {}: {}", what, live::to_string(*child->status()), last_lines(log)));
}

void LiveWorld::look_after_all() {
  const std::string& name = scenario_.control_plane.name;
  if (!ending_.contains(name)) look_after(name == "kuma-cp" ? name : "kuma-cp of " + name, name, control_plane_);
  for (const auto& [process, member] : members_) {
    if (ending_.contains(process)) continue;
    look_after("kuma-dp of " + process, process, member.sidecar);
    look_after("kumasim-echo of " + process, process + ".echo", member.echo);
  }
}

std::string LiveWorld::last_lines(const std::string& log) const {
  std::ifstream in(folder_ / (log + ".log"));
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(0, 400));
    if (lines.size() > 5) lines.pop_front();
  }
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n    ") + line;
  return out.empty() ? "it printed nothing" : out;
}

std::string LiveWorld::whole_log(const std::string& process) const {
  std::ifstream in(folder_ / (process + ".log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

asio::awaitable<void> LiveWorld::apply_resources() {
  co_await client_->wait_until_up();
  for (const ResourceText& resource : scenario_.resources) {
    std::string problem = co_await client_->apply(resource.body);
    if (problem.empty()) continue;
    ResourceName is = resource_name(resource.body);
    refused_ = fmt::format("{}: the control plane refused {} `{}`: {}", resource.origin, is.type, is.name, problem);
    co_return;
  }
  applied_ = true;
}

Result<> LiveWorld::set_up() {
  if (std::string reason = cannot(); !reason.empty()) return fail(Code::unsupported, reason);
  for (const std::string& program :
       {control_plane_program(), options_.programs + "/kuma-dp", options_.programs + "/kumasim-echo"}) {
    if (auto found = live::find_program(program); !found) return fail(found.error());
  }
  auto envoy = live::find_program(options_.envoy);
  if (!envoy) return fail(Code::not_found, fmt::format("there is no Envoy at `{}`; set --envoy", options_.envoy));
  options_.envoy = *envoy;
  std::filesystem::create_directories(folder_ / "kuma-cp");
  spawn(runtime_.executor, runtime_.log, "signals", heed_signals());
  if (needs_namespaces()) {
    if (Result<> made = make_namespaces(); !made) return made;
  }
  ports_.api = free_port("127.0.0.1");
  ports_.api_tls = free_port("127.0.0.1");
  ports_.dataplane = free_port("127.0.0.1");
  ports_.diagnostics = free_port("127.0.0.1");
  if (Result<> started = start_control_plane(); !started) return started;
  client_ = std::make_unique<MeshClient>(runtime_of(scenario_.control_plane.name),
                                         fmt::format("http://127.0.0.1:{}", ports_.api));
  spawn(runtime_.executor, runtime_.log, "operator", apply_resources());
  Result<> taken =
      pump_until([this] { return applied_ || !refused_.empty(); }, "the control plane did not take the resources");
  if (!taken) {
    bool late = taken.error().code == Code::deadline_exceeded && !client_->trouble().empty();
    return late ? fail(Code::deadline_exceeded, fmt::format("{} ({})", taken.error().message, client_->trouble()))
                : taken;
  }
  if (!refused_.empty()) return fail(Code::invalid_argument, refused_);
  for (auto& [name, member] : members_) {
    if (Result<> started = start_member(member); !started) return started;
  }
  spawn(runtime_.executor, runtime_.log, "poll", poll());
  Observations seen;
  seen.addresses = addresses();
  Result<> converged =
      pump_until([&] { return !not_converged(scenario_, seen, sample()); }, "the proxies did not converge");
  if (!converged)
    return fail(converged.error().code, fmt::format("{}: {}", converged.error().message,
                                                    not_converged(scenario_, seen, sample()).value_or("")));
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
  if (process == scenario_.control_plane.name)
    return control_plane_ && !control_plane_->status() && !control_plane_paused_;
  const Member& member = members_.at(process);
  return member.sidecar && !member.sidecar->status() && !member.paused;
}

std::vector<int> LiveWorld::pids(const std::string& process) const {
  std::vector<int> out;
  auto add = [&](const std::optional<live::ChildProcess>& child) {
    if (!child || child->status()) return;
    out.push_back(child->pid());
    descendants(child->pid(), out);
  };
  if (process == scenario_.control_plane.name) {
    add(control_plane_);
  } else {
    add(members_.at(process).sidecar);
    add(members_.at(process).echo);
  }
  return out;
}

void LiveWorld::apply(const std::string&, const nlohmann::json& resource, std::function<void(std::string)> done) {
  auto task = [](MeshClient& client, nlohmann::json body,
                 std::function<void(std::string)> tell) -> asio::awaitable<void> {
    std::string problem = co_await client.apply(std::move(body));
    tell(std::move(problem));
  };
  spawn(runtime_.executor, runtime_.log, "operator", task(*client_, resource, std::move(done)));
}

void LiveWorld::remove(const std::string&, const ResourceName& is, std::function<void(std::string)> done) {
  auto task = [](MeshClient& client, ResourceName whom,
                 std::function<void(std::string)> tell) -> asio::awaitable<void> {
    std::string problem = co_await client.remove(std::move(whom));
    tell(std::move(problem));
  };
  spawn(runtime_.executor, runtime_.log, "operator", task(*client_, is, std::move(done)));
}

void LiveWorld::read(const std::string&, const ResourceName& is, std::function<void(nlohmann::json)> done) {
  auto task = [](MeshClient& client, ResourceName whom,
                 std::function<void(nlohmann::json)> tell) -> asio::awaitable<void> {
    nlohmann::json body = co_await client.read(std::move(whom));
    tell(std::move(body));
  };
  spawn(runtime_.executor, runtime_.log, "operator", task(*client_, is, std::move(done)));
}

asio::awaitable<void> LiveWorld::make_call(Member& member, CallRequest request, std::function<void(CallRecord)> done) {
  auto& client = member.clients[request.to];
  if (!client) {
    std::string base =
        fmt::format("http://{}:{}", member.address, outbound_port(*member.service, request.to, member.ports));
    client = std::make_unique<HttpClient>(runtime_of(request.process).network, runtime_.timers, std::move(base),
                                          HttpClient::Options{});
  }
  MonotonicTime begin = runtime_.clock.now();
  HttpRequest wanted;
  wanted.target = request.path;
  auto answer = co_await client->call(std::move(wanted), request.timeout);
  CallRecord record;
  record.latency = runtime_.clock.now() - begin;
  if (!answer) {
    record.why = answer.error().message;
    done(std::move(record));
    co_return;
  }
  record.status = answer->status;
  nlohmann::json body = nlohmann::json::parse(answer->body, nullptr, false);
  if (record.ok() && body.is_object()) {
    record.instance = body.value("instance", "");
    record.crossing = body.value("identity", "").empty() ? Crossing::plaintext : Crossing::encrypted;
    record.why = record.plaintext() ? "the application saw no identity of the caller" : body.value("identity", "");
    done(std::move(record));
    co_return;
  }
  record.why = answer->body.substr(0, 300);
  record.denied = answer->status == 403;
  bool cut = answer->status == 503 && answer->body.find("connection termination") != std::string::npos;
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
