use chrono_tz::{America::New_York, Australia::Lord_Howe, Europe::Berlin, Pacific::Apia};
use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> CronRule {
    text.parse().expect("a valid expression")
}

fn at(zone: Tz, local: &str) -> UnixMs {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").expect("a local time");
    let moment = zone.from_local_datetime(&local).earliest().expect("a time that exists");
    UnixMs(u64::try_from(moment.timestamp_millis()).expect("after 1970"))
}

fn shown(zone: Tz, moment: UnixMs) -> String {
    let moment = DateTime::from_timestamp_millis(i64::try_from(moment.0).expect("small")).expect("in range");
    moment.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %z").to_string()
}

/// The next `count` moments, as the zone's clocks show them.
fn run(text: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    let rule = rule(text);
    let mut moment = at(zone, after);
    let mut found = Vec::new();
    for _ in 0..count {
        moment = next_after(&rule, zone, moment).expect("there is a next moment");
        found.push(shown(zone, moment));
    }
    found
}

#[test]
fn a_skipped_time_happens_right_after_the_gap() {
    assert_eq!(
        run("30 2 * * *", Berlin, "2026-03-28 00:00:00", 3),
        [
            "2026-03-28 02:30:00 +0100",
            "2026-03-29 03:00:00 +0200",
            "2026-03-30 02:30:00 +0200"
        ]
    );
    assert_eq!(
        run("30 2 * * *", New_York, "2026-03-07 12:00:00", 2),
        ["2026-03-08 03:00:00 -0400", "2026-03-09 02:30:00 -0400"]
    );
    // Half an hour is skipped here: 02:00 becomes 02:30.
    assert_eq!(
        run("15 2 * * *", Lord_Howe, "2026-10-03 12:00:00", 2),
        ["2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100"]
    );
}

#[test]
fn a_whole_skipped_day_is_one_moment() {
    // Samoa left out the 30th of December 2011.
    assert_eq!(
        run("0 */6 30 12 *", Apia, "2011-12-29 12:00:00", 2),
        ["2011-12-31 00:00:00 +1400", "2012-12-30 00:00:00 +1400"]
    );
}

#[test]
fn several_times_in_one_gap_are_one_moment() {
    assert_eq!(
        run("*/20 * * * *", Berlin, "2026-03-29 01:30:00", 4),
        [
            "2026-03-29 01:40:00 +0100",
            "2026-03-29 03:00:00 +0200",
            "2026-03-29 03:20:00 +0200",
            "2026-03-29 03:40:00 +0200"
        ]
    );
}

#[test]
fn a_repeated_time_happens_once_the_first_time() {
    assert_eq!(
        run("30 2 * * *", Berlin, "2026-10-24 12:00:00", 2),
        ["2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"]
    );
    assert_eq!(
        run("30 1 * * *", New_York, "2026-10-31 12:00:00", 2),
        ["2026-11-01 01:30:00 -0400", "2026-11-02 01:30:00 -0500"]
    );
    assert_eq!(
        run("45 1 * * *", Lord_Howe, "2026-04-04 12:00:00", 2),
        ["2026-04-05 01:45:00 +1100", "2026-04-06 01:45:00 +1030"]
    );
}

#[test]
fn the_second_pass_of_a_repeated_hour_is_silent() {
    let second_pass = UnixMs(at(Berlin, "2026-10-25 02:10:00").0 + 3_600_000);
    assert_eq!(shown(Berlin, second_pass), "2026-10-25 02:10:00 +0100");
    let next = next_after(&rule("*/15 * * * *"), Berlin, second_pass).expect("a next moment");
    assert_eq!(shown(Berlin, next), "2026-10-25 03:00:00 +0100");
}

#[test]
fn fields_may_be_five_six_or_seven() {
    assert_eq!(
        run("0 8 * * *", Berlin, "2026-07-01 09:00:00", 1),
        ["2026-07-02 08:00:00 +0200"]
    );
    assert_eq!(
        run("15 0 8 * * *", Berlin, "2026-07-01 09:00:00", 1),
        ["2026-07-02 08:00:15 +0200"]
    );
    assert_eq!(
        run("0 0 8 1 1 * 2030", Berlin, "2026-07-01 09:00:00", 1),
        ["2030-01-01 08:00:00 +0100"]
    );
}

