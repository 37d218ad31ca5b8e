//! Colours by role. Each has a value on light paper, which is what an SVG names, and one on dark, which a style sheet
//! puts in its place. Hues of consumers and lines are told apart by people with any colour vision (after Okabe and Ito);
//! red is kept for what should not be.

use plotters::style::RGBColor;

/// A colour of both themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// On light paper.
    pub light: RGBColor,
    /// On dark paper.
    pub dark: RGBColor,
}

const fn role(light: u32, dark: u32) -> Role {
    const fn rgb(hex: u32) -> RGBColor {
        RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
    }
    Role { light: rgb(light), dark: rgb(dark) }
}

/// Background.
pub const PAPER: Role = role(0x00FF_FFFF, 0x0014_181E);
/// Text.
pub const INK: Role = role(0x001B_1F24, 0x00E6_EAF0);
/// Text of less weight.
pub const MUTED: Role = role(0x0057_606A, 0x009A_A5B1);
/// Lines of the grid.
pub const GRID: Role = role(0x00E4_E8EC, 0x002A_313A);
/// Axes.
pub const AXIS: Role = role(0x00A5_AEB8, 0x0050_5A66);
/// What should not be.
pub const BAD: Role = role(0x00D1_002F, 0x00FF_5470);
/// The ground of what should not be.
pub const BAD_GROUND: Role = role(0x00FF_E1E6, 0x0047_0F1C);
/// Text on hues that are dark on light paper.
pub const ON_DARK_HUE: Role = role(0x00FE_FEFE, 0x000B_0E12);
/// Text on hues that are light in both themes.
pub const ON_LIGHT_HUE: Role = role(0x0012_1518, 0x0012_1518);

/// Hues of consumers and lines, and whether the hue is light in both themes.
pub const HUES: [(Role, bool); 8] = [
    (role(0x0000_72B2, 0x004A_A8E0), false),
    (role(0x00E6_9F00, 0x00EB_AB21), true),
    (role(0x0000_8F68, 0x002B_C79B), false),
    (role(0x0093_4A94, 0x00C5_8BD8), false),
    (role(0x0079_C2ED, 0x00A3_D8F6), true),
    (role(0x007E_7E14, 0x00BD_BB4C), false),
    (role(0x008C_5A2B, 0x00CC_9A6C), false),
    (role(0x0056_5AA6, 0x0098_9CE4), false),
];

/// Classes of a heat map: nothing, then from little to much.
pub const HEAT: [Role; 9] = [
    role(0x00F3_F5F7, 0x001C_222A),
    role(0x00D5_E5F3, 0x0017_3450),
    role(0x00B3_D2E9, 0x001C_476A),
    role(0x0088_BDDE, 0x0023_5D88),
    role(0x0059_A1CE, 0x002D_76A8),
    role(0x0035_85BF, 0x0041_91C6),
    role(0x0019_67AD, 0x0068_ADD9),
    role(0x0007_4E99, 0x009A_CBE9),
    role(0x0008_2D66, 0x00D2_E9F8),
];

/// `#RRGGBB` as plotters writes it.
#[must_use]
pub fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

fn roles() -> impl Iterator<Item = Role> {
    [PAPER, INK, MUTED, GRID, AXIS, BAD, BAD_GROUND, ON_DARK_HUE]
        .into_iter()
        .chain(HUES.iter().map(|(role, _)| *role))
        .chain(HEAT)
}

/// Style rules that put the dark theme's colours in the place of the light one's.
#[must_use]
pub fn dark_css() -> String {
    dark_css_of(|_| true)
}

/// The rules of the colours that are used, by their light values.
#[must_use]
pub fn dark_css_of(used: impl Fn(&str) -> bool) -> String {
    let mut css = String::new();
    for role in roles() {
        let (light, dark) = (hex(role.light), hex(role.dark));
        if !used(&light) {
            continue;
        }
        css.push_str(&format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}"));
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_roles_share_a_light_colour_so_that_the_style_sheet_can_tell_them_apart() {
        let mut lights: Vec<String> = roles().map(|role| hex(role.light)).collect();
        let all = lights.len();
        lights.sort();
        lights.dedup();
        assert_eq!(lights.len(), all);
    }
}
