//! Standard exponential and normal draws by the ziggurat (Marsaglia and Tsang 2000, 256 layers): one 64-bit draw, one
//! table look-up and one multiplication for 99 of 100 values. The tables are computed through `libm` once in a process,
//! so that they have the same bits everywhere.

use std::sync::LazyLock;

use super::rng::Stream;

/// Layers of equal area under the density.
const LAYERS: usize = 256;
/// Right edge of the exponential's lowest rectangle.
const EXPONENTIAL_EDGE: f64 = 7.697_117_470_131_05;
/// Right edge of the normal's lowest rectangle.
const NORMAL_EDGE: f64 = 3.654_152_885_361_009;

/// Right edges of the layers from the base up, and the density there. `x[0]` is the width of a rectangle with the area
/// of the base layer, tail included.
#[derive(Debug)]
struct Tables {
    x: [f64; LAYERS + 1],
    density: [f64; LAYERS + 1],
}

impl Tables {
    fn new(edge: f64, area: f64, density: impl Fn(f64) -> f64, inverse: impl Fn(f64) -> f64) -> Self {
        let mut x = [0.0; LAYERS + 1];
        x[0] = area / density(edge);
        x[1] = edge;
        for layer in 2..LAYERS {
            x[layer] = inverse(area / x[layer - 1] + density(x[layer - 1]));
        }
        Self { x, density: x.map(density) }
    }
}

static EXPONENTIAL: LazyLock<Tables> = LazyLock::new(|| {
    let area = (EXPONENTIAL_EDGE + 1.0) * libm::exp(-EXPONENTIAL_EDGE);
    Tables::new(EXPONENTIAL_EDGE, area, |x| libm::exp(-x), |y| -libm::log(y))
});

static NORMAL: LazyLock<Tables> = LazyLock::new(|| {
    let tail = libm::sqrt(std::f64::consts::FRAC_PI_2) * libm::erfc(NORMAL_EDGE / std::f64::consts::SQRT_2);
    let area = NORMAL_EDGE * libm::exp(-NORMAL_EDGE * NORMAL_EDGE / 2.0) + tail;
    Tables::new(NORMAL_EDGE, area, |x| libm::exp(-x * x / 2.0), |y| libm::sqrt(-2.0 * libm::log(y)))
});

/// The layer (low 8 bits) and a number in [0, 1) (high 53 bits) of one draw.
#[inline]
fn split(bits: u64) -> (usize, f64) {
    (bits as usize % LAYERS, (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64))
}

/// An exponential value with mean 1.
#[inline]
pub fn exponential(stream: &mut Stream) -> f64 {
    let tables = &*EXPONENTIAL;
    let (layer, unit) = split(stream.next_u64());
    let x = unit * tables.x[layer];
    if x < tables.x[layer + 1] { x } else { exponential_rest(tables, layer, x, stream) }
}

#[cold]
fn exponential_rest(tables: &Tables, mut layer: usize, mut x: f64, stream: &mut Stream) -> f64 {
    loop {
        if layer == 0 {
            // The tail has the same shape as the whole.
            return EXPONENTIAL_EDGE - libm::log(stream.unit_open());
        }
        let (low, high) = (tables.density[layer], tables.density[layer + 1]);
        if low + (high - low) * stream.unit() < libm::exp(-x) {
            return x;
        }
        let unit;
        (layer, unit) = split(stream.next_u64());
        x = unit * tables.x[layer];
        if x < tables.x[layer + 1] {
            return x;
        }
    }
}

/// A normal value with mean 0 and deviation 1.
#[inline]
pub fn normal(stream: &mut Stream) -> f64 {
    let tables = &*NORMAL;
    let (layer, unit) = split(stream.next_u64());
    let x = (2.0 * unit - 1.0) * tables.x[layer];
    if x.abs() < tables.x[layer + 1] { x } else { normal_rest(tables, layer, x, stream) }
}

#[cold]
fn normal_rest(tables: &Tables, mut layer: usize, mut x: f64, stream: &mut Stream) -> f64 {
    loop {
        if layer == 0 {
            return normal_tail(stream).copysign(x);
        }
        let (low, high) = (tables.density[layer], tables.density[layer + 1]);
        if low + (high - low) * stream.unit() < libm::exp(-x * x / 2.0) {
            return x;
        }
        let unit;
        (layer, unit) = split(stream.next_u64());
        x = (2.0 * unit - 1.0) * tables.x[layer];
        if x.abs() < tables.x[layer + 1] {
            return x;
        }
    }
}

/// A value beyond the edge (Marsaglia 1964).
fn normal_tail(stream: &mut Stream) -> f64 {
    loop {
        let x = -libm::log(stream.unit_open()) / NORMAL_EDGE;
        let y = -libm::log(stream.unit_open());
        if 2.0 * y >= x * x {
            return NORMAL_EDGE + x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Streams;

    const DRAWS: usize = 1_000_000;

    /// Largest distance of the draws' distribution function from the true one, times the root of their number.
    fn kolmogorov(draw: fn(&mut Stream) -> f64, cdf: impl Fn(f64) -> f64) -> f64 {
        let mut stream = Streams::new(11).stream("test", "ziggurat");
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut stream)).collect();
        draws.sort_by(f64::total_cmp);
        let distance = draws.iter().enumerate().map(|(rank, x)| {
            let truth = cdf(*x);
            (truth - rank as f64 / DRAWS as f64).abs().max((truth - (rank + 1) as f64 / DRAWS as f64).abs())
        });
        distance.fold(0.0, f64::max) * libm::sqrt(DRAWS as f64)
    }

    #[test]
    fn the_layers_have_equal_areas_and_close_at_the_top() {
        for (tables, at_zero) in [(&*EXPONENTIAL, 1.0), (&*NORMAL, 1.0)] {
            let area = tables.x[0] * tables.density[1];
            for layer in 1..LAYERS {
                let strip = tables.x[layer] * (tables.density[layer + 1] - tables.density[layer]);
                assert!((strip / area - 1.0).abs() < 1e-9, "layer {layer}: {strip} of {area}");
            }
            assert_eq!(tables.density[LAYERS], at_zero);
        }
    }

    #[test]
    fn exponential_draws_follow_their_law() {
        // 1.95 is exceeded once in a thousand seeds; the seed is fixed.
        assert!(kolmogorov(exponential, |x| 1.0 - libm::exp(-x)) < 1.95);
    }

    #[test]
    fn normal_draws_follow_their_law() {
        assert!(kolmogorov(normal, |x| libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0) < 1.95);
    }

    #[test]
    fn tails_are_reached_as_often_as_they_should() {
        let mut stream = Streams::new(3).stream("test", "tails");
        let beyond = (0..4_000_000).filter(|_| exponential(&mut stream) > 9.0).count() as f64;
        assert!((beyond / (4e6 * libm::exp(-9.0)) - 1.0).abs() < 0.15, "{beyond}");
        let beyond = (0..4_000_000).filter(|_| normal(&mut stream).abs() > 3.8).count() as f64;
        assert!((beyond / (4e6 * libm::erfc(3.8 / std::f64::consts::SQRT_2)) - 1.0).abs() < 0.15, "{beyond}");
    }

    #[test]
    fn draws_have_pinned_bits() {
        let mut stream = Streams::new(1).stream("test", "bits");
        let mut fold = crate::kernel::digest::Digest::default();
        for _ in 0..100_000 {
            fold.fold(exponential(&mut stream).to_bits());
            fold.fold(normal(&mut stream).to_bits());
        }
        assert_eq!(fold.value(), 9_822_638_294_127_741_623);
    }
}
