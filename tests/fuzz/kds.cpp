/// The two ends of streams between control planes: responses as bytes, stored as a zone (first byte even) or Global
/// does, and requests as bytes to who gives. Then come steps of a byte and what belongs to them.
#include <map>
#include <memory>
#include <set>
#include <string>

#include "bytes_in.hpp"
#include "check.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/delta_source.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/store_sync.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "tests/store/run_now.hpp"

namespace kumasim::cp::kds {
namespace {

using cp::testing::run_now;
using fuzz::hold;

class StillClock : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
  MonotonicTime now() const override { return MonotonicTime{}; }
};

std::vector<const Kind*> taken(bool by_global) {
  auto kinds = by_global ? kinds_of_zones() : kinds_of_global();
  return {kinds.begin(), kinds.end()};
}

/// What was stored can be given on, and is the same again where it arrives.
void look_at(const Resource& stored) {
  const std::string name = stored.kind->type() + " " + stored.meta.mesh + " " + stored.meta.name;
  hold(!stored.meta.name.empty() && stored.kind->is_global() == stored.meta.mesh.empty(), "a key is whole", name);
  auto message = to_message(stored);
  hold(message.has_value(), "what is stored can be given on", name + (message ? "" : ": " + message.error().message));
  hold(key_from_delta_name(message->name) == stored.key(), "a delta name gives the key", message->name);
}

class Taker {
 public:
  explicit Taker(bool is_global)
      : sink_({}, taken(is_global)),
        sync_(is_global ? StoreSync::of_global(store_, clock_, {.zone = "zone-1"})
                        : StoreSync::of_zone(store_, clock_)) {
    Resource zone;
    zone.kind = &kind::zone();
    zone.meta.name = "zone-1";
    if (is_global) (void)run_now(store_.create(std::move(zone), clock_.wall_now()));
    store_.subscribe([](const Change& change) {
      if (change.after) look_at(*change.after);
    });
    (void)sink_.start();
  }

  /// False where the stream ends.
  bool response(std::string_view bytes) {
    auto received = sink_.on_response(bytes);
    if (!received) return false;
    const Kind& kind = *received->kind;
    hold(received->invalid.empty() == received->refusal.empty(), "what is refused is told", received->refusal);
    auto report = run_now(sync_.apply(std::move(*received)));
    hold(report.has_value(), "a store that works takes all", report ? "" : report.error().message);
    if (report->refusal.empty())
      (void)sink_.acknowledge(kind);
    else
      (void)sink_.refuse(kind, report->refusal, report->refused);
    return true;
  }

 private:
  StillClock clock_;
  MemoryStore store_;
  DeltaSink sink_;
  StoreSync sync_;
};

class Giver {
 public:
  bool request(std::string_view bytes) {
    auto request = decode_delta_request(bytes);
    return request && take(source_.on_request(*request));
  }

  /// `content` has two bits for each of the names a to d: absent, or one of three versions.
  bool snapshot(const std::string& kind, std::uint8_t content) {
    auto out = std::make_shared<KindSnapshot>();
    for (int i = 0; i < 4; ++i) {
      const int version = content >> (2 * i) & 3;
      if (version == 0) continue;
      const std::string name = std::string(1, static_cast<char>('a' + i)) + ".m";
      out->emplace(name, std::make_shared<const ResourceMessage>(
                             ResourceMessage{key_from_delta_name(name), name, std::to_string(version), "bytes"}));
    }
    return take(source_.on_snapshot(kind, std::move(out)));
  }

  bool answer(const std::string& kind, bool refuses) {
    DeltaDiscoveryRequest request;
    request.type_url = kind;
    if (auto last = nonce_.find(kind); last != nonce_.end()) request.response_nonce = last->second;
    if (refuses) request.error = AdsRejection{0, "no"};
    return take(source_.on_request(request));
  }

  bool retry() { return take(source_.retry_refused()); }
  bool complete() { return take(source_.on_complete()); }

 private:
  bool take(const SourceActions& actions) {
    if (actions.refused) {
      hold(actions.send.empty() && !actions.answer, "a refusal comes alone");
      return false;
    }
    for (const SourceResponse& response : actions.send) {
      hold(nonces_.insert(response.nonce).second, "a nonce is new", response.nonce);
      std::set<std::string> names(response.names.begin(), response.names.end());
      hold(names.size() == response.names.size(), "a response names a resource once", response.kind);
      for (const std::string& name : response.removed)
        hold(!names.contains(name), "what is removed is not sent", response.kind + " " + name);
      nonce_[response.kind] = response.nonce;
    }
    (void)source_.settled();
    return true;
  }

  DeltaSource source_{"global", {.kinds_max = 8, .names_max = 100, .name_bytes_max = 64}};
  std::set<std::string> nonces_;
  std::map<std::string, std::string> nonce_;
};

}  // namespace
}  // namespace kumasim::cp::kds

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kumasim::cp::kds;
  kumasim::fuzz::BytesIn in({reinterpret_cast<const char*>(data), size});
  Taker taker((in.byte() & 1) != 0);
  Giver giver;
  const std::string kinds[] = {"Mesh", "MeshTimeout", "Secret"};
  auto step = [&] {
    switch (in.byte() % 7) {
      case 0: return taker.response(in.piece());
      case 1: return giver.request(in.piece());
      case 2: {
        const std::string& kind = kinds[in.byte() % std::size(kinds)];
        return giver.snapshot(kind, in.byte());
      }
      case 3: return giver.answer(kinds[in.byte() % std::size(kinds)], false);
      case 4: return giver.answer(kinds[in.byte() % std::size(kinds)], true);
      case 5: return giver.retry();
      default: return giver.complete();
    }
  };
  while (!in.empty() && step()) {
  }
  return 0;
}
