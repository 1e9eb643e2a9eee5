#include "daemon/permission.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "ampd/error.hpp"

namespace ampd::daemon {
namespace {

constexpr uid_t unmapped_user = 65534;

}  // namespace

void Permission::require_known(const Peer& peer) const {
  if (peer.user != unmapped_user || own_user == unmapped_user) return;
  throw Error(ErrorCode::denied,
              "the kernel does not say who you are here (user 65534), so you may only look");
}

void Permission::require_control(const Peer& peer, uid_t owner) const {
  require_known(peer);
  const bool is_admin =
      admin_group && std::ranges::find(peer.groups, *admin_group) != peer.groups.end();
  if (peer.user == owner || peer.user == 0 || is_own(peer) || is_admin) return;
  throw Error(ErrorCode::denied, "the job belongs to user " + std::to_string(owner) +
                                     " and you are user " + std::to_string(peer.user) +
                                     ": only its owner, root and the daemon's admin_group may do "
                                     "this; you may look (list, show, watch, trials ...)");
}

void Permission::require_command(const job::Job& job, const Peer& peer) const {
  if (!std::holds_alternative<job::CommandEvaluation>(job.evaluation) || is_own(peer)) return;
  throw Error(ErrorCode::denied,
              "this daemon runs the command of an eval_func only for its own user, " +
                  std::to_string(own_user) + "; you are user " + std::to_string(peer.user) +
                  ": use a metric, or run a daemon of your own");
}

}  // namespace ampd::daemon
