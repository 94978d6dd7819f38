/// Processes of a simulated test.
#include "kumasim/testing/simulation.hpp"

#include <exception>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace kumasim::testing {
namespace {

void expect_none(const std::string& process, std::exception_ptr escaped) {
  if (!escaped) return;
  try {
    std::rethrow_exception(escaped);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted)
      ADD_FAILURE() << "an exception escaped the main of " << process << ": " << error.code().message();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "an exception escaped the main of " << process << ": " << error.what();
  }
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, const Topology& topology, FaultPlan faults)
    : world_({.seed = seed}), topology_(topology), injector_(world_, std::move(faults)) {
  for (const std::string& name : topology_.processes) process(name);
  for (const Link& link : topology_.links)
    world_.network().set_link(process(link.a), process(link.b), link_options(link));
}

sim::Process& Simulation::start(std::string name, Main main) {
  sim::Process& out = process(name);
  // A coroutine refers to the function object that it is a call of.
  auto code = std::make_shared<const Main>(std::move(main));
  out.start([name, code](Runtime& runtime) {
    asio::co_spawn(runtime.executor, (*code)(runtime),
                   [name, code](std::exception_ptr escaped) { expect_none(name, escaped); });
  });
  return out;
}

sim::Process& Simulation::process(const std::string& name) {
  sim::Process* found = world_.find_process(name);
  return found != nullptr ? *found : world_.add_process(name);
}

}  // namespace kumasim::testing
