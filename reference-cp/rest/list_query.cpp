/// List queries, with Kuma's limits and messages.
#include "reference-cp/rest/list_query.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/rest/answer.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr std::int64_t page_size_max = 1000;
constexpr std::int64_t page_size_default = 100;
constexpr const char* title = "Could not retrieve resources";

using Filter = std::function<bool(const Resource&)>;
template <class T>
using Answer = std::expected<T, HttpResponse>;

/// Go's strconv.Atoi: "" for a number, else what it calls the text.
std::string parse_number(std::string_view text, std::int64_t& out) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return "invalid syntax";
  return error == std::errc::result_out_of_range ? "value out of range" : "";
}

std::unexpected<HttpResponse> bad_size(const char* of, std::string reason) {
  Violations violations;
  violations.add(Path("size"), std::move(reason));
  return std::unexpected(problem(400, of, "Invalid page size", violations));
}

/// `filter[labels.team]=x`: all must be met.
Answer<std::map<std::string, std::string>> label_filter(const Query& query, const std::string& route) {
  std::map<std::string, std::string> out;
  Violations violations;
  constexpr std::string_view prefix = "filter[labels.";
  for (const auto& [key, value] : query) {
    if (!key.starts_with("filter[")) continue;
    auto end = key.find(']');
    if (!key.starts_with(prefix)) {
      violations.add(Path(route).at(key), "filters are only supported on labels");
    } else if (end == std::string::npos || end + 1 != key.size()) {
      violations.add(Path(route).at(key), "advanced filters are not supported");
    } else {
      out[key.substr(prefix.size(), end - prefix.size())] = value;
    }
  }
  if (!violations.empty()) return std::unexpected(problem(400, title, "Resource is not valid", violations));
  return out;
}

/// Tags that a proxy has on one inbound or on its gateway; a value need only be a part of the tag's.
bool has_tags(const json& tags, const std::map<std::string, std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& tag) {
    if (!has(tags, tag.first)) return false;
    return tag.second == "*" || text_at(tags, tag.first).find(tag.second) != std::string::npos;
  });
}

bool dataplane_has_tags(const json& networking, const std::map<std::string, std::string>& wanted) {
  for (const auto& inbound : at(networking, "inbound")) {
    if (has_tags(at(inbound, "tags"), wanted)) return true;
  }
  return has_tags(at(at(networking, "gateway"), "tags"), wanted);
}

/// `tag=key:value`, once for each tag.
std::map<std::string, std::string> wanted_tags(const Query& query) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : query) {
    auto colon = value.find(':');
    if (key == "tag" && colon != std::string::npos) out[value.substr(0, colon)] = value.substr(colon + 1);
  }
  return out;
}

Answer<Filter> dataplane_filter(const Query& query, const std::string& route) {
  std::string mode = query_value(query, "gateway");
  std::ranges::transform(mode, mode.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!mode.empty() && mode != "true" && mode != "false" && mode != "builtin" && mode != "delegated") {
    Violations violations;
    violations.add(Path(route).at("gateway"), "shoud use `true`, `false`, 'builtin' or 'delegated' instead of " + mode);
    return std::unexpected(problem(400, title, "Resource is not valid", violations));
  }
  return Filter([mode, tags = wanted_tags(query)](const Resource& resource) {
    const json& networking = at(resource.spec, "networking");
    const json& gateway = at(networking, "gateway");
    bool builtin = text_at(gateway, "type") == "BUILTIN";
    if (mode == "true" && gateway.is_null()) return false;
    if (mode == "false" && !gateway.is_null()) return false;
    if (mode == "builtin" && !builtin) return false;
    if (mode == "delegated" && (gateway.is_null() || builtin)) return false;
    return tags.empty() || dataplane_has_tags(networking, tags);
  });
}

}  // namespace

std::string query_value(const Query& query, std::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return "";
}

