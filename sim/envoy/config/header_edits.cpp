#include "sim/envoy/config/header_edits.hpp"

#include <algorithm>

#include "envoy/config/core/v3/base.pb.h"
#include "sim/envoy/config/string_match.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace core = ::envoy::config::core::v3;

HeaderEdits::Action action_of(const core::HeaderValueOption& option) {
  if (option.has_append())
    return option.append().value() ? HeaderEdits::Action::append : HeaderEdits::Action::overwrite;
  switch (option.append_action()) {
    case core::HeaderValueOption::ADD_IF_ABSENT: return HeaderEdits::Action::add_if_absent;
    case core::HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD: return HeaderEdits::Action::overwrite;
    case core::HeaderValueOption::OVERWRITE_IF_EXISTS: return HeaderEdits::Action::overwrite_if_exists;
    default: return HeaderEdits::Action::append;
  }
}

/// A value is a format in which %% stands for a percent sign; commands in it are not simulated.
std::string unescaped(std::string value) {
  for (std::size_t at = 0; (at = value.find("%%", at)) != std::string::npos; ++at) value.erase(at, 1);
  return value;
}

}  // namespace

HeaderEdits header_edits(const ::google::protobuf::RepeatedPtrField<core::HeaderValueOption>& puts,
                         const ::google::protobuf::RepeatedPtrField<std::string>& removes) {
  HeaderEdits out;
  for (const auto& p : puts)
    out.put.push_back({lowered(p.header().key()), unescaped(p.header().value()), action_of(p)});
  for (const auto& name : removes) out.remove.push_back(lowered(name));
  return out;
}

/// Removals first; then what is there decides which headers are set, and those are added last (Envoy:
/// HeaderParser::evaluateHeaders).
void HeaderEdits::apply(Headers& headers) const {
  auto drop = [&](const std::string& name) { std::erase_if(headers, [&](const auto& h) { return h.first == name; }); };
  for (const auto& name : remove) drop(name);
  std::vector<const Put*> set, add;
  for (const auto& p : put) {
    bool there = std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return h.first == p.name; });
    bool sets = p.action == Action::overwrite || p.action == Action::overwrite_if_exists;
    if (p.action == Action::overwrite || p.action == Action::append || there == sets) (sets ? set : add).push_back(&p);
  }
  for (const auto* p : set) {
    drop(p->name);
    headers.emplace_back(p->name, p->value);
  }
  for (const auto* p : add) headers.emplace_back(p->name, p->value);
}

}  // namespace kumasim::sim::proxy
