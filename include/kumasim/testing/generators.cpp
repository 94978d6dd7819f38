/// Generators out of rapidcheck's own, so that they shrink as those do.
#include "kumasim/testing/generators.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

#include <fmt/format.h>

#include "kumasim/testing/up_to.hpp"

namespace kumasim::testing {
namespace {

namespace gen = rc::gen;
using Pair = std::pair<std::string, std::string>;

/// Both ends included, in milliseconds; shrinks to `least`. REQUIRES: least <= most.
rc::Gen<Duration> time(Duration least, Duration most) {
  auto in_ms = [](Duration time) { return std::chrono::floor<std::chrono::milliseconds>(time).count(); };
  return gen::map(gen::inRange<std::int64_t>(in_ms(least), in_ms(most) + 1),
                  [](std::int64_t count) -> Duration { return std::chrono::milliseconds(count); });
}

/// Both ends included. REQUIRES: ppm_least <= ppm_most.
rc::Gen<std::uint32_t> loss(std::uint32_t ppm_least, std::uint32_t ppm_most) {
  assert(ppm_least <= ppm_most);
  return gen::inRange(ppm_least, ppm_most + 1);
}

/// Two different ones. REQUIRES: there are two.
rc::Gen<Pair> pair_of(const std::vector<std::string>& names) {
  auto count = names.size();
  assert(count >= 2);
  // The second is counted from the one behind the first.
  return gen::map(gen::tuple(gen::inRange<std::size_t>(0, count), gen::inRange<std::size_t>(1, count)),
                  [names](const std::tuple<std::size_t, std::size_t>& at) {
                    auto [first, step] = at;
                    return Pair{names[first], names[(first + step) % names.size()]};
                  });
}

rc::Gen<std::vector<std::string>> processes(const std::vector<Role>& roles) {
  return gen::exec([roles] {
    std::vector<std::string> out;
    for (const Role& role : roles) {
      int count = *gen::inRange(role.least, role.most + 1);
      if (role.most == 1 && count == 1) out.push_back(role.name);
      for (int i = 0; role.most > 1 && i < count; ++i) out.push_back(fmt::format("{}-{}", role.name, i));
    }
    return out;
  });
}

rc::Gen<Link> any_link(const std::vector<std::string>& names, const TopologyOptions& options) {
  auto law = gen::cast<Link::Law>(gen::inRange(0, static_cast<int>(Link::Law::bimodal) + 1));
  auto parts = gen::tuple(pair_of(names), law, time(std::chrono::milliseconds(1), options.delay_most),
                          time(std::chrono::milliseconds(1), options.delay_most), loss(0, options.loss_ppm_most));
  return gen::map(std::move(parts), [](const std::tuple<Pair, Link::Law, Duration, Duration, std::uint32_t>& drawn) {
    auto [between, law, one, other, loss_ppm] = drawn;
    return Link{between.first, between.second, law, std::min(one, other), std::max(one, other), loss_ppm};
  });
}

/// What all kinds have; `peer` is for those that strike a way.
rc::Gen<Fault> any_fault(Fault::Kind kind, const FaultPlanOptions& options) {
  auto over_by = options.over_by;
  auto lasts =
      kind == Fault::Kind::reset ? gen::just(Duration()) : time(std::chrono::milliseconds(1), options.lasts_most);
  return gen::map(gen::tuple(time({}, over_by), std::move(lasts)),
                  [kind, over_by](const std::tuple<Duration, Duration>& drawn) {
                    auto [at, lasts] = drawn;
                    return Fault{.kind = kind, .process = {}, .at = at, .lasts = std::min(lasts, over_by - at)};
                  });
}

rc::Gen<Fault> process_fault(Fault::Kind kind, const FaultPlanOptions& options) {
  return gen::map(gen::tuple(any_fault(kind, options), gen::elementOf(options.processes)),
                  [](std::tuple<Fault, std::string> drawn) {
                    auto [fault, process] = std::move(drawn);
                    fault.process = process;
                    return fault;
                  });
}

rc::Gen<Fault> way_fault(Fault::Kind kind, const FaultPlanOptions& options) {
  auto one_way = kind == Fault::Kind::reset ? gen::just(false) : gen::arbitrary<bool>();
  auto delay = time(std::chrono::milliseconds(1), options.delay_most);
  auto parts = gen::tuple(any_fault(kind, options), pair_of(options.processes), std::move(one_way));
  auto way = gen::map(std::move(parts), [](std::tuple<Fault, Pair, bool> drawn) {
    auto [fault, between, one_way] = std::move(drawn);
    fault.process = between.first;
    fault.peer = between.second;
    fault.one_way = one_way;
    return fault;
  });
  if (kind == Fault::Kind::delay)
    return gen::map(gen::tuple(std::move(way), std::move(delay)), [](std::tuple<Fault, Duration> drawn) {
      std::get<Fault>(drawn).delay = std::get<Duration>(drawn);
      return std::get<Fault>(drawn);
    });
  if (kind == Fault::Kind::loss)
    return gen::map(gen::tuple(std::move(way), loss(1, options.loss_ppm_most)),
                    [](std::tuple<Fault, std::uint32_t> drawn) {
                      std::get<Fault>(drawn).loss_ppm = std::get<std::uint32_t>(drawn);
                      return std::get<Fault>(drawn);
                    });
  return way;
}

}  // namespace

rc::Gen<Topology> topologies(const TopologyOptions& options) {
  return gen::mapcat(processes(options.roles), [options](const std::vector<std::string>& names) {
    auto links_most = names.size() < 2 ? 0 : options.links_most;
    auto links = links_most == 0 ? gen::just(std::vector<Link>()) : up_to(links_most, any_link(names, options));
    return gen::map(std::move(links), [names](std::vector<Link> drawn) { return Topology{names, std::move(drawn)}; });
  });
}

rc::Gen<FaultPlan> fault_plans(const FaultPlanOptions& options) {
  // The kind does not shrink: another kind is another fault, not a smaller one.
  return up_to(options.faults_most, gen::mapcat(gen::elementOf(options.kinds), [options](Fault::Kind kind) {
                 return strikes_way(kind) ? way_fault(kind, options) : process_fault(kind, options);
               }));
}

rc::Gen<Case> cases(const TopologyOptions& topology, const FaultPlanOptions& faults) {
  return gen::mapcat(topologies(topology), [faults](const Topology& drawn) {
    FaultPlanOptions options = faults;
    if (options.processes.empty()) options.processes = drawn.processes;
    return gen::map(fault_plans(options), [drawn](FaultPlan plan) { return Case{drawn, std::move(plan)}; });
  });
}

}  // namespace kumasim::testing
