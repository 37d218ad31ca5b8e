//! Evaluated expectations as JUnit XML, for the test views of build servers. No times and no stamps: the same outcome
//! gives the same bytes.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::run::outcome::{ExpectationOutcome, Outcome};

/// One suite per scenario file, one case per expectation. A file that could not be run (`Err` with the reason) is a suite
/// with one errored case.
#[must_use]
pub fn junit(results: &[(String, Result<&Outcome, String>)]) -> String {
    let mut report = Report::new("rocketmq-sim");
    for (file, result) in results {
        let mut suite = TestSuite::new(file.as_str());
        match result {
            Ok(outcome) => suite.add_test_cases(outcome.expectations.iter().map(|one| case(file, one))),
            Err(reason) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message(reason.as_str());
                suite.add_test_case(classed(file, "run", status))
            }
        };
        report.add_test_suite(suite);
    }
    report.to_string().expect("the XML is written to memory and its strings hold no invalid characters")
}

fn case(file: &str, expectation: &ExpectationOutcome) -> TestCase {
    let status = if expectation.passed {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(format!("expected {}, got {}", expectation.expected, expectation.got));
        status
    };
    classed(file, &format!("{} (at {})", expectation.label, expectation.at), status)
}

fn classed(file: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(file);
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;
    use crate::run::expect::fixture::outcome;

    fn expectation(label: &str, passed: bool) -> ExpectationOutcome {
        let [expected, got] = ["at most 2 moves", "3 moves & <more>"].map(str::to_owned);
        ExpectationOutcome { label: label.to_owned(), at: SimTime::from_secs(90), passed, expected, got }
    }

    #[test]
    fn a_case_tells_its_time_and_a_failure_both_sides() {
        let mut outcome = outcome(1, 1);
        outcome.expectations = vec![expectation("moves", true), expectation("moves", false)];
        assert_eq!(
            junit(&[("scenarios/a.yaml".to_owned(), Ok(&outcome))]),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rocketmq-sim" tests="2" skipped="0" failures="1" errors="0">
    <testsuite name="scenarios/a.yaml" tests="2" skipped="0" errors="0" failures="1">
        <testcase name="moves (at 1m30s)" classname="scenarios/a.yaml"/>
        <testcase name="moves (at 1m30s)" classname="scenarios/a.yaml">
            <failure message="expected at most 2 moves, got 3 moves &amp; &lt;more&gt;"/>
        </testcase>
    </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn a_file_that_does_not_run_is_an_error_of_its_own() {
        let xml = junit(&[("b.yaml".to_owned(), Err("line 3: unknown key\u{1b}[0m".to_owned()))]);
        assert!(xml.contains(r#"tests="1" skipped="0" failures="0" errors="1""#), "{xml}");
        assert!(xml.contains(r#"<error message="line 3: unknown key"#), "{xml}");
    }
}
