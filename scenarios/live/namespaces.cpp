/// Bridge and veth pairs or a switch, and neighbour entries that lead nowhere.
#include "scenarios/live/namespaces.hpp"

#include <fstream>

#include <fmt/format.h>

#include "reference-cp/live/child_process.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* device = "eth0";
/// The hardware address of nobody: the bridge gives such frames to all, and all drop them.
constexpr const char* nowhere = "02:6b:75:ff:ff:ff";
constexpr auto step = std::chrono::milliseconds(2);

}  // namespace

Result<std::unique_ptr<Namespaces>> Namespaces::create(const Runtime& runtime, asio::io_context& context,
                                                       const std::vector<std::string>& processes,
                                                       const std::filesystem::path& folder,
                                                       live::EthernetSwitch* ethernet) {
  auto hub = live::NetNamespace::create();
  if (!hub) return fail(hub.error());
  auto out = std::unique_ptr<Namespaces>(new Namespaces(std::move(*hub), folder));
  int number = 0;
  for (const std::string& process : processes) {
    auto space = live::NetNamespace::create();
    if (!space) return fail(space.error());
    auto node = std::make_unique<Node>(std::move(*space), runtime, context);
    node->number = ++number;
    node->address = fmt::format("10.107.{}.{}", number / 250, 1 + number % 250);
    node->hardware = fmt::format("02:6b:75:00:{:02x}:{:02x}", number / 256, number % 256);
    out->nodes_[process] = std::move(node);
  }
  Result<> joined =
      ethernet != nullptr ? out->join_by_switch(processes, *ethernet) : out->join_by_bridge(runtime, context);
  if (!joined) return fail(joined.error());
  for (const auto& [process, node] : out->nodes_) {
    auto done =
        out->ip(runtime, context, node->space,
                fmt::format("link set lo up\nlink set {0} address {1}\naddr add {2}/16 dev {0}\nlink set {0} up\n",
                            device, node->hardware, node->address));
    if (!done) return fail(done.error());
  }
  if (ethernet != nullptr) ethernet->start();
  return out;
}

Result<> Namespaces::join_by_bridge(const Runtime& runtime, asio::io_context& context) {
  std::string commands = "link add br0 type bridge\nlink set br0 up\n";
  int number = 0;
  for (const auto& [process, node] : nodes_)
    commands += fmt::format("link add p{0} type veth peer name {1} netns {2}\nlink set p{0} master br0 up\n", ++number,
                            device, node->space.path());
  return ip(runtime, context, hub_, commands);
}

Result<> Namespaces::join_by_switch(const std::vector<std::string>& processes, live::EthernetSwitch& ethernet) {
  for (const std::string& process : processes) {
    if (auto added = ethernet.add_port(nodes_.at(process)->space, device); !added) return added;
  }
  return {};
}

Result<> Namespaces::aim(const std::string& from, const std::string& to, bool right) {
  const Node& hearer = *nodes_.at(to);
  return nodes_.at(from)->space.pin_neighbour(device, hearer.address, right ? hearer.hardware : nowhere);
}

Result<std::string> Namespaces::add_service(const Runtime& runtime, asio::io_context& context,
                                            const std::vector<std::string>& processes) {
  // Of the network that all are in, so that there is a way to it, and no process's.
  const std::string address = fmt::format("10.107.255.{}", ++services_);
  const int first = nodes_.at(processes.front())->number;
  const int count = static_cast<int>(processes.size());
  for (const auto& [process, node] : nodes_) {
    std::string turns;
    for (int turn = 0; turn < count; ++turn) {
      auto member = static_cast<std::size_t>(((node->number - first + turn) % count + count) % count);
      turns += fmt::format("{}{} : {}", turn == 0 ? "" : ", ", turn, nodes_.at(processes[member])->address);
    }
    auto done =
        run(runtime, context, node->space, "nft", "nftables", "-f",
            fmt::format("table ip service{} {{\n  chain output {{\n    type nat hook output priority -100; policy "
                        "accept;\n    ip daddr {} dnat to numgen inc mod {} map {{ {} }}\n  }}\n}}\n",
                        services_, address, count, turns));
    if (!done) return fail(done.error());
  }
  return address;
}

Result<> Namespaces::ip(const Runtime& runtime, asio::io_context& context, const live::NetNamespace& where,
                        const std::string& commands) {
  return run(runtime, context, where, "ip", "iproute2", "-batch", commands);
}

Result<> Namespaces::run(const Runtime& runtime, asio::io_context& context, const live::NetNamespace& where,
                         const char* program, const char* package, const char* option, const std::string& commands) {
  auto file = folder_ / fmt::format("{}.batch", program), log = folder_ / fmt::format("{}.log", program);
  std::ofstream(file) << commands;
  // Not every root has the sbin folders in PATH.
  std::string path = live::find_program(program).value_or(fmt::format("/usr/sbin/{}", program));
  Result<live::ChildProcess> child = fail(Code::internal, "");
  {
    live::NetNamespace::Inside inside(&where);
    child = live::ChildProcess::start(
        runtime.executor, {.program = path, .arguments = {option, file.string()}, .output_path = log.string()});
  }
  if (!child) return fail(child.error().code, fmt::format("{} (Debian package {})", child.error().message, package));
  while (!child->status()) context.run_for(step);
  if (child->status()->success()) return {};
  std::ifstream in(log);
  std::string words{std::istreambuf_iterator<char>(in), {}};
  return fail(Code::unsupported, fmt::format("{}(8) could not join network namespaces: {}", program, words));
}

}  // namespace kumasim::scenario
