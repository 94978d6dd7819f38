/// What one proxy is to hold: every xDS resource, serialised once and shared by all proxies with the same content.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim::cp {

/// One resource as it goes on the wire.
struct XdsResource {
  std::string name;
  std::string version;                     ///< hash of the content: the same bytes have the same version
  std::shared_ptr<const std::string> any;  ///< a serialised google.protobuf.Any, type URL included
};

using XdsResourcePtr = std::shared_ptr<const XdsResource>;

/// Type URL -> name -> resource, both ordered. A value: built once, then read.
class Snapshot {
 public:
  using Resources = std::map<std::string, XdsResourcePtr, std::less<>>;

  /// All resources of a type; empty where there is none.
  const Resources& of(std::string_view type_url) const;
  /// nullptr where there is none.
  XdsResourcePtr find(std::string_view type_url, std::string_view name) const;
  /// Hash over the versions of all resources of a type; of an empty set too.
  std::string version(std::string_view type_url) const;
  const std::map<std::string, Resources, std::less<>>& types() const { return types_; }
  bool empty() const { return types_.empty(); }

  void add(std::string_view type_url, XdsResourcePtr resource);
  /// Takes over `previous`'s objects for every resource of the same content, so that unchanged bytes are held once.
  void share(const Snapshot& previous);

  /// Equal content (by version).
  friend bool operator==(const Snapshot& a, const Snapshot& b);

 private:
  std::map<std::string, Resources, std::less<>> types_;
};

/// What differs between two snapshots in one type, by name, ordered.
struct SnapshotDiff {
  std::vector<XdsResourcePtr> changed;  ///< new or of new content
  std::vector<std::string> removed;
  bool empty() const { return changed.empty() && removed.empty(); }
};
SnapshotDiff diff(const Snapshot& before, const Snapshot& after, std::string_view type_url);

}  // namespace kumasim::cp
