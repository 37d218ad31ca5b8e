//! Reports: what they say, and that they are well formed and the same every time.

mod fixture;

use fixture::{Shape, outcome};
use rocketmq_sim::report::{Style, files, terminal};

#[test]
fn a_look() {
    for shape in [Shape::scale_out(), Shape::smallest(), Shape::big(), Shape::huge()] {
        let outcome = outcome(&shape);
        let folder = std::path::PathBuf::from(format!("/tmp/look-{}", shape.name));
        std::fs::create_dir_all(folder.join("charts")).unwrap();
        for (path, bytes) in files(&outcome, "name: x\n") {
            std::fs::write(folder.join(path), bytes).unwrap();
        }
        std::fs::write(folder.join("terminal.txt"), terminal(&outcome, Style::Plain)).unwrap();
    }
}
