#include "reference-cp/intercp/catalog.hpp"

#include <algorithm>
#include <utility>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp::intercp {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Others edit it too, though seldom.
constexpr int edits_max = 5;

}  // namespace

std::vector<Instance> parse_catalog(const std::string& text) {
  std::vector<Instance> out;
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("instances")) return out;
  for (const json& each : parsed["instances"]) {
    if (!each.is_object()) continue;
    const json &port = at(each, "interCpPort"), &leader = at(each, "leader");
    out.push_back({.id = text_at(each, "id"),
                   .address = text_at(each, "address"),
                   .port = static_cast<std::uint16_t>(port.is_number_integer() ? port.get<std::int64_t>() : 0),
                   .leader = leader.is_boolean() && leader.get<bool>()});
  }
  return out;
}

std::string print_catalog(std::vector<Instance> instances) {
  std::ranges::stable_sort(instances, {}, &Instance::id);
  ordered_json list = ordered_json::array();
  for (const Instance& each : instances)
    list.push_back(
        ordered_json{{"id", each.id}, {"address", each.address}, {"interCpPort", each.port}, {"leader", each.leader}});
  return ordered_json{{"instances", std::move(list)}}.dump();
}

asio::awaitable<Result<std::vector<Instance>>> Catalog::list() {
  auto kept = co_await store_.get(kind::config(), {"", catalog_config});
  if (!kept && kept.error().code == Code::not_found) co_return std::vector<Instance>();
  if (!kept) co_return fail(kept.error());
  co_return parse_catalog(text_at((*kept)->spec, "config"));
}

asio::awaitable<Result<>> Catalog::edit_once(const Edit& change) {
  auto kept = co_await store_.get(kind::config(), {"", catalog_config});
  if (!kept && kept.error().code != Code::not_found) co_return fail(kept.error());
  Resource record;
  if (kept) record = **kept;
  const std::string before = text_at(record.spec, "config");
  std::string after = print_catalog(change(parse_catalog(before)));
  if (kept && after == before) co_return Result<>();
  record.spec["config"] = std::move(after);
  Result<ResourcePtr> written;
  if (kept) {
    written = co_await store_.update(std::move(record), clock_.wall_now());
  } else {
    record.kind = &kind::config();
    record.meta.name = catalog_config;
    written = co_await store_.create(std::move(record), clock_.wall_now());
  }
  if (!written) co_return fail(written.error());
  co_return Result<>();
}

asio::awaitable<Result<>> Catalog::edit(Edit change) {
  for (int attempt = 1;; ++attempt) {
    auto done = co_await edit_once(change);
    if (done || attempt == edits_max) co_return done;
    const Code code = done.error().code;
    if (code != Code::conflict && code != Code::already_exists && code != Code::not_found) co_return done;
  }
}

asio::awaitable<Result<>> Catalog::replace(std::vector<Instance> instances) {
  return edit([instances = std::move(instances)](std::vector<Instance>) { return instances; });
}

asio::awaitable<Result<>> Catalog::set_leader(Instance leader) {
  leader.leader = true;
  return edit([leader = std::move(leader)](std::vector<Instance> known) {
    std::erase_if(known, [&](const Instance& each) { return each.id == leader.id; });
    for (Instance& each : known) each.leader = false;
    known.push_back(leader);
    return known;
  });
}

asio::awaitable<Result<>> Catalog::drop_leader(std::string id) {
  return edit([id = std::move(id)](std::vector<Instance> known) {
    for (Instance& each : known)
      if (each.id == id) each.leader = false;
    return known;
  });
}

}  // namespace kumasim::cp::intercp
