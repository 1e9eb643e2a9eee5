// Work with memory of its own, one for each execution that goes on at the same time.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ampd::engine {

template <class Work>
class Instances {
 public:
  explicit Instances(std::function<std::unique_ptr<Work>()> make) : make_(std::move(make)) {
    idle_.push_back(make_());
  }

  /// Calls `use` with one that nobody else has. Throws what making one throws.
  template <class Use>
  void with_one(const Use& use) {
    std::unique_ptr<Work> one = take();
    use(*one);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  std::unique_ptr<Work> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return make_();
    std::unique_ptr<Work> one = std::move(idle_.back());
    idle_.pop_back();
    return one;
  }

  std::function<std::unique_ptr<Work>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Work>> idle_;
};

}  // namespace ampd::engine
