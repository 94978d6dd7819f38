/// Where resources are kept: optimistic locking, ownership, lists in pages, and word of every change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

namespace asio = boost::asio;

/// One committed change: `before` is null for a creation, `after` for a removal.
struct Change {
  const Kind* kind = nullptr;
  ResourceKey key;
  ResourcePtr before;
  ResourcePtr after;
};

struct ListOptions {
  std::string mesh{};           // "" for all meshes
  std::string name_contains{};  // "" for all
  std::function<bool(const Resource&)> filter{};
  std::size_t size = 0;    // of a page; 0 for all
  std::size_t offset = 0;  // how many to pass over
};

/// `total` counts what passes the filters, on all pages; `next` is the offset of the next page, if there is one.
struct List {
  std::vector<ResourcePtr> items;  // by mesh, then name
  std::size_t total = 0;
  std::optional<std::size_t> next;
};

/// One of the writes of a commit: as the store's call of that name. Of a removal only the resource's kind, key and
/// version count: Code::conflict where that is not 0, and another has been written since.
struct Write {
  enum class What : std::uint8_t { create, update, remove };
  What what = What::create;
  Resource resource;
};

/// A mesh owns what is in it; a Mesh, Dataplane, Zone, ZoneIngress or ZoneEgress its insight: who is removed takes
/// along what it owns, at once.
class Store {
 public:
  virtual ~Store() = default;

  /// Code::not_found where there is none.
  virtual asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) = 0;

  /// Sets version 1 and both times. Code::already_exists where the key is taken.
  virtual asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) = 0;

  /// `resource.meta.version` is the version that was read: Code::conflict where another has been written since,
  /// Code::not_found where the resource is gone. Keeps the time of creation.
  virtual asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) = 0;

  /// Code::not_found where there is none.
  virtual asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) = 0;

  /// All of the writes or none, also where the process dies meanwhile; each sees those before it. The error is that of
  /// the first that fails. Gives what each wrote, nullptr for a removal.
  virtual asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) = 0;

  virtual asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) = 0;

  /// Calls `on_change` after each commit, in the order of commits; it must not throw and must live as long as the
  /// store.
  virtual void subscribe(std::function<void(const Change&)> on_change) = 0;

  /// The last call of a clean stop: tidies what the store keeps. Writes fail from then on. A store that merely ends is
  /// no less durable.
  virtual Result<> close() = 0;
};

}  // namespace kumasim::cp