std::expected<std::int64_t, HttpResponse> page_size(const Query& query, const char* of) {
  std::string text = query_value(query, "size");
  if (text.empty()) return page_size_default;
  std::int64_t size = 0;
  if (!parse_number(text, size).empty()) return bad_size(of, "invalid format");
  if (size > page_size_max)
    return bad_size(of, fmt::format("invalid page size of {}. Maximum page size is {}", size, page_size_max));
  return size;
}

std::expected<std::int64_t, HttpResponse> page_offset(const Query& query, const char* of) {
  std::string text = query_value(query, "offset");
  if (text.empty()) return 0;
  std::int64_t offset = 0;
  std::string why = parse_number(text, offset);
  // Kuma falls over an offset below zero.
  if (why.empty() && offset < 0) why = "invalid syntax";
  if (why.empty()) return offset;
  return std::unexpected(problem(400, of,
                                 fmt::format("invalid: invalid offset: strconv.Atoi: parsing {}: {}",
                                             json(text).dump(-1, ' ', false, json::error_handler_t::replace), why)));
}

bool ListFilter::fits_labels(const Resource& resource) const {
  return std::ranges::all_of(labels, [&](const auto& wanted) {
    auto found = resource.meta.labels.find(wanted.first);
    return found != resource.meta.labels.end() && found->second == wanted.second;
  });
}

std::function<bool(const Resource&)> ListFilter::function() const {
  if (labels.empty() && !further) return {};
  return [filter = *this](const Resource& resource) {
    return filter.fits_labels(resource) && (!filter.further || filter.further(resource));
  };
}

std::expected<ListFilter, HttpResponse> list_filter(const Kind& kind, const Query& query, const std::string& route) {
  ListFilter out;
  auto labels = label_filter(query, route);
  if (!labels) return std::unexpected(labels.error());
  out.labels = std::move(*labels);
  if (&kind == &kind::dataplane()) {
    auto filter = dataplane_filter(query, route);
    if (!filter) return std::unexpected(filter.error());
    out.further = std::move(*filter);
  }
  if (&kind == &kind::external_service()) {
    out.further = [tags = wanted_tags(query)](const Resource& resource) {
      return has_tags(at(resource.spec, "tags"), tags);
    };
  }
  return out;
}

asio::awaitable<Result<PageOfList>> read_page(Store& store, const Kind& kind, ListOptions what, Page page) {
  const bool as_made = page.size == 0 && page.offset_text.empty() && !what.filter;
  what.size = page.size > 0 ? static_cast<std::size_t>(page.size) : 0;
  what.offset = page.size > 0 ? static_cast<std::size_t>(page.offset) : 0;
  auto list = co_await store.list(kind, std::move(what));
  if (!list) co_return fail(list.error());
  PageOfList out;
  out.total = list->total;
  if (page.size >= 0) out.items = std::move(list->items);
  if (as_made) std::ranges::stable_sort(out.items, {}, [](const ResourcePtr& one) { return one->meta.creation; });
  out.next = next_offset(page.offset, page.size, out.total);
  if (page.size == 0) out.next.reset();
  co_return out;
}

std::optional<std::int64_t> next_offset(std::int64_t offset, std::int64_t size, std::size_t total) {
  // Around the end of the numbers as in Go.
  const auto next = static_cast<std::int64_t>(static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(size));
  if (next < static_cast<std::int64_t>(total)) return next;
  return std::nullopt;
}

std::string next_page(const HttpRequest& request, const std::string& path, Query query, std::int64_t offset) {
  std::erase_if(query, [](const auto& pair) { return pair.first == "offset"; });
  query.emplace_back("offset", std::to_string(offset));
  std::ranges::stable_sort(query, {}, &Query::value_type::first);
  std::string out = (request.peer.tls ? "https://" : "http://") + std::string(request.headers.get("Host")) + path;
  char separator = '?';
  for (const auto& [key, value] : query) {
    out += separator + percent_encode(key) + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

}  // namespace kumasim::cp
