#include "tests/real_envoy/snapshot_server.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::test {
namespace {

constexpr std::string_view state_of_the_world =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
constexpr std::string_view delta = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/// As long as the control plane's reconciler waits for a client that does not answer.
constexpr Duration patience_max = std::chrono::seconds(5);

}  // namespace

struct SnapshotServer::Call {
  Call(cp::AdsVariant variant, GrpcServerStream opened) : session(variant, "real-envoy"), stream(std::move(opened)) {}
  cp::AdsSession session;
  GrpcServerStream stream;
  std::deque<cp::AdsResponse> queue;
  bool writing = false, waiting = false;
};

asio::awaitable<void> SnapshotServer::serve(GrpcServerStream stream) {
  bool incremental = stream.path() == delta;
  if (!incremental && stream.path() != state_of_the_world) {
    stream.finish(GrpcCode::unimplemented, "unknown method " + stream.path());
    co_return;
  }
  auto variant = incremental ? cp::AdsVariant::delta : cp::AdsVariant::state_of_the_world;
  auto call = std::make_shared<Call>(variant, stream);
  call->session.on_snapshot(snapshot_);
  bool clusters = false, listeners = false;
  for (;;) {
    std::optional<std::string> bytes = co_await stream.read();
    if (!bytes) co_return;
    cp::AdsActions actions;
    std::string type;
    std::vector<std::string> names;
    if (incremental) {
      auto request = cp::decode_delta_request(*bytes);
      if (!request) continue;
      type = request->type_url;
      names = request->subscribe;
      actions = call->session.on_delta_request(*request);
    } else {
      auto request = cp::decode_request(*bytes);
      if (!request) continue;
      type = request->type_url;
      names = request->names;
      actions = call->session.on_request(*request);
    }
    clusters = clusters || type == cp::type_url::cluster;
    listeners = listeners || type == cp::type_url::listener;
    for (const std::string& name : names)
      if (name != "*" && !snapshot_->find(type, name)) answers_.misses(type, name);
    if (actions.answer) answers_.take(*actions.answer);
    answers_.stand(clusters && listeners && call->session.settled(), call->session.accepted());
    if (actions.waiting && !std::exchange(call->waiting, true))
      spawn(runtime_.executor, runtime_.log, "patience", patience(call));
    co_await write(call, std::move(actions));
  }
}

asio::awaitable<void> SnapshotServer::patience(std::shared_ptr<Call> call) {
  co_await sleep(runtime_.timers, patience_max);
  call->waiting = false;
  if (!call->stream.over()) co_await write(call, call->session.on_patience_end());
}

/// One coroutine at a time writes; what others have to say meanwhile, it says.
asio::awaitable<void> SnapshotServer::write(std::shared_ptr<Call> call, cp::AdsActions actions) {
  std::ranges::move(actions.send, std::back_inserter(call->queue));
  if (std::exchange(call->writing, true)) co_return;
  while (!call->queue.empty()) {
    cp::AdsResponse response = std::move(call->queue.front());
    call->queue.pop_front();
    bool sent = co_await call->stream.write(std::move(response.bytes));
    if (!sent) break;
  }
  call->writing = false;
}

}  // namespace kumasim::test
