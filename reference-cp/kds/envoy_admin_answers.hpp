/// A zone's side of the streams on which Global asks about the Envoys of the zone's proxies.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/kds/envoy_admin_messages.hpp"
#include "reference-cp/kds/message_stream.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

class EnvoyAdminAnswers {
 public:
  /// What the zone's own endpoint answers (rest/envoy_admin.hpp).
  using Ask = std::function<asio::awaitable<Result<std::string>>(ResourcePtr proxy, std::string target)>;

  /// All must outlive it.
  EnvoyAdminAnswers(const Runtime& runtime, Store& store, Ask ask)
      : runtime_(runtime), store_(store), ask_(std::move(ask)) {}

  /// Answers each request, several at once, until the stream is over. The status is that of GivingStream::run.
  asio::awaitable<GrpcStatus> run(ZoneStream kind, MessageStream stream, Duration send_duration_max) const;

  /// For all of one answer, as in Kuma.
  static constexpr Duration answer_duration_max = std::chrono::seconds(10);
  /// What Global may ask before it has had answers.
  static constexpr std::size_t requests_max = 100;

 private:
  struct Session;
  asio::awaitable<GrpcStatus> read_all(std::shared_ptr<Session> session, ZoneStream kind, MessageStream stream) const;
  asio::awaitable<void> answer(std::shared_ptr<Session> session, ZoneStream kind, AdminRequest request) const;
  asio::awaitable<Result<std::string>> find_and_ask(AdminRequest request) const;

  Runtime runtime_;
  Store& store_;
  Ask ask_;
};

}  // namespace kumasim::cp::kds
