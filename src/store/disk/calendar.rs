//! Dates in file names and ids, in UTC.

/// When the month of a time began, both in milliseconds since 1970, UTC.
#[must_use]
pub fn month_start(millis: i64) -> i64 {
    let days = millis.div_euclid(DAY);
    (days - i64::from(civil_of_days(days).2) + 1) * DAY
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Year, month and day of a number of days since 1970 in the Gregorian calendar.
fn civil_of_days(days: i64) -> (i64, u8, u8) {
    // Years are counted from March, so that the leap day is the last of its year; 400 years have 146,097 days.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

/// A time in the digits of year, month, day, hour, minute, second and millisecond (`UtilAll#timeMillisToHumanString`,
/// there in the host's zone).
#[must_use]
pub fn human_string(millis: i64) -> String {
    let (year, month, day) = civil_of_days(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{:03}", rest % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_on_their_first_day() {
        for (date, days) in [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((1969, 12, 31), -1)] {
            assert_eq!(civil_of_days(days), date);
        }
        assert_eq!(month_start(11_016 * DAY + 5), (11_016 - 28) * DAY);
        assert_eq!(month_start(-1), -31 * DAY);
    }

    #[test]
    fn times_are_17_digits() {
        assert_eq!(human_string(1_700_000_000_123), "20231114221320123");
    }
}
