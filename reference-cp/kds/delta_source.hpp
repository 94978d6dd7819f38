/// Who gives resources on a delta stream (Global in GlobalToZoneSync, a zone in ZoneToGlobalSync): a state machine
/// without I/O.
///
/// Requests and snapshots go in, responses come out (Envoy's document "xDS REST and gRPC protocol", incremental
/// variant; Kuma serves KDS with go-control-plane's delta server):
/// - One response of a kind is open at a time; what changes meanwhile is in the one after its answer.
/// - The first request of a kind is answered as soon as the kind's snapshot is known, also where there is nothing to
///   say: the other side then removes what it holds of the kind. Not so where it brings versions.
/// - What it refused counts as sent, for it stores all the rest of a response: it goes again when it changes, by
///   retry_refused(), or on the next stream. Other resources of its kind are not kept back.
/// - Who loses a Mesh loses what is in it: that is sent again where it is there again.
/// - Versions are hashes of content: a stream that brings `initial_resource_versions` is sent what differs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/kds/resource_message.hpp"
#include "reference-cp/xds/ads/request.hpp"

namespace kumasim::cp::kds {

using ResourceMessagePtr = std::shared_ptr<const ResourceMessage>;

/// All that one side has of a kind for the other, by delta name. Unchanged resources may be shared between snapshots.
using KindSnapshot = std::map<std::string, ResourceMessagePtr, std::less<>>;
using KindSnapshotPtr = std::shared_ptr<const KindSnapshot>;

/// One message for the other side.
struct SourceResponse {
  std::string kind;                  ///< "MeshTimeout"
  std::string nonce;                 ///< unique on the stream
  std::vector<std::string> names;    ///< delta names of the resources in it
  std::vector<std::string> removed;  ///< delta names
  std::string bytes;                 ///< envoy.service.discovery.v3.DeltaDiscoveryResponse
};

/// What a request said of an open response.
struct SourceAnswer {
  std::string kind;
  std::optional<AdsRejection> refusal;  ///< absent: acknowledged
};

struct SourceActions {
  std::vector<SourceResponse> send;    ///< in this order
  std::optional<SourceAnswer> answer;  ///< nothing where the request's nonce is old, unknown or empty
  std::optional<Error> refused;        ///< a limit was broken, or no kind is named: the stream should end, and nothing
                                       ///< else is set
};

/// What one stream may make this side hold.
struct SourceLimits {
  std::size_t kinds_max = 256;        ///< Kuma's zones ask for some fifty
  std::size_t names_max = 200'000;    ///< subscribed to, brought as versions, or kept though this side has no such
                                      ///< resource; of all kinds together
  std::size_t name_bytes_max = 1024;  ///< and of a version
};

class DeltaSource {
 public:
  /// `control_plane` names this side in every response ("global", or the zone's name).
  explicit DeltaSource(std::string control_plane, SourceLimits limits = {});

  /// Kinds that this side does not give are answered too: there is none of them.
  SourceActions on_request(const DeltaDiscoveryRequest& request);

  /// All that there is of a kind now. Until the first snapshot of a kind nothing is said of it. REQUIRES: not null.
  SourceActions on_snapshot(std::string_view kind, KindSnapshotPtr snapshot);

  /// Kinds that this side gives and has no snapshot of yet are not answered; call it once all snapshots of a first pass
  /// are in: from then on a kind without a snapshot is one that this side does not have.
  SourceActions on_complete();

  /// What the other side refused and has not taken since goes out once more, with the kind's next response. Kuma does
  /// so on a new stream only; meanwhile what stood in its way there may have gone. May be called at any time.
  SourceActions retry_refused();

  /// Every kind that was asked for has been sent as its snapshot has it, and answered.
  bool settled() const;
  /// Delta names that the other side refused and has not taken since, by kind.
  std::map<std::string, std::set<std::string>> refused() const;

 private:
  struct KindState {
    bool asked = false;
    bool wildcard = false;
    std::set<std::string, std::less<>> names;              ///< asked for by name
    std::map<std::string, std::string, std::less<>> held;  ///< name -> version that the other side has, or is sent
    std::string nonce;                                     ///< of the last response
    bool open = false;                                     ///< it has not been answered
    bool due = false;                                      ///< an answer is owed even where nothing differs
    bool full = false;                                     ///< the next response is all that there is
    std::vector<std::string> carried;                      ///< names in the last response, resources and removals
    std::set<std::string, std::less<>> refused;
    KindSnapshotPtr snapshot;
  };

  /// Why the stream should end.
  std::optional<Error> judge(const DeltaDiscoveryRequest& request) const;
  void subscribe(KindState& state, const DeltaDiscoveryRequest& request, bool first);
  void answered(KindState& state, const DeltaDiscoveryRequest& request, SourceActions& actions);
  bool is_lost(std::string_view delta_name) const;
  void lose_what_is_in(const std::vector<std::string>& meshes);
  void lose_all_but(const KindSnapshot& meshes);
  bool differs(const KindState& state) const;
  void flush(const std::string& kind, KindState& state, SourceActions& actions);

  std::string control_plane_;
  SourceLimits limits_;
  std::map<std::string, KindState, std::less<>> kinds_;
  std::set<std::string> lost_meshes_;                  ///< that were removed on this stream
  std::optional<std::set<std::string>> first_meshes_;  ///< all that there were in the first response, if it was full
  std::uint64_t nonce_ = 0;
  bool complete_ = false;
};

}  // namespace kumasim::cp::kds
