//! The derivative of every operation that the graphs of the known architectures are made of, in operations that the CPU and
//! CUDA both have.

mod activation;
mod arithmetic;
mod attention;
mod product;
mod shape;

use llama_cpp_sys_2 as sys;

use super::backward::{Backward, NoRule};
use super::tensor::Tensor;

/// What a rule needs: the node, and the gradient of the loss by its value.
struct Step<'s, 'a> {
    walk: &'s mut Backward<'a>,
    node: Tensor,
    gradient: Tensor,
}

/// Hands the gradient of a node on to what it was computed from.
pub(super) fn apply(walk: &mut Backward<'_>, node: Tensor, gradient: Tensor) -> Result<(), NoRule> {
    let gelu = walk.gelus.get(&node).copied();
    let mut step = Step { walk, node, gradient };
    if let Some(gelu) = gelu {
        step.gelu(gelu);
        return Ok(());
    }
    match node.operation() {
        sys::GGML_OP_NONE => {}
        sys::GGML_OP_ADD => step.add(),
        sys::GGML_OP_MUL => step.mul(),
        sys::GGML_OP_DIV => step.div(),
        sys::GGML_OP_SCALE => step.scale(),
        sys::GGML_OP_CLAMP => step.clamp(),
        sys::GGML_OP_SUM_ROWS => step.sum_rows(),
        sys::GGML_OP_REPEAT => step.repeat(),
        sys::GGML_OP_RMS_NORM => step.rms_norm(),
        sys::GGML_OP_SOFT_MAX => step.soft_max(),
        sys::GGML_OP_ROPE => step.rope(),
        sys::GGML_OP_UNARY => step.unary()?,
        sys::GGML_OP_GLU => step.gated()?,
        // The only operation of our own is a product.
        sys::GGML_OP_MUL_MAT | sys::GGML_OP_CUSTOM => step.mul_mat()?,
        sys::GGML_OP_MUL_MAT_ID => step.mul_mat_id()?,
        sys::GGML_OP_ADD_ID => step.add_id()?,
        sys::GGML_OP_CONT | sys::GGML_OP_CPY | sys::GGML_OP_DUP | sys::GGML_OP_RESHAPE => step.copy(),
        sys::GGML_OP_VIEW => step.view(),
        sys::GGML_OP_PERMUTE => step.permute(),
        sys::GGML_OP_TRANSPOSE => step.transpose(),
        sys::GGML_OP_CONCAT => step.concat(),
        sys::GGML_OP_GET_ROWS => step.get_rows(),
        _ => return Err(NoRule),
    }
    Ok(())
}

impl Step<'_, '_> {
    /// A source that every node of this operation has.
    fn source(&self, at: usize) -> Tensor {
        self.node.source(at).unwrap_or_else(|| unreachable!("ggml makes no {} without it", self.node.operation_name()))
    }

    /// The gradient by a source that was repeated to fit: the sum over the repetitions.
    fn reduced(&self, gradient: Tensor, source: Tensor) -> Tensor {
        if gradient.sizes() == source.sizes() {
            return gradient;
        }
        self.walk.arena.repeat_back(self.walk.arena.dense(gradient), source)
    }
}
