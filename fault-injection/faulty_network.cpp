/// Streams and listeners with a gate before each operation.
#include "kumasim/fault/faulty_network.hpp"

#include <utility>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "kumasim/runtime/held_operation.hpp"
#include "kumasim/runtime/task.hpp"

namespace kumasim::fault {
namespace {

/// What the gates of a stream share; they hold it weakly, so a closed stream lets its waiters go.
struct Gate {
  Gate(Stream stream, std::string peer, Timers& timers_of, NetworkFaults& faults_of)
      : inner(std::move(stream)), host(std::move(peer)), timers(timers_of), faults(faults_of) {}
  Stream inner;
  std::string host;
  Timers& timers;
  NetworkFaults& faults;

  /// Operations need not wait.
  bool open() const { return faults.delay() <= Duration(0) && !faults.cut(host); }
};

/// One direction of a stream: at most one operation is under way.
class Direction : public std::enable_shared_from_this<Direction> {
 public:
  using Start = OnceFunction<void(Operation)>;
  explicit Direction(Gate& gate) : gate_(gate), timer_(gate.timers), operation_(gate.timers.executor()) {}

  /// An operation that something goes wrong with now.
  void pass(Operation operation, bool struck, Start start) {
    if (!hold(operation)) return;
    start_ = std::move(start);
    if (struck) return finish(asio::error::connection_reset);
    if (gate_.faults.delay() <= Duration(0)) return pass_cut();
    timer_.expires_after(gate_.faults.delay());
    timer_.async_wait([weak = weak_from_this()](error_code code) {
      if (auto alive = weak.lock(); alive && !code) alive->pass_cut();
    });
  }

  /// Completes what still waits here, from the executor.
  void finish(error_code code) {
    if (!start_ && !holding_) return;
    start_.reset();
    timer_.cancel();
    complete(code, 0);
  }

  /// What came in has to wait.
  bool holds_back(const error_code& code) const {
    return gate_.faults.cut(gate_.host) && code != asio::error::operation_aborted;
  }

  /// It is handed on once the peer can be reached. REQUIRES: holds_back(code).
  void arrive(Operation operation, const error_code& code, std::size_t count) {
    if (!hold(operation)) return;
    holding_ = true;
    wait(code, count);
  }

 private:
  /// False where the process is ending.
  bool hold(Operation& operation) {
    slot_ = operation.slot;
    if (!operation_.hold(operation)) return false;
    if (slot_.is_connected()) {
      slot_.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (auto alive = weak.lock()) alive->finish(asio::error::operation_aborted);
      });
    }
    return true;
  }

  void wait(error_code code, std::size_t count) {
    gate_.faults.wait_for_heal(gate_.host, [weak = weak_from_this(), code, count] {
      auto alive = weak.lock();
      if (!alive || !alive->holding_) return;
      if (alive->gate_.faults.cut(alive->gate_.host)) return alive->wait(code, count);
      if (alive->slot_.is_connected()) alive->slot_.clear();
      alive->complete(code, count);
    });
  }

  void complete(error_code code, std::size_t count) {
    holding_ = false;
    if (!operation_) return;  // the process is ending
    asio::post(gate_.timers.executor(),
               [operation = operation_.take(), code, count]() mutable { operation.complete(code, count); });
  }

  void pass_cut() {
    if (!start_) return;
    if (gate_.faults.cut(gate_.host)) {
      gate_.faults.wait_for_heal(gate_.host, [weak = weak_from_this()] {
        if (auto alive = weak.lock()) alive->pass_cut();
      });
      return;
    }
    if (!operation_) return;  // the process is ending
    if (slot_.is_connected()) slot_.clear();
    Start start = std::move(start_);
    start_.reset();
    start(operation_.take());
  }

  Gate& gate_;
  Timer timer_;
  HeldOperation operation_;
  asio::cancellation_slot slot_;  // its own
  Start start_;
  bool holding_ = false;  ///< a read that is done
};

class FaultyStream final : public StreamImpl {
 public:
  FaultyStream(Stream inner, std::string host, Timers& timers, NetworkFaults& faults)
      : gate_(std::move(inner), std::move(host), timers, faults),
        reading_(std::make_shared<Direction>(gate_)),
        writing_(std::make_shared<Direction>(gate_)) {}
  ~FaultyStream() override { close(); }

