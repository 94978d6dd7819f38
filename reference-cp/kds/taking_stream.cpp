#include "reference-cp/kds/taking_stream.hpp"

#include <exception>

#include <fmt/ranges.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/kds_metrics.hpp"

namespace kumasim::cp::kds {

constexpr std::string_view component = "kds";

asio::awaitable<GrpcStatus> TakingStream::run(MessageStream stream, DeltaSink& sink, StoreSync& sync) const {
  auto outbox = std::make_shared<Outbox>(runtime_.executor, stream);
  spawn(runtime_.executor, runtime_.log, "kds.writer",
        Outbox::run(outbox, runtime_.timers, options_.send_duration_max));
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await take_all(stream, sink, sync, outbox);
  } catch (...) {
    escaped = std::current_exception();
  }
  outbox->close();
  if (escaped) std::rethrow_exception(escaped);
  co_return status;
}

asio::awaitable<GrpcStatus> TakingStream::take_all(const MessageStream& stream, DeltaSink& sink, StoreSync& sync,
                                                   std::shared_ptr<Outbox> outbox) const {
  for (std::string& request : sink.start()) outbox->put(std::move(request));
  for (;;) {
    auto bytes = co_await stream.read();
    if (!bytes) co_return GrpcStatus{};
    if (options_.on_message) options_.on_message();
    auto received = sink.on_response(*bytes);
    if (!received) co_return to_status(received.error());
    const Kind& kind = *received->kind;
    const bool initial = received->is_initial;
    const MonotonicTime begun = runtime_.clock.now();
    auto stored = co_await sync.apply(std::move(*received));
    if (options_.metrics != nullptr) options_.metrics->resources_taken(runtime_.clock.now() - begun);
    if (!stored) co_return to_status(stored.error());
    tell(kind, *stored);
    if (options_.planted.ends_stream && options_.planted.ends_stream(*stored))
      co_return GrpcStatus{GrpcCode::unknown, fmt::format("{} resources not stored: {}", kind.type(), stored->refusal)};
    if (!stored->refusal.empty()) {
      outbox->put(sink.refuse(kind, stored->refusal, stored->refused));
      continue;
    }
    if (!initial && options_.response_backoff > Duration::zero())
      co_await sleep(runtime_.timers, options_.response_backoff);
    outbox->put(sink.acknowledge(kind));
  }
}

void TakingStream::tell(const Kind& kind, const SyncReport& report) const {
  if (!report.refusal.empty())
    runtime_.log.warn(component, "resources refused",
                      {{"peer", options_.peer}, {"type", kind.type()}, {"error", report.refusal}});
  if (!report.replaced_zones.empty())
    runtime_.log.warn(component, "resources name another zone, which was replaced",
                      {{"peer", options_.peer},
                       {"type", kind.type()},
                       {"zones", fmt::format("{}", fmt::join(report.replaced_zones, ", "))}});
  if (report.created + report.updated + report.removed == 0) return;
  runtime_.log.info(component, "resources synchronised",
                    {{"peer", options_.peer},
                     {"type", kind.type()},
                     {"created", report.created},
                     {"updated", report.updated},
                     {"removed", report.removed}});
}

}  // namespace kumasim::cp::kds
