//! Reports: what they say, and that they are well formed and the same every time.

mod fixture;

use fixture::{Shape, outcome};
use rocketmq_sim::report::{Style, chart, events, series, summary, terminal};

#[test]
fn a_look() {
    for shape in [Shape::scale_out(), Shape::smallest(), Shape::big(), Shape::huge()] {
        let outcome = outcome(&shape);
        for (chart, svg) in chart::draw_all(&outcome) {
            std::fs::create_dir_all(format!("/tmp/look-{}", shape.name)).unwrap();
            std::fs::write(format!("/tmp/look-{}/{}.svg", shape.name, chart.id()), svg).unwrap();
        }
        let text = terminal(&outcome, Style::Plain);
        std::fs::write(format!("/tmp/look-{}.txt", shape.name), text).unwrap();
        std::fs::write(format!("/tmp/look-{}.json", shape.name), summary::bytes(&outcome)).unwrap();
        std::fs::write(format!("/tmp/look-{}.csv", shape.name), series::csv(&outcome)).unwrap();
        std::fs::write(format!("/tmp/look-{}.jsonl", shape.name), events::jsonl(&outcome)).unwrap();
    }
}
