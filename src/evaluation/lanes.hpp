// Threads that work side by side, the calling one among them; they wait between one round of work
// and the next.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace ampd::evaluation {

class Lanes {
 public:
  /// At least one: the calling thread.
  explicit Lanes(std::size_t count);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  std::size_t count() const { return threads_.size() + 1; }

  /// Calls `work` with every lane's number, each on its own thread, and returns when all are done.
  /// It must not throw.
  void run(const std::function<void(std::size_t lane)>& work);

 private:
  void serve(std::size_t lane);

  std::vector<std::thread> threads_;
  const std::function<void(std::size_t)>* work_ = nullptr;  // null: there will be none any more
  std::atomic<std::uint64_t> round_{0};
  std::atomic<std::size_t> busy_{0};  // threads that are not done with the round
};

}  // namespace ampd::evaluation
