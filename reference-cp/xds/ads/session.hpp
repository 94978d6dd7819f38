/// One ADS stream of one proxy as a state machine without I/O: requests and snapshots go in, responses come out.
///
/// Both variants of the protocol (Envoy's document "xDS REST and gRPC protocol"), one variant a session:
/// - One response of a type is outstanding at a time; what changes meanwhile goes out with the answer to its ACK or
/// NACK.
/// - Make before break: clusters go before endpoints, those before listeners and routes; an update of listeners or
/// routes
///   waits until the client has taken the clusters (Envoy holds back that ACK until they are warm), and a cluster that
///   is no longer wanted stays until listeners and routes have been taken. `waiting` says that something is held back
///   for this reason; `on_patience_end` lets it go, for a client that never answers.
/// - A changed cluster warms anew and Envoy then wants its endpoints again, changed or not: they are sent again.
/// - Versions are hashes of content, so a client that reconnects is sent nothing that it has.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/ads/request.hpp"
#include "reference-cp/xds/ads/response.hpp"
#include "reference-cp/xds/ads/sent_resources.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

enum class AdsVariant { state_of_the_world, delta };

/// One message for the client.
struct AdsResponse {
  std::string type_url;
  std::string version;
  std::string nonce;
  std::vector<std::string> names;    ///< of the resources in it
  std::vector<std::string> removed;  ///< delta only
  Slices bytes;
};

/// What a request said of the response before.
struct AdsAnswer {
  std::string type_url;
  std::string version;
  std::optional<AdsRejection> rejection;  ///< absent: acknowledged
};

/// What one stream may make the control plane hold.
struct AdsLimits {
  std::size_t types_max = 64;      ///< Envoy asks for five
  std::size_t names_max = 50'000;  ///< of all types together
  std::size_t name_bytes_max = 1024;
};

struct AdsActions {
  std::vector<AdsResponse> send;  ///< in this order
  std::optional<Error> refused;   ///< a limit was broken: the stream should end, and nothing else is set
  std::optional<AdsAnswer> answer;
  bool waiting = false;  ///< something is held back until the client answers
};

class AdsSession {
 public:
  /// `control_plane` names the instance in every response.
  explicit AdsSession(AdsVariant variant, std::string control_plane = {}, AdsLimits limits = {});

  /// REQUIRES: variant is state_of_the_world.
  AdsActions on_request(const DiscoveryRequest& request);
  /// REQUIRES: variant is delta.
  AdsActions on_delta_request(const DeltaDiscoveryRequest& request);
  AdsActions on_snapshot(std::shared_ptr<const Snapshot> snapshot);
  /// The client has had its time: what is held back goes out.
  AdsActions on_patience_end();

  /// Every requested type has been sent as the snapshot has it, and answered.
  bool settled() const;
  /// The client runs all that the snapshot has for it: it asked for clusters and listeners at least, and has taken
  /// every type that it asked for.
  bool accepted() const;
  /// The last rejection of a type of those that stand: until the client takes what it refused, or that is wanted no
  /// longer.
  std::optional<AdsRejection> rejection(std::string_view type_url) const;
  /// Those of all types, by type URL.
  std::map<std::string, AdsRejection> rejections() const;

 private:
  using Names = std::set<std::string, std::less<>>;

  /// Of one response; shared by the names that it carried.
  struct Refusal {
    std::uint64_t number;  ///< the later, the greater
    AdsRejection reason;
  };
  using Refused = std::map<std::string, std::shared_ptr<const Refusal>, std::less<>>;
  struct Type {
    bool wildcard = false;
    bool had_names = false;
    Names names;
    std::string nonce;    ///< of the last response
    std::string version;  ///< of the last response, or what a reconnecting client brought
    bool outstanding = false;
    bool due = false;  ///< an answer is owed even where nothing has changed
    SentResources sent;
    std::set<std::string, std::less<>> again;          ///< to be sent though unchanged (delta)
    std::vector<std::string> removed;                  ///< in the last response (delta)
    std::set<std::string, std::less<>> removed_again;  ///< to be removed again, as the response was refused (delta)
    std::vector<std::string> carried;                  ///< by the last response, resources and removals (delta)
    Refused refused;                                   ///< names that the client has not taken since (delta)
    std::optional<AdsRejection> rejection;  ///< of the last response, where that has no names of its own in `carried`
  };
  using Types = std::map<std::string, Type, std::less<>>;

  /// The error where a request for these names, after which its type has `count`, is more than the limits allow.
  std::optional<Error> too_much(const std::string& url, std::size_t count, const std::vector<std::string>& names) const;
  /// How many names the type will have: asking again for what one has is no more, and what is given up no longer
  /// counts.
  std::size_t names_after(const DeltaDiscoveryRequest& request) const;
  bool wants(const Type& type, std::string_view name) const;
  std::vector<XdsResourcePtr> wanted(std::string_view url, const Type& type) const;
  bool differs(std::string_view url, const Type& type) const;
  bool taken(std::string_view url) const;
  /// nullptr where the client refuses nothing.
  static const AdsRejection* refusal_of(const Type& type);
  void answered(const std::string& url, Type& type, const std::optional<AdsRejection>& error, AdsActions& actions);
  void forget_refusals(Type& type, const std::function<bool(std::string_view name)>& gone);
  void ask_company(Type& type, const std::vector<XdsResourcePtr>& resources, bool hold);
  void flush(AdsActions& actions);
  void flush_type(const std::string& url, Type& type, AdsActions& actions);
  void send_world(const std::string& url, Type& type, std::vector<XdsResourcePtr> resources, AdsActions& actions);
  void send_delta(const std::string& url, Type& type, const std::vector<XdsResourcePtr>& resources, bool hold,
                  AdsActions& actions);
  void warm_again(const std::vector<XdsResourcePtr>& clusters);
  std::string next_nonce();

  AdsVariant variant_;
  std::string control_plane_;
  AdsLimits limits_;
  std::shared_ptr<const Snapshot> snapshot_;
  Types types_;
  std::uint64_t nonce_ = 0;
  std::uint64_t refusals_ = 0;
  bool patient_ = true;
};

}  // namespace kumasim::cp
