#include "sim/apps/retrying_client.hpp"

#include <algorithm>
#include <map>

#include "kumasim/envoy/event_kind.hpp"
#include "sim/envoy/data/grpc_status.hpp"

namespace kumasim::sim {
namespace {

constexpr std::uint64_t token = 1'000'000;
constexpr std::uint64_t tokens_max = 10 * token;

/// Of gRPC the statuses that Envoy counts as errors of the server.
bool failed(const CallResult& result) {
  int status = result.grpc_status ? proxy::http_of_grpc(*result.grpc_status) : result.status;
  return status == 0 || status >= 500;
}

/// One call with all of its tries.
struct Tries {
  Call call;
  ClientRetries retries;
  CallSink sink;
  MonotonicTime started = {};
  unsigned retries_done = 0;
  int attempts = 0;
};

}  // namespace

struct RetryingClient::State : std::enable_shared_from_this<State> {
  State(proxy::Fabric& fabric, Process& p) : client(fabric, p), process(p) {}

  void start(Tries tries) {
    if (tries.retries.budget_ppm > 0) {
      auto& saved = budget.try_emplace({tries.call.address, tries.call.port}, tokens_max).first->second;
      saved = std::min(saved + tries.retries.budget_ppm, tokens_max);
    }
    tries.started = process.world().now();
    attempt(std::make_shared<Tries>(std::move(tries)));
  }

  void attempt(std::shared_ptr<Tries> tries) {
    client.call(tries->call, [weak = weak_from_this(), tries](CallResult result) {
      if (auto self = weak.lock()) self->ended(tries, std::move(result));
    });
  }

  void ended(const std::shared_ptr<Tries>& tries, CallResult result) {
    tries->attempts += result.attempts;
    if (failed(result) && tries->retries_done < tries->retries.most && take_token(*tries)) {
      auto wait = backoff(*tries);
      ++tries->retries_done;
      process.world().post(process, wait, TrafficKind::wait, tries->retries_done, [weak = weak_from_this(), tries] {
        if (auto self = weak.lock()) self->attempt(tries);
      });
      return;
    }
    result.started = tries->started;
    result.latency = process.world().now() - tries->started;
    result.attempts = tries->attempts;
    if (tries->retries_done > 0)
      result.why.push_back({process.name(), "client", "tried " + std::to_string(tries->retries_done + 1) + " times"});
    if (tries->sink) tries->sink(std::move(result));
  }

  bool take_token(const Tries& tries) {
    if (tries.retries.budget_ppm == 0) return true;
    auto& saved = budget.at({tries.call.address, tries.call.port});
    if (saved < token) return false;
    saved -= token;
    return true;
  }

  Duration backoff(const Tries& tries) {
    if (tries.retries.backoff <= Duration::zero()) return {};
    auto ceiling = tries.retries.backoff * (std::int64_t{1} << std::min(tries.retries_done, 20u));
    ceiling = std::min(ceiling, std::max(tries.retries.backoff_max, tries.retries.backoff));
    return Duration(
        static_cast<std::int64_t>(process.runtime().random.below(static_cast<std::uint64_t>(ceiling.count()))));
  }

  Client client;
  Process& process;
  std::map<std::pair<std::string, std::uint16_t>, std::uint64_t> budget;  // in millionths of a retry
};

RetryingClient::RetryingClient(proxy::Fabric& fabric, Process& process)
    : state_(std::make_shared<State>(fabric, process)) {}
RetryingClient::~RetryingClient() = default;

void RetryingClient::call(Call call, ClientRetries retries, CallSink sink) {
  state_->start({.call = std::move(call), .retries = retries, .sink = std::move(sink)});
}

}  // namespace kumasim::sim
