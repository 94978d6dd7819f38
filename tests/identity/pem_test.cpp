/// PEM texts are taken apart as Go's encoding/pem does it, in one pass.
#include "reference-cp/identity/pem.hpp"

#include <gtest/gtest.h>

namespace kumasim::cp::testing {
namespace {

/// "TYPE=bytes" of each block.
std::string read(std::string_view text) {
  std::string out;
  for (const PemBlock& block : pem_blocks(text)) out += (out.empty() ? "" : " ") + block.type + "=" + block.bytes;
  return out;
}

std::string block(const std::string& type, const std::string& body) {
  return "-----BEGIN " + type + "-----\n" + body + "-----END " + type + "-----\n";
}

const std::string good = block("B", "Yg==\n");

TEST(Pem, BlocksAreFoundAmongOtherText) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("no block"), "");
  EXPECT_EQ(read(good), "B=b");
  EXPECT_EQ(read("before\n" + block("RSA PRIVATE KEY", "YWJj\nYWJj\n") + "between\n" + good + "after"),
            "RSA PRIVATE KEY=abcabc B=b");
  EXPECT_EQ(read("-----BEGIN A-----\r\nYQ==\r\n-----END A-----\r\n" + good), "A=a B=b");
  EXPECT_EQ(read("-----BEGIN A-----  \n Y Q\t==\n-----END A----- \t"), "A=a");
  EXPECT_EQ(read(block("A", "") + good), "A= B=b");
}

TEST(Pem, HeadersAreNotOfTheBytes) {
  EXPECT_EQ(read(block("A", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nYQ==\n")), "A=a");
  EXPECT_EQ(read(block("A", "k: v\nYQ==\n") + good), "A=a B=b");
  EXPECT_EQ(read(block("A", "k: v\n") + good), "B=b") << "no blank line after the headers";
}

TEST(Pem, WhatIsNoBlockIsPassedOver) {
  for (const std::string& text :
       {"-----BEGIN A-----\n" + good, "-----END A-----\n" + good, "\n-----END A-----\n" + good,
        "-----BEGIN A-----\nYQ==\n-----END C-----\n" + good, " " + block("A", "YQ==\n") + good,
        "-----BEGIN A\nYQ==\n-----END A-----\n" + good, "-----BEGIN A-----\nYQ==\n-----END A-----x\n" + good,
        block("A", "YQ=\n") + good, block("A", "Y%==\n") + good, block("A", "YQ==YQ==\n") + good})
    EXPECT_EQ(read(text), "B=b") << text;
}

/// A search from each beginning for an end of its type takes minutes for these.
TEST(Pem, BeginningsWithoutEndsAreReadInOnePass) {
  std::string begins, ends, pairs;
  for (int i = 0; i < 200'000; ++i) {
    begins += "-----BEGIN A-----\n";
    ends += "-----END A-----\n";
    pairs += "-----BEGIN A-----\n-----END C-----\n";
  }
  EXPECT_EQ(read(begins), "");
  EXPECT_EQ(read(begins + ends + pairs + good), "A= B=b");
}

}  // namespace
}  // namespace kumasim::cp::testing
