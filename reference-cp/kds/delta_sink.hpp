/// Who takes resources on a delta stream (a zone in GlobalToZoneSync, Global in ZoneToGlobalSync): a state machine
/// without I/O.
///
/// It asks for all of its kinds at once, reads each response, and answers it when its caller has stored it (store_sync)
/// and has waited for the response back-off (multizone.*.kds.responseBackoff; not after a kind's first response, and
/// not before a refusal):
///
///     for (auto& request : sink.start()) send(request);
///     Result<Received> received = sink.on_response(bytes);
///     Result<SyncReport> stored = co_await sync.apply(*received);
///     send(refusal.empty() ? sink.acknowledge(kind) : sink.refuse(kind, refusal, stored->refused));
///
/// What a resource of a response is not, readable or valid, is refused by name; the rest of the response is stored.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/kds/resource_message.hpp"

namespace kumasim::cp::kds {

/// What a control plane tells of itself in its first requests.
struct SinkNode {
  std::string id;        ///< the zone's name, on both sides
  std::string instance;  ///< metadata "control-plane-id"
  std::string version;   ///< of kuma-cp, with the three below metadata "version"
  std::string git_tag;
  std::string git_commit;
  std::string build_date;
  std::string config;                 ///< the configuration as JSON, secrets left out; Global leaves it empty
  std::vector<std::string> features;  ///< own_features()
};

/// Versions that a sink has stored, by kind and delta name: what a next stream brings so as to be sent only what
/// differs.
using HeldVersions = std::map<std::string, std::map<std::string, std::string>>;

/// One response, read.
struct Received {
  const Kind* kind = nullptr;
  std::vector<Resource> added;  ///< added or changed; all of them valid
  std::vector<ResourceKey> removed;
  std::vector<ResourceKey> invalid;  ///< in the response, but not usable: what is stored of such stays as it is
  std::string refusal;               ///< what is wrong with those, by RefusalText; "" where there is none
  bool is_initial = false;           ///< all that the other side has of the kind: what it lacks is to be removed
};

class DeltaSink {
 public:
  /// `held` are the versions of the sink of an earlier stream, in the same process, to the same store, which nobody
  /// else has changed since; empty for a full synchronisation, as Kuma's each time. std::nullopt where no stream will
  /// follow that brings them (Global, which synchronises in full each time): none are kept.
  DeltaSink(SinkNode node, std::vector<const Kind*> kinds, std::optional<HeldVersions> held = HeldVersions());

  /// The first requests, one a kind, in the order of the kinds: bytes of DeltaDiscoveryRequest.
  std::vector<std::string> start() const;

  /// invalid_argument where the bytes are no DeltaDiscoveryResponse, or its kind was not asked for: the stream should
  /// end. A response of a kind replaces one that was not answered.
  Result<Received> on_response(std::string_view bytes);

  /// The request that takes the kind's last response. REQUIRES: there was one.
  std::string acknowledge(const Kind& kind);

  /// The request that refuses it with these words, of which `not_stored` was not stored though valid; the rest was.
  /// REQUIRES: there was one.
  std::string refuse(const Kind& kind, std::string_view reason, std::span<const ResourceKey> not_stored = {});

  /// For the sink of the next stream; at any time. Kinds whose first response has not been answered are not in it.
  /// Empty where none are kept.
  const HeldVersions& held() const { return held_; }

 private:
  struct Latest {
    std::string nonce;
    std::map<std::string, std::string> versions;  ///< of what it added, by delta name
    std::vector<std::string> removed;
    std::vector<std::string> not_usable;
    bool is_initial = false;
  };
  struct KindState {
    const Kind* kind = nullptr;
    bool resumes = false;  ///< the first request brought versions
    bool begun = false;    ///< a response has been answered
    Latest latest;
  };

  KindState* find(std::string_view kind);
  void doubt(const KindState& state);
  void doubt_all_but(const Latest& meshes);
  void remember(KindState& state, std::span<const ResourceKey> not_stored);

  SinkNode node_;
  std::vector<KindState> kinds_;
  bool keeps_;  ///< versions
  HeldVersions held_;
};

}  // namespace kumasim::cp::kds
