/// One ADS stream: requests as bytes, snapshots that come and go, answers to what was sent. The first byte chooses the
/// variant of the protocol; then come steps of a byte and, for a request, a piece.
#include <memory>
#include <set>
#include <string>

#include "bytes_in.hpp"
#include "check.hpp"
#include "reference-cp/xds/ads/session.hpp"

namespace kumasim::cp {
namespace {

using fuzz::hold;

const std::string urls[] = {
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
};

/// A serialised google.protobuf.Any with a message whose first field is a name; every text is shorter than 128.
std::string make_any(const std::string& url, const std::string& name) {
  auto field = [](char tag, const std::string& value) {
    return std::string{tag, static_cast<char>(value.size())} + value;
  };
  return field('\x0a', url) + field('\x12', field('\x0a', name));
}

/// `content` has two bits for each of the resources a and b of every type: absent, or one of three versions.
std::shared_ptr<const Snapshot> make_snapshot(std::uint8_t content) {
  auto out = std::make_shared<Snapshot>();
  for (std::size_t i = 0; i < std::size(urls); ++i)
    for (int name = 0; name < 2; ++name) {
      int version = content >> ((i + 2 * static_cast<std::size_t>(name)) % 4 * 2) & 3;
      if (version == 0) continue;
      std::string text = name == 0 ? "a" : "b";
      auto any = std::make_shared<const std::string>(make_any(urls[i], text));
      out->add(urls[i], std::make_shared<XdsResource>(XdsResource{text, std::to_string(version), any}));
    }
  return out;
}

class Stream {
 public:
  explicit Stream(AdsVariant variant)
      : variant_(variant), session_(variant, "cp", {.types_max = 8, .names_max = 100, .name_bytes_max = 64}) {}

  /// False where the stream ends.
  bool step(fuzz::BytesIn& in) {
    std::uint8_t what = in.byte();
    switch (what % 5) {
      case 0: return request(in.piece());
      case 1: return take(session_.on_snapshot(make_snapshot(in.byte())));
      case 2: return take(session_.on_patience_end());
      case 3: return answer(urls[in.byte() % std::size(urls)], std::nullopt);
      default: return answer(urls[in.byte() % std::size(urls)], AdsRejection{3, "no"});
    }
  }

 private:
  bool request(std::string_view bytes) {
    if (variant_ == AdsVariant::state_of_the_world) {
      auto request = decode_request(bytes);
      return !request || take(session_.on_request(*request));
    }
    auto request = decode_delta_request(bytes);
    return !request || take(session_.on_delta_request(*request));
  }

  /// To the last response of a type, for both resources.
  bool answer(const std::string& url, std::optional<AdsRejection> rejection) {
    auto last = last_.find(url);
    const AdsResponse* sent = last == last_.end() ? nullptr : &last->second;
    if (variant_ == AdsVariant::delta) {
      DeltaDiscoveryRequest request;
      request.type_url = url;
      if (sent == nullptr) request.subscribe = {"a", "b"};
      else request.response_nonce = sent->nonce;
      request.error = std::move(rejection);
      return take(session_.on_delta_request(request));
    }
    DiscoveryRequest request;
    request.type_url = url;
    request.names = {"a", "b"};
    if (sent != nullptr) request.response_nonce = sent->nonce;
    if (sent != nullptr && !rejection) request.version_info = sent->version;
    request.error = std::move(rejection);
    return take(session_.on_request(request));
  }

  bool take(AdsActions actions) {
    if (actions.refused) {
      hold(actions.send.empty() && !actions.answer && !actions.waiting, "a refusal comes alone");
      return false;
    }
    for (AdsResponse& response : actions.send) {
      hold(!response.nonce.empty() && nonces_.insert(response.nonce).second, "a nonce is new", response.nonce);
      std::set<std::string> names(response.names.begin(), response.names.end());
      hold(names.size() == response.names.size(), "a response names a resource once", response.type_url);
      for (const std::string& name : response.removed)
        hold(!names.contains(name), "what is removed is not sent", response.type_url + " " + name);
      last_[response.type_url] = std::move(response);
    }
    (void)session_.settled();
    return true;
  }

  AdsVariant variant_;
  AdsSession session_;
  std::set<std::string> nonces_;
  std::map<std::string, AdsResponse> last_;
};

}  // namespace
}  // namespace kumasim::cp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kumasim::cp;
  kumasim::fuzz::BytesIn in({reinterpret_cast<const char*>(data), size});
  Stream stream((in.byte() & 1) != 0 ? AdsVariant::delta : AdsVariant::state_of_the_world);
  while (!in.empty() && stream.step(in)) {
  }
  return 0;
}
