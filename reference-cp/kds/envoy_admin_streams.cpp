#include "reference-cp/kds/envoy_admin_streams.hpp"

#include <exception>
#include <optional>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/uuid.hpp"

namespace kumasim::cp::kds {

struct EnvoyAdminStreams::Pending {
  explicit Pending(const asio::any_io_executor& executor) : answered(executor) {}
  Event answered;
  std::optional<Result<std::string>> body;
};

/// One stream of a zone.
struct EnvoyAdminStreams::Line {
  Line(const asio::any_io_executor& executor, MessageStream stream)
      : outbox(std::make_shared<Outbox>(executor, std::move(stream))) {}

  void end() {
    outbox->close();
    for (auto& [id, one] : pending) {
      one->body = fail(Code::unavailable, "the stream to the zone has ended");
      one->answered.set();
    }
    pending.clear();
  }

  std::shared_ptr<Outbox> outbox;
  std::map<std::string, std::shared_ptr<Pending>> pending;  ///< by request id
};

namespace {

constexpr std::string_view component = "kds-global";

/// The zone of a proxy as Global stores it: by its label, or the first part of its name, as older zones have it.
std::string zone_of(const Resource& proxy) {
  std::string zone = proxy.meta.label("kuma.io/zone");
  return zone.empty() ? proxy.meta.name.substr(0, proxy.meta.name.find('.')) : zone;
}

std::string display_name_of(const Resource& proxy) {
  std::string name = proxy.meta.label("kuma.io/display-name");
  return name.empty() ? proxy.meta.name : name;
}

Result<std::string> not_sent(ZoneStream kind, const std::string& why) {
  return fail(Code::invalid_argument, fmt::format("could not send {}: {}", admin_request_name(kind), why));
}

}  // namespace

/// Zones in Kubernetes have the namespace in the name; which they are, their configuration tells.
asio::awaitable<Result<std::string>> EnvoyAdminStreams::name_in_zone(const Resource& proxy, std::string zone) {
  std::string name = display_name_of(proxy);
  if (proxy.meta.name.starts_with(zone)) co_return name;
  std::string name_space = proxy.meta.label("k8s.kuma.io/namespace");
  auto insight = co_await store_.get(kind::zone_insight(), {"", zone});
  if (!insight) co_return fail(insight.error());
  const auto& subscriptions = at((*insight)->spec, "subscriptions");
  if (!subscriptions.is_array() || subscriptions.empty() || has(subscriptions.back(), "disconnectTime"))
    co_return fail(Code::unavailable, "zone is offline");
  auto config = parse_json(text_at(subscriptions.back(), "config"));
  if (!config) co_return fail(Code::unavailable, "cannot read control-plane configuration");
  if (name_space.empty() || text_at(at(*config, "store"), "type") != "kubernetes") co_return name;
  co_return name + "." + name_space;
}

asio::awaitable<Result<std::string>> EnvoyAdminStreams::ask(ResourcePtr proxy, std::string target) {
  auto kind = admin_stream_of(target);
  if (!kind) co_return fail(kind.error());
  std::string zone = zone_of(*proxy);
  auto name = co_await name_in_zone(*proxy, zone);
  if (!name) co_return not_sent(*kind, name.error().message);
  AdminRequest request{.id = make_uuid(runtime_.random),
                       .type = proxy->kind->type(),
                       .proxy = {proxy->meta.mesh, std::move(*name)},
                       .target = std::move(target)};
  auto answer = co_await with_timeout(runtime_.timers, answer_duration_max, ask_zone(zone, *kind, std::move(request)));
  if (answer || answer.error().code != Code::deadline_exceeded) co_return answer;
  runtime_.log.warn(component, "the zone did not answer in time",
                    {{"zone", zone}, {"stream", to_string(*kind)}, {"proxy", proxy->meta.name}});
  const auto limit = std::chrono::duration_cast<std::chrono::seconds>(answer_duration_max).count();
  co_return fail(Code::invalid_argument, fmt::format("{} was sent, and zone {} did not answer within {} s",
                                                     admin_request_name(*kind), zone, limit));
}

asio::awaitable<Result<std::string>> EnvoyAdminStreams::ask_zone(std::string zone, ZoneStream kind,
                                                                 AdminRequest request) {
  auto found = lines_.find({zone, kind});
  if (found == lines_.end()) co_return not_sent(kind, fmt::format("client {} is not connected", zone));
  std::weak_ptr<Line> line = found->second;
  auto pending = std::make_shared<Pending>(runtime_.executor);
  found->second->pending.emplace(request.id, pending);
  found->second->outbox->put(encode(request));
  std::exception_ptr escaped;
  try {
    co_await pending->answered.wait();
  } catch (...) {
    escaped = std::current_exception();  // the time limit
  }
  if (auto alive = line.lock()) alive->pending.erase(request.id);
  if (escaped) std::rethrow_exception(escaped);
  if (!*pending->body) co_return not_sent(kind, pending->body->error().message);
  co_return std::move(*pending->body);
}

asio::awaitable<GrpcStatus> EnvoyAdminStreams::serve(std::string zone, ZoneStream kind, MessageStream stream,
                                                     Duration send_duration_max) {
  auto line = std::make_shared<Line>(runtime_.executor, stream);
  lines_.insert_or_assign({zone, kind}, line);
  spawn(runtime_.executor, runtime_.log, "kds.writer", Outbox::run(line->outbox, runtime_.timers, send_duration_max));
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await read_all(line, kind, std::move(stream));
  } catch (...) {
    escaped = std::current_exception();
  }
  line->end();
  if (auto found = lines_.find({zone, kind}); found != lines_.end() && found->second == line) lines_.erase(found);
  if (escaped) std::rethrow_exception(escaped);
  co_return status;
}

asio::awaitable<GrpcStatus> EnvoyAdminStreams::read_all(std::shared_ptr<Line> line, ZoneStream kind,
                                                        MessageStream stream) {
  for (;;) {
    auto bytes = co_await stream.read();
    if (!bytes) co_return GrpcStatus{};
    auto answer = decode_admin_answer(kind, *bytes);
    if (!answer) co_return to_status(answer.error());
    auto found = line->pending.find(answer->id);
    if (found == line->pending.end()) continue;  // who asked waits no longer
    found->second->body = std::move(answer->body);
    found->second->answered.set();
  }
}

}  // namespace kumasim::cp::kds
