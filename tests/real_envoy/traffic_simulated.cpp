#include "tests/real_envoy/traffic_simulated.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <google/protobuf/any.pb.h>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/apps/client.hpp"
#include "sim/envoy/data/proxy.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

/// One call on a connection of its own; over TLS it takes every certificate.
class Caller : public sim::proxy::End {
 public:
  using End::End;

  void call(const GeneratedCall& generated) {
    const auto& call = generated.call;
    context_.version_max = 0x0304;
    context_.sni = generated.server_name;
    exchange_ = std::make_shared<sim::proxy::Exchange>();
    exchange_->id = fabric().next_id();
    exchange_->first_hop = true;
    exchange_->record = std::make_shared<sim::proxy::CallRecord>();
    exchange_->request = {call.protocol, call.method, call.authority, call.path, call.headers, call.body};
    sim::proxy::ConnectOptions options;
    options.host = call.address;
    options.port = call.port;
    if (generated.tls != CallTls::none)
      options.tls = &context_;
    else if (call.protocol == sim::CallProtocol::http)
      options.plain_protocol = "http/1.1";
    options.passed_on = generated.tls == CallTls::hello;
    wire_ = fabric().connect(*this, options);
  }

  /// Once it is over.
  std::optional<sim::CallResult> result() const {
    return over_ ? std::optional(exchange_->record->result) : std::nullopt;
  }
  const sim::proxy::Response& response() const { return response_; }

  void on_connected(const sim::proxy::WirePtr& wire) override {
    exchange_->wire = wire;
    fabric().request(exchange_);
  }
  void on_response(const sim::proxy::ExchangePtr& exchange) override {
    response_ = exchange->response;
    exchange->record->result.status = exchange->response.status;
    end();
    fabric().close_by_client(exchange->wire);
  }
  void on_closed(const sim::proxy::WirePtr& wire, sim::proxy::WireEnd) override {
    wire->active.clear();
    end();
  }

 private:
  void end() {
    exchange_->record->closed = true;
    over_ = true;
  }

  sim::proxy::TlsContext context_;
  sim::proxy::ExchangePtr exchange_;
  sim::proxy::WirePtr wire_;
  sim::proxy::Response response_;
  bool over_ = false;
};

/// Answers as real_envoy's Applications do.
class AnsweringApplication : public sim::proxy::End {
 public:
  AnsweringApplication(sim::proxy::Fabric& fabric, sim::Process& process, Application place,
                       std::vector<HeardRequest>& heard)
      : End(fabric, process), place_(std::move(place)), heard_(heard) {
    fabric.bind(*this, sim::proxy::Fabric::Role::application, place_.address, place_.port);
  }

  void on_request(const sim::proxy::ExchangePtr& exchange) override {
    const auto& request = exchange->request;
    if (request.protocol == sim::CallProtocol::http)
      heard_.push_back({place_, request.method, request.authority, request.path, request.headers});
    auto wanted = sim::proxy::find_header(request.headers, answer_header).value_or("200");
    if (wanted == answer_silence) return;
    // At once: what came with it on the same connection is not heard.
    if (wanted == answer_close) return fabric().close_by_server(exchange->wire);
    after(1ms, [this, exchange, wanted] {
      exchange->response.status = std::stoi(wanted);
      exchange->response.headers.emplace_back(application_header, application_value);
      if (auto grpc = sim::proxy::find_header(exchange->request.headers, grpc_answer_header))
        exchange->response.headers.emplace_back("grpc-status", *grpc);
      exchange->response.body = "ok";
      fabric().respond(exchange);
    });
  }

 private:
  Application place_;
  std::vector<HeardRequest>& heard_;
};

}  // namespace

struct SimulatedSide::State {
  explicit State(std::uint64_t seed) : world({.seed = seed}), fabric(world) {}

  void start(const TrafficSnapshot& served) {
    machine = &world.add_process("proxy", served.machine);
    machine->start([](Runtime&) {});
    world.run_for(Duration(1));
    auto made = std::make_shared<sim::proxy::Proxy>(fabric, *machine, sim::proxy::ProxyOptions{});
    machine->keep(made);
    proxy = made.get();
    auto caller = std::make_shared<sim::Client>(fabric, *machine);
    machine->keep(caller);
    client = caller.get();
    std::map<std::string, sim::Process*> machines{{served.machine, machine}};
    for (const auto& place : served.applications) {
      auto*& process = machines[place.address];
      if (place.address.starts_with("127.")) process = machine;
      if (!process) {
        process = &world.add_process("at-" + place.address, place.address);
        process->start([](Runtime&) {});
        world.run_for(Duration(1));
      }
      process->keep(std::make_shared<AnsweringApplication>(fabric, *process, place, heard));
    }
    // In the order in which what it names is asked for.
    for (auto type : {Type::cluster, Type::endpoints, Type::listener, Type::routes, Type::secret})
      apply(served.snapshot, type);
    world.run_for(20s);  // whatever is awaited in vain is given up
    if (trouble.empty() && !proxy->config().live()) trouble = "not live";
  }

