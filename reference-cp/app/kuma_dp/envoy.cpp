/// Finding and starting Envoy.
#include "reference-cp/app/kuma_dp/envoy.hpp"

#include <boost/asio/this_coro.hpp>

#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/disk.hpp"

namespace kumasim::dp {

Result<std::string> find_envoy(const std::string& binary_path) {
  auto found = live::find_program(binary_path);
  if (found) return found;
  if (auto here = live::find_program("./envoy")) return here;
  return fail(Code::not_found,
              "could not find envoy executable: could not find executable binary in any of the "
              "following paths: [" +
                  binary_path + " ./envoy]; give its path with --binary-path");
}

Result<EnvoyVersion> parse_envoy_version(std::string_view output) {
  constexpr std::string_view label = "version:";
  auto start = output.find(label);
  if (start == std::string_view::npos) return fail(Code::data_loss, "wrong Envoy build format: " + std::string(output));
  output.remove_prefix(start + label.size());
  output = output.substr(0, output.find_first_of("\r\n"));
  while (output.starts_with(' ')) output.remove_prefix(1);
  while (output.ends_with(' ')) output.remove_suffix(1);
  std::vector<std::string> parts(1);
  for (char c : output) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() != 5) return fail(Code::data_loss, "wrong Envoy build format: " + std::string(output));
  return EnvoyVersion{std::string(output), parts[1]};
}

asio::awaitable<Result<EnvoyVersion>> ask_envoy_version(std::string program, std::string scratch) {
  auto output = scratch + "/envoy-version";
  if (auto emptied = live::write_file(output, ""); !emptied) co_return fail(emptied.error());
  auto executor = co_await asio::this_coro::executor;
  auto child =
      live::ChildProcess::start(executor, {.program = program, .arguments = {"--version"}, .output_path = output});
  if (!child) co_return fail(child.error());
  auto status = co_await child->wait();
  if (!status.success())
    co_return fail(Code::unavailable, "failed to execute " + program + " --version: " + to_string(status));
  auto text = live::read_file(output);
  if (!text) co_return fail(text.error());
  co_return parse_envoy_version(*text);
}

std::vector<std::string> envoy_arguments(const Config& config, const std::string& bootstrap_path) {
  auto drain = std::chrono::duration_cast<std::chrono::seconds>(config.drain_time).count();
  std::vector<std::string> out{"--config-path",         bootstrap_path,     "--drain-time-s",
                               std::to_string(drain),   "--drain-strategy", "immediate",
                               "--disable-hot-restart", "--log-level",      config.envoy_log_level};
  if (!config.envoy_component_log_level.empty()) {
    out.push_back("--component-log-level");
    out.push_back(config.envoy_component_log_level);
  }
  if (config.concurrency > 0) {
    out.push_back("--concurrency");
    out.push_back(std::to_string(config.concurrency));
  } else {
    out.push_back("--cpuset-threads");
  }
  return out;
}

}  // namespace kumasim::dp
