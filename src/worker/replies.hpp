// What the evaluation layer found, as replies.
#pragma once

#include <vector>

#include "engine/peaks.hpp"
#include "evaluation/conformance.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/latency.hpp"
#include "evaluation/plan.hpp"
#include "protocol/order.hpp"

namespace ampd::worker {

protocol::Inspected reply_of(const evaluation::Inspection& found);
protocol::Latency reply_of(const evaluation::Latency& latency);
protocol::Validated reply_of(const evaluation::Verdict& verdict);
protocol::Peaks reply_of(const engine::Peaks& peaks);
protocol::Benched reply_of(const evaluation::Latency& latency,
                           const std::vector<evaluation::StepTime>& steps,
                           const engine::Peaks& peaks);
protocol::Planned reply_of(const evaluation::Plan& plan);

}  // namespace ampd::worker