  void apply(const cp::Snapshot& snapshot, Type type) {
    ::envoy::service::discovery::v3::DiscoveryResponse response;
    response.set_type_url(std::string(sim::proxy::type_url(type)));
    response.set_version_info("1");
    for (const auto& [name, resource] : snapshot.of(sim::proxy::type_url(type)))
      response.add_resources()->ParseFromString(*resource->any);
    if (auto ok = proxy->config().apply(response); !ok) trouble += ok.error() + "\n";
  }

  sim::CallResult call(const GeneratedCall& generated) {
    std::optional<sim::CallResult> result;
    auto end = world.now() + 1min;
    if (generated.tls == CallTls::none) {
      client->call(generated.call, [&](sim::CallResult r) { result = std::move(r); });
      while (!result && world.step(end)) {
      }
    } else {
      result = call_apart(generated).first;
    }
    return result.value_or(sim::CallResult());
  }

  std::pair<sim::CallResult, sim::proxy::Response> call_apart(const GeneratedCall& generated) {
    Caller caller(fabric, *machine);
    caller.call(generated);
    auto end = world.now() + 1min;
    while (!caller.result() && world.step(end)) {
    }
    auto result = caller.result().value_or(sim::CallResult());
    auto response = caller.response();
    world.run_for(1s);  // what is still under way knows the caller
    return {std::move(result), std::move(response)};
  }

  std::vector<HeardRequest> heard;
  sim::World world;
  sim::proxy::Fabric fabric;
  sim::Process* machine = nullptr;
  sim::proxy::Proxy* proxy = nullptr;
  sim::Client* client = nullptr;
  std::string trouble;
};

SimulatedSide::SimulatedSide(const TrafficSnapshot& served, std::uint64_t seed)
    : state_(std::make_unique<State>(seed)) {
  state_->start(served);
}

SimulatedSide::~SimulatedSide() = default;

const std::string& SimulatedSide::trouble() const { return state_->trouble; }

ExpectedVerdict SimulatedSide::call(const GeneratedCall& generated, const CallPlan& plan) {
  auto result = state_->call(generated);
  ExpectedVerdict out;
  out.verdict = {result.status, result.response_flags, result.cluster, result.route};
  out.rate_limited = plan.rate_limited.contains(result.listener);
  out.at_times_faulty = plan.at_times_faulty.contains(result.listener);
  std::string route;
  for (const auto& step : result.why)
    if (step.kind == "route") route = step.name;
  // What a route without a name is called is the simulated Envoy's own.
  if (!plan.route_names.contains(out.verdict.route)) out.verdict.route.clear();
  auto choices = plan.choices.find(choice_key(result.listener, route));
  if (choices != plan.choices.end() && choices->second.contains(out.verdict.cluster)) out.clusters = choices->second;
  out.why = sim::explain(result);
  return out;
}

std::vector<Observation> SimulatedSide::observe(const std::vector<GeneratedCall>& calls,
                                                std::vector<std::string>& why) {
  std::vector<Observation> out;
  for (const auto& generated : calls) {
    state_->heard.clear();
    auto [result, response] = state_->call_apart(generated);
    const bool http = generated.call.protocol == sim::CallProtocol::http;
    Observation seen;
    seen.verdict = {result.status, result.response_flags, result.cluster, result.route};
    if (http && result.status != 0) seen.details = compared_details(result.details);
    seen.endpoint = result.endpoint;
    if (http) seen.answer = compared_headers(response.headers);
    if (http && generated.call.method != "HEAD" && seen.details != through) seen.body = compared_body(response.body);
    for (const auto& heard : state_->heard) seen.upstream.push_back(compared_request(heard));
    std::ranges::sort(seen.upstream);
    out.push_back(std::move(seen));
    why.push_back(sim::explain(result));
  }
  return out;
}

}  // namespace kumasim::test
