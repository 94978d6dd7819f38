/// kumactl generate tls-certificate: a self-signed pair for a server or a client.
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::cp {

namespace {

struct Options {
  std::string key_file = "key.pem";
  std::string cert_file = "cert.pem";
  std::string type;
  std::string key_type;
  std::vector<std::string> hostnames;
};

Result<> put(Session& session, const std::string& path, const std::string& text, bool secret, const char* what) {
  if (path == "-") {
    session.out() << text;
    return {};
  }
  auto done = live::write_file(path, text, {.secret = secret});
  if (!done)
    return fail(done.error().code, std::string("could not write the ") + what + " file: " + done.error().message);
  return {};
}

Result<> generate(Session& session, const Options& options) {
  if (options.type.empty()) return fail(Code::invalid_argument, "required flag(s) \"type\" not set");
  if (options.type != "server" && options.type != "client")
    return fail(Code::invalid_argument, "invalid certificate type \"" + options.type + "\"");
  if (options.hostnames.empty()) return fail(Code::invalid_argument, "at least one hostname must be given");
  if (!options.key_type.empty() && options.key_type != "rsa" && options.key_type != "ecdsa")
    return fail(Code::invalid_argument, "invalid key type \"" + options.key_type + "\"");
  auto& runtime = session.live().runtime();
  ServerRequest request{.hosts = options.hostnames, .key = {}, .now = runtime.clock.wall_now()};
  if (options.key_type != "ecdsa") request.key.rsa_bits = 2048;  // Kuma's default
  request.for_client = options.type == "client";
  auto pair = make_server(request, runtime.random);
  if (!pair) return fail(pair.error().code, "could not generate certificate: " + pair.error().message);
  if (auto done = put(session, options.key_file, pair->key_pem, true, "key"); !done) return done;
  if (auto done = put(session, options.cert_file, pair->certificate_pem, false, "cert"); !done) return done;
  if (options.cert_file != "-" && options.key_file != "-")
    session.out() << "Private key saved in " << options.key_file << "\nCertificate saved in " << options.cert_file
                  << "\n";
  return {};
}

}  // namespace

void add_generate(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("generate", "Generate resources, tokens, etc.");
  add_generate_token(*command, session);
  add_generate_openapi(*command, session);
  auto* certificate = command->add_subcommand(
      "tls-certificate",
      "Generate self signed key and certificate pair that can be used for example in Dataplane Token Server setup.");
  auto options = std::make_shared<Options>();
  certificate->add_option("--key-file", options->key_file,
                          "path to a file with a generated private key ('-' for stdout)");
  certificate->add_option("--cert-file", options->cert_file,
                          "path to a file with a generated TLS certificate ('-' for stdout)");
  certificate->add_option("--type", options->type, "type of the certificate: one of client|server");
  certificate->add_option("--key-type", options->key_type, "type of the private key: one of rsa|ecdsa");
  certificate->add_option("--hostname", options->hostnames, "DNS hostname(s) to issue the certificate for")
      ->delimiter(',')
      ->allow_extra_args(false);
  certificate->callback([&session, options] {
    session.offline = true;
    session.action = [&session, options] { return generate(session, *options); };
  });
}

}  // namespace kumasim::cp
