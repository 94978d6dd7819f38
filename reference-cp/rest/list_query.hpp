/// What a list request asks for: a page, a part of the name, labels, tags, kinds of gateways.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/transport/http.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

using Query = std::vector<std::pair<std::string, std::string>>;

/// The last value of a name, or "".
std::string query_value(const Query& query, std::string_view name);

/// Options for the store, or the answer that refuses the query. `route` is the path with its variables in braces
/// ("/meshes/{mesh}/dataplanes"), which Kuma names in errors.
std::expected<ListOptions, HttpResponse> list_options(const Kind& kind, const Query& query, const std::string& mesh,
                                                      const std::string& route);

/// Where the next page is: the request's own URL with another offset.
std::string next_page(const HttpRequest& request, const std::string& path, Query query, std::size_t offset);

}  // namespace kumasim::cp
