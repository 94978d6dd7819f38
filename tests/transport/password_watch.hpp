/// Notices that OpenSSL asks for a password, and answers for the terminal that there is none.
#pragma once

#include <string>

#include <openssl/ui.h>

namespace kumasim::testing {

class PasswordWatch {
 public:
  PasswordWatch() {
    asked_ = false;
    UI_method_set_opener(method_, [](UI*) {
      asked_ = true;
      return 0;
    });
    UI_set_default_method(method_);
  }
  ~PasswordWatch() {
    UI_set_default_method(UI_OpenSSL());
    UI_destroy_method(method_);
  }
  PasswordWatch(const PasswordWatch&) = delete;
  PasswordWatch& operator=(const PasswordWatch&) = delete;

  bool asked() const { return asked_; }

 private:
  UI_METHOD* method_ = UI_create_method("watch");
  static inline bool asked_ = false;
};

/// A PEM block that says of itself that it is encrypted (RFC 1421, section 4.6.1).
inline std::string encrypted_pem(const std::string& type) {
  return "-----BEGIN " + type +
         "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\n"
         "AAAAAAAAAAAAAAAAAAAAAA==\n-----END " +
         type + "-----\n";
}

}  // namespace kumasim::testing
