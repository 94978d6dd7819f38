/// An immutable ordered map: a changed copy shares all but a path with its origin.
///
/// It is a treap whose priorities are hashes of the keys, so its shape is a function of its content and not of the
/// order of the writes. `with` and `without` cost O(log n) in time and memory; iteration is in the order of the keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kumasim::cp {

template <class Value>
class PersistentMap {
  struct Node;
  using Link = std::shared_ptr<const Node>;
  struct Node {
    std::string key;
    Value value;
    std::uint64_t priority;
    Link left, right;
    std::size_t size;
  };

 public:
  class Iterator {
   public:
    using value_type = std::pair<const std::string&, const Value&>;
    Iterator() = default;
    value_type operator*() const { return {path_.back()->key, path_.back()->value}; }
    Iterator& operator++() {
      const Node* node = path_.back();
      path_.pop_back();
      descend(node->right.get());
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return (path_.empty() ? nullptr : path_.back()) == (other.path_.empty() ? nullptr : other.path_.back());
    }

   private:
    friend class PersistentMap;
    void descend(const Node* node) {
      for (; node; node = node->left.get()) path_.push_back(node);
    }
    std::vector<const Node*> path_;
  };

  std::size_t size() const { return size_of(root_); }
  bool empty() const { return !root_; }
  Iterator begin() const {
    Iterator it;
    it.descend(root_.get());
    return it;
  }
  Iterator end() const { return {}; }
  /// The first entry whose key is not less than `key`.
  Iterator from(std::string_view key) const {
    Iterator it;
    for (const Node* node = root_.get(); node;) {
      if (key.compare(node->key) <= 0) {
        it.path_.push_back(node);
        node = node->left.get();
      } else {
        node = node->right.get();
      }
    }
    return it;
  }

  /// The value under a key, nullptr where there is none. Lives as long as any map that holds it.
  const Value* find(std::string_view key) const {
    for (const Node* node = root_.get(); node;) {
      int order = key.compare(node->key);
      if (order == 0) return &node->value;
      node = order < 0 ? node->left.get() : node->right.get();
    }
    return nullptr;
  }

  [[nodiscard]] PersistentMap with(std::string key, Value value) const {
    std::uint64_t priority = hash(key);
    auto [left, found, right] = split(root_, key);
    return PersistentMap{join(join(left, node(std::move(key), std::move(value), priority, nullptr, nullptr)), right)};
  }

  [[nodiscard]] PersistentMap without(std::string_view key) const {
    if (!find(key)) return *this;
    auto [left, found, right] = split(root_, key);
    return PersistentMap{join(left, right)};
  }

  /// Both share one tree: a cheap test for "nothing has changed" (false says nothing).
  bool same(const PersistentMap& other) const { return root_ == other.root_; }

  PersistentMap() = default;

 private:
  struct Parts {
    Link left, found, right;
  };

  explicit PersistentMap(Link root) : root_(std::move(root)) {}

  static std::size_t size_of(const Link& link) { return link ? link->size : 0; }

  static std::uint64_t hash(std::string_view key) {  // FNV-1a with a final mix: equal on every platform
    std::uint64_t h = 0xcbf29ce484222325u;
    for (unsigned char c : key) h = (h ^ c) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 33);
  }

  static Link node(std::string key, Value value, std::uint64_t priority, Link left, Link right) {
    std::size_t size = 1 + size_of(left) + size_of(right);
    return std::make_shared<const Node>(
        Node{std::move(key), std::move(value), priority, std::move(left), std::move(right), size});
  }

  static Parts split(const Link& link, std::string_view key) {
    if (!link) return {};
    int order = key.compare(link->key);
    if (order == 0) return {link->left, link, link->right};
    if (order < 0) {
      Parts parts = split(link->left, key);
      parts.right = node(link->key, link->value, link->priority, parts.right, link->right);
      return parts;
    }
    Parts parts = split(link->right, key);
    parts.left = node(link->key, link->value, link->priority, link->left, parts.left);
    return parts;
  }

  /// REQUIRES: every key of `a` is less than every key of `b`.
  static Link join(const Link& a, const Link& b) {
    if (!a) return b;
    if (!b) return a;
    if (std::pair(a->priority, std::string_view(b->key)) > std::pair(b->priority, std::string_view(a->key)))
      return node(a->key, a->value, a->priority, a->left, join(a->right, b));
    return node(b->key, b->value, b->priority, join(a, b->left), b->right);
  }

  Link root_;
};

}  // namespace kumasim::cp
