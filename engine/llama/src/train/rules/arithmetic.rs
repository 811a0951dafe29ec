//! Sums, products and scales.

use super::NoRule;
use super::Step;

impl Step<'_, '_> {
    pub(super) fn add(&mut self) {
        let (a, b) = (self.source(0), self.source(1));
        self.walk.add(a, self.gradient);
        if self.walk.varies(b) {
            let gradient = self.reduced(self.gradient, b);
            self.walk.add(b, gradient);
        }
    }

    /// `a b`: `g b` and `g a`.
    pub(super) fn mul(&mut self) {
        let (a, b, arena) = (self.source(0), self.source(1), self.walk.arena);
        if self.walk.varies(a) {
            self.walk.add(a, arena.mul(self.gradient, b));
        }
        if self.walk.varies(b) {
            let gradient = self.reduced(arena.mul(self.gradient, a), b);
            self.walk.add(b, gradient);
        }
    }

    /// `y = a / b`: `g / b` and `-g y / b`.
    pub(super) fn div(&mut self) {
        let (a, b, arena) = (self.source(0), self.source(1), self.walk.arena);
        if self.walk.varies(a) {
            self.walk.add(a, arena.div(self.gradient, b));
        }
        if self.walk.varies(b) {
            let gradient = arena.neg(arena.div(arena.mul(self.gradient, self.node), b));
            let gradient = self.reduced(gradient, b);
            self.walk.add(b, gradient);
        }
    }

    pub(super) fn scale(&mut self) {
        let gradient = self.walk.arena.scaled(self.gradient, self.node.real(0));
        self.walk.add(self.source(0), gradient);
    }

    /// 1 within the bounds, 0 beyond.
    pub(super) fn clamp(&mut self) {
        let (a, arena) = (self.source(0), self.walk.arena);
        let (least, most) = (self.node.real(0), self.node.real(1));
        let mut gradient = self.gradient;
        if least.is_finite() {
            gradient = arena.mul(gradient, arena.step(arena.scale_bias(a, 1.0, -least)));
        }
        if most.is_finite() {
            gradient = arena.mul(gradient, arena.step(arena.scale_bias(a, -1.0, most)));
        }
        self.walk.add(a, gradient);
    }

    pub(super) fn sum_rows(&mut self) {
        let a = self.source(0);
        let gradient = self.walk.arena.repeat(self.gradient, a);
        self.walk.add(a, gradient);
    }

    pub(super) fn repeat(&mut self) {
        let a = self.source(0);
        let gradient = self.reduced(self.gradient, a);
        self.walk.add(a, gradient);
    }

    pub(super) fn rms_norm(&mut self) {
        let (a, arena) = (self.source(0), self.walk.arena);
        let gradient = arena.rms_norm_back(arena.dense(self.gradient), arena.dense(a), self.node.real(0));
        self.walk.add(a, gradient);
    }

    /// A bias that is chosen by expert. The biases themselves are not trained.
    pub(super) fn add_id(&mut self) -> Result<(), NoRule> {
        if self.walk.varies(self.source(1)) {
            return Err(NoRule);
        }
        self.walk.add(self.source(0), self.gradient);
        Ok(())
    }
}
