#include "reference-cp/kds/envoy_admin_answers.hpp"

#include <exception>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds {

struct EnvoyAdminAnswers::Session {
  std::shared_ptr<Outbox> outbox;
  std::size_t running = 0;
};

asio::awaitable<GrpcStatus> EnvoyAdminAnswers::run(ZoneStream kind, MessageStream stream,
                                                   Duration send_duration_max) const {
  auto session = std::make_shared<Session>(Session{.outbox = std::make_shared<Outbox>(runtime_.executor, stream)});
  spawn(runtime_.executor, runtime_.log, "kds.writer",
        Outbox::run(session->outbox, runtime_.timers, send_duration_max));
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await read_all(session, kind, std::move(stream));
  } catch (...) {
    escaped = std::current_exception();
  }
  session->outbox->close();
  if (escaped) std::rethrow_exception(escaped);
  co_return status;
}

asio::awaitable<GrpcStatus> EnvoyAdminAnswers::read_all(std::shared_ptr<Session> session, ZoneStream kind,
                                                        MessageStream stream) const {
  for (;;) {
    auto bytes = co_await stream.read();
    if (!bytes) co_return GrpcStatus{};
    auto request = decode_admin_request(kind, *bytes);
    if (!request) co_return to_status(request.error());
    if (session->running == requests_max) {
      session->outbox->put(
          encode(kind, {.id = request->id, .body = fail(Code::resource_exhausted, "the zone is busy")}));
      continue;
    }
    ++session->running;
    spawn(runtime_.executor, runtime_.log, "kds.admin", answer(session, kind, std::move(*request)));
  }
}

asio::awaitable<void> EnvoyAdminAnswers::answer(std::shared_ptr<Session> session, ZoneStream kind,
                                                AdminRequest request) const {
  struct Slot {
    ~Slot() { --session.running; }
    Session& session;
  } slot{*session};
  AdminAnswer out{.id = request.id, .body = std::string()};
  try {
    auto task = find_and_ask(std::move(request));
    out.body = co_await with_timeout(runtime_.timers, answer_duration_max, std::move(task));
  } catch (const std::exception& error) {
    out.body = fail(Code::internal, error.what());
  }
  session->outbox->put(encode(kind, out));
}

asio::awaitable<Result<std::string>> EnvoyAdminAnswers::find_and_ask(AdminRequest request) const {
  const Kind* kind = find_kind(request.type);
  if (kind != &kind::dataplane() && kind != &kind::zone_ingress() && kind != &kind::zone_egress())
    co_return fail(Code::invalid_argument, fmt::format("invalid type {}", request.type));
  auto proxy = co_await store_.get(*kind, request.proxy);
  if (!proxy) co_return fail(proxy.error());
  co_return co_await ask_(*proxy, std::move(request.target));
}

}  // namespace kumasim::cp::kds
