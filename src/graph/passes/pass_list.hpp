// The functions of the passes; each is described by the drawing at the top of its file.
#pragma once

#include "graph/passes.hpp"

namespace ampd::graph {

void apply_constants(Graph& graph, const NodeEvaluator& evaluate);
void apply_fold_constants(Graph& graph, const NodeEvaluator& evaluate);
void apply_cast_pairs(Graph& graph, const NodeEvaluator& evaluate);
void apply_gemm(Graph& graph, const NodeEvaluator& evaluate);
void apply_channel_scales(Graph& graph, const NodeEvaluator& evaluate);
void apply_pads(Graph& graph, const NodeEvaluator& evaluate);
void apply_clips(Graph& graph, const NodeEvaluator& evaluate);
void apply_transposes(Graph& graph, const NodeEvaluator& evaluate);
void apply_layer_normalization(Graph& graph, const NodeEvaluator& evaluate);
void apply_gated_activations(Graph& graph, const NodeEvaluator& evaluate);
void apply_global_pools(Graph& graph, const NodeEvaluator& evaluate);
void apply_product_scales(Graph& graph, const NodeEvaluator& evaluate);
void apply_masked_softmax(Graph& graph, const NodeEvaluator& evaluate);
void apply_post_ops(Graph& graph, const NodeEvaluator& evaluate);
void apply_transposed_products(Graph& graph, const NodeEvaluator& evaluate);
void apply_dead_code(Graph& graph, const NodeEvaluator& evaluate);

}  // namespace ampd::graph
