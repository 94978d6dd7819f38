/// The same static configuration on real Envoy and on the simulated one, the same calls: the same status, flags,
/// details and cluster. Certificates are real on both sides. Skipped where there is no Envoy executable.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "sim/apps/client.hpp"
#include "sim/apps/instance.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/envoy_process.hpp"
#include "tests/traffic/bed.hpp"
#include "tests/traffic/certificates.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;

/// A loopback TCP listener on a port of its own.
struct Port {
  int fd = -1;
  std::uint16_t number = 0;
  Port() {
    fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
    socklen_t size = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    number = ntohs(at.sin_port);
  }
  void release() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  ~Port() { release(); }
};

/// Answers every request with one status after a time.
class HttpApp {
 public:
  HttpApp(int status, Duration time) : status_(status), time_(time) {
    ::listen(port_.fd, 64);
    thread_ = std::thread([this] {
      for (;;) {
        int fd = ::accept4(port_.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        workers_.emplace_back([this, fd] { serve(fd); });
      }
    });
  }
  ~HttpApp() {
    ::shutdown(port_.fd, SHUT_RDWR);
    thread_.join();
    for (auto& worker : workers_) worker.join();
  }
  std::uint16_t port() const { return port_.number; }

 private:
  void serve(int fd) const {
    std::string in;
    char buffer[4096];
    for (;;) {
      auto end = in.find("\r\n\r\n");
      if (end == std::string::npos) {
        auto count = ::recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        in.append(buffer, static_cast<std::size_t>(count));
        continue;
      }
      in.erase(0, end + 4);
      std::this_thread::sleep_for(time_);
      auto out = "HTTP/1.1 " + std::to_string(status_) + " X\r\ncontent-length: 2\r\n\r\nok";
      if (::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(fd);
  }
  int status_;
  Duration time_;
  Port port_;
  std::thread thread_;
  std::vector<std::thread> workers_;
};

/// What both sides say of a call.
struct Verdict {
  int status = 0;
  std::string flags, details, cluster;
  bool operator==(const Verdict&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Verdict& v) {
  return out << v.status << " flags=" << v.flags << " cluster=" << v.cluster << " " << v.details;
}

class EnvoyTwin : public ::testing::Test {
 protected:
  static std::string any(const std::string& type) { return "\"@type\": type.googleapis.com/envoy.extensions." + type; }

  static std::string block(const std::string& pem) {
    std::string out = "\"";
    for (char c : pem) out += c == '\n' ? std::string("\\n") : std::string(1, c);
    return out + "\"";
  }

  std::string cluster(const std::string& name, std::uint16_t port, const std::string& extra = "") const {
    auto endpoint = port == 0
                        ? std::string("[]")
                        : "[{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: " +
                              std::to_string(port) + "}}}}]}]";
    return "  - {name: " + name + ", type: STATIC, connect_timeout: 1s, load_assignment: {cluster_name: " + name +
           ", endpoints: " + endpoint + "}" + extra + "}\n";
  }

  /// Hosts that answer with 200, 503 and 404, the first with twice the weight; the call's status tells which it was.
  std::string hashed(const std::string& name, const std::string& policy) const {
    auto host = [](std::uint16_t port, int weight) {
      return "{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: " + std::to_string(port) +
             "}}}, load_balancing_weight: " + std::to_string(weight) + "}";
    };
    return "  - {name: " + name + ", type: STATIC, connect_timeout: 1s, " + policy +
           ", load_assignment: {cluster_name: " + name + ", endpoints: [{lb_endpoints: [" + host(app.port(), 2) + ", " +
           host(errors.port(), 1) + ", " + host(missing.port(), 1) + "]}]}}\n";
  }

  std::string certificates(const Pem& pem) const {
    return "tls_certificates: [{certificate_chain: {inline_string: " + block(pem.certificate) +
           "}, private_key: {inline_string: " + block(pem.key) + "}}]";
  }

  std::string client_tls(const Pem& pem, const std::string& server, const std::string& bundle) const {
    return ", transport_socket: {name: tls, typed_config: {" + any("transport_sockets.tls.v3.UpstreamTlsContext") +
           ", sni: b, common_tls_context: {" + certificates(pem) +
           ", validation_context: {trusted_ca: {inline_string: " + block(bundle) +
           "}, match_typed_subject_alt_names: [{san_type: URI, matcher: {exact: '" + server + "'}}]}}}}";
  }

  static std::string rbac(const std::string& principal) {
    return "{name: envoy.filters.http.rbac, typed_config: {" + any("filters.http.rbac.v3.RBAC") +
           ", rules: {policies: {mtp: {permissions: [{any: true}], principals: [" + principal + "]}}}}}, ";
  }

  std::string listener(const std::string& name, std::uint16_t port, const std::string& filters,
                       const std::string& routes, const std::string& tls, const std::string& before = "") const {
    return "  - {name: " + name +
           ", address: {socket_address: {address: 127.0.0.1, port_value: " + std::to_string(port) +
           "}}, filter_chains: [{" + tls + "filters: [" + before + "{name: hcm, typed_config: {" +
           any("filters.network.http_connection_manager.v3.HttpConnectionManager") + ", stat_prefix: " + name + ", " +
           (name == "out"
                ? "access_log: [{name: f, typed_config: {" + any("access_loggers.file.v3.FileAccessLog") +
                      ", path: " + folder +
                      "/access.log, log_format: {text_format_source: {inline_string: "
                      "\"%RESPONSE_CODE%|%RESPONSE_FLAGS%|%UPSTREAM_CLUSTER%|%RESPONSE_CODE_DETAILS%\\n\"}}}}], "
                : "") +
           "http_filters: [" + filters + "{name: router, typed_config: {" + any("filters.http.router.v3.Router") +
           "}}], route_config: {name: r, validate_clusters: false, virtual_hosts: [{name: all, domains: ['*'], routes: "
           "[" +
           routes + "]}]}}}]}]}\n";
  }

  std::string document() const {
    auto prefix = [](const std::string& path, const std::string& action) {
      return "{match: {prefix: " + path + "}, route: {" + action + "}}, ";
    };
    auto to_app = "{match: {prefix: /}, route: {cluster: app}}";
    auto server_tls =
        "transport_socket: {name: tls, typed_config: {" + any("transport_sockets.tls.v3.DownstreamTlsContext") +
        ", require_client_certificate: true, common_tls_context: {" + certificates(backend) +
        ", validation_context: {trusted_ca: {inline_string: " + block(root.bundle()) +
        "}, match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: 'spiffe://default/'}}]}}}}, ";
    auto nobody = std::string("{authenticated: {principal_name: {exact: 'spiffe://nobody'}}}");
    auto routes =
        prefix("/app", "cluster: app") + prefix("/nowhere", "cluster: nowhere") + prefix("/empty", "cluster: empty") +
        prefix("/refused", "cluster: refused") +
        prefix("/retried", "cluster: refused, retry_policy: {retry_on: 5xx, num_retries: 2}") +
        prefix("/errors", "cluster: errors, retry_policy: {retry_on: gateway-error, num_retries: 1}") +
        prefix("/slow", "cluster: slow, timeout: 0.2s") + prefix("/stream", "cluster: limited") +
        prefix("/ring", "cluster: ring, hash_policy: [{header: {header_name: x-a}}]") +
        prefix("/murmur",
               "cluster: murmur, hash_policy: [{query_parameter: {name: q}}, {header: {header_name: x-a}}]") +
        prefix("/maglev", "cluster: maglev, hash_policy: [{header: {header_name: x-a}}]") +
        prefix("/again",
               "cluster: app, retry_policy: {retry_on: retriable-headers, num_retries: 1, retriable_headers: [{name: "
               "':status', string_match: {exact: '200'}}], retriable_request_headers: [{name: x-a}]}") +
        prefix("/tries",
               "cluster: slow, timeout: 5s, retry_policy: {retry_on: 5xx, num_retries: 1, per_try_timeout: 0.2s}") +
        prefix("/overflow", "cluster: overflow") + prefix("/mtls", "cluster: mtls") +
        prefix("/denied", "cluster: denied") + prefix("/wrong-server", "cluster: wrong_server") +
        prefix("/outsider", "cluster: outsider") + prefix("/untrusted", "cluster: untrusted") +
        prefix("/plain-to-tls", "cluster: plain_to_tls") + prefix("/tls-to-plain", "cluster: tls_to_plain") +
        prefix("/network-denied", "cluster: network_denied") +
        "{match: {prefix: /direct}, direct_response: {status: 418}}, " +
        "{match: {prefix: /redirect}, redirect: {path_redirect: /x}}, " +
        "{match: {prefix: /header, headers: [{name: x-a, string_match: {exact: b}}]}, direct_response: {status: "
        "299}}, " +
        "{match: {safe_regex: {regex: '/re/[a-c]+'}}, direct_response: {status: 298}}";
    auto tls_to = [&](const Pem& pem, const std::string& server) { return client_tls(pem, server, root.bundle()); };
    return "node: {id: twin, cluster: twin}\nstatic_resources:\n  clusters:\n" + cluster("app", app.port()) +
           hashed("ring", "lb_policy: RING_HASH") + hashed("maglev", "lb_policy: MAGLEV") +
           hashed("murmur", "lb_policy: RING_HASH, ring_hash_lb_config: {hash_function: MURMUR_HASH_2}") +
           cluster("limited", slow.port(),
                   ", typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {" +
                       any("upstreams.http.v3.HttpProtocolOptions") +
                       ", explicit_http_config: {http_protocol_options: {}}, common_http_protocol_options: "
                       "{max_stream_duration: 0.2s}}}") +
           cluster("errors", errors.port()) + cluster("slow", slow.port()) + cluster("empty", 0) +
           cluster("refused", unused.number) +
           cluster("overflow", app.port(),
                   ", circuit_breakers: {thresholds: [{max_connections: 1, max_pending_requests: 0}]}") +
           cluster("mtls", in.number, tls_to(web, "spiffe://default/backend")) +
           cluster("denied", in_denied.number, tls_to(web, "spiffe://default/backend")) +
           cluster("wrong_server", in.number, tls_to(web, "spiffe://default/other")) +
           cluster("outsider", in.number, tls_to(outsider, "spiffe://default/backend")) +
           cluster("untrusted", in.number, client_tls(web, "spiffe://default/backend", other.bundle())) +
           cluster("plain_to_tls", in.number) +
           cluster("tls_to_plain", in_plain.number, tls_to(web, "spiffe://default/backend")) +
           cluster("network_denied", in_network.number) + "  listeners:\n" +
           listener("out", out.number, "", routes, "") +
           listener("in", in.number, rbac("{any: true}"), to_app, server_tls) +
           listener("in_denied", in_denied.number, rbac(nobody), to_app, server_tls) +
           listener("in_plain", in_plain.number, "", to_app, "") +
           listener("in_network", in_network.number, "", to_app, "",
                    "{name: nrbac, typed_config: {" + any("filters.network.rbac.v3.RBAC") +
                        ", stat_prefix: r, rules: {policies: {p: {permissions: [{any: true}], principals: [" + nobody +
                        "]}}}}}, ");
  }

  void SetUp() override {
    if (!std::filesystem::exists(KUMASIM_ENVOY_PATH)) GTEST_SKIP() << "no Envoy executable";
    folder = (std::filesystem::temp_directory_path() / ("kumasim-twin-" + std::to_string(::getpid()))).string();
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/envoy.yaml") << document();
    for (auto* port : {&out, &in, &in_denied, &in_plain, &in_network, &unused}) port->release();
    pid = ::fork();
    if (pid == 0) {
      int log = ::open((folder + "/envoy.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(log, 1);
      ::dup2(log, 2);
      auto config = folder + "/envoy.yaml";
      ::execl(KUMASIM_ENVOY_PATH, "envoy", "-c", config.c_str(), "--concurrency", "1", "--use-dynamic-base-id", "-l",
              "error", "--file-flush-interval-msec", "20", nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 200 && !answers(); ++i) std::this_thread::sleep_for(50ms);
  }

  void TearDown() override {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }

  bool answers() { return http("/direct", "") == 418 && !line().empty(); }

  int http(const std::string& path, const std::string& header) const {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(out.number);
    std::string in;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) {
      auto request = "GET " + path + " HTTP/1.1\r\nhost: twin\r\nconnection: close\r\n" + header + "\r\n";
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      char buffer[4096];
      for (ssize_t count; (count = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        in.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(fd);
    return in.size() > 12 ? std::atoi(in.c_str() + 9) : 0;
  }

  /// The next line of the access log.
  std::string line() {
    for (int i = 0; i < 100; ++i) {
      std::ifstream log(folder + "/access.log");
      log.seekg(static_cast<std::streamoff>(read));
      std::string text;
      if (std::getline(log, text) && !log.eof()) {
        read += text.size() + 1;
        return text;
      }
      std::this_thread::sleep_for(20ms);
    }
    return {};
  }

  Verdict real(const std::string& path, const std::string& header) {
    Verdict v;
    v.status = http(path, header);
    std::istringstream in(line());
    std::string status;
    std::getline(in, status, '|');
    std::getline(in, v.flags, '|');
    std::getline(in, v.cluster, '|');
    std::getline(in, v.details);
    if (v.flags == "-") v.flags.clear();
    if (v.cluster == "-") v.cluster.clear();
    return v;
  }

  Authority root{"mesh", around_now()}, other{"other", around_now()};
  Pem web = root.issue("spiffe://default/web", around_now());
  Pem backend = root.issue("spiffe://default/backend", around_now());
  Pem outsider = root.issue("spiffe://elsewhere/web", around_now());
  static Validity around_now() {
    auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    return {now - 1h, now + 24h};
  }
  HttpApp app{200, 0ms}, errors{503, 0ms}, slow{200, 1s}, missing{404, 0ms};
  Port out, in, in_denied, in_plain, in_network, unused;
  std::string folder;
  pid_t pid = -1;
  std::size_t read = 0;
};

TEST_F(EnvoyTwin, both_come_to_the_same_verdicts) {
  sim::World world({.start = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())});
  sim::proxy::Fabric fabric(world);
  auto& process = world.add_process("twin", "10.0.0.1");
  sim::Client* client = nullptr;
  process.start([&](Runtime&) {
    auto envoy = sim::EnvoyProcess::start(fabric, process, document());
    ASSERT_TRUE(envoy) << envoy.error().message;
    auto run = [&](std::uint16_t port, Duration time, std::uint32_t errors_ppm, int error_status = 503) {
      process.keep(std::make_shared<sim::Instance>(
          fabric, process,
          sim::InstanceOptions{
              .port = port, .latency = {.mean = time}, .errors_ppm = errors_ppm, .error_status = error_status}));
    };
    run(app.port(), 1ms, 0);
    run(errors.port(), 1ms, 1'000'000);
    run(slow.port(), 1s, 0);
    run(missing.port(), 1ms, 1'000'000, 404);
    auto made = std::make_shared<sim::Client>(fabric, process);
    process.keep(made);
    client = made.get();
  });
  world.run_for(1s);
  ASSERT_NE(client, nullptr);
  int differ = 0;
  auto compare = [&](const std::string& path, const std::string& value) {
    auto expected = real(path, value.empty() ? "" : "x-a: " + value + "\r\n");
    auto call = to_port(out.number, "twin", path);
    if (!value.empty()) call.headers = {{"x-a", value}};
    Verdict got;
    client->call(call, [&](sim::CallResult r) { got = {r.status, r.response_flags, r.details, r.cluster}; });
    world.run_for(20s);
    EXPECT_EQ(got, expected) << path << " " << value;
    differ += !(got == expected);
  };
  for (const auto* path :
       {"/app",          "/nowhere",      "/empty",          "/refused", "/retried",      "/errors",   "/slow",
        "/tries",        "/overflow",     "/mtls",           "/denied",  "/wrong-server", "/outsider", "/untrusted",
        "/plain-to-tls", "/tls-to-plain", "/network-denied", "/direct",  "/redirect",     "/header",   "/re/abc",
        "/re/x",         "/none",         "/stream",         "/again"})
    compare(path, std::string(path) == "/header" ? "b" : "");
  compare("/again", "b");
  // Both must put every key at the same host.
  for (int key = 0; key < 24; ++key)
    for (const auto* path : {"/ring", "/murmur", "/maglev"}) compare(path, std::to_string(key));
  for (const auto* key : {"a", "b", "c", "d"}) compare(std::string("/murmur?p=1&q=") + key, "both");
  RecordProperty("verdicts_that_differ", differ);
}

}  // namespace
}  // namespace kumasim::test
