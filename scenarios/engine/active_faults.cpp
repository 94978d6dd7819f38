#include "scenarios/engine/active_faults.hpp"

#include <algorithm>
#include <iterator>

namespace kumasim::scenario {
namespace {

/// What of the list stands in the other; it is taken out there.
template <class T>
std::vector<T> take(const std::vector<T>& wanted, std::vector<T>& from) {
  std::vector<T> out;
  for (const T& one : wanted) {
    auto found = std::ranges::find(from, one);
    if (found == from.end()) continue;
    out.push_back(one);
    from.erase(found);
  }
  return out;
}

bool done(const FaultOrder& order) {
  switch (order.kind->whom) {
    case fault::Whom::processes: return order.processes.empty();
    case fault::Whom::ways: return order.ways.empty();
    case fault::Whom::resources:
    case fault::Whom::loads: return false;
  }
  return false;
}

}  // namespace

std::vector<FaultOrder> ActiveFaults::begin(const FaultOrder& order) {
  if (!order.kind->heals.empty()) return heal(order);
  begin_there(order);
  if (order.kind->lasting) active_.push_back(order);
  note_cuts();
  return {};
}

std::vector<FaultOrder> ActiveFaults::heal(const FaultOrder& order) {
  for (FaultOrder& active : active_) {
    if (active.kind->name != order.kind->heals) continue;
    FaultOrder part = active;
    bool ways = active.kind->whom == fault::Whom::ways;
    part.ways = take(order.ways, active.ways);
    part.processes = ways ? active.processes : take(order.processes, active.processes);
    if (!done(part)) world_.end(part);
  }
  std::vector<FaultOrder> ended;
  std::ranges::copy_if(active_, std::back_inserter(ended), done);
  std::erase_if(active_, done);
  note_cuts();
  return ended;
}

bool ActiveFaults::end(const FaultOrder& order) {
  auto found = std::ranges::find(active_, order.id, &FaultOrder::id);
  if (found == active_.end()) return false;
  FaultOrder rest = std::move(*found);
  active_.erase(found);
  end_there(rest);
  note_cuts();
  return true;
}

void ActiveFaults::begin_there(const FaultOrder& order) {
  if (order.kind->authority) return authorities_.begin(order);
  switch (order.kind->whom) {
    case fault::Whom::resources: return resources_.begin(order);
    case fault::Whom::loads: return load_.begin(order);
    default: world_.begin(order);
  }
}

void ActiveFaults::end_there(const FaultOrder& order) {
  if (order.kind->authority) return authorities_.end(order);
  switch (order.kind->whom) {
    case fault::Whom::resources: return resources_.end(order);
    case fault::Whom::loads: return load_.end(order);
    default: world_.end(order);
  }
}

void ActiveFaults::note_cuts() {
  cut_.clear();
  for (const FaultOrder& order : active_) {
    if (order.kind->cuts) cut_.insert(order.ways.begin(), order.ways.end());
  }
}

bool ActiveFaults::cut(const std::string& a, const std::string& b) const {
  return cut_.contains({a, b}) || cut_.contains({b, a});
}

}  // namespace kumasim::scenario