  void read(MutableBuffers buffers, Operation operation) override {
    auto struck = gate_.faults.point.strike();
    if (!struck && gate_.open()) return start_read(std::move(buffers), std::move(operation));
    reading_->pass(std::move(operation), struck,
                   [this, buffers](Operation passed) mutable { start_read(std::move(buffers), std::move(passed)); });
  }
  void write(ConstBuffers buffers, Operation operation) override {
    auto struck = gate_.faults.point.strike();
    if (!struck && gate_.open()) return gate_.inner.write(std::move(buffers), std::move(operation));
    writing_->pass(std::move(operation), struck, [this, buffers](Operation passed) mutable {
      gate_.inner.write(std::move(buffers), std::move(passed));
    });
  }
  void shutdown_send() override { gate_.inner.shutdown_send(); }
  void close() override {
    reading_->finish(asio::error::operation_aborted);
    writing_->finish(asio::error::operation_aborted);
    gate_.inner.close();
  }
  Address local() const override { return gate_.inner.local(); }
  Address remote() const override { return gate_.inner.remote(); }

 private:
  /// What was read goes by its direction.
  void start_read(MutableBuffers&& buffers, Operation&& operation) {
    auto slot = operation.slot;
    gate_.inner.read(std::move(buffers),
                     {{std::in_place_type<Arrival>, std::move(operation), reading_, reading_.get()}, slot});
  }

  struct Arrival {
    Operation operation;
    std::weak_ptr<Direction> alive;
    Direction* direction;  // of use while it is alive

    void operator()(const error_code& code, std::size_t count) {
      if (alive.expired() || !direction->holds_back(code)) return operation.complete(code, count);
      direction->arrive(std::move(operation), code, count);
    }
  };

  Gate gate_;
  std::shared_ptr<Direction> reading_, writing_;
};

class FaultyListener final : public ListenerImpl {
 public:
  FaultyListener(Listener inner, Timers& timers, NetworkFaults& faults)
      : inner_(std::move(inner)), timers_(timers), faults_(faults) {}

  asio::awaitable<Stream> accept() override {
    Stream stream = co_await inner_.accept();
    std::string host = stream.remote().host;
    co_return make_faulty(std::move(stream), std::move(host), timers_, faults_);
  }
  void close() override { inner_.close(); }
  std::uint16_t port() const override { return inner_.port(); }

 private:
  Listener inner_;
  Timers& timers_;
  NetworkFaults& faults_;
};

}  // namespace

void NetworkFaults::heal(const std::string& host) {
  cut_.erase(host);
  std::vector<Waiter> released;
  auto [first, last] = waiting_.equal_range(host);
  for (auto at = first; at != last; ++at) released.push_back(std::move(at->second));
  waiting_.erase(first, last);
  for (Waiter& waiter : released) waiter();
}

void NetworkFaults::heal_all() {
  std::set<std::string> hosts = cut_;
  for (const std::string& host : hosts) heal(host);
}

asio::awaitable<Stream> FaultyNetwork::connect(Address address) {
  if (faults_.point.strike()) throw boost::system::system_error(asio::error::connection_reset);
  if (faults_.delay() > Duration(0)) co_await sleep(timers_, faults_.delay());
  if (faults_.cut(address.host)) throw boost::system::system_error(asio::error::host_unreachable);
  std::string host = address.host;
  Stream stream = co_await inner_.connect(std::move(address));
  co_return make_faulty(std::move(stream), std::move(host), timers_, faults_);
}

Listener FaultyNetwork::listen(Address address) {
  return Listener(std::make_unique<FaultyListener>(inner_.listen(std::move(address)), timers_, faults_));
}

Stream make_faulty(Stream inner, std::string host, Timers& timers, NetworkFaults& faults) {
  asio::any_io_executor executor = inner.get_executor();
  return Stream(std::make_unique<FaultyStream>(std::move(inner), std::move(host), timers, faults), std::move(executor));
}

}  // namespace kumasim::fault
