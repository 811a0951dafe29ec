// The only C++ of xlt: asks llama.cpp for the graph of one forward pass in training mode (keys and values of the tokens at
// hand, no flash attention) with adapters attached, and hands out its nodes. llama.cpp has no public function for that.
// It is compiled against the sources that the library was built from, whose version is pinned.

#include "llama.h"

#include "llama-adapter.h"
#include "llama-batch.h"
#include "llama-context.h"
#include "llama-graph.h"
#include "llama-memory.h"
#include "llama-model.h"

#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

// A mask, which the caller fills before every pass: llama.cpp cannot know what is packed. Null where it is not in use.
struct xlt_mask {
    ggml_tensor * tensor;
    bool          sliding; // whether a token attends within the sliding window only
};

struct xlt_forward {
    llama_memory_context_ptr            memory;
    llama_adapter_loras                 adapters;
    llama_adapter_cvec                  steering;
    llama_cross                         cross;
    std::unique_ptr<llama_batch_allocr> batches;
    llama_ubatch                        batch;
    std::unique_ptr<llm_graph_result>   result;
    ggml_cgraph *                       graph = nullptr;
    std::vector<xlt_mask>               masks;
};

static void complain(const char * what, char * error, size_t length) {
    std::strncpy(error, what, length - 1);
    error[length - 1] = '\0';
}

// Whether an input is the attention's; notes its masks.
static bool is_attention(llm_graph_input_i * it, std::vector<xlt_mask> & masks) {
    if (auto * sliding = dynamic_cast<llm_graph_input_attn_kv_iswa *>(it)) {
        masks.push_back({ sliding->self_kq_mask, false });
        masks.push_back({ sliding->self_kq_mask_swa, true });
    } else if (auto * plain = dynamic_cast<llm_graph_input_attn_kv *>(it)) {
        masks.push_back({ plain->self_kq_mask, false });
    } else if (auto * latent = dynamic_cast<llm_graph_input_attn_k *>(it)) {
        masks.push_back({ latent->self_kq_mask, false });
    } else {
        return false;
    }
    return true;
}

extern "C" {

// The graph of `n_tokens` tokens, of which `n_outputs` get logits. Null where llama.cpp throws; `error` says why.
xlt_forward * xlt_forward_new(
        llama_context *        context,
        uint32_t               n_tokens,
        uint32_t               n_outputs,
        llama_adapter_lora *   adapter,
        ggml_backend_sched_t   scheduler,
        ggml_backend_t         cpu,
        int64_t                max_nodes,
        char *                 error,
        size_t                 error_length) try {
    const llama_model & model = context->get_model();
    if (context->get_cparams().n_ubatch != llama_n_ubatch(context)) {
        complain("llama.cpp's headers and its library differ", error, error_length);
        return nullptr;
    }

    auto it = std::make_unique<xlt_forward>();
    if (adapter) {
        it->adapters[adapter] = 1.0f;
    }
    it->memory  = context->get_memory()->init_full();
    it->batches = std::make_unique<llama_batch_allocr>(model.hparams.n_pos_per_embd());
    it->batch   = it->batches->ubatch_reserve(n_tokens, 1);
    it->result  = std::make_unique<llm_graph_result>(max_nodes);

    llm_graph_params params;
    params.arch               = model.arch;
    params.hparams            = model.hparams;
    params.cparams            = context->get_cparams();
    params.cparams.training   = true;
    params.cparams.flash_attn = false;
    params.ubatch             = it->batch;
    params.gtype              = LLM_GRAPH_TYPE_DEFAULT;
    params.sched              = scheduler;
    params.backend_cpu        = cpu;
    params.cvec               = &it->steering;
    params.loras              = &it->adapters;
    params.mctx               = it->memory.get();
    params.cross              = &it->cross;
    params.prec_policy        = &model.prec_policy;
    params.n_outputs          = n_outputs;
    params.res                = it->result.get();
    params.cb = [](const llama_ubatch &, ggml_tensor * tensor, const char * name, int layer) {
        if (layer < 0) {
            ggml_set_name(tensor, name);
        } else {
            ggml_format_name(tensor, "%s-%d", name, layer);
        }
    };

    it->result->reset();
    it->graph = model.build_graph(params);
    for (const auto & input : it->result->inputs) {
        is_attention(input.get(), it->masks);
    }
    return it.release();
} catch (const std::exception & thrown) {
    complain(thrown.what(), error, error_length);
    return nullptr;
}

ggml_cgraph * xlt_forward_graph(xlt_forward * it) {
    return it->graph;
}

ggml_tensor * xlt_forward_logits(xlt_forward * it) {
    return it->result->get_logits();
}

size_t xlt_forward_masks(xlt_forward * it, const xlt_mask ** masks) {
    *masks = it->masks.data();
    return it->masks.size();
}

uint32_t xlt_forward_sliding_window(llama_context * context) {
    return context->get_model().hparams.n_swa;
}

// Fills every input but the attention's: `n_tokens` tokens, their positions, and 1 for those that get logits.
void xlt_forward_fill(xlt_forward * it, const int32_t * tokens, const int32_t * positions, const int8_t * outputs) {
    llama_ubatch & batch = it->batch;
    for (uint32_t i = 0; i < batch.n_tokens; ++i) {
        batch.token[i]  = tokens[i];
        batch.output[i] = outputs[i];
        for (uint32_t part = 0; part < batch.n_pos; ++part) {
            batch.pos[part*batch.n_tokens + i] = part < 3 ? positions[i] : 0;
        }
    }
    std::vector<xlt_mask> skipped;
    for (auto & input : it->result->inputs) {
        if (!is_attention(input.get(), skipped)) {
            input->set_input(&batch);
        }
    }
}

void xlt_forward_free(xlt_forward * it) {
    delete it;
}

}
