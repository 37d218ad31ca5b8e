//! Lanes: one horizontal band for each queue or consumer.

use std::collections::BTreeMap;

use super::canvas::{Anchor, Canvas};
use super::frame::{FONT, Plot};
use super::legend::text_width;
use super::palette::{GRID, INK};
use crate::report::human::shorten;

/// Lanes that a chart shows at most.
pub const LANES_MAX: usize = 64;
/// Columns of a lane's label at most.
const LABEL_COLUMNS: usize = 30;

/// The places of the things with the greatest weight, in their own order, [`LANES_MAX`] at most; all when there are no
/// more. `parts` says which group each belongs to: no group takes another's share, so that they can be compared.
#[must_use]
pub fn choose(weights: &[u64], parts: &[u32]) -> Vec<usize> {
    if weights.len() <= LANES_MAX {
        return (0..weights.len()).collect();
    }
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for place in 0..weights.len() {
        members.entry(parts.get(place).copied().unwrap_or(0)).or_default().push(place);
    }
    let share = (LANES_MAX / members.len()).max(1);
    let mut chosen: Vec<usize> = members
        .into_values()
        .take(LANES_MAX)
        .flat_map(|mut places| {
            places.sort_by_key(|place| std::cmp::Reverse(weights[*place]));
            places.truncate(share);
            places
        })
        .collect();
    chosen.sort_unstable();
    chosen
}

/// Lanes with their labels.
pub struct Lanes {
    labels: Vec<String>,
    /// Height of a lane in half pixels, gap included.
    pub pitch: i32,
}

impl Lanes {
    /// Lanes of a height that suits their number.
    #[must_use]
    pub fn new(labels: Vec<String>) -> Self {
        let pitch = match labels.len() {
            0..=8 => 52,
            9..=20 => 42,
            21..=40 => 32,
            _ => 26,
        };
        let labels = labels.into_iter().map(|label| shorten(&label, LABEL_COLUMNS).into_owned()).collect();
        Self { labels, pitch }
    }

    /// Height of all lanes.
    #[must_use]
    pub fn height(&self) -> i32 {
        self.labels.len() as i32 * self.pitch
    }

    fn font(&self) -> i32 {
        FONT.min(self.pitch - 4)
    }

    /// Width that the labels need.
    #[must_use]
    pub fn label_width(&self) -> i32 {
        self.labels.iter().map(|label| text_width(label, self.font())).max().unwrap_or(0)
    }

    /// Top and bottom of a lane's band.
    #[must_use]
    pub fn band(&self, plot: &Plot, lane: usize) -> (i32, i32) {
        let gap = if self.pitch >= 32 { 6 } else { 4 };
        let top = plot.top + lane as i32 * self.pitch;
        (top + gap / 2, top + self.pitch - gap / 2)
    }

    /// Draws the labels and hairlines between the lanes.
    pub fn draw(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        for (lane, label) in self.labels.iter().enumerate() {
            let (top, bottom) = self.band(plot, lane);
            canvas.text((plot.left - 12, (top + bottom) / 2), label, self.font(), INK, Anchor::End, false);
            if lane > 0 {
                let y = plot.top + lane as i32 * self.pitch;
                canvas.line(vec![(plot.left, y), (plot.right, y)], GRID, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_lanes_are_chosen_and_keep_their_order() {
        let weights: Vec<u64> = (0..1000).map(|n| if n % 10 == 0 { 1000 - n } else { 0 }).collect();
        let chosen = choose(&weights, &[]);
        assert_eq!(chosen.len(), LANES_MAX);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(&chosen[..3], [0, 10, 20]);
        assert_eq!(choose(&[0; 5], &[]), [0, 1, 2, 3, 4]);
        let parts: Vec<u32> = (0..1000).map(|n| u32::from(n >= 900)).collect();
        let chosen = choose(&weights, &parts);
        assert_eq!(chosen.iter().filter(|place| **place >= 900).count(), LANES_MAX / 2, "each group has its share");
    }
}
