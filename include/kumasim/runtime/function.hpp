/// A move-only function that is called at most once and keeps small targets inside itself.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

#include "kumasim/runtime/recycled.hpp"

namespace kumasim {

/// Before the target runs it is taken out of the function: a completion handler may start the next operation, destroy
/// the object that held it, or both. Operations are handed on many times before they complete, so that a target that
/// does not fit is moved as one word, without a call, and runs where it was made.
template <class Signature, std::size_t bytes_inline_max = 64>
class OnceFunction;

template <class... Args, std::size_t bytes_inline_max>
class OnceFunction<void(Args...), bytes_inline_max> {
 public:
  OnceFunction() = default;

  template <class F, class D = std::decay_t<F>>
    requires(!std::is_same_v<D, OnceFunction> && std::is_invocable_v<D, Args...>)
  OnceFunction(F&& f) {  // implicit, as std::function is
    construct<D>(std::forward<F>(f));
  }

  /// The target is made in its place.
  template <class D, class... Parts>
  OnceFunction(std::in_place_type_t<D>, Parts&&... parts) {
    construct<D>(std::forward<Parts>(parts)...);
  }

  /// Replaces the target without a temporary. REQUIRES: `f` is not this one.
  template <class F, class D = std::decay_t<F>>
  void emplace(F&& f) {
    reset();
    if constexpr (std::is_same_v<D, OnceFunction>)
      take(static_cast<OnceFunction&>(f));
    else
      construct<D>(std::forward<F>(f));
  }

  OnceFunction(OnceFunction&& other) noexcept { take(other); }

  OnceFunction& operator=(OnceFunction&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }

  ~OnceFunction() { reset(); }

  void reset() noexcept {
    if (const auto* table = std::exchange(table_, nullptr)) table->destroy(storage_);
  }

  explicit operator bool() const noexcept { return table_ != nullptr; }

  /// REQUIRES: bool(*this). Afterwards it is empty.
  void operator()(Args... args) {
    const auto* table = std::exchange(table_, nullptr);
    table->call(storage_, std::forward<Args>(args)...);
  }

 private:
  struct Table {
    void (*call)(void*, Args...);
    void (*move)(void* to, void* from) noexcept;  // null: the target is a word to be copied
    void (*destroy)(void*) noexcept;
  };

  void take(OnceFunction& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (!table_) return;
    if (table_->move)
      table_->move(storage_, other.storage_);
    else
      std::memcpy(storage_, other.storage_, sizeof(void*));
  }

  template <class D, class... Parts>
  void construct(Parts&&... parts) {
    if constexpr (fits_inline<D>) {
      ::new (storage_) D(std::forward<Parts>(parts)...);
      table_ = &Inline<D>::table;
    } else {
      using Box = typename Boxed<D>::Box;
      ::new (storage_) Box*(new Box(std::forward<Parts>(parts)...));
      table_ = &Boxed<D>::table;
    }
  }

  template <class F>
  static constexpr bool fits_inline =
      sizeof(F) <= bytes_inline_max && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static constexpr bool fits_recycled = sizeof(F) <= Recycled::bytes_max && alignof(F) <= alignof(std::max_align_t);

  template <class F>
  struct Inline {
    static F& at(void* p) { return *std::launder(static_cast<F*>(p)); }
    static void call(void* p, Args... args) {
      F f(std::move(at(p)));
      at(p).~F();
      std::move(f)(std::forward<Args>(args)...);
    }
    static void move(void* to, void* from) noexcept {
      ::new (to) F(std::move(at(from)));
      at(from).~F();
    }
    static void destroy(void* p) noexcept { at(p).~F(); }
    static constexpr Table table{call, move, destroy};
  };

  template <class F>
  struct Boxed {
    struct Box : std::conditional_t<fits_recycled<F>, Recycled, std::monostate> {
      template <class... Parts>
      explicit Box(Parts&&... parts) : target(std::forward<Parts>(parts)...) {}
      F target;
    };
    static Box*& at(void* p) { return *std::launder(static_cast<Box**>(p)); }
    static void call(void* p, Args... args) {
      std::unique_ptr<Box> box(at(p));
      std::move(box->target)(std::forward<Args>(args)...);
    }
    static void destroy(void* p) noexcept { delete at(p); }
    static constexpr Table table{call, nullptr, destroy};
  };

  const Table* table_ = nullptr;  // first, for it and a small target are often all that is looked at
  alignas(void*) std::byte storage_[bytes_inline_max];
};

}  // namespace kumasim
