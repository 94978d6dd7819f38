#include "reference-cp/xds/gateway/route_entry.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace kumasim::cp::gateway {
namespace {

/// Negative where the first is longer; an absent path is the shortest.
int longer(const std::string& a, const std::string& b) { return int(b.size()) - int(a.size()); }

template <class T>
bool same(const std::shared_ptr<T>& a, const std::shared_ptr<T>& b) {
  return a && b ? *a == *b : !a && !b;
}

std::string without_slash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string or_root(const std::string& path) { return path.empty() ? "/" : path; }

/// What a replaced prefix is without its slash; nullopt where none is replaced.
std::optional<std::string> replacement(const Rewrite* rewrite) {
  if (!rewrite || !rewrite->prefix) return std::nullopt;
  return without_slash(*rewrite->prefix);
}

Rewrite full_path(const std::string& path) {
  Rewrite rewrite;
  rewrite.full_path = or_root(path);
  return rewrite;
}

}  // namespace

std::string Destination::service() const {
  auto found = tags.find("kuma.io/service");
  return found == tags.end() ? std::string() : found->second;
}

bool more_specific(const EntryMatch& a, const EntryMatch& b) {
  if (int order = longer(a.exact_path, b.exact_path)) return order < 0;
  if (int order = longer(a.prefix_path, b.prefix_path)) return order < 0;
  if (!a.regex_path.empty() || !b.regex_path.empty()) return longer(a.regex_path, b.regex_path) < 0;
  if (a.method.empty() != b.method.empty()) return b.method.empty();
  if (a.headers() != b.headers()) return a.headers() > b.headers();
  std::size_t a_query = a.exact_query.size() + a.regex_query.size();
  std::size_t b_query = b.exact_query.size() + b.regex_query.size();
  if (a_query != b_query) return a_query > b_query;
  return a.exact_path + a.prefix_path < b.exact_path + b.prefix_path;
}

bool Entry::operator==(const Entry& other) const {
  return name == other.name && match == other.match && forward == other.forward && same(redirect, other.redirect) &&
         same(rewrite, other.rewrite) && mirror == other.mirror && request_headers == other.request_headers &&
         response_headers == other.response_headers;
}

std::vector<Destination*> Entry::destinations() {
  std::vector<Destination*> all;
  if (mirror) all.push_back(&mirror->to);
  for (Destination& destination : forward) all.push_back(&destination);
  return all;
}

std::vector<Entry> split_prefixes(std::vector<Entry> entries) {
  std::vector<Entry> result;
  std::map<std::string, std::vector<Entry>> exact, prefixes;
  for (Entry& entry : entries) {
    if (!entry.match.exact_path.empty()) {
      exact[entry.match.exact_path].push_back(std::move(entry));
    } else if (!entry.match.prefix_path.empty()) {
      prefixes[entry.match.prefix_path].push_back(std::move(entry));
    } else {
      result.push_back(std::move(entry));
    }
  }
  for (auto& [prefix, group] : prefixes) {
    std::string path = without_slash(prefix);
    bool taken = exact.contains(path);
    for (Entry& entry : group) {
      Rewrite* redirected = entry.redirect && entry.redirect->path ? &*entry.redirect->path : nullptr;
      std::optional<std::string> rewritten = replacement(entry.rewrite.get()), moved = replacement(redirected);
      entry.match.prefix_path = path + "/";
      if (rewritten) entry.rewrite->prefix = *rewritten + "/";
      if (moved) redirected->prefix = *moved + "/";
      result.push_back(entry);
      // The prefix "/" has the path "/" in it already, unless that path is rewritten in another way.
      if (taken || (path.empty() && !rewritten && !moved)) continue;
      Entry whole = entry;
      whole.match.prefix_path.clear();
      whole.match.exact_path = or_root(path);
      if (rewritten) whole.rewrite = std::make_shared<Rewrite>(full_path(*rewritten));
      if (moved) {
        whole.redirect = std::make_shared<Redirect>(*entry.redirect);
        whole.redirect->path = full_path(*moved);
      }
      exact[path].push_back(std::move(whole));
    }
  }
  for (auto& [path, group] : exact) std::ranges::move(group, std::back_inserter(result));
  return result;
}

}  // namespace kumasim::cp::gateway
