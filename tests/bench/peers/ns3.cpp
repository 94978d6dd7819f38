/// ns-3 at what the simulator's own benchmarks measure: the hold model with its map, its heap and its priority queue,
/// and messages between two nodes by a device alone and by TCP.
///
/// Built and run by tests/bench/simulators; prints one line of JSON for each figure: {"what", "how", "events",
/// "cpu_s"}.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>

namespace {

using namespace ns3;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// splitmix64, as our simulator draws.
std::uint64_t draw() {
  static std::uint64_t state = 7;
  auto z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

void print(const std::string& what, const std::string& how, std::uint64_t events, double seconds) {
  std::printf("{\"what\": \"%s\", \"how\": \"%s\", \"events\": %llu, \"cpu_s\": %.6f}\n", what.c_str(), how.c_str(),
              static_cast<unsigned long long>(events), seconds);
  std::fflush(stdout);
}

/// Runs until `count` more events of the measured kind have happened, and tells what that took.
class Meter {
 public:
  void start(std::uint64_t warm_up, std::uint64_t count) {
    seen_ = 0;
    first_ = warm_up;
    last_ = warm_up + count;
    Simulator::Run();
  }
  void count() {
    if (++seen_ == first_) began_ = cpu_seconds();
    if (seen_ < last_) return;
    took_ = cpu_seconds() - began_;
    Simulator::Stop();
  }
  double took() const { return took_; }

 private:
  std::uint64_t seen_ = 0, first_ = 0, last_ = 0;
  double began_ = 0, took_ = 0;
};

Meter meter;

void hold() {
  meter.count();
  Simulator::Schedule(NanoSeconds(1 + draw() % 2'000'000), &hold);
}

void measure_hold(const std::string& scheduler, std::uint64_t pending, std::uint64_t events) {
  ObjectFactory factory;
  factory.SetTypeId("ns3::" + scheduler);
  Simulator::SetScheduler(factory);
  for (std::uint64_t i = 0; i < pending; ++i) Simulator::Schedule(NanoSeconds(1 + draw() % 2'000'000), &hold);
  meter.start(pending, events);
  Simulator::Destroy();
  print("hold/" + std::to_string(pending), scheduler, events, meter.took());
}

constexpr std::uint32_t message_bytes = 64;

/// What a device receives it sends back.
bool reflect(Ptr<NetDevice> device, Ptr<const Packet>, std::uint16_t protocol, const Address&) {
  meter.count();
  device->Send(Create<Packet>(message_bytes), device->GetBroadcast(), protocol);
  return true;
}

struct Link {
  NodeContainer nodes;
  NetDeviceContainer devices;
  Link() {
    nodes.Create(2);
    PointToPointHelper helper;
    helper.SetDeviceAttribute("DataRate", StringValue("100Gbps"));
    helper.SetChannelAttribute("Delay", StringValue("500us"));
    devices = helper.Install(nodes);
  }
};

void measure_device(std::uint64_t messages) {
  Link link;
  for (std::uint32_t i = 0; i < 2; ++i) link.devices.Get(i)->SetReceiveCallback(MakeCallback(&reflect));
  constexpr std::uint16_t protocol = 0x0800;
  link.devices.Get(0)->Send(Create<Packet>(message_bytes), link.devices.Get(0)->GetBroadcast(), protocol);
  meter.start(messages / 10, messages);
  Simulator::Destroy();
  print("messages", "device", messages, meter.took());
}

std::uint32_t received[2] = {0, 0};

/// Each whole message is answered by one.
void answer(Ptr<Socket> socket) {
  auto& count = received[socket->GetNode()->GetId() % 2];
  while (auto packet = socket->Recv()) count += packet->GetSize();
  for (; count >= message_bytes; count -= message_bytes) {
    meter.count();
    socket->Send(Create<Packet>(message_bytes));
  }
}

void measure_tcp(std::uint64_t messages) {
  Link link;
  InternetStackHelper().Install(link.nodes);
  Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
  auto interfaces = addresses.Assign(link.devices);
  constexpr std::uint16_t port = 7;
  Config::SetDefault("ns3::TcpSocket::TcpNoDelay", BooleanValue(true));
  auto listener = Socket::CreateSocket(link.nodes.Get(1), TcpSocketFactory::GetTypeId());
  listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
  listener->Listen();
  listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                              Callback<void, Ptr<Socket>, const Address&>([](Ptr<Socket> socket, const Address&) {
                                socket->SetRecvCallback(MakeCallback(&answer));
                              }));
  auto client = Socket::CreateSocket(link.nodes.Get(0), TcpSocketFactory::GetTypeId());
  client->SetRecvCallback(MakeCallback(&answer));
  client->SetConnectCallback(
      Callback<void, Ptr<Socket>>([](Ptr<Socket> socket) { socket->Send(Create<Packet>(message_bytes)); }),
      MakeNullCallback<void, Ptr<Socket>>());
  // Nodes are initialised when the simulation begins.
  InetSocketAddress place(interfaces.GetAddress(1), port);
  Simulator::Schedule(MilliSeconds(1), [client, place] { client->Connect(place); });
  meter.start(messages / 10, messages);
  Simulator::Destroy();
  print("messages", "TCP", messages, meter.took());
}

}  // namespace

int main(int count, char** arguments) {
  auto events = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 2'000'000ull;
  for (const char* scheduler : {"MapScheduler", "HeapScheduler", "PriorityQueueScheduler"}) {
    for (std::uint64_t pending : {100, 10'000, 1'000'000}) measure_hold(scheduler, pending, events);
  }
  measure_device(events);
  measure_tcp(events / 10);
}
