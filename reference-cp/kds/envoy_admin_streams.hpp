/// Global's side of the streams on which it asks zones about the Envoys of their proxies.
///
/// A zone opens three of them, one for each kind of question; Global sends requests on them and waits for the answers
/// (Kuma's pkg/util/grpc/reverse_unary_rpcs.go, pkg/kds/envoyadmin).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/kds/envoy_admin_messages.hpp"
#include "reference-cp/kds/message_stream.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

class EnvoyAdminStreams {
 public:
  /// All must outlive it.
  EnvoyAdminStreams(const Runtime& runtime, Store& store) : runtime_(runtime), store_(store) {}

  /// As EnvoyAdminCall (rest/envoy_admin.hpp), by the zone of the proxy. invalid_argument, with Kuma's words, where the
  /// zone is not connected or cannot answer, or does not in time (Kuma waits as long as its client does).
  asio::awaitable<Result<std::string>> ask(ResourcePtr proxy, std::string target);

  /// Serves one of a zone's streams until it is over; the zone's newest of a kind is the one that is asked on. The
  /// status is that of GivingStream::run.
  asio::awaitable<GrpcStatus> serve(std::string zone, ZoneStream kind, MessageStream stream,
                                    Duration send_duration_max);

  /// A zone has 10 s (Kuma); the rest is for the way.
  static constexpr Duration answer_duration_max = std::chrono::seconds(15);

 private:
  struct Pending;
  struct Line;
  using LineKey = std::pair<std::string, ZoneStream>;

  asio::awaitable<Result<std::string>> ask_zone(std::string zone, ZoneStream kind, AdminRequest request);
  asio::awaitable<Result<std::string>> name_in_zone(const Resource& proxy, std::string zone);
  static asio::awaitable<GrpcStatus> read_all(std::shared_ptr<Line> line, ZoneStream kind, MessageStream stream);

  Runtime runtime_;
  Store& store_;
  std::map<LineKey, std::shared_ptr<Line>> lines_;
};

}  // namespace kumasim::cp::kds
