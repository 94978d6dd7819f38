#include "reference-cp/xds/hds/session.hpp"

#include <cassert>

#include <fmt/format.h>

#include "reference-cp/xds/ads/node.hpp"

namespace kumasim::cp {
namespace {

HdsActions refuse(Code code, std::string message) {
  HdsActions out;
  out.refused = Error{code, std::move(message), {}};
  return out;
}

}  // namespace

HdsActions HdsSession::on_message(std::string_view bytes) {
  auto message = decode_hds_message(bytes);
  if (!message) return refuse(message.error().code, message.error().message);
  if (message->request) return on_request(*message->request);
  HdsActions out;
  if (!message->report) return out;
  if (!admitted_) return refuse(Code::unauthenticated, fmt::format("stream was not authenticated for ID {}", id_));
  for (const std::string& cluster : message->clusters)
    if (!named_.contains(cluster))
      return refuse(Code::invalid_argument, fmt::format("report on cluster {}, which no specifier names", cluster));
  out.report = std::move(message->report);
  return out;
}

HdsActions HdsSession::on_request(const AdsNode& node) {
  HdsActions out;
  if (!id_.empty()) {
    // Envoy need not say who it is again; another one it cannot become.
    if (!node.id.empty() && node.id != id_)
      return refuse(Code::unauthenticated,
                    fmt::format("stream was authenticated for ID {}. Received request is for node with ID {}. Node ID "
                                "cannot be changed after stream is initialized",
                                id_, node.id));
    return out;
  }
  auto key = proxy_of_node(node.id);
  if (!key)
    return refuse(Code::invalid_argument,
                  fmt::format("HDS request must have a valid Proxy Id: {}", key.error().message));
  id_ = node.id;
  key_ = std::move(*key);
  metadata_ = NodeMetadata::from_json(node.metadata_json);
  out.claim = key_;
  return out;
}

void HdsSession::on_admitted() {
  assert(!id_.empty());
  admitted_ = true;
}

HdsActions HdsSession::on_dataplane(const Resource& dataplane) {
  assert(admitted_);
  HdsActions out;
  Specifier specifier = health_check_specifier(dataplane, metadata_, settings_);
  if (sent_ && *sent_ == specifier.bytes) return out;
  sent_ = std::make_shared<const std::string>(std::move(specifier.bytes));
  named_.merge(specifier.clusters);
  out.send = sent_;
  return out;
}

}  // namespace kumasim::cp
