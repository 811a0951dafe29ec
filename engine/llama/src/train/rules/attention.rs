//! What attention has beside products: softmax and positions.

use super::Step;

impl Step<'_, '_> {
    /// The values that a softmax has left for a sink take no part: its formula holds for those that are there.
    pub(super) fn soft_max(&mut self) {
        let (scale, bias) = (self.node.real(0), self.node.real(1));
        let arena = self.walk.arena;
        let gradient = arena.soft_max_back(arena.dense(self.gradient), self.node, scale, bias);
        self.walk.add(self.source(0), gradient);
    }

    pub(super) fn rope(&mut self) {
        let arena = self.walk.arena;
        let gradient = arena.rope_back(self.node, arena.dense(self.gradient), self.source(1));
        self.walk.add(self.source(0), gradient);
    }
}
