/// SimGrid at what the simulator's own benchmarks measure: the hold model with timers and with sleeping actors, and
/// messages between two hosts.
///
/// Built and run by tests/bench/simulators; prints one line of JSON for each figure: {"what", "how", "events",
/// "cpu_s"}. One measurement a process, for an engine cannot be made twice: simgrid WHAT PENDING EVENTS.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>

namespace {

namespace sg4 = simgrid::s4u;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// splitmix64, as our simulator draws.
std::uint64_t draw() {
  static std::uint64_t state = 7;
  auto z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// Seconds; what is below SimGrid's precision of 1 ns would be no delay at all.
double delay() { return static_cast<double>(1 + draw() % 2'000'000) * 1e-6; }

std::uint64_t seen = 0, first = 0, last = 0;
double began = 0, took = 0;

/// True once all that is measured has happened.
bool over() {
  if (++seen == first) began = cpu_seconds();
  if (seen == last) took = cpu_seconds() - began;
  return seen >= last;
}

void hold_timer() {
  if (over()) return;
  simgrid::kernel::timer::Timer::set(sg4::Engine::get_clock() + delay(), hold_timer);
}

void hold_actor() {
  while (!over()) sg4::this_actor::sleep_for(delay());
}

constexpr std::uint64_t message_bytes = 64;

void ping(sg4::Mailbox* out, sg4::Mailbox* in) {
  static int message = 0;
  for (;;) {
    out->put(&message, message_bytes);
    if (over()) return;
    in->get<int>();
    if (over()) return;
  }
}

void pong(sg4::Mailbox* in, sg4::Mailbox* out) {
  for (;;) out->put(in->get<int>(), message_bytes);
}

void measure_messages(sg4::NetZone* zone, sg4::Host* one, sg4::Host* other) {
  auto* link = zone->create_link("link", 12.5e9)->set_latency(500e-6)->seal();
  zone->add_route(one->get_netpoint(), other->get_netpoint(), nullptr, nullptr, {sg4::LinkInRoute(link)});
  zone->seal();
  auto* forth = sg4::Mailbox::by_name("forth");
  auto* back = sg4::Mailbox::by_name("back");
  sg4::Actor::create("ping", one, ping, forth, back);
  sg4::Actor::create("pong", other, pong, forth, back)->daemonize();
}

}  // namespace

int main(int count, char** arguments) {
  sg4::Engine engine(&count, arguments);
  if (count != 4) {
    std::fprintf(stderr, "usage: simgrid timers|actors|messages PENDING EVENTS\n");
    return 2;
  }
  std::string what = arguments[1];
  auto pending = std::strtoull(arguments[2], nullptr, 10), events = std::strtoull(arguments[3], nullptr, 10);
  first = what == "messages" ? events / 10 : pending;
  last = first + events;
  auto* zone = sg4::create_full_zone("world");
  auto* one = zone->create_host("one", 1e9);
  auto* other = zone->create_host("other", 1e9);
  if (what == "messages") {
    measure_messages(zone, one, other);
  } else {
    zone->seal();
    for (std::uint64_t i = 0; i < pending; ++i) {
      if (what == "timers") simgrid::kernel::timer::Timer::set(delay(), hold_timer);
      if (what == "actors") sg4::Actor::create("a", i % 2 ? one : other, hold_actor);
    }
    // Timers alone do not keep an engine running.
    if (what == "timers")
      sg4::Actor::create("waits", one, [] {
        while (seen < last) sg4::this_actor::sleep_for(1.0);
      });
  }
  engine.run();
  auto name = what == "messages" ? what : "hold/" + std::to_string(pending);
  std::printf("{\"what\": \"%s\", \"how\": \"%s\", \"events\": %llu, \"cpu_s\": %.6f}\n", name.c_str(),
              what == "messages" ? "mailboxes" : what.c_str(), static_cast<unsigned long long>(events), took);
}
