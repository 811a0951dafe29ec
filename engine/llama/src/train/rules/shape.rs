//! Operations that move numbers and leave them as they are.

use super::Step;
use crate::train::tensor::Tensor;

impl Step<'_, '_> {
    pub(super) fn copy(&mut self) {
        let (a, arena) = (self.source(0), self.walk.arena);
        let gradient = arena.reshape_like(arena.dense(self.gradient), a);
        self.walk.add(a, gradient);
    }

    pub(super) fn view(&mut self) {
        let (whole, arena) = (self.source(0), self.walk.arena);
        if self.node.count() == whole.count() && whole.is_contiguous() && self.node.is_contiguous() {
            return self.copy();
        }
        if self.walk.varies(whole) {
            let gradient = arena.dense(self.gradient);
            self.walk.add_at(whole, gradient, self.node.strides(), offset_in(self.node, whole));
        }
    }

    /// Back by the inverse permutation: dimension `i` had become `permutation[i]`.
    pub(super) fn permute(&mut self) {
        let mut back = [0; 4];
        for at in 0..4_i32 {
            back[self.node.parameter(at as usize).unsigned_abs() as usize % 4] = at;
        }
        let gradient = self.walk.arena.permute(self.gradient, back[0], back[1], back[2], back[3]);
        self.walk.add(self.source(0), gradient);
    }

    pub(super) fn transpose(&mut self) {
        let gradient = self.walk.arena.transpose(self.gradient);
        self.walk.add(self.source(0), gradient);
    }

    pub(super) fn concat(&mut self) {
        let (a, b, arena) = (self.source(0), self.source(1), self.walk.arena);
        let gradient = arena.dense(self.gradient);
        let along = self.node.parameter(0).unsigned_abs() as usize % 4;
        let behind = gradient.strides()[along] * usize::try_from(a.sizes()[along]).unwrap_or(0);
        for (part, offset) in [(a, 0), (b, behind)] {
            if self.walk.varies(part) {
                self.walk.add(part, arena.view(gradient, part.sizes(), gradient.strides(), offset));
            }
        }
    }

    /// Rows that were picked by number; each at most once, as experts and outputs are.
    pub(super) fn get_rows(&mut self) {
        let (a, rows, arena) = (self.source(0), self.source(1), self.walk.arena);
        let gradient = arena.set_rows(arena.fill(a, 0.0), arena.dense(self.gradient), rows);
        self.walk.add(a, gradient);
    }
}

/// The byte of `whole` at which a view of it begins.
fn offset_in(view: Tensor, whole: Tensor) -> usize {
    let at = |tensor: Tensor| tensor.viewed().map_or(0, |(_, offset)| offset);
    at(view) - at(whole)
}
