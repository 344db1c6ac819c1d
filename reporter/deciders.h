// Which of the dnsd moves sites by its own decisions, as this node wants it.
//
// Several dnsd share nothing, but every node hears them all: so the nodes choose. Each names, of
// those that decide and are connected with it, the first of its configuration; a dnsd that most
// nodes name is the decider. What the node drops by itself, it drops by that one's leave alone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

// A plain value.
class Deciders {
 public:
  // All dnsd, the preferred one first. What others have said is forgotten.
  void SetOrder(std::vector<std::string> dnsd);
  const std::vector<std::string>& order() const { return order_; }
  void Heard(const std::string& dnsd, const heartbeat::v1::Tasks& tasks);
  // Its stream has ended.
  void Lost(const std::string& dnsd) { words_.erase(dnsd); }

  // Empty: none decides.
  std::string named() const;
  // Whether the replica of the site here can be done without, as the named one says.
  bool MayDrop(const std::string& site) const;
  // How long a site is told as not ready before it is dropped.
  Duration grace() const;

 private:
  struct Word {
    bool decides = false;
    std::set<std::string> may_drop;  // SiteName() of each
    Duration grace{};
  };
  const Word* Named() const;

  std::vector<std::string> order_;
  std::map<std::string, Word> words_;
};

}  // namespace dnsd::reporter
