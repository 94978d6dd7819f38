/// nftables over netlink (linux/netfilter/nf_tables.h): what `nft add rule inet ... meta mark 1 redirect to :port`
/// sends.
#include "tests/real_envoy/traffic_redirect.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "tests/real_envoy/traffic_socket.hpp"

namespace kumasim::test {
namespace {

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string big(std::uint32_t value) { return bytes_of(htonl(value)); }

std::string attribute(std::uint16_t type, const std::string& value) {
  nlattr head{static_cast<std::uint16_t>(sizeof head + value.size()), type};
  auto out = bytes_of(head) + value;
  out.resize(NLA_ALIGN(out.size()));
  return out;
}
std::string text(std::uint16_t type, const char* value) {
  return attribute(type, std::string(value, std::strlen(value) + 1));
}
std::string nested(std::uint16_t type, const std::string& value) {
  return attribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), value);
}
std::string expression(const char* name, const std::string& data) {
  return nested(NFTA_LIST_ELEM, text(NFTA_EXPR_NAME, name) + nested(NFTA_EXPR_DATA, data));
}

/// A batch of messages, each numbered.
class Batch {
 public:
  Batch() { add(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, {}); }

  void add_change(std::uint16_t type, std::uint16_t flags, const std::string& body) {
    add(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
        static_cast<std::uint16_t>(NLM_F_CREATE | NLM_F_ACK | flags), NFPROTO_INET, body);
    ++changes_;
  }

  /// 0, or errno of the first change that was refused.
  int send() {
    add(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, {});
    FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    if (socket.get() < 0 || ::send(socket.get(), out_.data(), out_.size(), 0) < 0) return errno;
    for (int answered = 0; answered < changes_;) {
      alignas(nlmsghdr) char buffer[8192];
      auto count = ::recv(socket.get(), buffer, sizeof buffer, 0);
      if (count < 0) return errno;
      auto left = static_cast<unsigned>(count);
      for (auto* head = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
        if (head->nlmsg_type != NLMSG_ERROR) continue;
        if (int error = reinterpret_cast<nlmsgerr*>(NLMSG_DATA(head))->error; error != 0) return -error;
        ++answered;
      }
    }
    return 0;
  }

 private:
  void add(std::uint16_t type, std::uint16_t flags, std::uint8_t family, const std::string& body) {
    bool batch = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;
    nfgenmsg generic{family, NFNETLINK_V0, htons(batch ? NFNL_SUBSYS_NFTABLES : 0)};
    auto payload = bytes_of(generic) + body;
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + payload.size());
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head.nlmsg_seq = ++number_;
    out_ += bytes_of(head) + payload;
  }

  std::string out_;
  std::uint32_t number_ = 0;
  int changes_ = 0;
};

}  // namespace

Result<> redirect_marked(std::uint16_t port) {
  constexpr auto table = "traffic", chain = "output";
  constexpr int before_filters = -100;  // NF_IP_PRI_NAT_DST
  Batch batch;
  batch.add_change(NFT_MSG_NEWTABLE, 0, text(NFTA_TABLE_NAME, table));
  batch.add_change(
      NFT_MSG_NEWCHAIN, 0,
      text(NFTA_CHAIN_TABLE, table) + text(NFTA_CHAIN_NAME, chain) + text(NFTA_CHAIN_TYPE, "nat") +
          nested(NFTA_CHAIN_HOOK, attribute(NFTA_HOOK_HOOKNUM, big(NF_INET_LOCAL_OUT)) +
                                      attribute(NFTA_HOOK_PRIORITY, big(static_cast<std::uint32_t>(before_filters)))));
  auto in_register = [](std::uint16_t attribute_type) { return attribute(attribute_type, big(NFT_REG_1)); };
  auto value = [](std::uint16_t type, const std::string& bytes) {
    return nested(type, attribute(NFTA_DATA_VALUE, bytes));
  };
  auto rule =
      expression("meta", in_register(NFTA_META_DREG) + attribute(NFTA_META_KEY, big(NFT_META_MARK))) +
      expression("cmp", in_register(NFTA_CMP_SREG) + attribute(NFTA_CMP_OP, big(NFT_CMP_EQ)) +
                            value(NFTA_CMP_DATA, bytes_of(redirected_mark))) +
      expression("immediate", in_register(NFTA_IMMEDIATE_DREG) + value(NFTA_IMMEDIATE_DATA, bytes_of(htons(port)))) +
      expression("redir", in_register(NFTA_REDIR_REG_PROTO_MIN));
  batch.add_change(NFT_MSG_NEWRULE, NLM_F_APPEND,
                   text(NFTA_RULE_TABLE, table) + text(NFTA_RULE_CHAIN, chain) + nested(NFTA_RULE_EXPRESSIONS, rule));
  if (int error = batch.send(); error != 0)
    return fail(Code::unsupported, "cannot redirect connections: " + std::generic_category().message(error));
  return {};
}

}  // namespace kumasim::test
