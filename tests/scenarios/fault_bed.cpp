#include "tests/scenarios/fault_bed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: bed}
spec:
  duration: 300s
  topology:
    services: [{name: a, calls: [b]}, {name: b}]
  resources: [{type: Mesh, name: default}]
  faults:
  FAULTS
  expect:
  - always: no-plaintext
)";

Scenario load(const std::string& faults) {
  std::string file(text);
  file.replace(file.find("FAULTS"), 6, faults);
  return must_load(load_scenario(file, "bed.yaml"));
}

Duration since_start(Runtime& runtime) { return runtime.clock.now().time_since_epoch(); }

}  // namespace

FaultBed::FaultBed(const std::string& faults, Options options)
    : scenario(load(faults)),
      world({.seed = options.seed}),
      options_(options),
      fabric_(std::make_unique<sim::proxy::Fabric>(world)) {
  faults_ = std::make_unique<SimFaults>(
      world, *fabric_,
      SimFaults::Hooks{
          .link = [](const std::string&, const std::string&) { return sim::LinkOptions(); },
          .stop = [this](const std::string& name, Duration) { stopped.push_back(name); },
          .set_app_faults = [](const std::string&, const sim::InstanceFaults&) {},
          .set_override = [this](const std::string& name, const std::string& set) { overrides[name] = set; },
          .set_store_faults = [](const std::string&, const StoreFaults&) {},
          .set_discovery_faults = [](const std::string&, const sim::proxy::DiscoveryFaults&) {},
          .ask_unknown = [](const std::string&) {}});
  world.add_process(scenario.control_plane.name);
  for (const Instance& instance : scenario.instances) world.add_process(instance.process);
  plan_ = make_plan(scenario, options.seed);
  for (const Action& action : plan_.actions) {
    world.schedule(MonotonicTime(action.at), [this, &action] {
      if (action.kind == Action::Kind::begin) faults_->begin(action.order);
      if (action.kind == Action::Kind::end) faults_->end(action.order);
    });
  }
  process("b-0").start([this](Runtime& runtime) {
    leave_a_byte("b-0", runtime);
    spawn(runtime.executor, runtime.log, "reader", listen(runtime));
  });
  process("kuma-cp").start([this](Runtime& runtime) { leave_a_byte("kuma-cp", runtime); });
  process("a-0").start(
      [this](Runtime& runtime) { spawn(runtime.executor, runtime.log, "writer", write_lines(runtime)); });
}

FaultBed::~FaultBed() {
  for (const auto& process : world.processes()) process->kill();
}

std::vector<FaultBed::Line> FaultBed::lines_between(Duration from, Duration to) const {
  std::vector<Line> out;
  std::ranges::copy_if(lines, std::back_inserter(out),
                       [&](const Line& line) { return line.sent >= from && line.sent < to; });
  return out;
}

asio::awaitable<void> FaultBed::write_lines(Runtime& runtime) {
  for (;;) {
    try {
      Stream stream = co_await runtime.network.connect({"b-0", 7});
      for (;;) {
        std::string line = fmt::format("{} {}", ++numbered_, since_start(runtime).count());
        line.resize(options_.line_bytes - 1, ' ');
        line += '\n';
        co_await asio::async_write(stream, asio::buffer(line), asio::use_awaitable);
        co_await sleep(runtime.timers, options_.pause);
      }
    } catch (const boost::system::system_error& error) {
      failures.push_back({error.code().message(), since_start(runtime)});
    }
    co_await sleep(runtime.timers, 500ms);
  }
}

asio::awaitable<void> FaultBed::listen(Runtime& runtime) {
  Listener listener = runtime.network.listen({"", 7});
  for (;;) {
    Stream stream = co_await listener.accept();
    spawn(runtime.executor, runtime.log, "reader", read_lines(runtime, std::move(stream)));
  }
}

asio::awaitable<void> FaultBed::read_lines(Runtime& runtime, Stream stream) {
  std::string held;
  char bytes[4096];
  try {
    for (;;) {
      std::size_t count = co_await stream.async_read_some(asio::buffer(bytes));
      held.append(bytes, count);
      for (std::size_t end = 0; (end = held.find('\n')) != std::string::npos; held.erase(0, end + 1)) {
        Line line{.read = count};
        std::int64_t sent = 0;
        auto [rest, wrong] = std::from_chars(held.data(), held.data() + end, line.number);
        bool whole = wrong == std::errc() && rest < held.data() + end && *rest == ' ' &&
                     std::from_chars(rest + 1, held.data() + end, sent).ec == std::errc();
        if (!whole) {
          ++garbled;
          continue;
        }
        line.sent = Duration(sent);
        line.at = since_start(runtime);
        line.wall_off = runtime.clock.wall_now() - world.wall_now();
        lines.push_back(line);
      }
    }
  } catch (const boost::system::system_error&) {
    // The writer tells how connections end.
  }
}

void FaultBed::leave_a_byte(const std::string& name, Runtime& runtime) {
  auto file = runtime.disk.open("bytes", OpenMode::create_or_open);
  ASSERT_TRUE(file);
  std::uint64_t size = *(*file)->size();
  disk_bytes[name].push_back(size);
  std::byte one{1};
  ASSERT_TRUE((*file)->write(size, std::span(&one, 1)));
}

}  // namespace kumasim::scenario
