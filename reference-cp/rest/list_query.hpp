/// What a list request asks for: a page, a part of the name, labels, tags, kinds of gateways.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/transport/http.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

using Query = std::vector<std::pair<std::string, std::string>>;

/// The first value of a name, or "".
std::string query_value(const Query& query, std::string_view name);

/// A page that a request asks for: size 0 is everything, a size below that nothing.
struct Page {
  std::int64_t size = 0;
  std::int64_t offset = 0;    // counts where the size is not 0
  std::string offset_text{};  // as it was given
};

/// The size of pages that a request asks for (Kuma takes any up to 1000, also below 0), or the answer that refuses it
/// under the title `of`.
std::expected<std::int64_t, HttpResponse> page_size(const Query& query, const char* of);
std::expected<std::int64_t, HttpResponse> page_offset(const Query& query, const char* of);

/// What narrows a list: labels, and of some kinds their tags and gateways.
struct ListFilter {
  std::map<std::string, std::string> labels{};
  std::function<bool(const Resource&)> further{};  // empty where nothing else does

  bool fits_labels(const Resource& resource) const;
  /// For the store; empty where everything fits.
  std::function<bool(const Resource&)> function() const;
};

/// The filter of a request, or the answer that refuses it. `route` is the path with its variables in braces
/// ("/meshes/{mesh}/dataplanes"), which Kuma names in errors.
std::expected<ListFilter, HttpResponse> list_filter(const Kind& kind, const Query& query, const std::string& route);

struct PageOfList {
  std::vector<ResourcePtr> items;
  std::size_t total = 0;
  std::optional<std::int64_t> next;  // the offset of the next page
};

/// A page of what `what` selects (its own size and offset do not count). Kuma sorts only what it pages or filters:
/// everything without a filter comes in the order in which it was made.
asio::awaitable<Result<PageOfList>> read_page(Store& store, const Kind& kind, ListOptions what, Page page);

/// Where a page of so many goes on, if `total` is not reached.
std::optional<std::int64_t> next_offset(std::int64_t offset, std::int64_t size, std::size_t total);

/// Where the next page is: the request's own URL with another offset.
std::string next_page(const HttpRequest& request, const std::string& path, Query query, std::int64_t offset);

}  // namespace kumasim::cp
