// Hands out node names that are unique in one graph, the same ones for the same requests.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

namespace ampd::graph {

class NodeNames {
 public:
  /// Keeps a name for its first claimant.
  void reserve(const std::string& name) { reserved_.insert(name); }

  /// The name itself for its first claimant, "<name>_2", "<name>_3" ... afterwards.
  std::string claim(const std::string& name) {
    return claimed_.insert(name).second ? name : make_unique(name);
  }

  /// The wish if nobody holds or reserved it, else with the first number that makes it free.
  std::string make_unique(const std::string& wish) {
    std::string name = wish;
    for (int& number = numbers_[wish]; reserved_.contains(name) || claimed_.contains(name);) {
      number = std::max(number, 1) + 1;
      name = wish + "_" + std::to_string(number);
    }
    claimed_.insert(name);
    return name;
  }

 private:
  std::set<std::string> reserved_;
  std::set<std::string> claimed_;
  std::map<std::string, int> numbers_;  // the last one tried, so that many equal wishes stay cheap
};

}  // namespace ampd::graph