#[test]
fn days_of_the_week_are_names_or_crontab_numbers() {
    // 2026-07-01 is a Wednesday.
    let monday = ["2026-07-06 08:00:00 +0200"];
    for text in ["0 8 * * MON", "0 8 * * mon", "0 8 * * 1", "0 8 * * Monday"] {
        assert_eq!(run(text, Berlin, "2026-07-01 09:00:00", 1), monday, "{text}");
    }
    for text in ["0 8 * * SUN", "0 8 * * 0", "0 8 * * 7"] {
        assert_eq!(
            run(text, Berlin, "2026-07-01 09:00:00", 1),
            ["2026-07-05 08:00:00 +0200"],
            "{text}"
        );
    }
    for text in ["0 8 * * 5-7", "0 8 * * FRI-SUN", "0 8 * * 5,6,0"] {
        assert_eq!(
            run(text, Berlin, "2026-07-01 09:00:00", 4),
            [
                "2026-07-03 08:00:00 +0200",
                "2026-07-04 08:00:00 +0200",
                "2026-07-05 08:00:00 +0200",
                "2026-07-10 08:00:00 +0200"
            ],
            "{text}"
        );
    }
    assert_eq!(weekdays("*/2").as_deref(), Ok("SUN,TUE,THU,SAT"));
    assert_eq!(weekdays("?").as_deref(), Ok("*"));
    assert_eq!(weekdays("1-5").as_deref(), Ok("MON,TUE,WED,THU,FRI"));
}

#[test]
fn day_of_month_and_day_of_week_must_both_hold() {
    assert_eq!(
        run("0 8 13 * FRI", Berlin, "2026-07-01 09:00:00", 1),
        ["2026-11-13 08:00:00 +0100"]
    );
}

#[test]
fn a_rule_without_a_future_has_no_next_moment() {
    assert_eq!(
        next_after(&rule("0 0 8 1 1 * 2020"), Berlin, at(Berlin, "2026-01-01 00:00:00")),
        None
    );
    assert_eq!(
        next_after(&rule("0 8 30 2 *"), Berlin, at(Berlin, "2026-01-01 00:00:00")),
        None
    );
}

#[test]
fn parts_of_a_second_do_not_repeat_a_moment() {
    let rule = rule("0 8 * * *");
    let eight = at(Berlin, "2026-07-01 08:00:00");
    assert_eq!(next_after(&rule, Berlin, UnixMs(eight.0 - 1)), Some(eight));
    let tomorrow = at(Berlin, "2026-07-02 08:00:00");
    assert_eq!(next_after(&rule, Berlin, eight), Some(tomorrow));
    assert_eq!(next_after(&rule, Berlin, UnixMs(eight.0 + 999)), Some(tomorrow));
}

#[test]
fn what_is_not_an_expression_says_why() {
    for (text, part) in [
        ("", "expected 5 fields"),
        ("* * * *", "found 4"),
        ("61 * * * *", "61"),
        ("* * * * FUNDAY", "\"FUNDAY\" is not a day of the week"),
        ("* * * * 8", "\"8\" is not a day of the week"),
        ("* * * * 1/0", "has no valid step"),
        ("banana 8 * * *", "banana 8 * * *"),
    ] {
        let error = text.parse::<CronRule>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

fn any_rule() -> impl Strategy<Value = String> {
    let minute = prop_oneof![
        Just("*".to_owned()),
        (1u32..30).prop_map(|n| format!("*/{n}")),
        (0u32..60).prop_map(|n| n.to_string())
    ];
    let hour = prop_oneof![
        Just("*".to_owned()),
        (0u32..24).prop_map(|n| n.to_string()),
        Just("1-3".to_owned())
    ];
    let day = prop_oneof![3 => Just("*".to_owned()), 1 => (1u32..29).prop_map(|n| n.to_string())];
    let weekday = prop_oneof![3 => Just("*".to_owned()), 1 => (0u32..8).prop_map(|n| n.to_string()), 1 => Just("MON-FRI".to_owned())];
    (minute, hour, day, weekday).prop_map(|(minute, hour, day, weekday)| format!("{minute} {hour} {day} * {weekday}"))
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop_oneof![Just(Berlin), Just(New_York), Just(Lord_Howe), Just(Apia), Just(Tz::UTC)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn moments_strictly_increase_and_none_is_left_out(text in any_rule(), zone in any_zone(), start in 1_200_000_000_000u64..1_900_000_000_000) {
        let rule = rule(&text);
        let mut last = UnixMs(start);
        for _ in 0..40 {
            let Some(next) = next_after(&rule, zone, last) else { break };
            prop_assert!(next > last, "{text} in {zone}: {next:?} after {last:?}");
            // From anywhere in between, the same moment is next.
            let between = UnixMs(last.0 + (next.0 - last.0) / 2);
            if between < next {
                prop_assert_eq!(next_after(&rule, zone, between), Some(next), "{} in {}", text, zone);
            }
            last = next;
        }
    }

    #[test]
    fn the_clocks_show_what_the_rule_says_except_behind_a_gap(minute in 0u32..60, hour in 0u32..24, zone in any_zone(), start in 1_200_000_000_000u64..1_900_000_000_000) {
        let rule = rule(&format!("{minute} {hour} * * *"));
        let next = next_after(&rule, zone, UnixMs(start)).expect("every day has it");
        let shown = shown(zone, next);
        let wanted = format!(" {hour:02}:{minute:02}:00");
        let just_before = self::shown(zone, UnixMs(next.0 - 1000));
        prop_assert!(shown.contains(&wanted) || shown[20..] != just_before[20..], "{shown}, wanted{wanted}");
    }
}
