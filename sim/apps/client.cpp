#include "sim/apps/client.hpp"

#include <algorithm>
#include <map>

#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/data/grpc_status.hpp"

namespace kumasim::sim {

using proxy::ConnectOptions;
using proxy::Exchange;
using proxy::ExchangePtr;
using proxy::WireEnd;
using proxy::WirePtr;

class Client::Caller : public proxy::End {
 public:
  using End::End;

  void call(Call call, CallSink sink) {
    auto pending = std::make_shared<Pending>();
    pending->place = {call.address, call.port};
    pending->sink = std::move(sink);
    pending->shared = call.protocol == CallProtocol::http && !call.new_connection;
    pending->exchange = std::make_shared<Exchange>();
    auto& e = *pending->exchange;
    e.id = fabric().next_id();
    e.first_hop = true;
    e.record = std::make_shared<proxy::CallRecord>();
    e.record->result.started = now();
    e.record->result.client = process().name();
    e.record->result.why.reserve(steps_usual);
    auto authority = call.authority.empty() ? call.address + ":" + std::to_string(call.port) : call.authority;
    e.request = {call.protocol,           call.method,          authority,      call.path,
                 std::move(call.headers), std::move(call.body), call.more_bytes};
    if (call.timeout > Duration::zero())
      pending->patience = after(call.timeout, [this, pending] {
        pending->patience = {};
        if (pending->exchange->wire) fabric().give_up(pending->exchange);
        if (!pending->shared && pending->wire) fabric().close_by_client(std::exchange(pending->wire, nullptr));
        std::erase(waiting_[pending->place], pending);
        finish(pending, "client timeout");
      });
    if (!pending->shared) {
      pending->wire = connect(pending->place, call.protocol);
      pending->wire->owner = pending;
      return;
    }
    auto& wire = wires_[pending->place];
    if (wire && wire->open) return send(pending, wire);
    waiting_[pending->place].push_back(pending);
    if (!wire) wire = connect(pending->place, call.protocol);
  }

  void on_connected(const WirePtr& wire) override {
    if (wire->owner) return send(std::static_pointer_cast<Pending>(wire->owner), wire);
    for (auto& [place, shared] : wires_) {
      if (shared != wire) continue;
      for (auto& pending : std::exchange(waiting_[place], {})) send(pending, wire);
    }
  }

  void on_response(const ExchangePtr& exchange) override {
    auto pending = std::static_pointer_cast<Pending>(exchange->owner);
    if (!pending) return;
    auto& record = *exchange->record;
    if (!record.closed) {
      record.result.status = exchange->response.status;
      if (proxy::is_grpc(exchange->response.headers))
        record.result.grpc_status = proxy::grpc_status(exchange->response.headers);
      record.result.body = exchange->response.body;
      record.result.instance = proxy::find_header(exchange->response.headers, "x-instance").value_or("");
      record.result.app_version = proxy::find_header(exchange->response.headers, "x-version").value_or("");
    }
    auto wire = exchange->wire;
    if (exchange->response.last || !pending->shared) leave(wire);
    finish(pending, "");
  }

  void on_closed(const WirePtr& wire, WireEnd how) override {
    bool opened = wire->open;
    const char* why = how == WireEnd::refused ? "connection refused"
                      : opened                ? "connection closed"
                                              : "connection failed";
    std::vector<PendingPtr> failed;
    for (const auto& exchange : std::exchange(wire->active, {}))
      if (exchange->owner) failed.push_back(std::static_pointer_cast<Pending>(exchange->owner));
    if (wire->owner && failed.empty()) failed.push_back(std::static_pointer_cast<Pending>(wire->owner));
    wire->owner.reset();
    for (auto& [place, shared] : wires_) {
      if (shared != wire) continue;
      shared = nullptr;
      for (auto& pending : std::exchange(waiting_[place], {})) failed.push_back(pending);
    }
    for (const auto& pending : failed) finish(pending, why);
  }

 private:
  static constexpr std::size_t steps_usual = 16;  // of a call through two proxies
  using Place = std::pair<std::string, std::uint16_t>;
  struct Pending {
    Place place;
    ExchangePtr exchange;
    CallSink sink;
    EventRef patience;
    WirePtr wire;         ///< of its own
    bool shared = false;  ///< goes over the connection that calls to the place share
  };
  using PendingPtr = std::shared_ptr<Pending>;

  WirePtr connect(const Place& place, CallProtocol protocol) {
    ConnectOptions o;
    if (protocol == CallProtocol::http) o.plain_protocol = "http/1.1";
    o.host = place.first;
    o.port = place.second;
    return fabric().connect(*this, o);
  }

  void send(const PendingPtr& pending, const WirePtr& wire) {
    pending->exchange->wire = wire;
    pending->exchange->owner = pending;
    fabric().request(pending->exchange);
  }

  /// No further call uses the connection; it is closed when the last answer has come.
  void leave(const WirePtr& wire) {
    wire->retired = true;
    for (auto& [place, shared] : wires_)
      if (shared == wire) shared = nullptr;
    if (wire->active.empty()) {
      wire->owner.reset();
      fabric().close_by_client(wire);
    }
  }

  void finish(const PendingPtr& pending, const char* details) {
    auto exchange = pending->exchange;
    auto& record = *exchange->record;
    if (record.closed) return;
    cancel(pending->patience);
    exchange->owner.reset();
    if (exchange->wire && exchange->wire->retired && exchange->wire->active.empty())
      fabric().close_by_client(exchange->wire);
    if (pending->wire) pending->wire->owner.reset();
    record.result.latency = now() - record.result.started;
    if (*details) {
      record.step(process().name(), "client", details);
      if (record.result.details.empty()) record.result.details = details;
    }
    record.closed = true;
    auto sink = std::move(pending->sink);
    if (sink) sink(std::move(record.result));
  }

  std::map<Place, WirePtr> wires_;
  std::map<Place, std::vector<PendingPtr>> waiting_;
};

Client::Client(proxy::Fabric& fabric, Process& process) : caller_(std::make_unique<Caller>(fabric, process)) {}
Client::~Client() = default;
void Client::call(Call call, CallSink sink) { caller_->call(std::move(call), std::move(sink)); }

std::string explain(const CallResult& result) {
  constexpr std::size_t number_size = 8, separators_size = 8;
  std::size_t size = number_size + result.response_flags.size();
  for (const auto& step : result.why)
    size += separators_size + step.proxy.size() + step.kind.size() + step.name.size() + step.version.size();
  std::string out;
  out.reserve(size);  // once: this is done for each call
  out += std::to_string(result.status);
  if (result.grpc_status) out.append(" grpc-status ").append(std::to_string(*result.grpc_status));
  if (!result.response_flags.empty()) out.append(" ").append(result.response_flags);
  out += ":";
  for (const auto& step : result.why) {
    out.append(out.ends_with(":") ? " " : " -> ").append(step.proxy).append(" ").append(step.kind).append(" ");
    out.append(step.name);
    if (!step.version.empty()) out.append(" @").append(step.version);
  }
  return out;
}

}  // namespace kumasim::sim
