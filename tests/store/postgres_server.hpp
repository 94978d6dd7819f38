/// A PostgreSQL server of the test's own, in a temporary folder behind a Unix socket and on a free port of loopback.
///
/// Debian's package brings the programs and, for who is root, the user that they ask for.
#pragma once

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/postgres.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {

/// One for the whole program: it starts with the first use and ends with the program, or with a kill of it.
class PostgresServer {
 public:
  static constexpr const char* user = "kuma";
  static constexpr const char* password = "secret'\\";

  static PostgresServer& get() {
    static PostgresServer server;
    return server;
  }

  const std::string& folder() const { return folder_; }
  /// Of the server, self-signed, for `localhost` alone.
  std::string certificate() const { return folder_ + "/server.crt"; }
  std::uint16_t port() const { return port_; }

  /// A database of its own for each name.
  void create(const std::string& name) {
    auto admin = connect("postgres");
    auto made = run(admin->run_script(fmt::format("CREATE DATABASE {} OWNER {}", name, user)));
    if (!made) throw std::runtime_error(made.error().message);
  }

  live::PostgresOptions options(std::string database) const {
    return {.host = folder_, .port = port_, .user = user, .password = password, .database = std::move(database)};
  }

  /// What runs meanwhile is on the server's own context.
  template <class T>
  T run(asio::awaitable<T> task) {
    return run_on(live_.context(), std::move(task));
  }

  /// Lets what is pending go on for this long.
  void pass(Duration time) {
    auto wait = [](Timers& timers, Duration rest) -> asio::awaitable<bool> {
      co_await sleep(timers, rest);
      co_return true;
    };
    run(wait(live_.runtime().timers, time));
  }

  std::unique_ptr<Database> connect(std::string database) {
    auto options_now = options(std::move(database));
    if (options_now.database == "postgres") options_now.user = superuser;
    auto out = live::make_postgres(live_.runtime().executor, live_.runtime().timers, options_now);
    auto up = run(out->connect());
    if (!up) throw std::runtime_error(up.error().message);
    return out;
  }

  live::LiveRuntime& live() { return live_; }

 private:
  static constexpr const char* superuser = "postgres";
  static constexpr const char* programs = "/usr/lib/postgresql/15/bin";

  PostgresServer() {
    auto pattern = (std::filesystem::temp_directory_path() / "kumasim-pg-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    if (const passwd* other = ::geteuid() == 0 ? ::getpwnam(superuser) : nullptr) {
      // PostgreSQL refuses root. The kernel forgets, with the user's change, to end it with us.
      as_ = {"/usr/bin/setpriv",
             fmt::format("--reuid={}", other->pw_uid),
             fmt::format("--regid={}", other->pw_gid),
             "--clear-groups",
             "--pdeathsig",
             "QUIT"};
      if (::chown(folder_.c_str(), other->pw_uid, other->pw_gid) != 0) throw std::runtime_error("chown " + folder_);
    }
    {
      Listener listener = live_.runtime().network.listen({"127.0.0.1", 0});
      port_ = listener.port();
    }
    auto made = start({fmt::format("{}/initdb", programs), "-D", folder_ + "/data", "-U", superuser, "--no-sync",
                       "--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C", "--encoding=UTF8"});
    auto ended = run(made.wait());
    if (!ended.success()) throw std::runtime_error("initdb failed: see " + folder_ + "/log");
    make_certificate();
    server_ = std::make_unique<live::ChildProcess>(start({fmt::format("{}/postgres", programs),
                                                          "-c",
                                                          "ssl=on",
                                                          "-c",
                                                          "ssl_cert_file=" + certificate(),
                                                          "-c",
                                                          "ssl_key_file=" + folder_ + "/server.key",
                                                          "-D",
                                                          folder_ + "/data",
                                                          "-k",
                                                          folder_,
                                                          "-p",
                                                          std::to_string(port_),
                                                          "-c",
                                                          "listen_addresses=127.0.0.1",
                                                          "-c",
                                                          "fsync=off",
                                                          "-c",
                                                          "synchronous_commit=off",
                                                          "-c",
                                                          "full_page_writes=off",
                                                          "-c",
                                                          "max_connections=60"}));
    for (int attempt = 0;; ++attempt) {
      try {
        auto admin = connect("postgres");
        auto made = run(admin->run_script(fmt::format(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE {} LOGIN PASSWORD E'secret\\'\\\\'", user)));
        if (!made) throw std::runtime_error(made.error().message);
        break;
      } catch (const std::runtime_error&) {
        if (attempt == 500) throw;
        pass(std::chrono::milliseconds(20));
      }
    }
  }

  ~PostgresServer() {
    server_->signal(SIGINT);
    run(server_->wait());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void make_certificate() {
    auto& runtime = live_.runtime();
    auto pair = make_server({.hosts = {"localhost"}, .key = {}, .now = runtime.clock.wall_now()}, runtime.random);
    if (!pair) throw std::runtime_error(pair.error().message);
    const std::string key = folder_ + "/server.key";
    auto done = live::write_file(certificate(), pair->certificate_pem, {});
    if (done) done = live::write_file(key, pair->key_pem, {.secret = true});
    if (!done) throw std::runtime_error(done.error().message);
    struct stat owner{};
    if (::stat(folder_.c_str(), &owner) != 0 || ::chown(key.c_str(), owner.st_uid, owner.st_gid) != 0)
      throw std::runtime_error("chown " + key);
  }

  live::ChildProcess start(std::vector<std::string> command) {
    std::vector<std::string> all = as_;
    all.insert(all.end(), command.begin(), command.end());
    auto child = live::ChildProcess::start(
        live_.runtime().executor,
        {.program = all.front(),
         .arguments = {all.begin() + 1, all.end()},
         .environment = std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}},
         .working_directory = folder_,
         .output_path = folder_ + "/log"});
    if (!child) throw std::runtime_error(child.error().message);
    return std::move(*child);
  }

  std::vector<std::string> as_;
  std::string folder_;
  std::uint16_t port_ = 0;
  live::LiveRuntime live_{{.log = {.level = LogLevel::error}}};
  std::unique_ptr<live::ChildProcess> server_;
};

}  // namespace kumasim::cp::testing
