//! What `schedule` drafts, and what it refuses.

use waspnest_core::draft::{TimerChange, TimerRule};

use super::fixture::{CHAT, NOW, call};
use crate::bindings::waspnest::plugin::schedule::{Host, Job, Missed, Rule};
use crate::bindings::waspnest::plugin::types::Error;

fn job(id: &str, rule: Rule) -> Job {
    Job {
        id: id.to_owned(),
        rule,
        zone: None,
        missed: Missed::Once,
        session: None,
        payload: vec![1],
        next: None,
    }
}

#[tokio::test]
async fn each_rule_knows_its_first_time() {
    for (rule, kept, next) in [
        (Rule::At(7), TimerRule::At(waspnest_core::clock::UnixMs(7)), 7),
        (
            Rule::AfterMs(500),
            TimerRule::At(waspnest_core::clock::UnixMs(NOW.0 + 500)),
            NOW.0 + 500,
        ),
        (Rule::EveryMs(5000), TimerRule::Every(5000), NOW.0 + 5000),
        (
            Rule::Cron("* * * * *".to_owned()),
            TimerRule::Cron("* * * * *".into()),
            NOW.0 + 60_000,
        ),
    ] {
        let mut call = call();
        assert_eq!(
            call.put(job("a", rule)).await.expect("no trap").expect("accepted"),
            next
        );
        let changes = std::mem::take(&mut call.call.jobs).into_changes();
        let [TimerChange::Set(timer)] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!((&timer.rule, timer.next.0, &*timer.zone), (&kept, next, "UTC"));
        assert_eq!(
            timer.origin.as_ref().map(|origin| origin.chat.to_string()).as_deref(),
            Some(CHAT)
        );
    }
}

#[tokio::test]
async fn a_call_sees_its_own_jobs_and_their_number_is_bounded() {
    let mut call = call();
    for id in ["a", "b", "a"] {
        call.put(job(id, Rule::AfterMs(1)))
            .await
            .expect("no trap")
            .expect("two jobs, one of them twice");
    }
    let refusal = call
        .put(job("c", Rule::AfterMs(1)))
        .await
        .expect("no trap")
        .expect_err("a third job");
    assert!(matches!(refusal, Error::Quota(_)), "{refusal:?}");
    let listed = call.list().await.expect("no trap").expect("granted");
    assert_eq!(listed.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(call.cancel("a".to_owned()).await.expect("no trap").expect("granted"));
    assert!(!call.cancel("a".to_owned()).await.expect("no trap").expect("granted"));
    call.put(job("c", Rule::AfterMs(1)))
        .await
        .expect("no trap")
        .expect("there is room again");
}

#[tokio::test]
async fn what_is_wrong_with_a_job_is_said() {
    for (wrong, says) in [
        (job("", Rule::At(1)), "id"),
        (job("a", Rule::EveryMs(10)), "min-interval"),
        (
            Job {
                zone: Some("Mars/Olympus".to_owned()),
                ..job("a", Rule::At(1))
            },
            "Mars/Olympus",
        ),
        (
            Job {
                zone: Some("Mars/Olympus".to_owned()),
                ..job("a", Rule::Cron("* * * * *".to_owned()))
            },
            "Mars/Olympus",
        ),
        (
            Job {
                session: Some("other".to_owned()),
                ..job("a", Rule::At(1))
            },
            "session",
        ),
        (
            Job {
                payload: vec![0; 20_000],
                ..job("a", Rule::At(1))
            },
            "16384",
        ),
    ] {
        let mut call = call();
        let refusal = format!("{:?}", call.put(wrong).await.expect("no trap").expect_err(says));
        assert!(refusal.contains(says), "{refusal}");
        assert!(std::mem::take(&mut call.call.jobs).into_changes().is_empty());
    }
}
